//! The statement of deletion over the wire: owed after each answer, missed after its time, in the logs of both.

use crate::binary;
use crate::clock::set;
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{ALL, text};

#[test]
fn what_is_not_stated_in_time_stops_questions_until_it_is() {
    let league = TestLeague::new(binary());
    let terms = format!("{ALL}\nduties = [\"delete-after 1 day\", \"attest-within 1 day\"]");
    let (mut lindau, acme) = league.bikes("kept", &terms, "auto");
    let contract = acme.contract("lindau.bikes");
    let rows = "SELECT site, bikes FROM lindau.bikes";
    acme.ask(rows).must();
    acme.ask(rows).must();
    let page = lindau.hansa(&["contract", "show", &contract]).must().out;
    assert!(
        page.contains("owed      2 statements of deletion"),
        "{page}"
    );
    lindau.kill();
    set(&lindau, "+2d");
    lindau.serve();
    acme.knows(&lindau);
    let overdue = acme.ask(rows).refused("ATTESTATION_OVERDUE", 3);
    for permit in lindau.records("permit") {
        let request = text(&permit["body"], "request_id");
        assert!(overdue.err.contains(&request) || overdue.out.contains(&request));
    }
    acme.hansa(&["contract", "attest", &contract, "--json"])
        .refused("CONFIRMATION_NEEDED", 2);
    let done = acme.hansa(&["--json", "--yes", "contract", "attest", &contract]);
    let done = done.must().json();
    assert_eq!(done["answers"].as_array().unwrap().len(), 2);
    acme.ask(rows).must();
    let stated = |city: &hansa_test_support::participant::TestParticipant| {
        text(&city.records("deletion")[0]["body"], "statement")
    };
    assert_eq!(stated(&lindau), stated(&acme));
    // Only what came since is left to state.
    let done = acme.hansa(&["--json", "--yes", "contract", "attest", &contract]);
    assert_eq!(done.must().json()["answers"].as_array().unwrap().len(), 1);
    lindau.verifies();
    acme.verifies();
}
