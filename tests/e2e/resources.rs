//! Memory stays bounded, and a reader that stands still costs nobody but itself.

use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, RunningCommand, number, text as text_of, wait_for};
use std::time::Duration;

const READERS: usize = 10;
const ROWS: u32 = 600_000;

/// The memory that a process holds, in KiB.
fn resident(city: &TestParticipant) -> u64 {
    memory(city, "VmRSS:")
}

/// A line of what the system says of its memory, in KiB.
fn memory(city: &TestParticipant, what: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", city.pid().unwrap())).unwrap();
    let mut lines = status.lines();
    let line = lines.find(|line| line.starts_with(what)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Most that a process may hold above what it held before a question, in KiB: one and a half times `[limits] memory`.
pub(crate) const MOST_FOR_A_QUESTION: u64 = 768 * 1024;

#[test]
fn a_count_of_all_pairs_holds_no_more_than_its_limit() {
    let league = TestLeague::new(super::binary());
    let (lindau, mut acme) = league.long_table(150_000, ALL);
    acme.serve();
    let _ = acme.contract("lindau.long");
    acme.ask("SELECT count(*) AS n FROM lindau.long").must();
    let cities = [&lindau, &acme];
    let before = cities.map(|city| memory(city, "VmHWM:"));
    acme.ask("SELECT count(*) AS n FROM lindau.long a, lindau.long b, lindau.long c")
        .refused("RESOURCE_LIMIT", 3);
    for (city, before) in cities.into_iter().zip(before) {
        let used = memory(city, "VmHWM:").saturating_sub(before);
        println!("{used} KiB more");
        assert!(used < MOST_FOR_A_QUESTION, "it held {used} KiB more");
    }
}

#[test]
fn what_large_questions_have_used_goes_back() {
    let league = TestLeague::new(super::binary());
    let (lindau, mut acme) = league.long_table(ROWS / 4, ALL);
    acme.serve();
    let _ = acme.contract("lindau.long");
    let few = "SELECT count(*) AS n FROM lindau.long";
    acme.ask(few).must();
    let before = resident(&lindau);
    let groups = "SELECT count(*) AS n FROM (SELECT note, id, count(*) AS c FROM lindau.long GROUP BY note, id) AS t";
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..3 {
                    acme.ask(groups).must();
                }
            });
        }
    });
    let used = memory(&lindau, "VmHWM:").saturating_sub(before);
    assert!(used > 150 * 1024, "they used {used} KiB");
    // Nobody asks any more, and no thread allocates.
    let back = wait_for("memory to go back", Duration::from_secs(60), || {
        let kept = resident(&lindau).saturating_sub(before);
        (kept < used / 5).then_some(kept)
    });
    println!("of {used} KiB {back} are kept");
}

#[test]
fn readers_that_stand_still_cost_only_themselves() {
    let league = TestLeague::new(super::binary());
    let mut lindau = league.city("lindau");
    let mut acme = league.city("acme");
    let other = league.firm("other");
    league.hand_bundle_to("lindau");
    lindau.offers_long(ROWS, ALL);
    lindau.offers_bikes("few", ALL, "auto");
    lindau.serve();
    acme.serve();
    for firm in [&acme, &other] {
        firm.knows(&lindau);
        let _ = firm.contract("lindau.bikes");
    }
    let _ = acme.contract("lindau.long");
    let small = "SELECT sum(bikes) AS total FROM lindau.bikes";
    other.ask(small).must();
    let before = resident(&lindau);
    // All over one connection; each wants far more than there is room for on the way.
    let readers: Vec<RunningCommand> = (0..READERS).map(|_| acme.begins()).collect();
    let running = || {
        let status = lindau.hansa(&["--json", "status"]).must().json();
        number(&status, "running")
    };
    assert_eq!(running(), i64::try_from(READERS).unwrap());
    // Over the same connection, and over another one.
    for firm in [&acme, &other] {
        let answer = firm
            .hansa(&[
                "--json",
                "--timeout",
                "30s",
                "sql",
                small,
                "--purpose",
                hansa_test_support::workflow::PURPOSE,
            ])
            .must()
            .lines();
        assert_eq!(number(&answer[0], "total"), 387);
    }
    assert_eq!(
        running(),
        i64::try_from(READERS).unwrap(),
        "they stand still"
    );
    let grown = resident(&lindau).saturating_sub(before) / 1024;
    println!("{READERS} readers cost {grown} MiB");
    // Ten answers whole in memory would be more than 1000 MiB.
    assert!(grown < 450, "{READERS} readers cost {grown} MiB");
    drop(readers);
    wait_for(
        "the end of streams without a reader",
        Duration::from_secs(20),
        || (running() == 0).then_some(()),
    );
    assert_eq!(
        lindau.records("close").len(),
        lindau.records("permit").len()
    );
}

