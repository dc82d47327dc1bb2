//! Tests: the text of a page for a term never changes, because contracts contain the digest of the page that their signatories saw.
//!
//! The files contain a contract with every term, and some contracts with other sentences, in each language. `HANSA_WRITE_DOCS=1`
//! adds new terms; it can't change or remove existing lines. Another wording needs a new form beside [`PageRendering::FORM`].

use crate::render::render_page;
use crate::samples;
use hansa_policy::contract::Agreement;
use hansa_policy::contract::rendering::PageRendering;
use hansa_policy::term::language::Language;
use std::path::PathBuf;

fn file(rendering: PageRendering) -> PathBuf {
    folder().join(format!("page.{}.txt", rendering.language))
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/render/golden")
}

/// Compares a file with a text; with `HANSA_WRITE_DOCS=1`, writes the file. [`a_page_stays_what_it_was`] guards signed text.
pub(super) fn same(name: &str, now: &str) {
    let file = folder().join(name);
    let before = std::fs::read_to_string(&file).unwrap_or_default();
    if before == now {
        return;
    }
    assert!(
        std::env::var_os("HANSA_WRITE_DOCS").is_some(),
        "{} differs:\n{now}",
        file.display()
    );
    std::fs::write(file, now).unwrap();
}

/// Pages of all samples.
fn pages(rendering: PageRendering) -> String {
    let of = |agreement: Agreement| {
        render_page(
            rendering,
            &Agreement {
                rendering,
                ..agreement
            },
        )
    };
    let mut text = format!(
        "{}\n{}",
        of(samples::sample_agreement()),
        of(samples::public_view())
    );
    // Some contracts have sentences that the contract with every term lacks.
    for agreement in [
        samples::rows_contract(),
        samples::group_contract(),
        samples::agreement_from_template(),
    ] {
        text.push('\n');
        text.push_str(&of(agreement));
    }
    text
}

/// Lines without clause numbers, which change when a term is added.
fn lines(text: &str) -> Vec<String> {
    let without_numbers = |line: &str| {
        let mut parts = line.split("#c");
        let first = parts.next().unwrap_or_default().to_owned();
        let rest = parts.map(|part| part.trim_start_matches(char::is_numeric));
        rest.fold(first, |line, part| format!("{line}#c{part}"))
    };
    text.lines()
        .map(|line| match line.strip_prefix("  #c") {
            Some(rest) => rest
                .trim_start_matches(char::is_numeric)
                .trim_start()
                .to_owned(),
            None => without_numbers(line),
        })
        .collect()
}

/// First line of `before` that is missing in `after`, in order.
fn lost(before: &str, after: &str) -> Option<String> {
    let after = lines(after);
    let mut rest = after.iter();
    lines(before)
        .into_iter()
        .find(|line| !rest.any(|other| other == line))
}

#[test]
fn a_page_stays_what_it_was() {
    for language in Language::ALL {
        let rendering = PageRendering::of(language).in_zone("Europe/Berlin");
        let (file, now) = (file(rendering), pages(rendering));
        let before = std::fs::read_to_string(&file).unwrap_or_default();
        if before == now {
            continue;
        }
        if let Some(line) = lost(&before, &now) {
            panic!(
                "the page in {language} no longer says `{line}`: contracts were signed with it. Leave it as it is, and add a \
                 form for another wording"
            );
        }
        assert!(
            std::env::var_os("HANSA_WRITE_DOCS").is_some(),
            "{} lacks a term that is new: HANSA_WRITE_DOCS=1 cargo test --lib a_page_stays_what_it_was adds it",
            file.display()
        );
        std::fs::write(file, now).unwrap();
    }
}

#[test]
fn what_is_lost_is_found_and_what_is_new_is_not() {
    let before = "a\n  #c2  b\n  #c3  c\n";
    assert_eq!(lost(before, "a\n  #c2  x\n  #c3  b\n  #c4  c\n"), None);
    assert_eq!(
        lost(
            "as clauses #c2 and #c3 say\n",
            "as clauses #c2 and #c13 say\n"
        ),
        None
    );
    assert_eq!(
        lost(before, "a\n  #c2  b\n  #c3  d\n"),
        Some("c".to_owned())
    );
    assert_eq!(
        lost(before, "a\n  #c2  c\n  #c3  b\n"),
        Some("c".to_owned())
    );
}
