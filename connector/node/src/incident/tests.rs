//! Tests: a fork is stated with another key than the one in every copy of the folder.

use super::*;
use crate::participant::testing::{MINUTE, TERMS, TestFederation, participant_id, records_of_kind};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::note::{Checkpoint, log_origin};
use hansa_audit_store::key::LogSigningKey;
use hansa_proto::statement;

fn test_federation() -> TestFederation {
    let mut federation = TestFederation::new();
    federation.set_up_participant("lindau", TERMS);
    federation.set_up_participant("acme", TERMS);
    report_incident(&mut federation);
    federation
}

/// Gives the city the current trust bundle.
fn report_incident(federation: &mut TestFederation) {
    let bundle = federation.bundle();
    std::fs::write(federation.home("lindau").join("bundle.json"), bundle).unwrap();
}

/// Statement of the firm that all heads of its log belong to a fork that nobody else has seen.
async fn statement(acme: &Arc<Connector>) -> Vec<u8> {
    let head = acme
        .records
        .log
        .head_over(acme.records.log.size())
        .await
        .unwrap();
    let payload = statement::to_bytes(&IncidentStatement {
        log: acme.id(),
        fork: Some(ForkedRange {
            from: 0,
            since: None,
            upto: 1 << 40,
        }),
        late: Vec::new(),
        head,
        cause: IncidentCause::Unknown,
        stated_at: acme.now(),
    });
    let signature = acme
        .sign(StatementKind::Incident, SignatoryRole::Provider, &payload)
        .unwrap();
    envelope::assemble_statement(&payload, &[signature])
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_states_a_fork_with_the_only_key_that_there_was() {
    let mut federation = test_federation();
    let (lindau, acme) = (federation.open("lindau"), federation.open("acme"));
    let bytes = statement(&acme).await;
    let refusal = take_in(&lindau, &participant_id("acme"), &bytes)
        .await
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::LogFork, "{refusal:#?}");
    assert!(records_of_kind(&lindau, "incident").is_empty());

    // At the participant itself, too, when a peer shows a head that the log does not extend.
    let checkpoint = Checkpoint {
        origin: log_origin("acme.example"),
        size: 5,
        root: Digest::of(b"another history"),
    };
    let key = LogSigningKey::open(
        &federation.home("acme").join("keys/note.pem"),
        "acme.example",
    )
    .unwrap();
    let args = IncidentArgs {
        cause: None,
        since: None,
        heads: vec![SignedHead::sign(checkpoint, &key).unwrap()],
    };
    let refusal = state_incident(&acme, args.clone()).await.unwrap_err();
    assert_eq!(refusal.code, ErrorCode::LogFork, "{refusal:#?}");
    drop((lindau, acme));

    federation.advance_time(MINUTE);
    federation.another_key("acme");
    federation.advance_time(MINUTE);
    report_incident(&mut federation);
    let (lindau, acme) = (federation.open("lindau"), federation.open("acme"));
    let bytes = statement(&acme).await;
    take_in(&lindau, &participant_id("acme"), &bytes)
        .await
        .unwrap();
    assert_eq!(records_of_kind(&lindau, "incident").len(), 1);
    let stated = state_incident(&acme, args).await.unwrap();
    assert!(stated.incident.is_some());
    // The record holds the statement; the void part ends with the largest possible head.
    let rows = lindau.records.index(|state| state.incidents()).unwrap();
    let (_, upto) = rows[0].fork.unwrap();
    assert!(upto < 1 << 40, "{upto}");
}
