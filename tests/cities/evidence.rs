//! A log that was changed by hand is found out, by its owner and by anybody who holds a copy and a head.

use harness::league::League;
use harness::play::ALL;
use std::path::{Path, PathBuf};

fn records(log: &Path) -> PathBuf {
    std::fs::read_dir(log)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .unwrap()
}

fn copy(log: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(log).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

#[test]
fn a_changed_log_does_not_verify() {
    let league = League::new(super::binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.offers_long(200, ALL);
    let log = lindau.folder().join("state/log");
    copy(&log, &league.folder().join("earlier"));
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.long");
    for _ in 0..3 {
        acme.ask("SELECT count(*) FROM lindau.long").must();
    }
    lindau.stop();
    let text = std::fs::read_to_string(records(&log)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let permit = lines
        .iter()
        .position(|line| line.contains("\"type\":\"permit\""))
        .unwrap();
    let verify = |name: &str, lines: &[&str]| {
        let folder = league.folder().join(name);
        copy(&log, &folder);
        std::fs::write(records(&folder), format!("{}\n", lines.join("\n"))).unwrap();
        league.hansa(&["--json", "audit", "verify", name])
    };
    verify("whole", &lines).must();

    // The same number of bytes, one of them another.
    let edited = lines[permit].replacen("lindau.example/d/long", "lindau.example/d/lung", 1);
    assert_ne!(edited, lines[permit]);
    let mut changed = lines.clone();
    changed[permit] = &edited;
    let found = verify("edited", &changed).ends(7);
    let named = format!("{permit}");
    assert!(
        found.out.contains(&named),
        "the first bad record is {permit}: {}",
        found.out
    );

    let mut removed = lines.clone();
    removed.remove(permit);
    verify("removed", &removed).ends(7);
    let mut swapped = lines.clone();
    swapped.swap(permit, permit + 1);
    verify("swapped", &swapped).ends(7);
    // A tail is missing, but the newest head in the copy knows better.
    verify("cut", &lines[..lines.len() - 2]).ends(7);

    // A copy that ends too early is whole by itself; whoever holds a newer head sees that it is not all.
    let heads = std::fs::read_to_string(log.join("heads")).unwrap();
    let parts: Vec<&str> = heads.trim().split("\n\n").collect();
    let newest = parts[parts.len() - 2..].join("\n\n");
    std::fs::write(league.folder().join("newest"), newest).unwrap();
    std::fs::write(league.folder().join("nothing"), "no head\n").unwrap();
    let against = |head: &str| league.hansa(&["audit", "verify", "earlier", "--head", head]);
    league.hansa(&["audit", "verify", "earlier"]).must();
    let broken = against("newest").ends(7);
    assert!(broken.err.contains("EVIDENCE_BROKEN"), "{}", broken.err);
    let refused = against("nothing").ends(7);
    assert!(
        refused.err.contains("EVIDENCE_INCOMPLETE"),
        "{}",
        refused.err
    );

    // The owner does not go on over a broken log.
    std::fs::write(records(&log), format!("{}\n", changed.join("\n"))).unwrap();
    let opened = lindau.hansa(&["--json", "sql", "SELECT count(*) FROM lindau.long"]);
    assert_ne!(opened.status, Some(0), "{}", opened.out);
    assert!(opened.out.is_empty(), "{}", opened.out);
}
