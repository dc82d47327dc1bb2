//! Tests: envelopes of other statements than a contract of two parties, each with its own number of signatures.

use super::fixture::envelope;
use super::*;
use crate::envelope::opened::LIMITS;
use crate::{credential, dispute, receipt, samples, withdrawal};
use hansa_policy::attribute::ParticipantAttribute;
use hansa_policy::contract::signature::SignatureVerifier;
use hansa_policy::contract::signature_purpose::SignaturePurpose;

#[test]
fn a_public_view_is_signed_by_its_provider_alone() {
    let fixture = envelope_fixture();
    let [munster, firm] = &fixture.keys.0;
    let view = contract::to_bytes(&Agreement {
        provider: fixture.agreement.provider.clone(),
        ..samples::public_view()
    });
    let provider = munster.entry(StatementKind::Agreement, SignatoryRole::Provider, &view);
    let consumer = firm.entry(StatementKind::Agreement, SignatoryRole::Consumer, &view);
    let one = envelope(&view, &[&provider]);
    let two = envelope(&view, &[&provider, &consumer]);
    let other = envelope(&view, &[&consumer]);
    let half = fixture.with(&[&fixture.provider()]);
    assert!(parse_offer(&one).unwrap().verify(&fixture.keys).is_ok());
    for (read, code) in [
        (parse_contract(&one), ErrorCode::SignatureMissing),
        (parse_contract(&two), ErrorCode::SignatureCount),
        (parse_offer(&two), ErrorCode::SignatureCount),
        (parse_offer(&other), ErrorCode::SignatureMissing),
        (parse_offer(&half), ErrorCode::SignatureMissing),
        (
            parse_half(&half, SignatoryRole::Consumer),
            ErrorCode::SignatureMissing,
        ),
        (
            parse_half(&one, SignatoryRole::Provider),
            ErrorCode::ContractMalformed,
        ),
    ] {
        assert_eq!(read.unwrap_err().code, code);
    }
}

#[test]
fn a_withdrawal_is_signed_by_one_party() {
    let fixture = envelope_fixture();
    let firm = &fixture.keys.0[1];
    let agreed = fixture.accept(&fixture.signed()).unwrap();
    let statement = withdrawal::WithdrawalStatement {
        contract: agreed.id(),
        party: "firma.example".parse().unwrap(),
        effective_at: "2027-01-01T00:00:00Z".parse().unwrap(),
        issued_at: "2026-12-24T00:00:00Z".parse().unwrap(),
        reason: "no longer needed".to_owned(),
    };
    let payload = crate::statement::to_bytes(&statement);
    assert_eq!(
        crate::statement::from_bytes::<crate::withdrawal::WithdrawalStatement>(&payload).unwrap(),
        statement
    );
    let json = hansa_audit_log::json::parse_json(&payload, LIMITS).unwrap();
    for (place, spoilt) in samples::spoilt_documents(&json) {
        let read = crate::statement::from_bytes::<crate::withdrawal::WithdrawalStatement>(
            &to_canonical_bytes(&spoilt),
        );
        assert!(read.is_err(), "{place}");
    }
    let entry = firm.entry(StatementKind::Withdrawal, SignatoryRole::Consumer, &payload);
    let of_another_kind = firm.entry(StatementKind::Agreement, SignatoryRole::Consumer, &payload);
    let bytes = envelope(&payload, &[&entry]);
    let read = parse_withdrawal(&bytes).unwrap();
    assert_eq!(read.statement, Digest::of(&payload));
    assert!(agreed.verify_withdrawal(&read, &fixture.keys).is_ok());
    for (bytes, code) in [
        (envelope(&payload, &[]), ErrorCode::SignatureMissing),
        (
            envelope(&payload, &[&entry, &entry]),
            ErrorCode::SignatureCount,
        ),
        (
            envelope(&payload, &[&of_another_kind]),
            ErrorCode::SignatureHeader,
        ),
        (fixture.signed(), ErrorCode::SignatureHeader),
    ] {
        assert_eq!(parse_withdrawal(&bytes).unwrap_err().code, code);
    }
    for (index, bad) in flipped(&bytes, 0) {
        let accepted =
            parse_withdrawal(&bad).and_then(|read| agreed.verify_withdrawal(&read, &fixture.keys));
        assert!(accepted.is_err(), "byte {index}");
    }
}

#[test]
fn a_receipt_is_signed_and_countersigned() {
    let fixture = envelope_fixture();
    let [munster, firm] = &fixture.keys.0;
    let receipt = crate::receipt::tests::receipt();
    let payload = crate::statement::to_bytes(&receipt);
    let provider = munster.entry(StatementKind::Receipt, SignatoryRole::Provider, &payload);
    let consumer = firm.entry(StatementKind::Receipt, SignatoryRole::Consumer, &payload);
    let garbage = (consumer.0.clone(), vec![9; 64]);
    let one = envelope(&payload, &[&provider]);
    let two = envelope(&payload, &[&provider, &consumer]);
    for (bytes, countersigned) in [(&one, false), (&two, true)] {
        let read = parse_receipt(bytes).unwrap();
        assert_eq!(read.receipt, receipt);
        assert_eq!(read.is_countersigned(), countersigned);
        assert_eq!(read.verify_signatures(&fixture.keys), Ok(()));
    }
    // Signatures that were stored separately are assembled in either order.
    let mut signatures = parse_receipt(&two).unwrap().signatures;
    signatures.reverse();
    assert_eq!(assemble_signed(&payload, &signatures), two);
    let accept =
        |bytes: &[u8]| parse_receipt(bytes).and_then(|read| read.verify_signatures(&fixture.keys));
    let cases: [(&[&SignatureEntry], ErrorCode); 4] = [
        (&[], ErrorCode::SignatureMissing),
        (&[&consumer], ErrorCode::SignatureMissing),
        (
            &[&provider, &consumer, &consumer],
            ErrorCode::SignatureCount,
        ),
        (&[&provider, &garbage], ErrorCode::SignatureInvalid),
    ];
    for (entries, code) in cases {
        let refusal = accept(&envelope(&payload, entries)).unwrap_err();
        assert_eq!(refusal.code, code);
    }
    for (index, bad) in flipped(&two, 0) {
        assert!(accept(&bad).is_err(), "byte {index}");
    }
}

