//! Heads that contradict each other.

use super::*;

#[test]
fn two_heads_over_as_many_records_prove_themselves() {
    let league = TestLeague::new(binary());
    let (lindau, acme, contract) = played(&league);
    let export_folder = tempfile::tempdir().unwrap();
    let folder = export_folder.path();
    export(&lindau, folder, &[]);
    let heads = std::fs::read_to_string(lindau.folder().join("state/log/heads")).unwrap();
    let parts: Vec<&str> = heads.trim().split("\n\n").collect();
    let head = |number: usize| format!("{}\n\n{}\n", parts[2 * number], parts[2 * number + 1]);
    let newest = head(parts.len() / 2 - 1);
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("older", &head(1));
    write("newest", &newest);
    let real: SignedHead = newest.parse().unwrap();
    let other = SignedHead::sign(
        Checkpoint {
            root: Digest::of(b"another history"),
            ..real.checkpoint.clone()
        },
        &key(&lindau),
    );
    let other = other.unwrap().to_string();
    write("other", &other);
    let city = "lindau.example.bundle";

    // From one to the other, as the log shows; the heads alone show nothing.
    let relation = |args: &[&str]| {
        let (report, status) = verify(folder, args);
        let proven = report["findings"][0]["proof"]
            .as_array()
            .map_or(0, Vec::len);
        (text(&report["answers"][0], "relation"), status, proven)
    };
    let said = |word: &str, status, proof| (word.to_owned(), status, proof);
    assert_eq!(
        relation(&["heads", "older", "newest", city]),
        said("goes on", 0, 0)
    );
    assert_eq!(
        relation(&["heads", "newest", "older", city]),
        said("goes on", 0, 0)
    );
    assert_eq!(
        relation(&["heads", "newest", "newest", city]),
        said("the same", 0, 0)
    );
    assert_eq!(
        relation(&["heads", "older", "other", city]),
        said("two histories", 7, 2)
    );
    let bundle = lindau
        .folder()
        .join("trust/bundle.json")
        .display()
        .to_string();
    let alone = ["heads", "newest", "other", "--trust", &bundle];
    assert_eq!(relation(&alone), said("two histories", 7, 2));
    let unshown = ["heads", "older", "newest", "--trust", &bundle];
    assert_eq!(relation(&unshown), said("not shown", 8, 0));
    // One that somebody else signed says nothing of this log.
    let mut forged: SignedHead = other.parse().unwrap();
    forged.signatures[0].signature[5] ^= 1;
    write("unsigned", &forged.to_string());
    let (report, status) = verify(folder, &["heads", "newest", "unsigned", "--trust", &bundle]);
    assert_eq!(status, 7);
    let broken = findings(&report, "broken");
    assert!(
        broken
            .iter()
            .any(|what| what.contains("is not signed by lindau.example"))
    );

    // A partner was shown the other one; of the log there is only a part, with its head.
    let part = folder.join("part");
    std::fs::create_dir(&part).unwrap();
    let bundle = export(&lindau, &part, &["--contract", &contract]);
    let first = std::fs::read_to_string(bundle).unwrap();
    let first: Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
    let real: SignedHead = text(&first, "head").parse().unwrap();
    let checkpoint = Checkpoint {
        root: Digest::of(b"another history"),
        ..real.checkpoint
    };
    let other = SignedHead::sign(checkpoint, &key(&lindau)).unwrap();
    let partner = export(&acme, &part, &[]);
    let (copied, mut records) = read(&partner);
    let seen = first_of(&records, "checkpoint_seen");
    records[seen]["body"]["note"] = json!(other.to_string());
    forge(&acme, &records, &copied, &part.join("shown"));
    let (report, status) = verify(&part, &["check", city, "shown"]);
    assert_eq!(status, 7);
    let found = report["findings"].as_array().unwrap();
    let found = found
        .iter()
        .find(|one| text(one, "what").contains("two heads over"));
    let found = found.unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!(found["proof"].as_array().unwrap().len(), 2);
}
