//! Commands end as they should, however often: each thread is joined or left to the end of the process.

use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs short commands, two at once with a folder each, and counts those that did not end with 0.
fn fallen(commands: usize) -> Vec<String> {
    let league = TestLeague::new(super::binary());
    let cities: [TestParticipant; 2] = [league.firm("acme"), league.firm("other")];
    let left = &AtomicUsize::new(commands);
    std::thread::scope(|scope| {
        let running = cities.each_ref().map(|city| {
            scope.spawn(move || {
                let mut fallen = Vec::new();
                let next = |count: usize| count.checked_sub(1);
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
                    .is_ok()
                {
                    let outcome = city.hansa(&["contract", "list"]);
                    if outcome.status != Some(0) {
                        fallen.push(format!("{:?} {}", outcome.status, outcome.err));
                    }
                }
                fallen
            })
        });
        running
            .into_iter()
            .flat_map(|one| one.join().unwrap())
            .collect()
    })
}

#[test]
fn short_commands_end_whole() {
    assert_eq!(fallen(60), Vec::<String>::new());
}

#[test]
#[ignore = "half an hour: cargo test --test e2e -- --ignored ten_thousand_short_commands"]
fn ten_thousand_short_commands_end_whole() {
    assert_eq!(fallen(10_000), Vec::<String>::new());
}

/// A command whose input never comes to an end is not held up by it: whoever reads that is left to the end of the process.
#[test]
fn an_input_that_stays_open_holds_up_no_end() {
    let league = TestLeague::new(super::binary());
    let acme = league.firm("acme");
    let mut child = acme
        .command(&["sql", "--output", "a.csv", "--format", "csv"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // The second statement has no place in the file of the first: the command ends, and its input is still open.
    std::io::Write::write_all(&mut input, b"SELECT 1 AS one;\nSELECT 2 AS two;\n").unwrap();
    let status = child.wait().unwrap();
    assert!(status.code().is_some(), "{status}");
    drop(input);
}
