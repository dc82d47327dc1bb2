//! Contract partners are each other's witnesses: heads are cosigned both ways, passed on, and what does not fit is found.

use crate::auditor::{export, findings, verify};
use crate::binary;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::note::{Checkpoint, SignedHead};
use hansa_audit_store::key::LogSigningKey;
use hansa_proto::peer::pb;
use hansa_test_support::league::TestLeague;
use hansa_test_support::malicious_peer::MaliciousPeer;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, number, text, wait_for};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

const COUNT: &str = "SELECT count(*) FROM lindau.long";

fn about<'a>(records: &'a [Value], peer: &str) -> Vec<&'a Value> {
    let id = format!("hansa://{peer}");
    let of_peer = |record: &&Value| text(record, "peer") == id;
    records.iter().filter(of_peer).collect()
}

/// Restores a participant from a backup that is older than its log.
fn put_back(city: &TestParticipant) {
    let folder = city.folder();
    std::fs::rename(folder.join("state"), folder.join("aside")).unwrap();
    city.hansa(&["restore", "copy.tar", "--yes"]).must();
}

#[test]
fn partners_cosign_each_others_heads() {
    let league = TestLeague::new(binary());
    let (lindau, acme) = league.long_table(200, ALL);
    let _ = acme.contract("lindau.long");
    for _ in 0..3 {
        acme.ask(COUNT).must();
    }
    // The city has seen the firm's log grow, each time by a proof from the head before, and has cosigned it.
    let (ours, theirs) = (acme.records("witnessed"), lindau.records("witnessed"));
    let by_city = about(&ours, "lindau.example");
    assert_eq!(by_city.len(), 3, "{ours:#?}");
    assert!(by_city.is_sorted_by_key(|record| number(record, "size")));
    assert!(!about(&theirs, "acme.example").is_empty());
    let seen = lindau.records("checkpoint_seen");
    let proven = about(&seen, "acme.example");
    let proven = proven.iter().filter(|one| one["body"]["proven"] == true);
    assert_eq!(proven.count(), 3, "{seen:#?}");
    let heads = acme.hansa(&["--json", "audit", "heads"]).must().lines();
    let cosigned = |line: &&Value| text(line, "is") == "cosigned";
    assert_eq!(heads.iter().filter(cosigned).count(), 1, "{heads:#?}");

    // A stranger with both files sees both witnesses.
    let export_folder = tempfile::tempdir().unwrap();
    export(&lindau, export_folder.path(), &[]);
    export(&acme, export_folder.path(), &[]);
    let files = ["check", "lindau.example.bundle", "acme.example.bundle"];
    let (report, status) = verify(export_folder.path(), &files);
    assert_eq!(status, 0, "{report:#}");
    for (at, by) in [(0, "acme"), (1, "lindau")] {
        let witness = &report["answers"][at]["witnesses"][0];
        let by = format!("hansa://{by}.example");
        assert_eq!(text(witness, "by"), by, "{report:#}");
    }
}

#[test]
fn what_does_not_go_on_is_not_cosigned() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    let mallory = league.firm("mallory");
    league.hand_bundle_to("lindau");
    lindau.offers_long(200, ALL);
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.long");
    acme.ask(COUNT).must();
    acme.hansa(&["backup", "copy.tar"]).must();
    for _ in 0..3 {
        acme.ask(COUNT).must();
    }
    assert!(lindau.records("log_fork").is_empty());
    assert!(acme.records("log_fork").is_empty());

    // The firm goes on from an older copy of its log: both are told, and have both heads.
    put_back(&acme);
    let before = about(&acme.records("witnessed"), "lindau.example").len();
    acme.knows(&lindau);
    for _ in 0..2 {
        acme.ask(COUNT).must();
    }
    for city in [&lindau, &acme] {
        let forks = city.records("log_fork");
        assert_eq!(about(&forks, "acme.example").len(), 1, "{forks:#?}");
        assert_eq!(forks.len(), 1, "{forks:#?}");
        for head in ["known", "shown"] {
            let head = text(&forks[0], head);
            assert!(head.starts_with("acme.example/hansa/evidence\n"), "{head}");
        }
        let status = city.hansa(&["status"]).must().out;
        assert!(status.contains("LOG_FORK"), "{status}");
    }
    let after = about(&acme.records("witnessed"), "lindau.example").len();
    assert_eq!(before, after, "nothing is cosigned any more");

    // Somebody makes up heads of its own log: without a proof, with one that proves nothing, and with another key.
    let head = |size: u64, root: &[u8], key: &LogSigningKey| {
        let checkpoint = Checkpoint {
            origin: "mallory.example/hansa/evidence".to_owned(),
            size,
            root: Digest::of(root),
        };
        SignedHead::sign(checkpoint, key).unwrap().to_string()
    };
    let key =
        LogSigningKey::open(&mallory.folder().join("keys/note.key"), "mallory.example").unwrap();
    let other =
        LogSigningKey::create(&league.folder().join("other.key"), "mallory.example").unwrap();
    let attacker =
        MaliciousPeer::enter(&league, "mallory", lindau.address(), "lindau.example").unwrap();
    let show = |head: String, growth: Vec<pb::Growth>| {
        attacker.witness(pb::WitnessRequest {
            head: head.into(),
            growth,
            witnessed: b"nothing".to_vec().into(),
        })
    };
    let first = show(head(5, b"five", &key), Vec::new()).unwrap();
    assert!(!first.witnessed.is_empty(), "the first one is cosigned");
    let asked = show(head(9, b"nine", &key), Vec::new()).unwrap();
    assert!(asked.witnessed.is_empty(), "not without a proof");
    assert_eq!(asked.wanted.len(), 1);
    let stolen = show(head(9, b"nine", &other), Vec::new()).unwrap_err();
    assert_eq!(stolen.code.as_str(), "MESSAGE_MALFORMED");
    let hashes = vec![b"0123456789abcdef0123456789abcdef".as_slice().into(); 3];
    let refuted = show(head(9, b"nine", &key), vec![pb::Growth { from: 5, hashes }]).unwrap();
    assert!(refuted.witnessed.is_empty() && !refuted.refuted.is_empty());
    let forks = lindau.records("log_fork");
    assert_eq!(about(&forks, "mallory.example").len(), 1, "{forks:#?}");
}

