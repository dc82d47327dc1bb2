//! Many withdrawals while others read without a pause, and kills between: whatever is asked, and when, the log stays good evidence.

use crate::auditor::{export, findings, verify};
use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, PURPOSE, text, wait_for};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// So many ask again and again.
const READERS: usize = 6;

const COUNT: &str = "SELECT count(*) AS n FROM lindau.bikes";

/// What the readers have met.
#[derive(Debug, Default)]
struct ReaderTotals {
    over: AtomicBool,
    answered: AtomicUsize,
    refused: AtomicUsize,
}

impl ReaderTotals {
    /// Asks until it is over.
    fn on(&self, acme: &TestParticipant) {
        while !self.over.load(Ordering::SeqCst) {
            let mut session = acme.session(&["--purpose", PURPOSE]);
            // Nobody reads what it complains of before its end, and a pipe has room for so much.
            let mut complaints = 0;
            while complaints < 50 && !self.over.load(Ordering::SeqCst) {
                let answer = session.ask(COUNT);
                if answer.len() == 1 {
                    complaints += 1;
                    self.refused.fetch_add(1, Ordering::SeqCst);
                } else {
                    self.answered.fetch_add(1, Ordering::SeqCst);
                }
            }
            // Each of them has asked under a contract before: why it can't now is told, also while the next one is made.
            let told = session.end().err;
            assert!(!told.contains("DATASET_UNKNOWN"), "{told}");
        }
    }

    /// Waits until somebody was answered once more.
    fn is_answered(&self) {
        let before = self.answered.load(Ordering::SeqCst);
        wait_for("another answer", Duration::from_secs(60), || {
            (self.answered.load(Ordering::SeqCst) > before).then_some(())
        });
    }
}

/// Ends the reading, also where the test fails: else it would not come to its end.
struct StopReadersGuard<'a>(&'a ReaderTotals);

impl Drop for StopReadersGuard<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::SeqCst);
    }
}

/// Agrees on a contract and ends it, so many times: by either side, now and then with a kill of the provider in the middle.
fn ends_under_readers(rounds: usize) {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let mut acme = league.city("acme");
    league.hand_bundle_to("lindau");
    lindau.offers_bikes("all", ALL, "auto");
    lindau.serve();
    acme.serve();
    acme.knows(&lindau);
    let (acme, read) = (&acme, &ReaderTotals::default());
    let (mut kills, mut contract) = (0, acme.contract("lindau.bikes"));
    std::thread::scope(|scope| {
        let _ending = StopReadersGuard(read);
        for _ in 0..READERS {
            scope.spawn(|| read.on(acme));
        }
        for round in 0..rounds {
            read.is_answered();
            let end = [
                "--yes", "contract", "withdraw", &contract, "--reason", "over",
            ];
            match round % 4 {
                0 => drop(acme.hansa(&end).must()),
                1 => {
                    let mut going = lindau.start(&end);
                    std::thread::park_timeout(Duration::from_millis(random.random_range(0..150)));
                    lindau.kill();
                    let _ = going.end();
                    kills += 1;
                    lindau.serve();
                    acme.knows(&lindau);
                    // It is either done, or can be done now.
                    let _ = lindau.hansa(&end);
                }
                _ => drop(lindau.hansa(&end).must()),
            }
            wait_for("the end on both sides", Duration::from_secs(60), || {
                let ended = |city: &TestParticipant| {
                    let all = city.hansa(&["--json", "contract", "list"]).must().lines();
                    let mut all = all.into_iter();
                    all.any(|one| {
                        text(&one, "contract") == contract && one.to_string().contains("withdrawn")
                    })
                };
                (ended(&lindau) && ended(acme)).then_some(())
            });
            contract = acme.contract("lindau.bikes");
        }
    });
    println!("{kills} kills, {read:?}");
    assert!(read.answered.load(Ordering::SeqCst) >= rounds);
    let export_folder = tempfile::tempdir().unwrap();
    export(&lindau, export_folder.path(), &[]);
    export(acme, export_folder.path(), &[]);
    let files = ["check", "lindau.example.bundle", "acme.example.bundle"];
    let (report, _) = verify(export_folder.path(), &files);
    let broken = findings(&report, "broken");
    assert!(broken.is_empty(), "{} of them: {broken:#?}", broken.len());
    lindau.verifies();
    acme.verifies();
}

#[test]
fn withdrawals_under_readers_leave_good_evidence() {
    ends_under_readers(12);
}

#[test]
#[ignore = "one to two hours"]
fn a_thousand_withdrawals_under_readers_leave_good_evidence() {
    ends_under_readers(1000);
}
