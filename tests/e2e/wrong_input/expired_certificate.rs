//! A TLS certificate whose time is over: one's own, that of a peer who answers, that of a peer who calls.

use super::try_all;
use crate::binary;
use hansa_test_support::forged_certificate::OVER;
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{ALL, text};

#[test]
fn the_own_one_stops_every_command_until_it_is_renewed() {
    let league = TestLeague::new(binary());
    let acme = league.firm("acme");
    acme.hansa(&["check"]).must();
    league.expire("acme");
    let sentence = format!("the certificate of hansa://acme.example expired on {OVER}");
    let says = [
        &sentence[..],
        "keys/tls.crt",
        "hansa league admit acme.example.request",
        "hansa join",
    ];
    try_all(
        acme.folder(),
        &[
            (&["check"], "CERTIFICATE_EXPIRED", 4, &says),
            (&["serve"], "CERTIFICATE_EXPIRED", 4, &says),
            (&["status"], "CERTIFICATE_EXPIRED", 4, &says),
            (&["sql", "SELECT 1"], "CERTIFICATE_EXPIRED", 4, &says),
        ],
    );
    // What it says is what repairs it.
    league.admit("acme");
    acme.hansa(&["check"]).must();
    acme.hansa(&["status"]).must();
}

#[test]
fn that_of_a_peer_who_answers_is_refused() {
    let league = TestLeague::new(binary());
    let _lindau = league.city("lindau");
    let mut acme = league.firm("acme");
    league.expire("lindau");
    let address = league.impersonate("lindau");
    acme.configure(&format!(
        "[[peer]]\nid = \"lindau.example\"\naddress = \"{address}\""
    ));
    let sentence = format!("the certificate of hansa://lindau.example expired on {OVER}");
    let says = [&sentence[..], "lindau.example must renew it"];
    try_all(
        acme.folder(),
        &[
            (
                &["sql", "SELECT * FROM lindau.bikes"],
                "CERTIFICATE_EXPIRED",
                4,
                &says,
            ),
            (
                &["catalog", "list", "lindau"],
                "CERTIFICATE_EXPIRED",
                4,
                &says,
            ),
            (
                &["catalog", "show", "lindau.bikes"],
                "CERTIFICATE_EXPIRED",
                4,
                &says,
            ),
            (
                &["contract", "request", "lindau.bikes"],
                "CERTIFICATE_EXPIRED",
                4,
                &says,
            ),
        ],
    );
    let hops = acme.hansa(&["--json", "doctor", "lindau"]).ends(4).lines();
    let wrong: Vec<_> = hops.iter().filter(|hop| hop["ok"] == false).collect();
    assert_eq!(wrong.len(), 1, "{hops:?}");
    assert_eq!(text(wrong[0], "at"), "lindau.example");
    assert_eq!(text(wrong[0], "code"), "CERTIFICATE_EXPIRED");
    assert!(text(wrong[0], "help").contains("hansa join"), "{hops:?}");
    // A part that fails is told in full also by a connector that runs, and to those who asked for quiet.
    acme.serve();
    let list: [&[&str]; 2] = [&["catalog", "list"], &["-q", "catalog", "list"]];
    for args in list {
        try_all(acme.folder(), &[(args, "CERTIFICATE_EXPIRED", 4, &says)]);
    }
}

#[test]
fn that_of_a_peer_who_calls_gets_an_alert_and_nothing_else() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let _acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.holds("bikes", "site,bikes\nHafen,310\n", "");
    lindau.publishes();
    lindau.offers("bikes", "all", ALL, "\"league\"", "auto");
    lindau.serve();
    let handshake = || league.try_handshake("acme", lindau.address(), "lindau.example");
    handshake().unwrap();
    let before = lindau.log().len();
    league.expire("acme");
    let message = handshake().unwrap_err();
    assert!(message.contains("CertificateExpired"), "{message}");
    // It is in the log, and nothing was asked.
    let seen = hansa_test_support::workflow::wait_for(
        "the record",
        std::time::Duration::from_secs(10),
        || {
            let log = lindau.log();
            (log.len() > before).then_some(log)
        },
    );
    let new: Vec<String> = seen[before..]
        .iter()
        .map(|record| format!("{} {}", text(record, "type"), text(record, "what")))
        .collect();
    assert_eq!(new, ["action_count handshake failed"]);
    lindau.verifies();
}
