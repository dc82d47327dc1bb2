//! `prepare` with conditions on values that can be NULL.

use super::{TestPublisher, configured, texts};
use hansa_policy::refusal::ErrorCode;

const RIDES: &str = r#"
[[dataset]]
name = "rides"
title = "Rides of those who have not revoked"
licence = "proprietary"
prepare = "SELECT s.pid, s.v FROM source s WHERE %"
[dataset.source]
kind = "text"
path = "rides.csv"
[[dataset.column]]
name = "pid"
[[dataset.column]]
name = "v"
[dataset.lookup.consent]
kind = "text"
path = "consent.csv"
nulls = [""]
"#;

/// Persons whose rides are published under `condition`.
fn publish(condition: &str) -> Result<Vec<String>, ErrorCode> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("rides.csv"),
        "pid,v\n1,5\n2,6\n3,7\n4,8\n",
    )
    .unwrap();
    let consent = "pid,status\n1,given\n2,\n3,revoked\n";
    std::fs::write(folder.path().join("consent.csv"), consent).unwrap();
    let config = configured(&RIDES.replace('%', condition), folder.path()).remove(0);
    let publisher = TestPublisher::new();
    match publisher.try_stage(&config) {
        Ok(crate::publication::StagingOutcome::Staged(staged)) => {
            let snapshot = staged.commit().unwrap();
            Ok(texts(&snapshot, "pid").into_iter().flatten().collect())
        }
        Ok(outcome) => panic!("{outcome:?}"),
        Err(refusal) => Err(refusal.code),
    }
}

#[test]
fn a_row_in_doubt_is_not_published() {
    let cases = [
        (
            "'revoked' NOT IN (SELECT c.status FROM consent c WHERE c.pid = s.pid)",
            &["1", "4"][..],
        ),
        (
            "s.pid NOT IN (SELECT c.pid FROM consent c WHERE c.status = s.v)",
            &["1", "2", "3", "4"],
        ),
        (
            "NOT EXISTS (SELECT 1 FROM consent c WHERE c.pid = s.pid AND c.status = 'revoked')",
            &["1", "2", "4"],
        ),
        (
            "'revoked' <> ALL (SELECT c.status FROM consent c WHERE c.pid = s.pid)",
            &["1", "4"],
        ),
        (
            "(SELECT c.status FROM consent c WHERE c.pid = s.pid) <> 'revoked'",
            &["1"],
        ),
        (
            "(SELECT count(*) FROM consent c WHERE c.pid = s.pid) = 0",
            &["4"],
        ),
    ];
    for (condition, expected) in cases {
        let published = publish(condition).unwrap();
        assert_eq!(published, expected, "{condition}");
    }
}