#[test]
fn a_peer_that_reads_nothing_leaves_slots_for_others() {
    let league = TestLeague::new(super::binary());
    let mut lindau = league.city("lindau");
    let mut acme = league.firm("acme");
    let other = league.firm("other");
    league.hand_bundle_to("lindau");
    let file = lindau.folder().join("hansa.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("concurrent = 16"), "{text}");
    std::fs::write(&file, text.replace("concurrent = 16", "concurrent = 4")).unwrap();
    lindau.offers_long(150_000, ALL);
    lindau.serve();
    acme.serve();
    for firm in [&acme, &other] {
        firm.knows(&lindau);
        let _ = firm.contract("lindau.long");
    }
    let readers: Vec<RunningCommand> = (0..3).map(|_| acme.begins()).collect();
    let count = "SELECT count(*) AS n FROM lindau.long";
    let refused = acme.ask(count).refused("TOO_MANY_STREAMS", 3);
    assert!(refused.err.contains("of yours"), "{}", refused.err);
    let answer = other.ask(count).must().lines();
    assert_eq!(number(&answer[0], "n"), 150_000);
    drop(readers);
    wait_for("the seats", Duration::from_secs(20), || {
        (acme.ask(count).status == Some(0)).then_some(())
    });
}

#[test]
pub(crate) fn a_reader_that_stands_still_gives_its_slot_back() {
    let league = TestLeague::new(super::binary());
    let mut lindau = league.city("lindau");
    let (acme, other) = (league.firm("acme"), league.firm("other"));
    league.hand_bundle_to("lindau");
    let file = lindau.folder().join("hansa.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let tight = text
        .replace("timeout    = \"120s\"", "timeout    = \"10s\"")
        .replace("concurrent = 16", "concurrent = 1");
    assert_ne!(text, tight);
    std::fs::write(&file, tight).unwrap();
    lindau.offers_long(ROWS, ALL);
    lindau.serve();
    for firm in [&acme, &other] {
        firm.knows(&lindau);
        let _ = firm.contract("lindau.long");
    }
    let small = "SELECT count(*) AS n FROM lindau.long WHERE id < 10";
    other.ask(small).must();
    let before = lindau.records("close").len();
    let mut reader = acme.begins();
    let close = wait_for("the end of the stream", Duration::from_secs(60), || {
        let mut closed = lindau.records("close");
        closed.pop().filter(|_| closed.len() >= before)
    });
    assert_eq!(text_of(&close, "outcome"), "failed", "{close}");
    assert_eq!(text_of(&close, "code"), "RESOURCE_LIMIT", "{close}");
    let rows = number(&close, "rows");
    assert!(0 < rows && rows < i64::from(ROWS), "{rows} rows left");
    let answered = |firm: &TestParticipant| {
        let answer = firm.ask(small);
        (answer.status == Some(0)).then_some(())
    };
    wait_for("the seat", Duration::from_secs(60), || answered(&other));
    // What left has its receipt, which the reader gets when it goes on.
    reader.end().ends(3);
    assert_eq!(acme.records("received").len(), 1);

    // Our own people, at the socket of the connector, keep nobody out either.
    let own = lindau.begins();
    wait_for("the seat", Duration::from_secs(60), || answered(&other));
    drop(own);
    lindau.verifies();
}
