//! A program that is replaced refuses nobody: connections wait in a listener that stays open, and what broke off is asked again.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, number, text, wait_for};
use std::net::TcpListener;
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
    let sent = acme.records("errand");
    for repeated in sent.iter().filter_map(|sent| sent["body"].get("repeats")) {
        let is_first =
            |one: &&serde_json::Value| text(one, "request_id") == repeated.as_str().unwrap();
        assert!(sent.iter().any(|one| is_first(&one)), "{repeated}");
    }
    for one in [&lindau, &acme] {
        one.verifies();
    }
}
