//! Nobody can be accused with what somebody else has written.

use super::forged_permits::{forge, forge_with, read};
use super::{export, findings, played, verify};
use crate::binary;
use hansa_audit_store::key::LogSigningKey;
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::text;
use serde_json::json;

#[test]
fn nobody_is_accused_by_what_others_wrote() {
    let league = TestLeague::new(binary());
    let (lindau, acme, _contract) = played(&league);
    let export_folder = tempfile::tempdir().unwrap();
    let folder = export_folder.path();
    let bundle = export(&lindau, folder, &[]);
    let partner = export(&acme, folder, &[]);
    let (city, firm) = ("lindau.example.bundle", "acme.example.bundle");

    // Somebody makes up a log of lindau, with a key of its own under lindau's name.
    let (copied, records) = read(&bundle);
    let key = LogSigningKey::create(&folder.join("other.key"), "lindau.example").unwrap();
    forge_with(key, &lindau, &records, &copied, &folder.join("made-up"));
    let (report, status) = verify(folder, &["check", "made-up", city, firm]);
    assert_eq!(status, 7);
    let broken = findings(&report, "broken");
    let says = |what: &str| broken.iter().any(|sentence| sentence.contains(what));
    assert!(
        says("not signed by the key that the league registers"),
        "{broken:#?}"
    );
    assert!(!says("two histories"), "{broken:#?}");
    let accused = report["findings"].as_array().unwrap().iter();
    let accused = accused.filter(|one| text(one, "file").ends_with(city));
    assert_eq!(accused.count(), 0, "{report:#}");

    // acme writes into its own log that it received what lindau never sent; and lindau, that acme took what it never asked.
    let (theirs, mut invented) = read(&partner);
    let at = invented
        .iter()
        .position(|record| record["type"] == "received")
        .unwrap();
    let mut more = invented[at].clone();
    more["body"]["request_id"] = json!("0".repeat(32));
    more["body"].as_object_mut().unwrap().remove("receipt");
    more["body"]["state"] = json!("disputed");
    invented.insert(at + 1, more);
    forge(&acme, &invented, &theirs, &folder.join("invented"));
    let (report, status) = verify(folder, &["reconcile", city, "invented"]);
    let open = findings(&report, "incomplete");
    assert!(
        open.iter()
            .any(|what| what.contains("shows no receipt for it")),
        "{report:#}"
    );
    // It wrote its log anew for that, which lindau's file gives away; lindau itself is not accused of anything.
    assert_eq!(status, 7);
    let accused = report["findings"].as_array().unwrap().iter();
    let accused = accused.filter(|one| text(one, "file").ends_with(city));
    assert_eq!(accused.count(), 0, "{report:#}");

    let mut claimed = records;
    for kind in ["permit", "close"] {
        let at = claimed
            .iter()
            .position(|record| record["type"] == kind)
            .unwrap();
        let mut more = claimed[at].clone();
        more["body"]["request_id"] = json!("1".repeat(32));
        if kind == "close" {
            let first = claimed[at]["body"]["opened"].as_u64().unwrap();
            more["body"]["opened"] = json!(first + 1);
        }
        claimed.insert(at + 1, more);
    }
    forge(&lindau, &claimed, &copied, &folder.join("claimed"));
    let (report, _) = verify(folder, &["reconcile", "claimed", firm]);
    let open = findings(&report, "incomplete");
    let says = |what: &str| open.iter().any(|sentence| sentence.contains(what));
    assert!(says("shows no countersigned receipt for it"), "{report:#}");
}

#[test]
fn no_byte_of_a_file_can_be_another() {
    let league = TestLeague::new(binary());
    let (lindau, _acme, contract) = played(&league);
    let export_folder = tempfile::tempdir().unwrap();
    let folder = export_folder.path();
    for filter in [vec![], vec!["--contract", contract.as_str()]] {
        let bundle = export(&lindau, folder, &filter);
        let whole = std::fs::read(&bundle).unwrap();
        let (_, status) = verify(folder, &["check", "lindau.example.bundle"]);
        assert_eq!(status, 0);
        // Every 97th byte and the first and last ones; what is left of a file that was cut off is no better.
        let some = (0..whole.len()).step_by(97);
        for at in some.chain([1, whole.len() - 2, whole.len() - 1]) {
            let mut changed = whole.clone();
            changed[at] ^= 1 << (at % 7);
            std::fs::write(folder.join("changed"), &changed).unwrap();
            let (report, status) = verify(folder, &["check", "changed"]);
            assert!([7, 8, 9].contains(&status), "byte {at}: {report:#}");
        }
        for length in (0..whole.len()).step_by(1999) {
            std::fs::write(folder.join("cut"), &whole[..length]).unwrap();
            let (report, status) = verify(folder, &["check", "cut"]);
            assert!([7, 8].contains(&status), "{length} bytes: {report:#}");
        }
    }
}
