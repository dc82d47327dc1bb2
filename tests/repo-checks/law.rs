//! The pages about laws name tests that exist, and each of them is in the index.

use crate::{house, invariants};
use std::fs;

/// Where a test begins that a page names: a package, or the tests of whole participants.
const PACKAGES: [&str; 3] = ["hansa::", "hansa_", "e2e::"];

#[test]
fn each_test_that_a_page_about_a_law_names_exists() {
    let tests = invariants::tests_by_path();
    let (mut wrong, mut named) = (Vec::new(), 0);
    for page in pages() {
        let text = house::read(&page);
        for (number, line) in (1..).zip(text.lines()) {
            for word in line.split('`').skip(1).step_by(2) {
                if !PACKAGES.iter().any(|package| word.starts_with(package)) {
                    continue;
                }
                named += 1;
                if !invariants::is_test(&tests, word) {
                    wrong.push(format!("{page}:{number}: no test `{word}`"));
                }
            }
        }
    }
    assert!(named > 50, "the tests were not found: {named}");
    house::none(
        "a page about a law names a test that does not exist",
        &wrong,
    );
}

#[test]
fn each_page_about_a_law_is_in_the_index() {
    let index = house::read("docs/law/README.md");
    let wrong: Vec<_> = pages()
        .into_iter()
        .filter_map(|page| page.strip_prefix("docs/law/").map(str::to_owned))
        .filter(|name| !index.contains(&format!("({name})")))
        .collect();
    house::none("a page about a law that the index does not name", &wrong);
}

fn pages() -> Vec<String> {
    let folder = house::root().join("docs/law");
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut pages: Vec<String> = names
        .filter(|name| name.ends_with(".md") && name != "README.md")
        .map(|name| format!("docs/law/{name}"))
        .collect();
    pages.sort();
    pages
}
