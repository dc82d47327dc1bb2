//! A member that holds as many connections at a provider as one may is told so, and keeps out nobody but itself.

use hansa_test_support::league::TestLeague;
use hansa_test_support::malicious_peer::MaliciousPeer;
use hansa_test_support::workflow::{ALL, wait_for};
use std::time::Duration;

const QUESTION: &str = "SELECT count(*) AS n FROM lindau.long";

#[test]
fn a_member_with_64_idle_connections_is_told_so() {
    let league = TestLeague::new(super::binary());
    // Neither firm has a service that would keep a connection.
    let (lindau, acme) = league.long_table(100, ALL);
    let other = league.firm("other");
    league.hand_bundle_to("lindau");
    lindau.hansa(&["reload"]).must();
    other.knows(&lindau);
    let _ = (acme.contract("lindau.long"), other.contract("lindau.long"));
    acme.ask(QUESTION).must();
    // Some more than it may hold, so that the last of a command that ends meanwhile leave no place.
    let idle: Vec<MaliciousPeer> = (0..70)
        .map(|_| MaliciousPeer::enter(&league, "acme", lindau.address(), lindau.domain()).unwrap())
        .collect();
    // The provider may come through its handshakes later than the caller.
    let refused = wait_for("a refusal", Duration::from_secs(60), || {
        let asked = acme.ask(QUESTION);
        (asked.status != Some(0)).then_some(asked)
    });
    let refused = refused.refused("TOO_MANY_CONNECTIONS", 5);
    assert!(
        refused.err.contains("acme.example has 64 connections"),
        "{}",
        refused.err
    );
    assert!(!refused.err.contains("http"), "{}", refused.err);
    // Everybody else is served, and the sum of those that were refused is in the log.
    other.ask(QUESTION).must();
    let sums = lindau.records("action_count");
    assert!(
        sums.iter()
            .any(|one| one["body"]["what"] == "one too many of a member"),
        "{sums:?}"
    );
    drop(idle);
    wait_for("an answer", Duration::from_secs(60), || {
        (acme.ask(QUESTION).status == Some(0)).then_some(())
    });
    lindau.verifies();
}
