//! Renewal: signed before the end, it takes over at that instant, and no question falls between the two.

use crate::clock::set;
use hansa_audit_log::time::UtcTimestamp;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{policy_text, text, wait_for};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

fn terms(from: &str, until: &str) -> String {
    format!(
        "purpose = [\"dpv:ResearchAndDevelopment\"]\nvalid = {{ from = {from}, until = {until} }}"
    )
}

/// The time of the last record of a log.
fn now(city: &TestParticipant) -> UtcTimestamp {
    let last = city.log().pop().unwrap();
    text(&last, "t").parse().unwrap()
}

/// Under which contract a question was answered; that it was answered is what counts.
fn answered_under(acme: &TestParticipant) -> String {
    let lines = acme
        .ask("SELECT count(*) AS n FROM lindau.bikes")
        .must()
        .lines();
    text(
        &lines[1]["hansa"]["participants"][0]["reads"][0],
        "contract",
    )
}

/// The clocks of the two go wrong by so many seconds against each other.
fn taken_over(ahead: i64) {
    let league = TestLeague::new(super::binary());
    let mut lindau = league.city("lindau");
    let mut acme = league.city("acme");
    league.hand_bundle_to("lindau");
    lindau.holds("bikes", "site,bikes\nHafen,310\nInsel,77\n", "");
    lindau.publishes();
    lindau.offers(
        "bikes",
        "all",
        &terms("2026-01-01", &lindau.day(1)),
        "\"league\"",
        "officer",
    );
    lindau.serve();
    acme.serve();
    acme.knows(&lindau);
    acme.hansa(&["contract", "request", "lindau.bikes", "--sign"])
        .must();
    lindau.hansa(&["contract", "sign", "n-"]).must();
    let in_state = |state: &str| -> Vec<String> {
        let all = acme.hansa(&["--json", "contract", "list"]).must().lines();
        all.iter()
            .filter(|one| text(one, "state") == state)
            .map(|one| text(one, "contract"))
            .collect()
    };
    let old = wait_for("the contract", Duration::from_secs(10), || {
        in_state("in force").pop()
    });

    // Renewed on the day before: from the instant on at which the old one ends.
    let later = terms(&lindau.day(2), &lindau.day(60));
    lindau.write("policies/all.toml", &policy_text("all", &later));
    lindau.hansa(&["reload"]).must();
    acme.hansa(&[
        "contract",
        "request",
        "lindau.bikes",
        "--replaces",
        &old,
        "--sign",
    ])
    .must();
    lindau.hansa(&["contract", "sign", "n-"]).must();
    let new = wait_for("the renewal", Duration::from_secs(10), || {
        in_state("not yet in force").pop()
    });
    assert_eq!(
        in_state("in force"),
        std::slice::from_ref(&old),
        "the old one goes on to its end"
    );
    assert_eq!(answered_under(&acme), old);
    let shown = |id: &str, name: &str| {
        let args = ["--json", "contract", "show", id];
        text(&acme.hansa(&args).must().json(), name)
    };
    assert_eq!(
        shown(&old, "not_after"),
        shown(&new, "not_before"),
        "no instant is between them"
    );

    // Some seconds before, several ask all the time, until each has had an answer under the new one.
    let end: UtcTimestamp = shown(&old, "not_after").parse().unwrap();
    let left = (end.micros() - now(&lindau).micros()) / 1_000_000 - 14;
    for (city, offset) in [(&lindau, left), (&acme, left + ahead)] {
        set(city, &format!("+{offset}s"));
        city.hansa(&["reload"]).must();
    }
    let under = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                wait_for("the new contract", Duration::from_secs(60), || {
                    let contract = answered_under(&acme);
                    under.lock().unwrap().insert(contract.clone());
                    (contract == new).then_some(())
                });
            });
        }
    });
    let both = BTreeSet::from([old.clone(), new.clone()]);
    assert_eq!(
        under.into_inner().unwrap(),
        both,
        "asked under both, and refused under none"
    );
    wait_for("the end of the old one", Duration::from_secs(20), || {
        (in_state("in force") == [new.clone()]).then_some(())
    });
    lindau.verifies();
    acme.verifies();
}

#[test]
fn a_renewal_takes_over_without_a_gap() {
    taken_over(0);
}

#[test]
fn also_where_the_clocks_differ() {
    taken_over(2);
    taken_over(-2);
}
