//! Tests: an envelope contains exactly its permitted members.

mod fixture;
mod josekit_gaps;
mod statements;

use super::*;
use crate::envelope::tests::fixture::{PartyKey, SignatureEntry, envelope_fixture, flipped};
use hansa_policy::contract::Agreement;

#[test]
fn two_signatures_make_a_contract() {
    let fixture = envelope_fixture();
    let agreed = fixture.accept(&fixture.signed()).unwrap();
    assert_eq!(agreed.agreement(), &fixture.agreement);
    assert_eq!(agreed.id(), ContractId(Digest::of(&fixture.payload)));
    // Halves that were read separately are assembled in either order.
    let halves: Vec<Signature> = [
        (SignatoryRole::Consumer, fixture.consumer()),
        (SignatoryRole::Provider, fixture.provider()),
    ]
    .into_iter()
    .flat_map(|(role, entry)| {
        let half = parse_half(&fixture.with(&[&entry]), role).unwrap();
        assert_eq!(half.agreement, fixture.agreement);
        half.signatures
    })
    .collect();
    let whole = assemble_signed(&fixture.payload, &halves);
    assert_eq!(fixture.accept(&whole).unwrap().id(), agreed.id());
}

#[test]
fn exactly_two_signatures_of_two_parties_are_read() {
    let fixture = envelope_fixture();
    let [munster, firm] = &fixture.keys.0;
    let (provider, consumer) = (&fixture.provider(), &fixture.consumer());
    let one_key_for_both = &munster.entry(
        StatementKind::Agreement,
        SignatoryRole::Consumer,
        &fixture.payload,
    );
    let by_somebody_else = &PartyKey::p256("other.example").entry(
        StatementKind::Agreement,
        SignatoryRole::Consumer,
        &fixture.payload,
    );
    let of_another_kind = &firm.entry(
        StatementKind::Receipt,
        SignatoryRole::Consumer,
        &fixture.payload,
    );
    let later = contract::to_bytes(&Agreement {
        version: 2,
        ..fixture.agreement.clone()
    });
    let on_another_payload = &firm.entry(StatementKind::Agreement, SignatoryRole::Consumer, &later);
    let cases: [(&[&SignatureEntry], ErrorCode); 10] = [
        (&[], ErrorCode::SignatureMissing),
        (&[provider], ErrorCode::SignatureMissing),
        (&[consumer], ErrorCode::SignatureMissing),
        (&[provider, provider], ErrorCode::SignatureMissing),
        (&[consumer, provider], ErrorCode::SignatureMissing),
        (&[provider, consumer, consumer], ErrorCode::SignatureCount),
        (&[provider, one_key_for_both], ErrorCode::SignerNotParty),
        (&[provider, by_somebody_else], ErrorCode::SignerNotParty),
        (&[provider, of_another_kind], ErrorCode::SignatureHeader),
        (&[provider, on_another_payload], ErrorCode::SignatureInvalid),
    ];
    for (entries, code) in cases {
        fixture.refused(&fixture.with(entries), code);
    }
}

#[test]
fn other_members_and_other_spellings_are_refused() {
    let fixture = envelope_fixture();
    let text = String::from_utf8(fixture.signed()).unwrap();
    let check = |from: &str, to: &str| {
        let other = text.replacen(from, to, 1);
        assert_ne!(other, text);
        fixture.refused(other.as_bytes(), ErrorCode::ContractMalformed);
    };
    check("]}", "]}\n");
    check("{\"payload\"", "{ \"payload\"");
    check("{\"payload\"", "{\"header\":{},\"payload\"");
    check(",\"signatures\"", ",\"protected\":\"e30\",\"signatures\"");
    check("\"payload\":\"", "\"payload\":\"=");
    let (head, tail) = text.split_once(",\"signatures\":").unwrap();
    let turned = format!(
        "{{\"signatures\":{},{}}}",
        tail.trim_end_matches('}'),
        head.trim_start_matches('{')
    );
    fixture.refused(turned.as_bytes(), ErrorCode::ContractMalformed);
}

#[test]
fn any_flipped_byte_of_payload_headers_or_signatures_is_refused() {
    let fixture = envelope_fixture();
    let good = fixture.signed();
    assert!(fixture.accept(&good).is_ok());
    // Every byte of the file, which contains all three parts in base64url.
    for bit in [0, 5] {
        for (index, bad) in flipped(&good, bit) {
            assert!(fixture.accept(&bad).is_err(), "byte {index} bit {bit}");
        }
    }
    // Every byte of the decoded parts.
    let entries = [fixture.provider(), fixture.consumer()];
    for (index, payload) in flipped(&fixture.payload, 0) {
        let bad = assemble_statement(&payload, &entries);
        assert!(fixture.accept(&bad).is_err(), "payload {index}");
    }
    for which in [0, 1] {
        let mut changed = entries.clone();
        let header = base64url::decode(&entries[which].0).unwrap();
        for (index, header) in flipped(&header, 0) {
            changed[which].0 = base64url::encode(&header);
            let bad = assemble_statement(&fixture.payload, &changed);
            assert!(fixture.accept(&bad).is_err(), "header {index}");
        }
        changed[which].0.clone_from(&entries[which].0);
        for (_, signature) in flipped(&entries[which].1, 0) {
            changed[which].1 = signature;
            fixture.refused(
                &assemble_statement(&fixture.payload, &changed),
                ErrorCode::SignatureInvalid,
            );
        }
    }
}
