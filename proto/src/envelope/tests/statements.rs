//! Envelopes of other things than a contract of two: each has its own number of signatures.

use super::scene::envelope;
use super::*;
use crate::{credential, samples};
use hansa_policy::attribute::Attribute;
use hansa_policy::contract::SignatureCheck;
use hansa_policy::contract::deed::Deed;

#[test]
fn a_public_view_is_signed_by_its_provider_alone() {
    let scene = scene();
    let [munster, firm] = &scene.keys.0;
    let view = contract::to_bytes(&Agreement {
        provider: scene.agreement.provider.clone(),
        ..samples::public_view()
    });
    let provider = munster.entry(Kind::Agreement, Role::Provider, &view);
    let consumer = firm.entry(Kind::Agreement, Role::Consumer, &view);
    let one = envelope(&view, &[&provider]);
    let two = envelope(&view, &[&provider, &consumer]);
    let other = envelope(&view, &[&consumer]);
    let half = scene.with(&[&scene.provider()]);
    assert!(parse_offer(&one).unwrap().verify(&scene.keys).is_ok());
    for (read, code) in [
        (parse_contract(&one), Code::SignatureMissing),
        (parse_contract(&two), Code::SignatureCount),
        (parse_offer(&two), Code::SignatureCount),
        (parse_offer(&other), Code::SignatureMissing),
        (parse_offer(&half), Code::SignatureMissing),
        (parse_half(&half, Role::Consumer), Code::SignatureMissing),
        (parse_half(&one, Role::Provider), Code::ContractMalformed),
    ] {
        assert_eq!(read.unwrap_err().code, code);
    }
}

#[test]
fn a_withdrawal_is_signed_by_one_party() {
    let scene = scene();
    let firm = &scene.keys.0[1];
    let agreed = scene.accept(&scene.signed()).unwrap();
    let statement = withdrawal::Statement {
        contract: agreed.id(),
        party: "firma.example".parse().unwrap(),
        effective_at: "2027-01-01T00:00:00Z".parse().unwrap(),
        issued_at: "2026-12-24T00:00:00Z".parse().unwrap(),
        reason: "no longer needed".to_owned(),
    };
    let payload = withdrawal::to_bytes(&statement);
    assert_eq!(withdrawal::from_bytes(&payload).unwrap(), statement);
    let json = hansa_audit_log::json::parse(&payload, LIMITS).unwrap();
    for (place, spoilt) in samples::spoilt(&json) {
        let read = withdrawal::from_bytes(&canonical(&spoilt));
        assert!(read.is_err(), "{place}");
    }
    let entry = firm.entry(Kind::Withdrawal, Role::Consumer, &payload);
    let of_another_kind = firm.entry(Kind::Agreement, Role::Consumer, &payload);
    let bytes = envelope(&payload, &[&entry]);
    let read = parse_withdrawal(&bytes).unwrap();
    assert_eq!(read.statement, Digest::of(&payload));
    assert!(agreed.revoke(&read, &scene.keys).is_ok());
    for (bytes, code) in [
        (envelope(&payload, &[]), Code::SignatureMissing),
        (envelope(&payload, &[&entry, &entry]), Code::SignatureCount),
        (
            envelope(&payload, &[&of_another_kind]),
            Code::SignatureHeader,
        ),
        (scene.signed(), Code::SignatureHeader),
    ] {
        assert_eq!(parse_withdrawal(&bytes).unwrap_err().code, code);
    }
    for (index, bad) in flipped(&bytes, 0) {
        let accepted = parse_withdrawal(&bad).and_then(|read| agreed.revoke(&read, &scene.keys));
        assert!(accepted.is_err(), "byte {index}");
    }
}

