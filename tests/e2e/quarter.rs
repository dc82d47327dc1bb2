//! The auditor's quarter: two cities and a firm work for three months, and things happen to them. Afterwards somebody who
//! has nothing but the exported files says who read what under which signed version, and what is wrong with the files.
//!
//! What is expected is what the play did, counted where the questions were asked; no log is read for it.

mod facts;
mod play;

use crate::auditor::{export, findings, verify};
use facts::ObservedUsage;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::text;
use play::{QuarterFixture, QueryVolume};
use serde_json::Value;
use std::path::Path;

const CITY: &str = "lindau.example.bundle";
const PARTNER: &str = "tallinn.example.bundle";
const FIRM: &str = "acme.example.bundle";

#[test]
fn the_quarter_in_small() {
    audit(QueryVolume { questions: 6 });
}

/// `cargo quarter`
#[test]
#[ignore = "thousands of questions take some minutes: cargo quarter"]
fn the_quarter() {
    audit(QueryVolume { questions: 330 });
}

fn audit(size: QueryVolume) {
    let quarter = QuarterFixture::play(size);
    let export_folder = tempfile::tempdir().unwrap();
    let folder = export_folder.path();
    for city in [&quarter.lindau, &quarter.tallinn, &quarter.acme] {
        export(city, folder, &[]);
    }
    println!("{}", quarter.facts);
    who_read_what(folder, &quarter);
    versions(folder, &quarter);
    both_sides_agree(folder, &quarter.facts);
    a_partner_forked(folder);
    a_record_is_missing(folder, &quarter.lindau);
}

/// Per contract: as many answers and rows as the askers have seen, all to the one who asked; and the refusals.
fn who_read_what(folder: &Path, quarter: &QuarterFixture) {
    let (report, status) = verify(folder, &["check", CITY]);
    assert_eq!(status, 0, "{report:#}");
    let facts = &quarter.facts;
    // More than a hundred a minute stand in sums, and what of a sum was told before the kill it says itself.
    let city = &report["answers"][0];
    let counted = city["refusals"]["QUOTA_QUERIES"].as_u64().unwrap();
    let uncounted = city["refused_uncounted_at_most"].as_u64().unwrap();
    let seen = facts.refused("lindau", "QUOTA_QUERIES");
    assert!(
        (counted..=counted + uncounted).contains(&seen),
        "{seen}: {city}"
    );
    for (contract, asker, provider) in facts.contracts() {
        // What the partner did before it took its log back is no longer in its log.
        if provider == "tallinn" {
            continue;
        }
        let to = format!("{asker}.example");
        let file = format!("{provider}.example.bundle");
        let (left, status) = verify(
            folder,
            &["left", "--to", &to, "--contract", contract, &file],
        );
        assert_eq!(status, 0, "{left:#}");
        let answers = left["answers"].as_array().unwrap();
        let rows: u64 = answers
            .iter()
            .map(|one| one["rows"].as_u64().unwrap())
            .sum();
        let seen = facts.seen(contract);
        assert_eq!(
            (u64::try_from(answers.len()).unwrap(), rows),
            seen,
            "{asker}: {contract}"
        );
        assert!(answers.iter().all(|one| one["acknowledged"] == true));
    }
}

/// The amendment took the place of the first version, the withdrawal ended the other contract, and the key that signed
/// first still counts for what it signed then.
fn versions(folder: &Path, quarter: &QuarterFixture) {
    let standing = |contract: &str, at: &str| {
        let (report, status) = verify(folder, &["contract", contract, "--at", at, CITY]);
        assert_eq!(status, 0, "{report:#}");
        let signatures = report["answers"][0]["signatures"].as_array().unwrap().len();
        assert_eq!(signatures, 2);
        text(&report["answers"][0]["standing"][0], "standing")
    };
    let times = &quarter.times;
    assert_eq!(standing(&quarter.first, &times.early), "in force");
    assert_eq!(standing(&quarter.amended, &times.early), "not in the log");
    assert_eq!(standing(&quarter.first, &times.late), "superseded");
    assert_eq!(standing(&quarter.amended, &times.late), "in force");
    assert_eq!(standing(&quarter.withdrawn, &times.early), "in force");
    assert_eq!(standing(&quarter.withdrawn, &times.late), "withdrawn");
    // No answer under the first version after the amendment, none under the amendment before.
    let (report, _) = verify(folder, &["left", "--contract", &quarter.first, CITY]);
    let (amended, _) = verify(folder, &["left", "--contract", &quarter.amended, CITY]);
    let last = |report: &Value| text(report["answers"].as_array().unwrap().last().unwrap(), "at");
    let first = |report: &Value| text(&report["answers"][0], "at");
    assert!(last(&report) < first(&amended));
    // The provider's key was exchanged in between: its receipts name two.
    assert_ne!(quarter.keys[0], quarter.keys[1]);
}

