//! A permit names the statements on which it relied; they are in the file, and must say what the contract asks for.

use super::forged_permits::{forge, read};
use super::{export, findings, verify};
use crate::binary;
use hansa_audit_store::documents::DocumentKind;
use hansa_proto::credential;
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::ALL;
use serde_json::{Value, json};

const H49: [&str; 2] = ["--sector", "nace:H49"];

#[test]
fn what_a_permit_relied_on_is_in_the_file_and_judged() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let (acme, _beta) = (league.firm("acme"), league.firm("beta"));
    league.names_issuer("chamber", &["sector"], "-20d");
    league.hand_bundle_to("lindau");
    league.hand_bundle_to("acme");
    lindau.holds("bikes", "site,bikes\nHafen,310\nInsel,77\n", "");
    let terms = format!("{ALL}\nsectors = [\"nace:H49\"]");
    lindau.offers("bikes", "carriers", &terms, "\"league\"", "auto");
    lindau.publishes();
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.bikes");
    let other = |by: &str, more: &[&str]| {
        let bytes = league.attests(by, "chamber", more);
        let statement = credential::from_envelope(&bytes).unwrap().statement;
        (statement.to_string(), String::from_utf8(bytes).unwrap())
    };
    let (other_sector, others) = (
        other("acme", &["--sector", "nace:A01"]),
        other("beta", &H49),
    );
    let (_, good) = other("acme", &H49);
    acme.hansa(&["credential", "add", "chamber.credential"])
        .must();
    acme.ask("SELECT site FROM lindau.bikes").must();

    let export_folder = tempfile::tempdir().unwrap();
    let bundle = export(&lindau, export_folder.path(), &[]);
    let (report, status) = verify(export_folder.path(), &["check", "lindau.example.bundle"]);
    assert_eq!(status, 0, "{report:#}");
    lindau.stop();
    let (copied, records) = read(&bundle);
    let held = copied.of_kind(DocumentKind::Statement);
    assert_eq!(held.len(), 1, "the credential is in the file");
    assert_eq!(held.values().next(), Some(&good));

    let judged = |changed: &ChangedBundle| {
        let file = export_folder.path().join("forged");
        let (records, statements) = changed;
        forge(
            &lindau,
            records,
            &copied.with(DocumentKind::Statement, statements),
            &file,
        );
        let (report, status) = verify(export_folder.path(), &["check", "forged"]);
        let both = ["broken", "incomplete"].map(|verdict| findings(&report, verdict));
        (both.concat(), status)
    };
    let naming = |(name, text): &(String, String)| {
        let mut records = records.clone();
        let permit = records
            .iter_mut()
            .find(|one| one["type"] == "permit")
            .unwrap();
        permit["body"]["grants"][0]["relied_on"] = json!([name]);
        (records, vec![(name.clone(), text.clone())])
    };
    let (name, _) = held.iter().next().unwrap();
    let start = good.rfind("\"signature\":\"").unwrap() + 20;
    let flipped = if good.as_bytes()[start] == b'A' {
        "B"
    } else {
        "A"
    };
    let unsigned = format!("{}{flipped}{}", &good[..start], &good[start + 1..]);
    let cases = [
        (
            "not there",
            (records.clone(), Vec::new()),
            "is not in the files",
        ),
        (
            "not signed",
            naming(&(name.clone(), unsigned)),
            "SIGNATURE_INVALID",
        ),
        (
            "of somebody else",
            naming(&others),
            "was issued to somebody else",
        ),
        (
            "of another sector",
            naming(&other_sector),
            "do not show what clause",
        ),
        (
            "another one",
            naming(&(name.clone(), others.1.clone())),
            "is not the one",
        ),
    ];
    for (what, changed, expected) in cases {
        let (texts, status) = judged(&changed);
        // That it was written anew is told, too: receipts name other places.
        let reported = texts.iter().any(|one| one.contains(expected));
        assert!(reported, "{what}: {texts:#?}");
        assert_ne!(status, 0, "{what}");
    }
}

type ChangedBundle = (Vec<Value>, Vec<(String, String)>);