#[test]
fn a_receipt_is_signed_and_countersigned() {
    let scene = scene();
    let [munster, firm] = &scene.keys.0;
    let receipt = crate::receipt::tests::receipt();
    let payload = receipt::to_bytes(&receipt);
    let provider = munster.entry(Kind::Receipt, Role::Provider, &payload);
    let consumer = firm.entry(Kind::Receipt, Role::Consumer, &payload);
    let garbage = (consumer.0.clone(), vec![9; 64]);
    let one = envelope(&payload, &[&provider]);
    let two = envelope(&payload, &[&provider, &consumer]);
    for (bytes, countersigned) in [(&one, false), (&two, true)] {
        let read = parse_receipt(bytes).unwrap();
        assert_eq!(read.receipt, receipt);
        assert_eq!(read.is_countersigned(), countersigned);
        assert_eq!(read.check(&scene.keys), Ok(()));
    }
    // Signatures that were kept apart are put together, in whatever order they come.
    let mut signatures = parse_receipt(&two).unwrap().signatures;
    signatures.reverse();
    assert_eq!(assemble_signed(&payload, &signatures), two);
    let accept = |bytes: &[u8]| parse_receipt(bytes).and_then(|read| read.check(&scene.keys));
    let cases: [(&[&Entry], Code); 4] = [
        (&[], Code::SignatureMissing),
        (&[&consumer], Code::SignatureMissing),
        (&[&provider, &consumer, &consumer], Code::SignatureCount),
        (&[&provider, &garbage], Code::SignatureInvalid),
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
    let scene = scene();
    let [munster, firm] = &scene.keys.0;
    let statement = credential::Statement {
        issuer: "munster.example".parse().unwrap(),
        subject: "firma.example".parse().unwrap(),
        attributes: vec![
            Attribute::Sector("nace:H49.31".parse().unwrap()),
            Attribute::Region("EU".parse().unwrap()),
        ],
        issued_at: "2026-12-24T00:00:00Z".parse().unwrap(),
        until: "2027-12-24T00:00:00Z".parse().unwrap(),
    };
    let payload = credential::to_bytes(&statement);
    assert_eq!(credential::from_bytes(&payload).unwrap(), statement);
    let json = hansa_audit_log::json::parse(&payload, LIMITS).unwrap();
    for (place, spoilt) in samples::spoilt(&json) {
        let read = credential::from_bytes(&canonical(&spoilt));
        assert!(read.is_err(), "{place}");
    }
    let issuer = munster.entry(Kind::Credential, Role::Provider, &payload);
    let read = credential::from_envelope(&envelope(&payload, &[&issuer])).unwrap();
    assert_eq!(read.statement, Digest::of(&payload));
    assert_eq!(
        scene
            .keys
            .check(&statement.issuer, &read.signature, Deed::Statement),
        Ok(())
    );
    let consumer = firm.entry(Kind::Credential, Role::Consumer, &payload);
    let of_another_kind = munster.entry(Kind::Receipt, Role::Provider, &payload);
    let cases: [(&[&Entry], Code); 4] = [
        (&[], Code::SignatureMissing),
        (&[&consumer], Code::SignatureMissing),
        (&[&issuer, &consumer], Code::SignatureCount),
        (&[&of_another_kind], Code::SignatureHeader),
    ];
    for (entries, code) in cases {
        let read = credential::from_envelope(&envelope(&payload, entries));
        assert_eq!(read.unwrap_err().code, code);
    }
    // Out of order, twice, or none at all.
    let [sector, region] = [&statement.attributes[0], &statement.attributes[1]];
    for wrong in [vec![region, sector], vec![sector, sector], vec![]] {
        let bytes = credential::to_bytes(&credential::Statement {
            attributes: wrong.into_iter().cloned().collect(),
            ..statement.clone()
        });
        assert!(credential::from_bytes(&bytes).is_err());
    }
}

#[test]
fn a_dispute_is_signed_by_the_consumer() {
    let scene = scene();
    let [munster, firm] = &scene.keys.0;
    let receipt = crate::receipt::tests::receipt();
    let dispute = dispute::Dispute {
        request: receipt.request,
        receipt: Digest::of(&receipt::to_bytes(&receipt)),
        provider: receipt.provider,
        consumer: receipt.consumer,
        rows: 999,
        bytes: 65_000,
        result: receipt::ResultDigest([4; 32]),
        issued_at: receipt.last_at,
    };
    let payload = dispute::to_bytes(&dispute);
    let consumer = firm.entry(Kind::Dispute, Role::Consumer, &payload);
    let provider = munster.entry(Kind::Dispute, Role::Provider, &payload);
    let of_another_kind = firm.entry(Kind::Receipt, Role::Consumer, &payload);
    let read = parse_dispute(&envelope(&payload, &[&consumer])).unwrap();
    assert_eq!(read.dispute, dispute);
    assert_eq!(
        scene
            .keys
            .check(&dispute.consumer, &read.signature, Deed::Statement),
        Ok(())
    );
    let cases: [(&[&Entry], Code); 4] = [
        (&[], Code::SignatureMissing),
        (&[&provider], Code::SignatureMissing),
        (&[&provider, &consumer], Code::SignatureCount),
        (&[&of_another_kind], Code::SignatureHeader),
    ];
    for (entries, code) in cases {
        let read = parse_dispute(&envelope(&payload, entries));
        assert_eq!(read.unwrap_err().code, code);
    }
    let json = hansa_audit_log::json::parse(&payload, LIMITS).unwrap();
    for (place, spoilt) in samples::spoilt(&json) {
        let counted = place == ".rows=2^50" || place == ".bytes=2^50";
        let read = dispute::from_bytes(&canonical(&spoilt));
        assert_eq!(read.is_ok(), counted, "{place}");
    }
}
