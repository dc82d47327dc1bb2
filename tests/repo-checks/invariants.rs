//! What docs/invariants.md promises is tested, and what the code upholds is promised there.

use crate::house;
use std::collections::BTreeSet;

/// What docs/invariants.md promises: id and test.
fn promised() -> Vec<(String, String)> {
    let found = rows(&house::read("docs/invariants.md"));
    assert!(
        !found.is_empty(),
        "docs/invariants.md has no rows `| INVARIANT id | text | test |`"
    );
    found
}

/// The rows `| INVARIANT id | text | test |` of a document.
fn rows(text: &str) -> Vec<(String, String)> {
    text.lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
            let id = cells.next()?.strip_prefix("INVARIANT ")?.to_owned();
            let test = cells.nth(1)?.trim_matches('`').to_owned();
            Some((id, test))
        })
        .collect()
}

#[test]
fn rows_are_read() {
    let text = "# A\n| INVARIANT log-time | never back | `ledger::tests::times` |\n| no | row | at all |\n";
    let row = ("log-time".to_owned(), "ledger::tests::times".to_owned());
    assert_eq!(rows(text), [row]);
    let code =
        "#[test]\n#[should_panic]\nfn one() {}\nfn two() {}\n#[tokio::test]\nasync fn three() {}";
    assert_eq!(test_names(code), ["one", "three"]);
}

#[test]
fn each_promise_names_a_test_that_exists() {
    let tests = tests_by_path();
    let wrong: Vec<_> = promised()
        .into_iter()
        .filter(|(_, test)| !is_test(&tests, test))
        .map(|(id, test)| format!("INVARIANT {id}: no test `{test}`"))
        .collect();
    house::none("an invariant of docs/invariants.md is not tested", &wrong);
}

/// The paths of all tests, without the module of tests in a file.
pub(crate) fn tests_by_path() -> BTreeSet<String> {
    house::sources()
        .iter()
        .flat_map(|source| {
            let module = module_path(&source.path);
            let names: Vec<String> = test_names(&source.text)
                .into_iter()
                .map(|test| format!("{module}::{test}"))
                .collect();
            names
        })
        .collect()
}

/// Whether there is a test of this path. The module of tests in a file has no file of its own.
pub(crate) fn is_test(tests: &BTreeSet<String>, path: &str) -> bool {
    tests.contains(path) || tests.contains(&path.replace("::tests::", "::"))
}

/// The path of the module that a file defines, with the name of its crate first.
fn module_path(path: &str) -> String {
    let path = path.trim_end_matches(".rs");
    let (package, inside) = path
        .split_once("/src/")
        .or_else(|| path.strip_prefix("tests/")?.split_once('/'))
        .unwrap_or(("", path));
    let name = match package {
        "policy/core" => "hansa_policy".to_owned(),
        "policy/enforcement" => "hansa_enforcement".to_owned(),
        "policy/toml-reader" => "hansa_toml_reader".to_owned(),
        "audit/log" => "hansa_audit_log".to_owned(),
        "audit/store" => "hansa_audit_store".to_owned(),
        "audit/verify" => "hansa_verify".to_owned(),
        "catalog" => "hansa_catalog".to_owned(),
        "proto" => "hansa_proto".to_owned(),
        "connector/hansa" => "hansa".to_owned(),
        package => package.replace("connector/", "hansa_"),
    };
    match inside {
        "lib" | "main" => name,
        inside => format!("{name}::{}", inside.replace('/', "::")),
    }
}

#[test]
fn each_mark_in_the_code_is_promised() {
    let ids: BTreeSet<_> = promised().into_iter().map(|(id, _)| id).collect();
    let mut wrong = Vec::new();
    let product = house::sources()
        .into_iter()
        .filter(|source| !source.path.starts_with("tests/repo-checks"));
    for source in product {
        for (number, line) in source.lines() {
            let Some((_, mark)) = line.split_once("// INVARIANT:") else {
                continue;
            };
            let id = mark.split(['.', ',', ':']).next().unwrap_or(mark).trim();
            if !ids.contains(id) {
                wrong.push(format!("{}:{number}: {id}", source.path));
            }
        }
    }
    house::none(
        "a mark in the code has no row `| INVARIANT id | text | test |` in docs/invariants.md",
        &wrong,
    );
}

/// The names of the functions that stand under a test attribute.
pub(crate) fn test_names(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with("#[") {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        } else if let Some((_, rest)) = line.split_once("fn ") {
            if is_test {
                names.extend(rest.split('(').next());
            }
            is_test = false;
        }
    }
    names
}
