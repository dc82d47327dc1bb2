//! The shape of files.

use crate::house::{self, RustSourceFile};
use syn::{Item, UseTree, Visibility};

#[test]
fn every_file_says_what_it_is_for() {
    let wrong: Vec<_> = house::sources()
        .into_iter()
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| source.path)
        .collect();
    house::none("a file does not begin with `//!` and its purpose", &wrong);
}

#[test]
fn a_name_has_one_path() {
    let mut wrong = Vec::new();
    for source in house::sources() {
        if source.is_generated() {
            continue;
        }
        let path = &source.path;
        if path.ends_with("/mod.rs") {
            wrong.push(format!("{path}: write room.rs and room/ instead"));
        }
        for (number, whole) in (1..).zip(source.text.lines()) {
            let line = whole.trim();
            let of_facade = is_facade(&source) && whole.starts_with("pub use crate::");
            if line.starts_with("pub use ") && !of_facade {
                wrong.push(format!("{path}:{number}: {line}"));
            }
            let import = line.starts_with("use ") || line.starts_with("pub(crate) use ");
            // Tests beside their code see all of it.
            if import && line.contains("*;") && line != "use super::*;" {
                wrong.push(format!("{path}:{number}: {line}"));
            }
        }
    }
    house::none(
        "no mod.rs, no globs, and re-exports in a lib.rs alone",
        &wrong,
    );
}

/// Whether a file is the facade of its package: the page that a newcomer reads first.
fn is_facade(source: &RustSourceFile) -> bool {
    source.path.ends_with("/src/lib.rs")
}

/// A facade names each item that it re-exports, and all of them are of its own package.
#[test]
fn a_facade_re_exports_its_own_items() {
    let mut wrong = Vec::new();
    let sources = house::sources();
    for source in sources.iter().filter(|source| is_facade(source)) {
        let path = &source.path;
        let parsed =
            syn::parse_file(&source.text).unwrap_or_else(|error| panic!("{path}: {error}"));
        for item in &parsed.items {
            let Item::Use(exported) = item else {
                continue;
            };
            if matches!(exported.vis, Visibility::Inherited) {
                continue;
            }
            let own = matches!(&exported.tree, UseTree::Path(first) if first.ident == "crate");
            if !own || !names_each_item(&exported.tree) {
                let line = exported.use_token.span.start().line;
                wrong.push(format!("{path}:{line}"));
            }
        }
    }
    house::none(
        "a lib.rs re-exports items of its own package, each by its own name",
        &wrong,
    );
}

/// Whether the tree has neither `*` nor `as`.
fn names_each_item(tree: &UseTree) -> bool {
    match tree {
        UseTree::Path(path) => names_each_item(&path.tree),
        UseTree::Group(group) => group.items.iter().all(names_each_item),
        UseTree::Name(_) => true,
        UseTree::Rename(_) | UseTree::Glob(_) => false,
    }
}

#[test]
fn files_are_short() {
    let mut wrong = Vec::new();
    for source in house::sources() {
        let lines = source.text.lines().count();
        if lines > 800 && !source.is_generated() {
            wrong.push(format!("{} has {lines} lines: split it", source.path));
        }
    }
    house::none("a file has at most 800 lines", &wrong);
}

#[test]
fn lines_have_no_trailing_blanks() {
    let mut wrong = Vec::new();
    for source in house::sources() {
        for (number, line) in (1..).zip(source.text.lines()) {
            if line.ends_with([' ', '\t']) {
                wrong.push(format!("{}:{number}", source.path));
            }
        }
    }
    house::none("trailing blanks", &wrong);
}
