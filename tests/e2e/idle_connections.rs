//! Whoever can reach a port can open connections and say nothing. Members get in all the same.

use hansa_test_support::connection_flood::{ConnectionFlood, StrangerBehaviour, StrangerOrigin};
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{ALL, wait_for};
use std::time::Duration;

/// Questions of members while strangers stand at the door.
const QUESTIONS: usize = 5;

#[test]
fn members_are_served_while_strangers_stand_at_the_port() {
    let league = TestLeague::new(super::binary());
    // A firm asks over a connection of its own each time: no service of it runs that would keep one.
    let (lindau, acme) = league.long_table(100, ALL);
    let _ = acme.contract("lindau.long");
    for (origin, behaviour) in [
        (StrangerOrigin::OneAddress, StrangerBehaviour::Silent),
        (StrangerOrigin::ManyAddresses, StrangerBehaviour::Silent),
        (StrangerOrigin::OneAddress, StrangerBehaviour::HalfOpen),
        (StrangerOrigin::ManyAddresses, StrangerBehaviour::HalfOpen),
    ] {
        let strangers = ConnectionFlood::at(lindau.address(), origin, behaviour, 300);
        wait_for("strangers", Duration::from_secs(300), || {
            (strangers.came() > 700).then_some(())
        });
        for _ in 0..QUESTIONS {
            acme.ask("SELECT count(*) AS n FROM lindau.long").must();
        }
        let before = strangers.came();
        wait_for("more strangers", Duration::from_secs(300), || {
            (strangers.came() > before).then_some(())
        });
    }
    // None of them is in the log by itself.
    let reports = lindau.records("action_count");
    let crowded = reports
        .iter()
        .filter(|one| one["body"]["what"] == "made way for another");
    assert!((1..=10).contains(&crowded.count()), "{reports:?}");
    assert!(reports.len() < 100, "{}", reports.len());
}
