//! The table of all terms in the docs is the one that the code gives, and each term names a test that exists.

use crate::{house, invariants};
use hansa_policy::term::vocabulary::VOCABULARY;
use hansa_policy::term::vocabulary_table::render_table;
use std::collections::BTreeSet;

const BEGIN: &str = "<!-- made from the code: begin -->\n";
const END: &str = "<!-- made from the code: end -->";

/// Run with `HANSA_WRITE_DOCS=1` to write the table anew.
#[test]
fn the_table_of_terms_is_the_one_of_the_code() {
    let text = house::read("docs/terms.md");
    let (before, rest) = text.split_once(BEGIN).expect("the table begins");
    let (written, after) = rest.split_once(END).expect("the table ends");
    let made = render_table();
    if std::env::var_os("HANSA_WRITE_DOCS").is_some() {
        let whole = format!("{before}{BEGIN}{made}{END}{after}");
        std::fs::write(house::root().join("docs/terms.md"), whole).expect("docs can be written");
        return;
    }
    assert_eq!(
        written, made,
        "run HANSA_WRITE_DOCS=1 cargo light --test repo-checks terms:: -- --test-threads 1"
    );
}

/// Run with `HANSA_WRITE_DOCS=1` to write the table anew.
#[test]
fn the_keys_of_terms_are_those_of_the_code() {
    const BEGIN: &str = "<!-- keys, made from the code: begin -->\n";
    const END: &str = "<!-- keys, made from the code: end -->";
    let text = house::read("docs/terms.md");
    let (before, rest) = text.split_once(BEGIN).expect("the table begins");
    let (written, after) = rest.split_once(END).expect("the table ends");
    let made = hansa_proto::policy_toml::examples::examples_table();
    if std::env::var_os("HANSA_WRITE_DOCS").is_some() {
        let whole = format!("{before}{BEGIN}{made}{END}{after}");
        std::fs::write(house::root().join("docs/terms.md"), whole).expect("docs can be written");
        return;
    }
    assert_eq!(
        written, made,
        "run HANSA_WRITE_DOCS=1 cargo light --test repo-checks terms:: -- --test-threads 1"
    );
}

#[test]
fn each_term_names_a_test_that_exists() {
    let sources = house::sources();
    let tests: BTreeSet<&str> = sources
        .iter()
        .flat_map(|source| invariants::test_names(&source.text))
        .collect();
    let wrong: Vec<String> = VOCABULARY
        .iter()
        .map(|entry| entry.spec)
        .filter(|spec| !tests.contains(spec.test))
        .map(|spec| format!("{}: no test `{}`", spec.name, spec.test))
        .collect();
    house::none("a term of the vocabulary is not tested", &wrong);
}