/// A participant's folder, once more.
fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|one| (one.path(), one.file_name())).unwrap();
        if path.is_dir() {
            copied(&path, &to.join(name));
        } else if path.is_file() {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

#[test]
fn two_histories_are_found_when_those_meet_who_were_shown_them() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let mut speyer = league.city("speyer");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    league.hand_bundle_to("speyer");
    lindau.offers_long(200, ALL);
    lindau.serve();
    speyer.serve();
    for asker in [&speyer, &acme] {
        asker.knows(&lindau);
        let _ = asker.contract("lindau.long");
        asker.ask(COUNT).must();
    }
    acme.knows(&speyer);
    acme.hansa(&["doctor", "speyer"]).must();
    // So far all is well: what speyer was shown fits what acme was shown, by lindau's own proof.
    acme.ask(COUNT).must();
    let heard = acme.records("checkpoint_gossiped");
    let proven = |record: &&Value| record["body"]["proven"] == true;
    let of_lindau = about(&heard, "lindau.example");
    assert!(of_lindau.iter().any(proven), "{heard:#?}");

    // Lindau has two logs: it shows one to speyer and the other to acme.
    lindau.stop();
    copied(lindau.folder(), &league.folder().join("twin"));
    let mut twin = TestParticipant::new(binary(), league.folder().join("twin"), "lindau.example");
    lindau.serve();
    twin.serve();
    speyer.knows(&lindau);
    acme.knows(&twin);
    for asker in [&speyer, &acme, &acme] {
        asker.ask(COUNT).must();
    }
    assert!(acme.records("log_fork").is_empty());
    assert!(speyer.records("log_fork").is_empty());

    // They greet: each hears of the other's, and asks its own lindau at once or the next time.
    acme.hansa(&["doctor", "speyer"]).must();
    let fork = |city: &TestParticipant| {
        let forks = city.records("log_fork");
        about(&forks, "lindau.example").first().copied().cloned()
    };
    let first = wait_for("speyer finds the fork", Duration::from_secs(20), || {
        fork(&speyer)
    });
    assert_eq!(text(&first, "via"), "hansa://acme.example", "{first:#}");
    acme.ask(COUNT).must();
    let second = fork(&acme).expect("acme finds it, too");
    assert_eq!(text(&second, "via"), "hansa://speyer.example");
    let status = acme.hansa(&["status"]).must().out;
    assert!(status.contains("LOG_FORK"), "{status}");
    let heads = speyer.hansa(&["--json", "audit", "heads"]).must().lines();
    assert!(
        heads.iter().any(|line| text(line, "is") == "LOG_FORK"),
        "{heads:#?}"
    );

    // And whoever has the files of speyer and of the twin has the proof, signed by lindau twice.
    let export_folder = tempfile::tempdir().unwrap();
    export(&speyer, export_folder.path(), &[]);
    export(&twin, export_folder.path(), &[]);
    let files = ["check", "lindau.example.bundle", "speyer.example.bundle"];
    let (report, status) = verify(export_folder.path(), &files);
    assert_eq!(status, 7, "{report:#}");
    let broken = findings(&report, "broken");
    let named = |what: &String| what.contains("lindau.example signed two histories");
    assert!(broken.iter().any(named), "{broken:#?}");
}
