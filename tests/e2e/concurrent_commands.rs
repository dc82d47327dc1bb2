//! Commands of one participant that run at the same time, with a service and without one.

use crate::bicycle_counts::{BicycleCounts, city};
use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, PURPOSE, number};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

const COUNT: &str = "SELECT count(*) AS n FROM lindau.counts";

fn pair(league: &TestLeague, counts: &BicycleCounts) -> (TestParticipant, TestParticipant) {
    let mut lindau = city(league, counts, ALL, "\"league\"");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.counts");
    (lindau, acme)
}

#[test]
fn eight_commands_at_once_are_all_answered_without_a_service() {
    let league = TestLeague::new(binary());
    let counts = BicycleCounts::of("lindau", 2, 3, 5);
    let (lindau, acme) = pair(&league, &counts);
    std::thread::scope(|scope| {
        let asked = std::array::from_fn::<_, 8, _>(|_| {
            scope.spawn(|| acme.hansa(&["--json", "sql", COUNT, "--purpose", PURPOSE]))
        });
        for answer in asked {
            let answer = answer.join().expect("no thread panics").must();
            assert_eq!(
                number(&answer.lines()[0], "n"),
                counts.rows.len() as i64,
                "{}",
                answer.out
            );
        }
    });
    assert_eq!(lindau.records("permit").len(), 8);
    lindau.verifies();
    acme.verifies();
}

#[test]
fn a_command_waits_until_another_one_leaves_the_state_folder() {
    let league = TestLeague::new(binary());
    let counts = BicycleCounts::of("lindau", 1, 1, 5);
    let (_lindau, acme) = pair(&league, &counts);
    let mut holds = acme.session(&["--purpose", PURPOSE]);
    let _ = holds.ask(COUNT);
    let mut waits = acme
        .command(&["sql", COUNT, "--purpose", PURPOSE])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut text = String::new();
    let _ = BufReader::new(waits.stderr.take().expect("stderr is piped"))
        .read_line(&mut text)
        .expect("stderr can be read");
    assert!(text.contains("waiting"), "{text}");
    let _ = holds.end();
    let done = waits.wait_with_output().expect("the command ends");
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn a_second_service_is_refused_at_once() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = pair(&league, &BicycleCounts::of("lindau", 1, 1, 5));
    let refused = lindau.hansa(&["serve"]).refused("STATE_LOCKED", 1);
    assert!(
        refused.err.contains("runs for this configuration already"),
        "{}",
        refused.err
    );
}
