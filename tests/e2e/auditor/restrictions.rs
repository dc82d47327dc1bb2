//! The restriction that a question passed is in the whole of a log, to be read beside the contract, and in no part that is made
//! for somebody else.

use super::forged_permits::{forge, read};
use super::{export, findings, verify};
use crate::binary;
use crate::restrictions::set_restriction;
use hansa_audit_store::documents::DocumentKind;
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{ALL, PURPOSE, text};
use serde_json::json;

#[test]
fn the_restriction_that_a_question_passed_is_in_the_file_and_judged() {
    let league = TestLeague::new(binary());
    let (lindau, acme) = league.long_table(200, ALL);
    let contract = acme.contract("lindau.long");
    let question = "SELECT count(*) FROM lindau.long";
    acme.ask(question).must();
    let _ = set_restriction(&lindau, "queries_per_day = 1");
    acme.ask(question).must();
    acme.ask(question).refused("QUOTA_QUERIES", 3);

    let export_folder = tempfile::tempdir().unwrap();
    let part = export(&lindau, export_folder.path(), &["--contract", &contract]);
    assert!(read(&part).0.of_kind(DocumentKind::Restriction).is_empty());
    let (report, status) = verify(export_folder.path(), &["check", "lindau.example.bundle"]);
    assert_eq!(status, 0, "{report:#}");
    let bundle = export(&lindau, export_folder.path(), &[]);
    let (report, status) = verify(export_folder.path(), &["check", "lindau.example.bundle"]);
    assert_eq!(status, 0, "{report:#}");
    let asked = |at: usize, kind: &str| {
        let all = lindau.records(kind);
        let request = text(&all[at]["body"], "request_id");
        let (report, status) = verify(
            export_folder.path(),
            &["question", &request, "lindau.example.bundle"],
        );
        assert_eq!(status, 0, "{report:#}");
        report["answers"][0].clone()
    };
    assert_eq!(asked(0, "permit")["restrictions"], json!([]));
    let passed = asked(1, "permit")["restrictions"][0].clone();
    assert_eq!(passed["dataset"], "hansa://lindau.example/d/long");
    let clause = &passed["clauses"][0];
    let reported = text(clause, "text");
    assert!(
        reported.contains('1') && reported.contains("day"),
        "{reported}"
    );
    let refused = asked(0, "refuse");
    assert_eq!(refused["restriction_clause"], 2, "{refused:#}");
    assert_eq!(text(clause, "clause"), "#r2");

    lindau.verifies();
    let (copied, records) = read(&bundle);
    let held = copied.of_kind(DocumentKind::Restriction);
    let (name, document) = held.iter().next().unwrap();
    assert_eq!((held.len(), name), (1, &text(&passed, "document")));
    let other = document
        .replace(PURPOSE, "dpv:Marketing")
        .replace("long", "lang");
    for (documents_of, verdict, expected) in [
        (vec![], "incomplete", "is not in the files"),
        (vec![(name.clone(), other)], "broken", "is another document"),
    ] {
        let documents_of = copied.with(DocumentKind::Restriction, &documents_of);
        forge(
            &lindau,
            &records,
            &documents_of,
            &export_folder.path().join("forged"),
        );
        let (report, status) = verify(export_folder.path(), &["check", "forged"]);
        let texts = findings(&report, verdict);
        let about = |one: &String| one.contains("restriction") && one.contains(expected);
        assert!(texts.iter().any(about), "{expected}: {report:#}");
        assert_ne!(status, 0);
    }
}