fn both_sides_agree(folder: &Path, facts: &ObservedUsage) {
    let (report, status) = verify(folder, &["reconcile", CITY, FIRM]);
    // Nothing is broken; that the firm accuses a third one can't be judged without that one's file.
    assert_eq!(status, 8, "{report:#}");
    let open = findings(&report, "incomplete");
    assert!(
        open.len() == 1 && open[0].contains("the log of tallinn.example"),
        "{open:#?}"
    );
    assert!(findings(&report, "broken").is_empty());
    let given = report["answers"].as_array().unwrap().iter();
    let given = given.filter(|one| text(one, "provider") == "lindau.example");
    let given: Vec<_> = given.collect();
    let (answers, rows) = facts.between("lindau", "acme");
    assert_eq!(given[0]["matched"], answers);
    assert_eq!(given[0]["rows_sent"], rows);
    assert_eq!(given[0]["rows_received"], rows);
}

/// The partner's log is good by itself, but for the head that others told it they hold; what it showed and gave
/// receipts for before it took them back is not in them.
fn a_partner_forked(folder: &Path) {
    let (alone, status) = verify(folder, &["check", PARTNER]);
    assert_eq!(status, 7, "{alone:#}");
    let own = findings(&alone, "broken");
    let of_itself = |what: &String| what.contains("tallinn.example signed two histories");
    assert!(own.iter().all(of_itself), "{own:#?}");
    let (report, status) = verify(folder, &["check", CITY, PARTNER, FIRM]);
    assert_eq!(status, 7);
    let broken = findings(&report, "broken");
    for expected in [
        "tallinn.example signed two histories",
        "acme.example has a signed receipt",
        "acme.example received an answer that the log of tallinn.example lacks",
    ] {
        assert!(
            broken.iter().any(|what| what.contains(expected)),
            "{expected}: {broken:#?}"
        );
    }
    // Nobody else is accused of anything.
    for what in &broken {
        assert!(
            what.contains("tallinn.example") || what.starts_with("record "),
            "{what}"
        );
    }
    let files = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(one, "file"));
    assert!(
        files.filter(|file| file.contains(CITY)).count() == 0,
        "{report:#}"
    );
    let proof = report["findings"].as_array().unwrap().iter();
    let proof = proof.filter(|one| one["proof"].as_array().unwrap().len() == 2);
    assert!(proof.count() > 0);
}

/// One line less in the city's file: the record is named, and the firm's file has the receipt for it.
fn a_record_is_missing(folder: &Path, lindau: &TestParticipant) {
    let whole = std::fs::read_to_string(folder.join(CITY)).unwrap();
    let permits: Vec<usize> = whole
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains("\"type\":\"permit\""))
        .map(|(at, _)| at)
        .collect();
    let gone = permits[permits.len() / 2];
    let lines = whole.lines().enumerate().filter(|(at, _)| *at != gone);
    let fewer: String = lines.map(|(_, line)| format!("{line}\n")).collect();
    std::fs::write(folder.join("fewer"), fewer).unwrap();
    let (report, status) = verify(folder, &["check", "fewer", FIRM]);
    assert_eq!(status, 7);
    let index = gone - 1;
    assert_eq!(
        report["answers"][0]["first_bad"],
        index,
        "{} {report:#}",
        lindau.domain()
    );
    let broken = findings(&report, "broken");
    let named = format!("record {index} is not at its position");
    assert!(
        broken.iter().any(|what| what.starts_with(&named)),
        "{broken:#?}"
    );
}