#[test]
fn a_credential_is_signed_by_its_issuer() {
    let fixture = envelope_fixture();
    let [munster, firm] = &fixture.keys.0;
    let statement = credential::CredentialStatement {
        issuer: "munster.example".parse().unwrap(),
        subject: "firma.example".parse().unwrap(),
        attributes: vec![
            ParticipantAttribute::Sector("nace:H49.31".parse().unwrap()),
            ParticipantAttribute::Region("EU".parse().unwrap()),
        ],
        issued_at: "2026-12-24T00:00:00Z".parse().unwrap(),
        until: "2027-12-24T00:00:00Z".parse().unwrap(),
    };
    let payload = crate::statement::to_bytes(&statement);
    assert_eq!(
        crate::statement::from_bytes::<crate::credential::CredentialStatement>(&payload).unwrap(),
        statement
    );
    let json = hansa_audit_log::json::parse_json(&payload, LIMITS).unwrap();
    for (place, spoilt) in samples::spoilt_documents(&json) {
        let read = crate::statement::from_bytes::<crate::credential::CredentialStatement>(
            &to_canonical_bytes(&spoilt),
        );
        assert!(read.is_err(), "{place}");
    }
    let issuer = munster.entry(StatementKind::Credential, SignatoryRole::Provider, &payload);
    let read = credential::from_envelope(&envelope(&payload, &[&issuer])).unwrap();
    assert_eq!(read.statement, Digest::of(&payload));
    assert_eq!(
        fixture.keys.check_signature(
            &statement.issuer,
            &read.signature,
            SignaturePurpose::Statement
        ),
        Ok(())
    );
    let consumer = firm.entry(StatementKind::Credential, SignatoryRole::Consumer, &payload);
    let of_another_kind = munster.entry(StatementKind::Receipt, SignatoryRole::Provider, &payload);
    let cases: [(&[&SignatureEntry], ErrorCode); 4] = [
        (&[], ErrorCode::SignatureMissing),
        (&[&consumer], ErrorCode::SignatureMissing),
        (&[&issuer, &consumer], ErrorCode::SignatureCount),
        (&[&of_another_kind], ErrorCode::SignatureHeader),
    ];
    for (entries, code) in cases {
        let read = credential::from_envelope(&envelope(&payload, entries));
        assert_eq!(read.unwrap_err().code, code);
    }
    // Attributes out of order, duplicated, or missing.
    let [sector, region] = [&statement.attributes[0], &statement.attributes[1]];
    for wrong in [vec![region, sector], vec![sector, sector], vec![]] {
        let bytes = crate::statement::to_bytes(&credential::CredentialStatement {
            attributes: wrong.into_iter().cloned().collect(),
            ..statement.clone()
        });
        assert!(
            crate::statement::from_bytes::<crate::credential::CredentialStatement>(&bytes).is_err()
        );
    }
}

#[test]
fn a_dispute_is_signed_by_the_consumer() {
    let fixture = envelope_fixture();
    let [munster, firm] = &fixture.keys.0;
    let receipt = crate::receipt::tests::receipt();
    let dispute = dispute::DisputeStatement {
        request: receipt.request,
        receipt: Digest::of(&crate::statement::to_bytes(&receipt)),
        provider: receipt.provider,
        consumer: receipt.consumer,
        rows: 999,
        bytes: 65_000,
        result: receipt::ResultDigest([4; 32]),
        issued_at: receipt.last_at,
    };
    let payload = crate::statement::to_bytes(&dispute);
    let consumer = firm.entry(StatementKind::Dispute, SignatoryRole::Consumer, &payload);
    let provider = munster.entry(StatementKind::Dispute, SignatoryRole::Provider, &payload);
    let of_another_kind = firm.entry(StatementKind::Receipt, SignatoryRole::Consumer, &payload);
    let read = crate::statement::from_envelope::<crate::dispute::DisputeStatement>(&envelope(
        &payload,
        &[&consumer],
    ))
    .unwrap();
    assert_eq!(read.content, dispute);
    assert_eq!(
        fixture.keys.check_signature(
            &dispute.consumer,
            &read.signature,
            SignaturePurpose::Statement
        ),
        Ok(())
    );
    let cases: [(&[&SignatureEntry], ErrorCode); 4] = [
        (&[], ErrorCode::SignatureMissing),
        (&[&provider], ErrorCode::SignatureMissing),
        (&[&provider, &consumer], ErrorCode::SignatureCount),
        (&[&of_another_kind], ErrorCode::SignatureHeader),
    ];
    for (entries, code) in cases {
        let read = crate::statement::from_envelope::<crate::dispute::DisputeStatement>(&envelope(
            &payload, entries,
        ));
        assert_eq!(read.unwrap_err().code, code);
    }
    let json = hansa_audit_log::json::parse_json(&payload, LIMITS).unwrap();
    for (place, spoilt) in samples::spoilt_documents(&json) {
        let counted = place == ".rows=2^50" || place == ".bytes=2^50";
        let read = crate::statement::from_bytes::<crate::dispute::DisputeStatement>(
            &to_canonical_bytes(&spoilt),
        );
        assert_eq!(read.is_ok(), counted, "{place}");
    }
}
