//! What is told to stop, or has no reader any more, ends soon and quietly.

use crate::binary;
use crate::wrong_input::try_all;
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{ALL, text};
use std::io::{BufRead as _, BufReader, Read as _};
use std::time::{Duration, Instant};

#[test]
fn a_connector_that_is_reported_to_stop_ends_soon_though_an_answer_runs() {
    let league = TestLeague::new(binary());
    let (mut lindau, acme) = league.long_table(150_000, ALL);
    lindau.stop();
    lindau.set_limit("drain", "0s");
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.long");
    // Nobody reads on, so the answer stands still in the middle.
    let reader = acme.begins();
    let reported = Instant::now();
    lindau.stop();
    let took = reported.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    let (opened, closed) = (lindau.records("permit"), lindau.records("close"));
    assert_eq!(opened.len(), closed.len());
    let outcome = text(closed.last().unwrap(), "outcome");
    assert_eq!(outcome, "cut", "{closed:?}");
    assert_eq!(text(closed.last().unwrap(), "code"), "MOVED", "{closed:?}");
    drop(reader);
    lindau.verifies();
    try_all(
        acme.folder(),
        &[(
            &["--timeout", "0s", "status"],
            "TIMED_OUT",
            5,
            &["0 seconds"],
        )],
    );
}

#[test]
fn a_reader_that_has_seen_enough_ends_a_command_quietly() {
    let league = TestLeague::new(binary());
    let city = league.city("lindau");
    let rows: String = (0..200_000).map(|row| format!("Hafen,{row}\n")).collect();
    city.holds("bikes", &format!("site,bikes\n{rows}"), "");
    city.publishes();
    let mut child = city
        .command(&["sql", "SELECT * FROM lindau.bikes", "--format", "csv"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "site,bikes\n");
    drop(out);
    let mut err = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    let status = child.wait().unwrap().code();
    assert!(matches!(status, Some(0 | 141)), "{status:?}: {err}");
    assert_eq!(err, "");
}

#[test]
fn a_connector_ends_with_its_input_as_if_it_were_told_to_stop() {
    let league = TestLeague::new(binary());
    let (lindau, acme) = league.bikes_under_contract();
    let mut serving = acme
        .command(&["--json", "serve", "--until-stdin-ends"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(serving.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    assert!(line.contains("\"ready\""), "{line}");
    // What comes is not its end.
    let mut input = serving.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, b"stop\n").unwrap();
    acme.hansa(&["--json", "status"]).must();
    assert!(serving.try_wait().unwrap().is_none());
    drop(input);
    assert_eq!(serving.wait().unwrap().code(), Some(0));
    // Without the option its input is nothing to it, and one that waits for its league ends in the same way.
    let mut ends = acme
        .command(&["--json", "serve"])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(ends.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    acme.hansa(&["--json", "status"]).must();
    assert!(ends.try_wait().unwrap().is_none());
    ends.kill().unwrap();
    ends.wait().unwrap();
    std::fs::remove_file(acme.folder().join("keys/tls.crt")).unwrap();
    let waits = acme
        .command(&["--json", "serve", "--await-join", "--until-stdin-ends"])
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(waits.status.code(), Some(0), "{waits:?}");
    lindau.verifies();
}
