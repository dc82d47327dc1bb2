//! Tests of the program as a process: arguments, output and exit status.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::Path;
use std::process::Command;

/// Output on both streams and exit status, with an empty environment.
fn run(folder: &Path, args: &[&str]) -> (String, String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_hansa-verify"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        text(output.stdout),
        text(output.stderr),
        output.status.code().unwrap(),
    )
}

#[test]
fn wrong_use() {
    let folder = tempfile::tempdir().unwrap();
    for args in [
        &[][..],
        &["check"],
        &["judge", "x"],
        &["check", "absent"],
        &["contract", "7f", "--at", "soon", "x"],
        &["heads", "absent", "absent"],
    ] {
        std::fs::write(folder.path().join("x"), "x\n").unwrap();
        let (out, err, status) = run(folder.path(), args);
        assert_eq!((out.as_str(), status), ("", 2), "{args:?}: {err}");
        assert!(!err.is_empty(), "{args:?}");
    }
    let (out, err, status) = run(folder.path(), &["--help"]);
    assert_eq!((err.as_str(), status), ("", 0));
    assert!(out.contains("Ends with 0"), "{out}");
}

#[test]
fn what_is_no_evidence_or_of_another_version() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("text", "no bundle\n");
    write("newer", "{\"hansa\":\"bundle/9\"}\n");
    for (file, expect, word) in [("text", 8, "INCOMPLETE"), ("newer", 9, "NOT KNOWN HERE")] {
        let (out, _, status) = run(folder.path(), &["check", file]);
        assert_eq!(status, expect, "{out}");
        assert!(out.starts_with(word), "{out}");
        let (out, _, status) = run(folder.path(), &["--json", "check", file]);
        assert_eq!(status, expect);
        let value: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(value["findings"][0]["file"], file, "{value}");
    }
    // An empty folder is not a log.
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    let (out, _, status) = run(folder.path(), &["check", "empty"]);
    assert_eq!(status, 8, "{out}");
}

#[test]
fn a_verdict_that_its_place_does_not_take_is_not_reported() {
    let full = std::fs::File::create("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_hansa-verify"))
        .arg("--help")
        .env_clear()
        .stdout(full)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("can't be written"), "{text}");
}
