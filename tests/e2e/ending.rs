//! What is told to stop, or has no reader any more, ends soon and quietly.

use crate::binary;
use crate::wrong::try_all;
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{ALL, text};
use std::io::{BufRead as _, BufReader, Read as _};
use std::time::{Duration, Instant};

#[test]
fn a_connector_that_is_reported_to_stop_ends_soon_though_an_answer_runs() {
    let league = TestLeague::new(binary());
    let (mut lindau, acme) = league.long_table(150_000, ALL);
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
