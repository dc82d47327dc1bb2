//! The repository as the checks see it.

use std::fs;
use std::path::{Path, PathBuf};

/// A Rust file of the repository.
pub(crate) struct RustSourceFile {
    /// Its path from the root, with `/`.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
    test: bool,
}

impl RustSourceFile {
    /// Its lines with their numbers from 1, without those of tests at its end.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let code = match self.text.find("\n#[cfg(test)]\nmod tests {") {
            Some(at) => &self.text[..at],
            None => &self.text,
        };
        (1..).zip(code.lines())
    }

    /// Whether it is compiled for tests alone: its declaration, or one above it, stands under `#[cfg(test)]`.
    pub(crate) fn is_test(&self) -> bool {
        self.test
    }

    /// Whether it is made by a generator.
    pub(crate) fn is_generated(&self) -> bool {
        self.text.starts_with("//! Generated from ")
    }
}

/// The part of a line before its comment.
pub(crate) fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or(line)
}

/// The folder that holds the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .to_path_buf()
}

/// A file of the repository as text.
#[track_caller]
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All Rust files, by path.
pub(crate) fn sources() -> Vec<RustSourceFile> {
    let mut found = Vec::new();
    for folder in ["policy", "catalog", "proto", "audit", "connector", "tests"] {
        walk(&root().join(folder), &mut found);
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    let modules: Vec<_> = found.iter().flat_map(test_modules).collect();
    for source in &mut found {
        source.test = source.path.starts_with("tests/")
            || modules.iter().any(|module| {
                source
                    .path
                    .strip_prefix(module)
                    .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
            });
    }
    assert!(found.len() > 40, "the sources were not found");
    found
}

/// The modules that a file declares under `#[cfg(test)]`, as paths without `.rs`.
fn test_modules(source: &RustSourceFile) -> Vec<String> {
    let folder = match source.path.rsplit_once('/') {
        Some((folder, "lib.rs" | "main.rs")) => folder.to_owned(),
        _ => source.path.trim_end_matches(".rs").to_owned(),
    };
    let mut modules = Vec::new();
    let mut test = false;
    for line in source.text.lines() {
        if line.starts_with("#[") {
            test |= line.starts_with("#[cfg(test)]");
        } else if let Some((_, name)) = line.split_once("mod ") {
            if let Some(name) = name.strip_suffix(';').filter(|_| test) {
                modules.push(format!("{folder}/{name}"));
            }
            test = false;
        } else if !line.starts_with(' ') {
            test = false;
        }
    }
    modules
}

fn walk(folder: &Path, found: &mut Vec<RustSourceFile>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                walk(&path, found);
            }
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let name = path.strip_prefix(root()).unwrap();
            found.push(RustSourceFile {
                path: name.to_str().unwrap().replace('\\', "/"),
                text: fs::read_to_string(&path).unwrap(),
                test: false,
            });
        }
    }
}

/// Fails with everything that was found, one a line.
#[track_caller]
pub(crate) fn none(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}
