//! One `hansa sql` for many questions: a program writes them into its pipe and reads each answer before the next one.

use crate::bicycle_counts::{BicycleCounts, city};
use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, PURPOSE, number, text};
use serde_json::Value;
use std::io::Write as _;
use std::process::Stdio;

/// A city with counts, and a firm with a contract about them that runs a service or does not.
fn pair(
    league: &TestLeague,
    counts: &BicycleCounts,
    serves: bool,
) -> (TestParticipant, TestParticipant) {
    let mut lindau = city(league, counts, ALL, "\"league\"");
    let mut acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.counts");
    if serves {
        acme.serve();
    }
    (lindau, acme)
}

const COUNT: &str = "SELECT count(*) AS n, 'a;b' AS t\nFROM lindau.counts -- all; of them\n";

#[test]
fn a_program_asks_many_questions_through_one_command() {
    for serves in [true, false] {
        let league = TestLeague::new(binary());
        let counts = BicycleCounts::of("lindau", 2, 3, 5);
        let (lindau, acme) = pair(&league, &counts, serves);
        let mut session = acme.session(&["--purpose", PURPOSE]);
        for _ in 0..2 {
            let answer = session.ask(COUNT);
            assert_eq!(answer.len(), 2, "{answer:?}");
            assert_eq!(number(&answer[0], "n"), counts.rows.len() as i64);
            assert_eq!(text(&answer[0], "t"), "a;b");
            assert_eq!(answer[1]["hansa"]["complete"], true);
        }
        // One that fails has its end, too, and the next one is answered.
        let failed = session.ask("SELECT nothing FROM lindau.counts");
        assert_eq!(failed, [serde_json::json!({"hansa": {"complete": false}})]);
        let answer = session.ask("SELECT sum(bikes) AS total FROM lindau.counts");
        assert_eq!(number(&answer[0], "total"), counts.values().sum::<i64>());
        let ended = session.end().refused("COLUMN_UNKNOWN", 2);
        assert!(ended.out.is_empty(), "{}", ended.out);
        // Each is a question of its own in the provider's log.
        let permits = lindau.records("permit");
        assert_eq!(permits.len(), 3, "{permits:?}");
        lindau.verifies();
        acme.verifies();
    }
}

#[test]
fn each_statement_has_the_time_that_is_given() {
    let league = TestLeague::new(binary());
    let (_lindau, acme) = pair(&league, &BicycleCounts::of("lindau", 1, 1, 5), true);
    let mut session = acme.session(&["--purpose", PURPOSE, "--timeout", "0s"]);
    for _ in 0..2 {
        let reports: Vec<Value> = session.ask(COUNT);
        assert_eq!(reports.last().unwrap()["hansa"]["complete"], false);
    }
    let _ = session.end().refused("TIMED_OUT", 5);
}

#[test]
fn what_holds_one_answer_takes_one() {
    let league = TestLeague::new(binary());
    let (_lindau, acme) = pair(&league, &BicycleCounts::of("lindau", 1, 1, 5), false);
    for (args, pipe, status) in [
        (
            &["--output", "one.csv"][..],
            "SELECT 1 AS a; SELECT 2 AS b;",
            2,
        ),
        (&["--output", "one.csv"], "SELECT 1 AS a;\n-- no more\n", 0),
        (&["--format", "csv"], "SELECT 1 AS a; SELECT 2 AS b", 2),
        (&["--format", "json"], "SELECT 1 AS a; SELECT 2 AS b", 0),
        (&[], " ;; -- nothing;\n", 2),
    ] {
        let mut child = acme
            .command(&[&["sql"], args].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(pipe.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{pipe}: {err}");
        assert_eq!(err.contains("error[USAGE]"), status == 2, "{pipe}: {err}");
        if args.contains(&"--output") {
            let file = std::fs::read_to_string(acme.folder().join("one.csv")).unwrap();
            assert_eq!(file, "a\n1\n");
        }
    }
}
