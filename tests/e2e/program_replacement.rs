//! A program that is replaced refuses nobody: connections wait in a listener that stays open, and what broke off is asked again.

use crate::binary;
use hansa_test_support::breaking_relay::{BreakCondition, BreakingRelay};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, number, text, wait_for};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const ASKERS: usize = 3;
const REPLACEMENTS: usize = 3;

/// The notes of the askers.
#[derive(Default)]
struct AskedQuestions {
    answered: AtomicUsize,
    failures: Mutex<Vec<String>>,
    is_over: AtomicBool,
}

impl AskedQuestions {
    fn ask_on(&self, acme: &TestParticipant) {
        while !self.is_over.load(Ordering::SeqCst) {
            let asked = acme.ask("SELECT sum(bikes) AS n FROM lindau.bikes");
            if asked.status == Some(0) && number(&asked.lines()[0], "n") == 387 {
                let _ = self.answered.fetch_add(1, Ordering::SeqCst);
            } else {
                let told = format!("{:?} {} {}", asked.status, asked.out, asked.err);
                self.failures.lock().unwrap().push(told);
            }
        }
    }

    fn await_more(&self, more: usize) {
        let wanted = self.answered.load(Ordering::SeqCst) + more;
        wait_for("more answers", Duration::from_secs(120), || {
            let failed = !self.failures.lock().unwrap().is_empty();
            (failed || self.answered.load(Ordering::SeqCst) >= wanted).then_some(())
        });
    }
}

#[test]
fn nobody_is_refused_while_a_program_is_replaced() {
    let league = TestLeague::new(binary());
    let (mut lindau, mut acme) = league.bikes("all", ALL, "auto");
    lindau.stop();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    lindau.listens_at(listener.local_addr().unwrap());
    lindau.serve_at(&listener);
    acme.knows(&lindau);
    let _ = acme.contract("lindau.bikes");
    // One connector carries all questions, so that its connections break under them.
    acme.serve();
    let asked = AskedQuestions::default();
    let before = lindau.records("permit").len();
    std::thread::scope(|scope| {
        for _ in 0..ASKERS {
            scope.spawn(|| asked.ask_on(&acme));
        }
        for _ in 0..REPLACEMENTS {
            asked.await_more(2 * ASKERS);
            lindau.stop();
            lindau.serve_at(&listener);
        }
        asked.await_more(2 * ASKERS);
        asked.is_over.store(true, Ordering::SeqCst);
    });
    let failures = asked.failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{failures:#?}");
    let answered = asked.answered.into_inner();
    assert!(answered >= 2 * ASKERS * (REPLACEMENTS + 1), "{answered}");
    // Whatever was asked twice has a record for each time.
    let permits = lindau.records("permit");
    assert!(permits.len() >= before + answered);
    let sent = acme.records("remote_query");
    for repeated in sent.iter().filter_map(|sent| sent["body"].get("repeats")) {
        let is_first =
            |one: &&serde_json::Value| text(one, "request_id") == repeated.as_str().unwrap();
        assert!(sent.iter().any(|one| is_first(&one)), "{repeated}");
    }
    for one in [&lindau, &acme] {
        one.verifies();
    }
}

/// Breaks what passes as soon as a further permit of the city is in its log and more than so many bytes have come behind it. A permit
/// is in the log before any byte of its answer leaves, so that none of 0 bytes has arrived.
fn await_permit(city: &TestParticipant, bytes: usize) -> BreakCondition {
    let watcher = city.make_watcher();
    let before = watcher.records("permit").len();
    let mut passed: Option<usize> = None;
    Box::new(move |length| {
        if passed.is_none() && watcher.records("permit").len() > before {
            passed = Some(0);
        }
        passed = passed.map(|passed| passed + length);
        passed.is_some_and(|passed| passed > bytes)
    })
}

fn know_by_relay(acme: &TestParticipant, city: &TestParticipant) -> BreakingRelay {
    let relay = BreakingRelay::to(city.address());
    acme.hansa(&["peer", "add", relay.address(), "--id", city.domain()])
        .must();
    relay
}

#[test]
fn a_part_that_breaks_before_its_first_row_is_asked_again() {
    let league = TestLeague::new(binary());
    let (lindau, mut acme) = league.bikes_under_contract();
    let relay = know_by_relay(&acme, &lindau);
    acme.serve();
    let sum = || {
        let asked = acme.ask("SELECT sum(bikes) AS n FROM lindau.bikes").must();
        number(&asked.lines()[0], "n")
    };
    // The connection is open from here on.
    assert_eq!(sum(), 387);
    let before = lindau.records("permit").len();
    relay.break_when(await_permit(&lindau, 0));
    assert_eq!(sum(), 387);
    assert!(relay.has_broken());
    assert_eq!(lindau.records("permit").len(), before + 2);
    let sent = acme.records("remote_query");
    let [.., first, second] = sent.as_slice() else {
        panic!("{sent:#?}");
    };
    assert_eq!(text(second, "repeats"), text(first, "request_id"));
    assert_eq!(text(first, "repeats"), "");
    for one in [&lindau, &acme] {
        one.verifies();
    }
}

/// All notes of both tables have to be here before anything is given to who asked.
const NOTES: &str = "SELECT count(DISTINCT note) AS n FROM \
                     (SELECT note FROM lindau.long UNION ALL SELECT note FROM acme.few) AS t";

/// Beyond the first message of rows, and far from the last one.
const SOME_ROWS: usize = 2_000_000;

#[test]
fn a_whole_question_is_asked_again_where_rows_had_come_and_none_was_given() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let mut acme = league.city("acme");
    league.hand_bundle_to("lindau");
    lindau.offers_long(50_000, ALL);
    lindau.serve();
    acme.holds("few", "note\nnone of theirs\n", "");
    acme.publishes();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.long");
    let relay = know_by_relay(&acme, &lindau);
    acme.serve();
    let before = lindau.records("permit").len();
    relay.break_when(await_permit(&lindau, SOME_ROWS));
    let asked = acme.ask(NOTES).must();
    assert_eq!(number(&asked.lines()[0], "n"), 50_001);
    assert!(relay.has_broken());
    assert_eq!(lindau.records("permit").len(), before + 2);
    // Each is a question of its own: rows of the first had come, so that no part of it could be repeated alone.
    let sent = acme.records("remote_query");
    let last = sent.iter().rev().take(2);
    assert!(last.clone().all(|sent| text(sent, "repeats").is_empty()));
    assert_eq!(last.count(), 2);
    for one in [&lindau, &acme] {
        one.verifies();
    }
}

