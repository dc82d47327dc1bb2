//! The shape of files.

use crate::house;

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
        for (number, line) in (1..).zip(source.text.lines()) {
            let line = line.trim();
            if line.starts_with("pub use ") {
                wrong.push(format!("{path}:{number}: {line}"));
            }
            let import = line.starts_with("use ") || line.starts_with("pub(crate) use ");
            // Tests beside their code see all of it.
            if import && line.contains("*;") && line != "use super::*;" {
                wrong.push(format!("{path}:{number}: {line}"));
            }
        }
    }
    house::none("no mod.rs, no globs, no re-exports", &wrong);
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
