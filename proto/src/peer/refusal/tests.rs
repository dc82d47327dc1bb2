//! Tests: refusals are read as sent, and texts of a peer are safe for a terminal.

use super::{carried_refusal, cut_answer_status, from_wire};
use hansa_audit_log::digest::Digest;
use hansa_policy::id::{ClauseId, ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};

fn peer() -> ParticipantId {
    "hansa://munster.example".parse().unwrap()
}

fn sample() -> Refusal {
    Refusal::new(
        ErrorCode::PurposeNotCovered,
        "the purpose `advertising` is not permitted on `bike_counts` in Münster",
    )
    .with_contract(ContractId(Digest::of(b"payload")))
    .with_clause(ClauseId(10), "purpose is mobility-research")
    .with_help("ask with --purpose mobility-research")
    .with_help("request an amendment")
}

#[test]
fn a_refusal_survives_the_round_trip() {
    let status = cut_answer_status(&sample());
    assert_eq!(status.code(), tonic::Code::PermissionDenied);
    let back = from_wire(&status, &peer());
    assert_eq!(back, sample().with_participant(peer()));
}

#[test]
fn every_code_survives_the_round_trip() {
    for code in ErrorCode::ALL {
        let refusal = Refusal::new(*code, "so");
        let back = from_wire(&cut_answer_status(&refusal), &peer());
        assert_eq!(back, refusal.with_participant(peer()));
    }
}

#[test]
fn what_carries_no_refusal_tells_none() {
    assert_eq!(
        carried_refusal(&cut_answer_status(&sample()), "bench"),
        Some(sample())
    );
    let bare = tonic::Status::internal("the connection broke");
    assert_eq!(carried_refusal(&bare, "bench"), None);
}

#[test]
fn files_of_this_side_stay_here() {
    let refusal = sample().with_place("/srv/secret/hansa.toml", Some(3), None);
    let status = cut_answer_status(&refusal);
    assert_eq!(from_wire(&status, &peer()).location, None);
    let details = String::from_utf8_lossy(status.details()).into_owned();
    assert!(!details.contains("secret"));
}

#[test]
fn what_brought_it_about_is_not_sent() {
    let cause = std::io::Error::other("row 7 of /srv/secret.parquet");
    let (plain, caused) = (
        cut_answer_status(&sample()),
        cut_answer_status(&sample().caused_by(cause)),
    );
    assert_eq!(plain.code(), caused.code());
    assert_eq!(plain.message(), caused.message());
    assert_eq!(plain.details(), caused.details());
    assert_eq!(from_wire(&caused, &peer()).cause_chain(), None);
}

#[test]
fn the_number_of_a_failure_is_sent_before_other_help() {
    let mut failure = Refusal::new(ErrorCode::Internal, "so");
    failure.help = vec!["ask again".to_owned(); 9];
    let back = from_wire(
        &cut_answer_status(&failure.with_number("7f3a91c2")),
        &peer(),
    );
    assert!(back.help[0].starts_with("number `7f3a91c2`"), "{back:?}");
    assert!(!back.lacks_number());
}

#[test]
fn long_texts_are_cut_between_characters() {
    let mut long = Refusal::new(ErrorCode::SqlInvalid, "ü".repeat(5000));
    long.help = vec!["é".repeat(5000); 20];
    let status = cut_answer_status(&long);
    assert!(status.message().len() < 1100);
    assert!(status.details().len() < 8 * 1024);
    let back = from_wire(&status, &peer());
    assert_eq!(back.code, ErrorCode::SqlInvalid);
    assert_eq!(back.help.len(), 4);
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    // As sent by a connector that does not check its own texts.
    let mut refusal = Refusal::new(ErrorCode::SqlInvalid, "");
    refusal.sentence = "\u{1b}]0;title\u{7} gone\r\nsecond".to_owned();
    refusal.allowed = Some("a\u{9b}b".to_owned());
    let back = from_wire(&cut_answer_status(&refusal), &peer());
    assert_eq!(back.sentence, "\\u{1b}]0;title\\u{7} gone  second");
    assert_eq!(back.allowed.as_deref(), Some("a\\u{9b}b"));
}

#[test]
fn an_unknown_code_is_not_taken_for_another() {
    let info = super::rpc::RpcErrorInfo {
        reason: "FROM_THE_FUTURE".to_owned(),
        domain: "hansa".to_owned(),
        metadata: [].into(),
    };
    let details = prost::Message::encode_to_vec(&info.into_details(tonic::Code::NotFound, "so"));
    let status = tonic::Status::with_details(tonic::Code::NotFound, "so", details.into());
    let back = from_wire(&status, &peer());
    assert_eq!(back.code, ErrorCode::PeerDataInvalid);
    assert!(back.sentence.contains("FROM_THE_FUTURE"), "{back}");
}

#[test]
fn a_bare_status_becomes_a_refusal_too() {
    for (grpc, code) in [
        (tonic::Code::Unavailable, ErrorCode::PeerUnreachable),
        (tonic::Code::DeadlineExceeded, ErrorCode::TimedOut),
        (tonic::Code::OutOfRange, ErrorCode::MessageTooLarge),
        (tonic::Code::Unimplemented, ErrorCode::VersionUnsupported),
    ] {
        let back = from_wire(&tonic::Status::new(grpc, "\u{1b}x"), &peer());
        assert_eq!(back.code, code);
        assert_eq!(back.participant, Some(peer()));
    }
    let mut garbled = tonic::Status::with_details(
        tonic::Code::Unavailable,
        "x",
        bytes::Bytes::from_static(b"\xff\xff\xff"),
    );
    assert_eq!(
        from_wire(&garbled, &peer()).code,
        ErrorCode::PeerUnreachable
    );
    garbled = super::closed_status();
    assert_eq!(
        from_wire(&garbled, &peer()).code,
        ErrorCode::PeerUnreachable
    );
    let unrecorded = from_wire(&super::refuse_unrecorded(), &peer());
    assert_eq!(unrecorded.code, ErrorCode::EvidenceUnavailable);
}
