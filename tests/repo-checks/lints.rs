//! Every package inherits the lints of the workspace, and nothing is let off without a reason.

use crate::house;
use std::fs;

#[test]
fn every_package_inherits_the_lints() {
    let workspace: toml::Table = house::read("Cargo.toml").parse().unwrap();
    let members = workspace["workspace"]["members"].as_array().unwrap();
    let mut wrong = Vec::new();
    for member in members {
        let path = format!("{}/Cargo.toml", member.as_str().unwrap());
        let manifest: toml::Table = house::read(&path).parse().unwrap();
        let inherits = manifest
            .get("lints")
            .and_then(|lints| lints.get("workspace"))
            .and_then(toml::Value::as_bool);
        if inherits != Some(true) {
            wrong.push(path);
        }
    }
    house::none("add `[lints] workspace = true`", &wrong);
}

#[test]
fn nothing_is_let_off_without_a_reason() {
    let mut wrong = Vec::new();
    for source in house::sources() {
        if source.is_generated() {
            continue;
        }
        let text = &source.text;
        for sign in ["allow(", "expect("] {
            for (at, _) in text.match_indices(sign) {
                let before = text[..at].trim_end();
                if !before.ends_with("#[") && !before.ends_with("#![") && !attribute(before) {
                    continue;
                }
                let end = text[at..].find(")]").map_or(text.len(), |end| at + end);
                if !text[at..end].contains("reason") {
                    let number = text[..at].lines().count();
                    wrong.push(format!("{}:{number}", source.path));
                }
            }
        }
    }
    house::none("a lint is let off without `reason = \"…\"`", &wrong);
}

/// Whether this is the inside of `#[cfg_attr(test, `.
fn attribute(before: &str) -> bool {
    before
        .rsplit("cfg_attr(")
        .next()
        .is_some_and(|inside| inside.trim() == "test,")
}

#[test]
fn there_is_no_unsafe_code() {
    let mut wrong = Vec::new();
    for source in house::sources() {
        for (number, line) in source.lines() {
            let code = house::code(line);
            if code.contains("unsafe {")
                || code.contains("unsafe fn")
                || code.contains("unsafe impl")
            {
                wrong.push(format!("{}:{number}", source.path));
            }
        }
    }
    wrong.retain(|place| !place.starts_with("tests/repo-checks/lints.rs"));
    house::none("unsafe code", &wrong);
}

/// Some C libraries fall where a thread is let go of in the moment in which it ends.
#[test]
fn no_thread_is_let_go_of() {
    let mut wrong = Vec::new();
    for source in house::sources() {
        let text = &source.text;
        for (at, spawn) in text.match_indices("thread::spawn(") {
            let before = text[..at].trim_end_matches("std::").trim_end();
            let begins = before.ends_with([';', '{', '}']) || before.ends_with("let _ =");
            let mut open = 1_usize;
            let inside = at + spawn.len();
            let end = text[inside..].find(|letter| {
                match letter {
                    '(' => open += 1,
                    ')' => open -= 1,
                    _ => {}
                }
                open == 0
            });
            let behind = end.map_or("", |end| &text[inside + end + 1..]);
            if begins && behind.trim_start().starts_with(';') {
                wrong.push(format!("{}:{}", source.path, text[..at].lines().count()));
            }
        }
    }
    wrong.retain(|place| !place.starts_with("tests/repo-checks/lints.rs"));
    house::none(
        "join the thread, or leave it to the end of the process",
        &wrong,
    );
}

#[test]
fn no_package_runs_code_at_build_time() {
    let workspace: toml::Table = house::read("Cargo.toml").parse().unwrap();
    let members = workspace["workspace"]["members"].as_array().unwrap();
    let wrong: Vec<_> = members
        .iter()
        .map(|member| format!("{}/build.rs", member.as_str().unwrap()))
        .filter(|path| fs::exists(house::root().join(path)).unwrap())
        .collect();
    house::none("a build script", &wrong);
}
