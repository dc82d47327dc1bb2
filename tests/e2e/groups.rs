//! A contract for the members of a group, over the wire: who is let in, who is not, and who has to go.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{ALL, text, wait_for};
use std::time::Duration;

#[test]
fn who_leaves_a_group_is_cut_in_mid_stream() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let [acme, other] = ["acme", "other"].map(|firm| league.firm(firm));
    league.hand_bundle_to("lindau");
    let terms = format!("{ALL}\ngroup = \"hanse-cities\"");
    lindau
        .hansa(&["group", "add", "hanse-cities", "nobody.example"])
        .refused("PEER_UNKNOWN", 3);
    lindau
        .hansa(&["group", "add", "hanse-cities", "acme.example"])
        .must();
    lindau.offers_long(150_000, &terms);
    lindau.serve();
    for firm in [&acme, &other] {
        firm.knows(&lindau);
        let _ = firm.contract("lindau.long");
    }
    let count = "SELECT count(*) AS n FROM lindau.long";
    acme.ask(count).must();
    other.ask(count).refused("PARTY_NOT_IN_GROUP", 3);
    let mut reader = acme.begins();
    let removed = lindau.hansa(&["--json", "group", "remove", "hanse-cities", "acme.example"]);
    let removed = removed.must().json();
    assert_eq!(removed["serial"], 2);
    assert_eq!(removed["members"].as_array().unwrap().len(), 0);
    let cut = reader.end();
    assert!(cut.err.contains("PARTY_NOT_IN_GROUP"), "{}", cut.err);
    let close = wait_for("the cut answer", Duration::from_secs(10), || {
        let mut closes = lindau.records("close");
        closes.retain(|close| text(&close["body"], "outcome") == "cut");
        closes.pop()
    });
    assert_eq!(text(&close["body"], "code"), "PARTY_NOT_IN_GROUP");
    acme.ask(count).refused("PARTY_NOT_IN_GROUP", 3);
    // The other one joins, and a restart forgets neither.
    lindau
        .hansa(&["group", "add", "hanse-cities", "other.example"])
        .must();
    lindau.kill();
    lindau.serve();
    other.knows(&lindau);
    acme.knows(&lindau);
    other.ask(count).must();
    acme.ask(count).refused("PARTY_NOT_IN_GROUP", 3);
    lindau.verifies();
}
