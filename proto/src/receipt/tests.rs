//! Tests: receipts are read only in the form in which they are written.

use super::*;
use crate::samples;
use crate::statement::{from_bytes, to_bytes};
use crate::strict_json::LIMITS;
use hansa_audit_log::json::parse_json;
use hansa_audit_log::json::to_canonical_bytes;

pub(crate) fn receipt() -> Receipt {
    Receipt {
        request: RequestId([5; 16]),
        provider: "munster.example".parse().unwrap(),
        consumer: "firma.example".parse().unwrap(),
        reads: vec![DatasetRead {
            dataset: "hansa://munster.example/d/bike_counts".parse().unwrap(),
            contract: ContractId(Digest::of(b"contract")),
            snapshot: "2026-11-20.3".to_owned(),
        }],
        request_digest: Digest::of(b"request"),
        sql_commit: Digest::of(b"sql"),
        plan_out_digest: Digest::of(b"plan"),
        rows: 1_000,
        bytes: 65_536,
        result: ResultDigest([3; 32]),
        outcome: AnswerOutcome::Done,
        admitted_at: "2026-12-02T08:00:00Z".parse().unwrap(),
        last_at: "2026-12-02T08:00:01.5Z".parse().unwrap(),
        leaf: LogLeaf {
            index: 42,
            hash: Digest::of(b"leaf"),
        },
        checkpoint: Digest::of(b"head"),
        one_sided: false,
    }
}

#[test]
fn a_receipt_survives_the_round_trip() {
    for outcome in [
        AnswerOutcome::Done,
        AnswerOutcome::Cancelled,
        AnswerOutcome::Cut(ErrorCode::Withdrawn),
        AnswerOutcome::Failed(ErrorCode::ResultTooLarge),
    ] {
        let receipt = Receipt {
            outcome,
            ..receipt()
        };
        assert_eq!(from_bytes::<Receipt>(&to_bytes(&receipt)), Ok(receipt));
    }
}

#[test]
fn what_is_unknown_missing_or_ill_typed_is_refused() {
    let bytes = to_bytes(&receipt());
    let json = parse_json(&bytes, LIMITS).unwrap();
    for (place, spoilt) in samples::spoilt_documents(&json) {
        // In a field that accepts any count, another count gives another valid receipt.
        if place.ends_with("=2^50") && from_bytes::<Receipt>(&to_canonical_bytes(&spoilt)).is_ok() {
            let counted = [".rows", ".bytes", ".provider_leaf.index"];
            assert!(
                counted.iter().any(|name| place.starts_with(name)),
                "{place}"
            );
            continue;
        }
        let refusal = from_bytes::<Receipt>(&to_canonical_bytes(&spoilt)).expect_err(&place);
        assert_eq!(refusal.code, ErrorCode::StatementMalformed, "{refusal}");
    }
}

#[test]
fn each_value_has_one_spelling() {
    let good = String::from_utf8(to_bytes(&receipt())).unwrap();
    let check = |from: &str, to: &str| {
        assert!(good.contains(from), "{good}");
        let refusal = from_bytes::<Receipt>(good.replacen(from, to, 1).as_bytes()).expect_err(to);
        assert_eq!(refusal.code, ErrorCode::StatementMalformed, "{refusal}");
    };
    check("\"done\"", "\"finished\"");
    check("\"done\"", "\"cut:NO_SUCH_CODE\"");
    check("\"done\"", "\"cut\"");
    check("blake3:", "sha256:");
    check("01.5Z", "01.50Z");
    check("\"hansa://firma.example\"", "\"firma.example\"");
    check("receipt/1", "receipt/2");
}
