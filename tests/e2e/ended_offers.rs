//! An offer that is over keeps nothing else from being done, and is told to those whom it concerns.

use crate::clock::set;
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::ALL;

#[test]
fn an_offer_that_is_over_blocks_nothing_and_is_told_to_whom_it_was_made() {
    let league = TestLeague::new(super::binary());
    let mut lindau = league.city("lindau");
    let acme = league.city("acme");
    let werft = league.city("werft");
    league.hand_bundle_to("lindau");
    league.hand_bundle_to("acme");
    for one in ["lindau", "acme", "werft"] {
        league.renew(one, 30);
    }
    lindau.holds("bikes", "site,bikes\nHafen,310\nInsel,77\n", "");
    lindau.holds("trees", "site,trees\nHafen,3\nInsel,7\n", "");
    lindau.publishes();
    let last_day = lindau.day(3);
    let terms = format!(
        "purpose = [\"dpv:ResearchAndDevelopment\"]\nvalid = {{ from = 2026-01-01, until = {last_day} }}",
    );
    let to = format!("[\"hansa://{}\"]", acme.domain());
    lindau.offers("bikes", "short", &terms, &to, "auto");
    lindau.offers("trees", "long", ALL, "\"league\"", "auto");
    lindau.serve();
    acme.knows(&lindau);
    werft.knows(&lindau);
    let status = lindau.hansa(&["status"]).must();
    assert!(!status.out.contains("OFFER_ENDED"), "{}", status.out);

    set(&lindau, "+8d");
    let warned = "warning[OFFER_ENDED]: the offer of `bikes` ended on ";
    for args in [&["reload"][..], &["dataset", "publish"]] {
        let done = lindau.hansa(args).must();
        assert!(done.err.contains(warned), "{args:?}: {}", done.err);
        assert!(done.err.contains("valid.until"), "{args:?}: {}", done.err);
    }
    let status = lindau.hansa(&["status"]).must();
    assert!(
        status
            .out
            .contains("! OFFER_ENDED: the offer of `bikes` ended on "),
        "{}",
        status.out
    );
    let checked = lindau.hansa(&["check"]).must();
    assert!(checked.err.contains(warned), "{}", checked.err);
    // Others are offered as before.
    let _ = werft.contract("lindau.trees");

    let request = ["contract", "request", "lindau.bikes", "--sign"];
    let told = acme.hansa(&request).refused("OFFER_ENDED", 3);
    assert!(
        told.err
            .contains("the offer of `lindau.bikes` to you ended on "),
        "{}",
        told.err
    );
    assert!(told.err.contains("for another offer"), "{}", told.err);
    acme.ask("SELECT * FROM lindau.bikes")
        .refused("OFFER_ENDED", 3);
    acme.hansa(&["catalog", "show", "lindau.bikes"])
        .refused("OFFER_ENDED", 3);
    // To whom it was not made there is no such dataset.
    let told = werft.hansa(&request).refused("DATASET_UNKNOWN", 3);
    let nothing = werft
        .hansa(&["contract", "request", "lindau.nothing", "--sign"])
        .refused("DATASET_UNKNOWN", 3);
    assert_eq!(told.err.replace("bikes", "nothing"), nothing.err);
    werft
        .ask("SELECT * FROM lindau.bikes")
        .refused("DATASET_UNKNOWN", 3);

    // Offered for longer, it is asked for as before.
    let policy = lindau.folder().join("policies/short.toml");
    let text = std::fs::read_to_string(&policy).unwrap();
    let longer = text.replace(&last_day, &lindau.day(20));
    assert_ne!(longer, text);
    std::fs::write(&policy, longer).unwrap();
    let done = lindau.hansa(&["reload"]).must();
    assert!(!done.err.contains("OFFER_ENDED"), "{}", done.err);
    acme.hansa(&request).must();
}
