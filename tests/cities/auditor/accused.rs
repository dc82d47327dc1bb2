//! Nobody can be accused with what somebody else has written.

use super::forged::{forge, forge_with, read};
use super::{export, findings, played, verify};
use crate::binary;
use harness::league::League;
use harness::play::text;
use keep::audit::key::LogKey;
use serde_json::json;

#[test]
fn nobody_is_accused_by_what_others_wrote() {
    let league = League::new(binary());
    let (lindau, acme, _contract) = played(&league);
    let papers = tempfile::tempdir().unwrap();
    let folder = papers.path();
    let bundle = export(&lindau, folder, &[]);
    let partner = export(&acme, folder, &[]);
    let (city, firm) = ("lindau.example.bundle", "acme.example.bundle");

    // Somebody makes up a log of lindau, with a key of its own under lindau's name.
    let (copied, records) = read(&bundle);
    let key = LogKey::create(&folder.join("other.key"), "lindau.example").unwrap();
    forge_with(key, &lindau, &records, &copied, &folder.join("made-up"));
    let (told, status) = verify(folder, &["check", "made-up", city, firm]);
    assert_eq!(status, 7);
    let broken = findings(&told, "broken");
    let says = |what: &str| broken.iter().any(|sentence| sentence.contains(what));
    assert!(
        says("not signed by the key that the league registers"),
        "{broken:#?}"
    );
    assert!(!says("two histories"), "{broken:#?}");
    let accused = told["findings"].as_array().unwrap().iter();
    let accused = accused.filter(|one| text(one, "file").ends_with(city));
    assert_eq!(accused.count(), 0, "{told:#}");

    // acme writes into its own log that it received what lindau never sent; and lindau, that acme took what it never asked.
    let (theirs, mut invented) = read(&partner);
    let at = invented
        .iter()
        .position(|record| record["type"] == "received")
        .unwrap();
    let mut more = invented[at].clone();
    more["body"]["request_id"] = json!("0".repeat(32));
    more["body"]["receipt"] = json!(null);
    more["body"]["state"] = json!("disputed");
    invented.insert(at + 1, more);
    forge(&acme, &invented, &theirs, &folder.join("invented"));
    let (told, status) = verify(folder, &["reconcile", city, "invented"]);
    let open = findings(&told, "incomplete");
    assert!(
        open.iter()
            .any(|what| what.contains("shows no receipt for it")),
        "{told:#}"
    );
    // It wrote its log anew for that, which lindau's file gives away; lindau itself is not accused of anything.
    assert_eq!(status, 7);
    let accused = told["findings"].as_array().unwrap().iter();
    let accused = accused.filter(|one| text(one, "file").ends_with(city));
    assert_eq!(accused.count(), 0, "{told:#}");

    let mut claimed = records;
    for kind in ["permit", "close"] {
        let at = claimed
            .iter()
            .position(|record| record["type"] == kind)
            .unwrap();
        let mut more = claimed[at].clone();
        more["body"]["request_id"] = json!("1".repeat(32));
        if kind == "close" {
            more["body"]["opened"] = json!(null);
        }
        claimed.insert(at + 1, more);
    }
    forge(&lindau, &claimed, &copied, &folder.join("claimed"));
    let (told, _) = verify(folder, &["reconcile", "claimed", firm]);
    let open = findings(&told, "incomplete");
    let says = |what: &str| open.iter().any(|sentence| sentence.contains(what));
    assert!(says("shows no countersigned receipt for it"), "{told:#}");
}
