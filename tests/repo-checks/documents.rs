//! What the documents say of the tree is true: each path exists, each link leads somewhere, and the first pages stay short.

use crate::house;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The most bytes of the pages that are read first.
const LENGTHS: [(&str, u64); 2] = [("README.md", 5 * 1024), ("ARCHITECTURE.md", 10 * 1024)];

/// Where a path in backticks begins that names something in the tree.
const FOLDERS: [&str; 7] = [
    "audit/",
    "catalog/",
    "connector/",
    "docs/",
    "policy/",
    "proto/",
    "tests/",
];

#[test]
fn first_pages_are_short() {
    let wrong: Vec<_> = LENGTHS
        .into_iter()
        .filter_map(|(page, most)| {
            let length = fs::metadata(house::root().join(page)).unwrap().len();
            (length > most).then(|| format!("{page} has {length} bytes, more than {most}"))
        })
        .collect();
    house::none("a page that is read first is long", &wrong);
}

#[test]
fn each_path_in_a_document_exists() {
    let mut wrong = Vec::new();
    for page in pages() {
        // What was, stays written down as it was.
        if page == "CHANGELOG.md" {
            continue;
        }
        let text = house::read(&page);
        for (number, line) in (1..).zip(text.lines()) {
            for path in line.split('`').skip(1).step_by(2) {
                let is_path = FOLDERS.iter().any(|folder| path.starts_with(folder))
                    && path
                        .chars()
                        .all(|letter| letter.is_ascii_alphanumeric() || "/_-.".contains(letter));
                if is_path && !house::root().join(path).exists() {
                    wrong.push(format!("{page}:{number}: `{path}`"));
                }
            }
        }
    }
    house::none("a document names a path that does not exist", &wrong);
}

#[test]
fn each_link_between_documents_leads_somewhere() {
    let mut wrong = Vec::new();
    for page in pages() {
        let folder = Path::new(&page)
            .parent()
            .unwrap_or(Path::new(""))
            .to_path_buf();
        let text = house::read(&page);
        for (number, line) in (1..).zip(text.lines()) {
            for link in line
                .split("](")
                .skip(1)
                .filter_map(|rest| rest.split(')').next())
            {
                if link.starts_with("http") || link.starts_with("mailto:") {
                    continue;
                }
                let (path, heading) = link.split_once('#').unwrap_or((link, ""));
                let target = if path.is_empty() {
                    Path::new(&page).to_path_buf()
                } else {
                    folder.join(path)
                };
                if !house::root().join(&target).exists() {
                    wrong.push(format!("{page}:{number}: {link}"));
                } else if !heading.is_empty() && target.extension().is_some_and(|kind| kind == "md")
                {
                    let target = fs::read_to_string(house::root().join(target)).unwrap();
                    if !headings(&target).contains(heading) {
                        wrong.push(format!("{page}:{number}: {link}: no such heading"));
                    }
                }
            }
        }
    }
    house::none("a link leads nowhere", &wrong);
}

#[test]
fn each_decision_is_in_the_index() {
    let index = house::read("docs/adr/README.md");
    let wrong: Vec<_> = pages()
        .into_iter()
        .filter_map(|page| page.strip_prefix("docs/adr/").map(str::to_owned))
        .filter(|name| name != "README.md" && !index.contains(&format!("({name})")))
        .collect();
    house::none("a decision that the index does not name", &wrong);
}

/// The anchors of the headings of a page.
fn headings(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            line.trim_start_matches('#')
                .trim()
                .to_lowercase()
                .chars()
                .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter))
                .map(|letter| if letter == ' ' { '-' } else { letter })
                .collect()
        })
        .collect()
}

/// All pages of the repository.
fn pages() -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![house::root()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    open.push(path);
                }
            } else if name.ends_with(".md") {
                let page = path.strip_prefix(house::root()).unwrap();
                found.push(page.to_str().unwrap().to_owned());
            }
        }
    }
    assert!(found.len() > 20, "the pages were not found");
    found.sort();
    found
}
