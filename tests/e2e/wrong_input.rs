//! Wrong input of each kind gets its code, its sentence, its place and its remedy, and the exit status of its kind; with
//! `--json` the same facts.

mod expired_certificate;
mod files;
mod questions;

use crate::binary;
use hansa_test_support::participant::{CommandOutput, run};
use serde_json::Value;
use std::path::Path;

/// A command that must fail: what is typed, the code, the exit status, and what the message must say.
type FailureCase<'a> = (&'a [&'a str], &'a str, i32, &'a [&'a str]);

/// Runs each case twice, for people and for scripts.
#[track_caller]
pub(crate) fn try_all(folder: &Path, cases: &[FailureCase<'_>]) {
    for (args, code, status, says) in cases {
        let done = run(binary(), folder, args).refused(code, *status);
        for word in *says {
            assert!(done.err.contains(word), "no `{word}` in {}", done.err);
        }
        let helps = done
            .err
            .lines()
            .filter(|line| line.starts_with("  help"))
            .count();
        assert!(helps > 0, "no remedy: {}", done.err);
        let mut json = vec!["--json"];
        json.extend_from_slice(args);
        same_facts(&run(binary(), folder, &json), code, *status, says);
    }
}

#[track_caller]
fn same_facts(done: &CommandOutput, code: &str, status: i32, says: &[&str]) {
    let errors: Vec<Value> = done
        .err
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|line| line.get("error").cloned())
        .collect();
    let error = errors
        .iter()
        .find(|error| error["code"] == code)
        .unwrap_or_else(|| panic!("`{}` did not say {code}: {}", done.command, done.err));
    assert_eq!(error["exit"], status, "{error}");
    assert_eq!(done.status, Some(status), "{}", done.command);
    assert!(!error["help"][0].is_null(), "no remedy: {error}");
    let line = error["line"]
        .as_u64()
        .map(|line| format!(":{line}"))
        .unwrap_or_default();
    let mut text = format!("{}{line} ", error["file"].as_str().unwrap_or_default());
    for fact in [
        "sentence",
        "key",
        "clause",
        "contract",
        "participant",
        "allowed",
    ] {
        text.push_str(error[fact].as_str().unwrap_or_default());
        text.push(' ');
    }
    for help in error["help"].as_array().unwrap() {
        text.push_str(help.as_str().unwrap());
        text.push(' ');
    }
    for word in says {
        let word = word.trim_matches(['(', ')']);
        assert!(text.contains(word), "no `{word}` in {error}");
    }
}

#[test]
fn each_code_has_a_cause_and_a_mend() {
    let folder = tempfile::tempdir().unwrap();
    let all = run(binary(), folder.path(), &["--json", "error"])
        .must()
        .lines();
    assert!(all.len() > 80, "{}", all.len());
    for line in all {
        let code = line["code"].as_str().unwrap();
        let text = run(binary(), folder.path(), &["error", code]).must().out;
        for part in [code, "cause", "help", "exit"] {
            assert!(text.contains(part), "{text}");
        }
        let json = run(binary(), folder.path(), &["--json", "error", code])
            .must()
            .json();
        assert_eq!(json, line);
    }
    try_all(
        folder.path(),
        &[(&["error", "QUOTA_ROW"], "USAGE", 2, &["QUOTA_ROWS"])],
    );
}
