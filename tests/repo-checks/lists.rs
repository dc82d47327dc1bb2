//! One kind, one file, one list: every file is named by the file above it.

use crate::house;
use std::collections::BTreeSet;

#[test]
fn every_file_is_in_its_list() {
    let sources = house::sources();
    let paths: BTreeSet<_> = sources.iter().map(|source| source.path.as_str()).collect();
    let mut wrong = Vec::new();
    for source in &sources {
        let Some((folder, file)) = source.path.rsplit_once('/') else {
            continue;
        };
        let name = file.strip_suffix(".rs").unwrap_or(file);
        if matches!(name, "lib" | "main") || folder.ends_with("/cannot") {
            continue;
        }
        let above = [
            format!("{folder}.rs"),
            format!("{folder}/lib.rs"),
            format!("{folder}/main.rs"),
        ];
        let listed = sources
            .iter()
            .filter(|other| above.contains(&other.path))
            .any(|list| names(&list.text, name));
        if !listed && !is_target(&source.path) {
            let list = above.iter().find(|list| paths.contains(list.as_str()));
            wrong.push(format!("{} is not in {list:?}", source.path));
        }
    }
    house::none("a file that no list names is not compiled", &wrong);
}

/// Whether a file has the line `mod NAME;`, or names the file by its path.
fn names(list: &str, name: &str) -> bool {
    list.lines().any(|line| {
        let line = line.trim();
        let declared = line
            .split_once("mod ")
            .is_some_and(|(_, rest)| rest.trim_end_matches(';') == name);
        declared
            || line.contains(&format!("/{name}.rs\""))
            || line.contains(&format!("\"{name}.rs\""))
    })
}

/// Whether a manifest names this file as a target of its own.
fn is_target(path: &str) -> bool {
    [
        "connector/hansa/Cargo.toml",
        "audit/store/Cargo.toml",
        "audit/verify/Cargo.toml",
        "tests/support/Cargo.toml",
        "tests/fuzz/Cargo.toml",
    ]
    .into_iter()
    .any(|manifest| {
        let folder = manifest.trim_end_matches("Cargo.toml");
        house::read(manifest).lines().any(|line| {
            line.strip_prefix("path = \"")
                .and_then(|rest| rest.strip_suffix('"'))
                .is_some_and(|target| match target.strip_prefix("../../") {
                    Some(target) => path == target,
                    None => match target.strip_prefix("../") {
                        Some(target) => path == format!("tests/{target}"),
                        None => path == format!("{folder}{target}"),
                    },
                })
        })
    })
}