/// Waits until a city that was told to stop has heard it: it takes no more connections.
fn await_drain(city: &TestParticipant) {
    let address = city.address();
    wait_for("a closed port", Duration::from_secs(60), || {
        TcpStream::connect(address).is_err().then_some(())
    });
}

/// A city whose answers have a long time to end, and whose answer stands still in the middle until it is read on.
fn begin_long_answer(league: &TestLeague) -> (TestParticipant, TestParticipant, String) {
    let (mut lindau, mut acme) = league.long_table(150_000, ALL);
    lindau.stop();
    lindau.set_limit("drain", "600s");
    lindau.serve();
    acme.knows(&lindau);
    let contract = acme.contract("lindau.long");
    acme.serve();
    (lindau, acme, contract)
}

#[test]
fn what_runs_at_a_stop_ends_by_itself_and_what_comes_is_told_before_any_record() {
    let league = TestLeague::new(binary());
    let (mut lindau, acme, _) = begin_long_answer(&league);
    let mut going = acme.begins();
    let before = lindau.records("permit").len();
    lindau.tell_to_stop();
    await_drain(&lindau);
    // Over the connection that is open, and then where nobody listens.
    acme.ask("SELECT count(*) AS n FROM lindau.long")
        .refused("PEER_UNREACHABLE", 5);
    let ends = acme.records("not_received");
    assert_eq!(text(ends.last().unwrap(), "code"), "MOVED", "{ends:#?}");
    assert_eq!(lindau.records("permit").len(), before);
    assert!(lindau.records("refuse").is_empty());
    let done = going.end();
    assert_eq!(done.status, Some(0), "{}", done.err);
    assert_eq!(done.out.lines().count(), 150_000);
    assert_eq!(lindau.await_end(), Some(0));
    let closed = lindau.records("close");
    assert_eq!(text(closed.last().unwrap(), "outcome"), "done");
    for one in [&lindau, &acme] {
        one.verifies();
    }
}

#[test]
fn a_withdrawal_cuts_what_still_runs_at_a_stop() {
    let league = TestLeague::new(binary());
    let (mut lindau, acme, contract) = begin_long_answer(&league);
    let mut going = acme.begins();
    lindau.tell_to_stop();
    await_drain(&lindau);
    lindau
        .hansa(&[
            "--yes", "contract", "withdraw", &contract, "--reason", "over",
        ])
        .must();
    let cut = going.end();
    assert!(cut.err.contains("WITHDRAWN"), "{}", cut.err);
    assert_eq!(lindau.await_end(), Some(0));
    let closed = lindau.records("close");
    assert_eq!(text(closed.last().unwrap(), "code"), "WITHDRAWN");
    lindau.verifies();
}

#[test]
fn a_second_signal_ends_the_time_that_answers_have() {
    let league = TestLeague::new(binary());
    let (mut lindau, acme, _) = begin_long_answer(&league);
    let going = acme.begins();
    lindau.tell_to_stop();
    await_drain(&lindau);
    // 600 seconds are not waited for.
    lindau.stop();
    let closed = lindau.records("close");
    assert_eq!(text(closed.last().unwrap(), "code"), "MOVED");
    drop(going);
    lindau.verifies();
}

/// An answer of 50,000 rows at 500 a second, which outlasts any time that it is given here.
#[test]
fn what_outlasts_its_time_at_a_stop_is_told_how_many_rows_came() {
    let league = TestLeague::new(binary());
    let (mut lindau, acme) = league.long_table(50_000, &format!("{ALL}\nrows_per_second = 500"));
    lindau.stop();
    lindau.set_limit("drain", "1s");
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.long");
    let mut going = acme.begins();
    going.read_on();
    lindau.stop();
    let cut = going.end();
    assert_eq!(cut.status, Some(5), "{}", cut.err);
    assert!(cut.err.contains("MOVED"), "{}", cut.err);
    let (told, _) = cut.err.split_once(" rows of its answer had come").unwrap();
    let came: i64 = told.split_whitespace().last().unwrap().parse().unwrap();
    let closed = lindau.records("close");
    let closed = closed.last().unwrap();
    assert_eq!(text(closed, "code"), "MOVED");
    assert!((500..50_000).contains(&came), "{came}");
    assert_eq!(number(closed, "rows"), came);
    for one in [&lindau, &acme] {
        one.verifies();
    }
}
