//! The documents are the pages of the program, and what pages name can be typed.

use crate::cli::CommandLine;
use crate::cli::tests::words;
use crate::conformance::page_text;
use crate::conformance::{ConformanceArticle, ConformancePage};
use clap::{Parser as _, ValueEnum as _};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn document(page: &ConformancePage) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/law")
        .join(format!("{}.md", page.name))
}

/// Run with `HANSA_WRITE_DOCS=1` to write the documents anew.
#[test]
fn the_documents_of_laws_are_the_pages_of_the_program() {
    for article in ConformanceArticle::ALL {
        let page = article.page();
        let (path, made) = (document(page), page_text::render_document(page));
        if std::env::var_os("HANSA_WRITE_DOCS").is_some() {
            std::fs::write(&path, made).unwrap();
            continue;
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            written, made,
            "run HANSA_WRITE_DOCS=1 cargo heavy the_documents_of_laws"
        );
    }
}

#[test]
fn each_page_is_named_as_it_is_typed() {
    let mut names = BTreeSet::new();
    for article in ConformanceArticle::value_variants() {
        let typed = article.to_possible_value().unwrap();
        assert_eq!(typed.get_name(), article.page().name);
        assert!(ConformanceArticle::ALL.contains(article));
        names.insert(typed.get_name().to_owned());
    }
    assert_eq!(names.len(), ConformanceArticle::ALL.len());
}

#[test]
fn each_command_of_a_page_can_be_typed() {
    for article in ConformanceArticle::ALL {
        for requirement in article.page().requirements {
            let at = format!("{} {}", article.page().name, requirement.reference);
            assert!(!requirement.tests.is_empty(), "{at} names no test");
            assert!(!requirement.facts.is_empty(), "{at} has no fact");
            assert!(!requirement.commands.is_empty(), "{at} names no command");
            for command in requirement.commands {
                let typed = CommandLine::try_parse_from(words(command));
                assert!(
                    typed.is_ok(),
                    "{at}: {command}: {:?}",
                    typed.err().map(|fault| fault.to_string())
                );
            }
        }
    }
}
