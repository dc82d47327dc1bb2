//! kill -9 at random points: nothing that was said is lost, no budget is exceeded, both sides go on.
//!
//! A point is a share of the time that a command takes which nobody disturbs, drawn from a fixed seed.

mod kills;

use crate::auditor::{export, findings, verify};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, PURPOSE, RunningCommand, number, text, wait_for};
use kills::{DurableState, KillSchedule, again};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::collections::BTreeSet;
use std::time::Duration;

const SEED: u64 = 20_260_501;
const SMALL: &str = "site,bikes\nHafen,310\nHafen,502\nBahnhof,1204\nInsel,77\n";

#[test]
fn a_negotiation_survives_kills_of_both_sides() {
    let mut random = StdRng::seed_from_u64(SEED);
    let league = TestLeague::new(super::binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.holds("bikes", SMALL, "");
    lindau.publishes();
    let terms =
        "columns = [\"site\", \"bikes\"]\nvalid = { from = 2026-01-01, until = 2029-12-31 }";
    lindau.offers("bikes", "all", terms, "\"league\"", "officer");
    again(&mut lindau, &acme);
    let mut kills = KillSchedule::of(&acme);
    let mut finished = BTreeSet::new();
    for round in 0..4 {
        let before = (DurableState::of(&lindau), DurableState::of(&acme));
        // While the request is on its way, then while the consumer fetches the answer and verifies it.
        let request = ["contract", "request", "lindau.bikes", "--sign"];
        kills.one(
            &mut lindau,
            &acme,
            &request,
            round % 2 == 0,
            random.random(),
        );
        before.0.is_still_held(&lindau);
        before.1.is_still_held(&acme);
        let name = open_one(&lindau, &acme);

        // While the officer signs.
        let before = (DurableState::of(&lindau), DurableState::of(&acme));
        let mut signing = lindau.start(&["contract", "sign", &name]);
        kills.wait(&mut signing, random.random());
        lindau.kill();
        let _ = signing.end();
        again(&mut lindau, &acme);
        before.0.is_still_held(&lindau);
        before.1.is_still_held(&acme);
        // It is either done, or can be done now.
        let _ = lindau.hansa(&["contract", "sign", &name]);

        let before = (DurableState::of(&lindau), DurableState::of(&acme));
        let list = ["contract", "list"];
        kills.one(&mut lindau, &acme, &list, round % 2 == 1, random.random());
        before.0.is_still_held(&lindau);
        before.1.is_still_held(&acme);

        let contract = wait_for("the contract", Duration::from_secs(20), || {
            let all: BTreeSet<String> = acme.listed("contract").into_iter().collect();
            let theirs: BTreeSet<String> = lindau.listed("contract").into_iter().collect();
            all.intersection(&theirs)
                .find(|contract| !finished.contains(*contract))
                .cloned()
        });
        let answer = acme
            .hansa(&[
                "--json",
                "sql",
                "SELECT count(*) AS n FROM lindau.bikes",
                "--contract",
                &contract,
                "--purpose",
                PURPOSE,
            ])
            .must()
            .lines();
        assert_eq!(number(&answer[0], "n"), 4);
        finished.insert(contract);
        lindau.verifies();
        acme.verifies();
    }
    assert_eq!(finished.len(), 4);
    kills.came_in_the_middle();
}

#[test]
fn what_is_signed_without_a_person_is_finished_after_kills() {
    let mut random = StdRng::seed_from_u64(SEED + 2);
    let league = TestLeague::new(super::binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.holds("bikes", SMALL, "");
    lindau.publishes();
    lindau.offers("bikes", "all", ALL, "\"league\"", "auto");
    again(&mut lindau, &acme);
    let mut kills = KillSchedule::of(&acme);
    for round in 0..8 {
        let request = ["contract", "request", "lindau.bikes", "--sign"];
        let share = random.random();
        kills.one(&mut lindau, &acme, &request, round % 2 == 0, share);
        // Nobody has to do anything but to look.
        wait_for(
            "the end of every negotiation",
            Duration::from_secs(20),
            || {
                let open = |city: &TestParticipant| {
                    let turns = city.listed("turn");
                    turns.iter().any(|turn| turn.ends_with("turn"))
                };
                (!open(&acme) && !open(&lindau)).then_some(())
            },
        );
    }
    // On a busy machine every kill may come before anything was agreed. One that nobody disturbs comes about in any case:
    // what was left half done is not in its way.
    let last = acme.contract("lindau.bikes");
    let both = [&acme, &lindau].map(|city| BTreeSet::from_iter(city.listed("contract")));
    assert!(both[0].contains(&last));
    assert_eq!(both[0], both[1]);
    kills.came_in_the_middle();
    lindau.verifies();
    acme.verifies();
}

/// A negotiation that waits for the provider; the consumer asks again if its request died with it.
fn open_one(lindau: &TestParticipant, acme: &TestParticipant) -> String {
    let waiting = |city: &TestParticipant| {
        city.hansa(&["--json", "contract", "list"])
            .must()
            .lines()
            .into_iter()
            .find(|line| text(line, "turn") == "our turn")
            .map(|line| text(&line, "negotiation"))
    };
    // What lies in the outbox goes now.
    let _ = acme.listed("negotiation");
    waiting(lindau).unwrap_or_else(|| {
        acme.hansa(&["contract", "request", "lindau.bikes", "--sign"])
            .must();
        waiting(lindau).expect("a request arrived")
    })
}

const QUOTA: i64 = 60_000;

fn with_quota(league: &TestLeague) -> (TestParticipant, TestParticipant) {
    let mut lindau = league.city("lindau");
    let acme = league.city("acme");
    league.hand_bundle_to("lindau");
    let terms = format!(
        "rows_per_day = {QUOTA}\nbytes_per_day = \"1 GB\"\nvalid = {{ from = 2026-01-01, until = 2029-12-31 }}"
    );
    lindau.offers_long(120_000, &terms);
    lindau.serve();
    (lindau, acme)
}

fn rows_in(csv: &str) -> i64 {
    i64::try_from(
        csv.lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
            .count(),
    )
    .unwrap()
}

#[test]
fn no_budget_is_exceeded_by_kills() {
    let mut random = StdRng::seed_from_u64(SEED + 1);
    let league = TestLeague::new(super::binary());
    let (mut lindau, acme) = with_quota(&league);
    acme.knows(&lindau);
    let _ = acme.contract("lindau.long");
    let mut kills = KillSchedule::of(&acme);
    let mut delivered = 0;
    for round in 0..10 {
        let before = (DurableState::of(&lindau), DurableState::of(&acme));
        let sql = format!(
            "SELECT id, note FROM lindau.long LIMIT {}",
            random.random_range(1..12_000)
        );
        let ask = ["sql", &sql, "--format", "csv"];
        let out = kills.one(&mut lindau, &acme, &ask, round % 2 == 0, random.random());
        delivered += rows_in(&out);
        before.0.is_still_held(&lindau);
        before.1.is_still_held(&acme);
    }
    kills.came_in_the_middle();
    // What is left is given, and no more.
    let last = acme.hansa(&["sql", "SELECT id, note FROM lindau.long", "--format", "csv"]);
    let last = last.refused("QUOTA_ROWS", 3);
    delivered += rows_in(&last.out);
    println!("{delivered} of {QUOTA} rows delivered");
    assert!(delivered <= QUOTA, "{delivered} rows");
    acme.hansa(&["sql", "SELECT id FROM lindau.long", "--format", "csv"])
        .refused("QUOTA_ROWS", 3);

    lindau.kill();
    lindau.serve();
    let closes = lindau.records("close");
    let closed: BTreeSet<String> = closes
        .iter()
        .map(|close| text(close, "request_id"))
        .collect();
    for permit in lindau.records("permit") {
        assert!(
            closed.contains(&text(&permit, "request_id")),
            "open: {permit}"
        );
    }
    let cut = closes
        .iter()
        .filter(|close| text(close, "outcome").starts_with("cut"))
        .count();
    println!("{cut} of {} answers were cut", closes.len());
    lindau.verifies();
    acme.verifies();
}

#[test]
fn a_budget_holds_under_parallel_streams() {
    let league = TestLeague::new(super::binary());
    let (lindau, mut acme) = with_quota(&league);
    acme.serve();
    acme.knows(&lindau);
    let contract = acme.contract("lindau.long");
    let ask = [
        "sql",
        "SELECT id, note FROM lindau.long LIMIT 20000",
        "--format",
        "csv",
    ];
    let going: Vec<RunningCommand> = (0..8).map(|_| acme.start(&ask)).collect();
    let readers: Vec<_> = going
        .into_iter()
        .map(|mut going| std::thread::spawn(move || going.end()))
        .collect();
    let ends: Vec<_> = readers
        .into_iter()
        .map(|reader| reader.join().unwrap())
        .collect();
    let delivered: i64 = ends.iter().map(|end| rows_in(&end.out)).sum();
    let whole = ends.iter().filter(|end| end.status == Some(0)).count();
    for end in ends.into_iter().filter(|end| end.status != Some(0)) {
        end.refused("QUOTA_ROWS", 3);
    }
    let closes = lindau.records("close");
    let sent: i64 = closes.iter().map(|close| number(close, "rows")).sum();
    println!("{whole} answers whole, {delivered} rows delivered, {sent} sent");
    assert!(delivered <= sent && sent <= QUOTA, "{delivered} of {sent}");
    assert!(sent > QUOTA / 2, "only {sent} rows left at all");
    let shown = lindau
        .hansa(&["--json", "contract", "show", &contract])
        .must()
        .json();
    let used = shown["budgets"]
        .as_array()
        .unwrap()
        .iter()
        .find(|budget| text(budget, "what") == "rows")
        .map(|budget| number(budget, "used"));
    assert_eq!(
        used,
        Some(sent),
        "what was reserved and not sent is given back"
    );
}

#[test]
fn what_was_open_is_closed_as_cut() {
    let league = TestLeague::new(super::binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.offers_long(300_000, ALL);
    again(&mut lindau, &acme);
    let _ = acme.contract("lindau.long");

    let mut reader = acme.begins();
    // Far beyond what its permit lets out.
    reader.read_lines(30_000);
    lindau.kill();
    let end = reader.end().ends(5);
    assert!(end.err.contains("lindau.example"), "{}", end.err);
    assert!(end.err.contains("not the whole answer"), "{}", end.err);
    again(&mut lindau, &acme);
    let closes = lindau.records("close");
    assert_eq!(closes.len(), 1, "{closes:?}");
    assert!(text(&closes[0], "outcome").starts_with("cut"), "{closes:?}");
    assert_eq!(
        text(&closes[0], "request_id"),
        text(&lindau.records("permit")[0], "request_id")
    );
    // Nobody counted what left, but no more could than was recorded before.
    assert!(closes[0]["body"].get("rows").is_none(), "{closes:?}");
    let most = |what: &str| closes[0]["body"]["at_most"][what].as_u64().unwrap();
    assert!(most("rows") < 300_000, "{closes:?}");
    let export_folder = tempfile::tempdir().unwrap();
    export(&lindau, export_folder.path(), &[]);
    export(&acme, export_folder.path(), &[]);
    let files = ["lindau.example.bundle", "acme.example.bundle"];
    let (report, _) = verify(export_folder.path(), &["check", files[0], files[1]]);
    let broken = findings(&report, "broken");
    assert!(broken.is_empty(), "{broken:#?}");
    let (sums, _) = verify(export_folder.path(), &["reconcile", files[0], files[1]]);
    let compared = &sums["answers"][0];
    assert_eq!(compared["interrupted"], 1, "{sums:#}");
    assert_eq!(
        compared["interrupted_at_most"]["rows"],
        most("rows"),
        "{sums:#}"
    );
    for what in ["rows", "bytes"] {
        let received = compared[format!("{what}_received")].as_u64().unwrap();
        assert!(received > 0 && received <= most(what), "{sums:#}");
    }
    // The last bound was in the log before these rows left.
    let received = compared["rows_received"].as_u64();
    assert!(received >= Some(30_000), "{sums:#}");
    let received = lindau
        .hansa(&["--json", "audit", "received"])
        .must()
        .lines();
    assert_eq!(
        received[0]["rows"]["at_most"],
        most("rows"),
        "{received:#?}"
    );
    let both = acme
        .hansa(&["--json", "audit", "reconcile", "lindau"])
        .must();
    assert!(
        both.out.contains("\"finding\":\"interrupted\""),
        "{}",
        both.out
    );

    // The consumer dies in the middle of an answer: its provider closes what nobody reads any more.
    let mut reader = acme.begins();
    reader.kill();
    let close = wait_for("the end of the answer", Duration::from_secs(20), || {
        lindau.records("close").into_iter().nth(1)
    });
    assert_eq!(text(&close, "outcome"), "cancelled", "{close}");
    let answer = acme
        .ask("SELECT count(*) AS n FROM lindau.long")
        .must()
        .lines();
    assert_eq!(number(&answer[0], "n"), 300_000);
    lindau.verifies();
    acme.verifies();
}
