//! Tests: a mandate permits its limits and no more, at the times of the signature and of its log entry.

use super::{DAY, DisclosureClass, Mandate};
use crate::contract::signature::{SignatoryRole, Signature, SignatureVerifier, SignedMandate};
use crate::contract::signature_purpose::SignaturePurpose;
use crate::contract::{Agreement, Assignee};
use crate::fixture::{
    CONSUMER, PROVIDER, parse_participant, parse_time, sample_agreement, sample_signature,
};
use crate::id::ParticipantId;
use crate::refusal::{ErrorCode, Refusal};
use crate::term::Term;
use crate::term::legal_basis::LegalBasis;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeSet;

fn mandate() -> Mandate {
    Mandate {
        participant: parse_participant(PROVIDER),
        holder: "officer".to_owned(),
        capacity: "head of the data office".to_owned(),
        up_to: DisclosureClass::Rows,
        longest_days: 365,
        counterparties: BTreeSet::from([parse_participant(CONSUMER)]),
        not_before: parse_time("2026-01-01T00:00:00Z"),
        not_after: parse_time("2027-01-01T00:00:00Z"),
    }
}

fn rows() -> Agreement {
    sample_agreement("bikes", [Term::ResultRows(5)])
}

#[track_caller]
fn check(mandate: &Mandate, agreement: &Agreement, expect: Result<(), (ErrorCode, &str)>) {
    let at = parse_time("2026-06-01T00:00:00Z");
    let found = mandate.check_agreement(agreement, &parse_participant(PROVIDER), "officer", at);
    match (found, expect) {
        (Ok(()), Ok(())) => {}
        (Err(refusal), Err((code, word))) => {
            assert_eq!(refusal.code, code, "{refusal}");
            assert!(refusal.sentence.contains(word), "{refusal}");
        }
        (found, expect) => panic!("{found:?} instead of {expect:?}"),
    }
}

#[test]
fn a_mandate_permits_what_it_says_and_no_more() {
    let exceeded = |word| Err((ErrorCode::MandateExceeded, word));
    check(&mandate(), &rows(), Ok(()));
    for (change, expect) in [
        (
            Mandate {
                up_to: DisclosureClass::Aggregate,
                ..mandate()
            },
            exceeded("upTo"),
        ),
        (
            Mandate {
                longest_days: 364,
                ..mandate()
            },
            exceeded("longestDays"),
        ),
        (
            Mandate {
                counterparties: BTreeSet::from([parse_participant("hansa://other.example")]),
                ..mandate()
            },
            exceeded("counterparties"),
        ),
        (
            Mandate {
                counterparties: BTreeSet::new(),
                ..mandate()
            },
            Ok(()),
        ),
        (
            Mandate {
                holder: "another".to_owned(),
                ..mandate()
            },
            exceeded("holder"),
        ),
        (
            Mandate {
                participant: parse_participant(CONSUMER),
                ..mandate()
            },
            exceeded("participant"),
        ),
        (
            Mandate {
                not_after: parse_time("2026-06-01T00:00:00Z"),
                ..mandate()
            },
            Err((ErrorCode::MandateExpired, "until")),
        ),
        (
            Mandate {
                not_before: parse_time("2026-06-01T00:00:00Z").plus_micros(1),
                ..mandate()
            },
            Err((ErrorCode::MandateExpired, "from")),
        ),
    ] {
        check(&change, &rows(), expect);
    }
    let longer = Agreement {
        not_after: rows().not_before.plus_micros(365 * DAY + 1),
        ..rows()
    };
    check(&mandate(), &longer, exceeded("longestDays"));
}

/// Verifier that accepts every signature; mandates are required, and some are revoked.
struct MandateKeys {
    revoked: Digest,
    logged: UtcTimestamp,
}

impl SignatureVerifier for MandateKeys {
    fn check_signature(
        &self,
        _: &ParticipantId,
        _: &Signature,
        _: SignaturePurpose,
    ) -> Result<(), Refusal> {
        Ok(())
    }

    fn needs_mandate(&self, _: &ParticipantId) -> bool {
        true
    }

    fn mandate_revoked(&self, _: &ParticipantId, one: &SignedMandate, _: &Signature) -> bool {
        one.statement == self.revoked
    }

    fn logged_at(&self) -> Option<UtcTimestamp> {
        Some(self.logged)
    }
}

#[test]
fn what_rests_on_a_mandate_is_judged_when_it_was_made_and_when_it_was_logged() {
    let agreement = rows();
    let party = &agreement.provider;
    let made = parse_time("2026-06-01T00:00:00Z");
    let resting = |mandate: Option<Mandate>| Signature {
        kid: "officer".to_owned(),
        issued_at: made.micros() / 1_000_000,
        mandate: mandate.map(|mandate| {
            Box::new(SignedMandate {
                statement: Digest::of(b"good"),
                mandate,
                signature: sample_signature(SignatoryRole::Provider, party),
                bytes: Vec::new(),
            })
        }),
        ..sample_signature(SignatoryRole::Provider, party)
    };
    let judged = |mandate: Option<Mandate>, revoked: &str, logged: &str| {
        let keys = MandateKeys {
            revoked: Digest::of(revoked.as_bytes()),
            logged: parse_time(logged),
        };
        super::check_mandate(&agreement, party, &resting(mandate), &keys)
            .map_err(|refusal| refusal.code)
    };
    let later = "2026-06-02T00:00:00Z";
    assert_eq!(judged(Some(mandate()), "other", later), Ok(()));
    let missing = judged(None, "other", later);
    assert_eq!(missing, Err(ErrorCode::MandateMissing));
    let revoked = judged(Some(mandate()), "good", later);
    assert_eq!(revoked, Err(ErrorCode::MandateRevoked));
    // The time of the signature and that of the log must both be valid.
    for (not_before, not_after) in [
        ("2026-01-01T00:00:00Z", "2026-06-01T12:00:00Z"),
        ("2026-06-01T12:00:00Z", "2027-01-01T00:00:00Z"),
    ] {
        let mandate = Mandate {
            not_before: parse_time(not_before),
            not_after: parse_time(not_after),
            ..mandate()
        };
        let over = judged(Some(mandate), "other", later);
        assert_eq!(over, Err(ErrorCode::MandateExpired), "{not_before}");
    }
    let itself = Signature {
        kid: party.signing_key.clone(),
        ..resting(Some(mandate()))
    };
    let keys = MandateKeys {
        revoked: Digest::of(b"other"),
        logged: made,
    };
    let refusal = super::check_mandate(&agreement, party, &itself, &keys).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::MandateExceeded);
    assert!(refusal.sentence.contains("itself"), "{refusal}");
}

#[test]
fn the_class_of_a_contract_is_named_with_its_clause() {
    let personal = sample_agreement(
        "bikes",
        [
            Term::ResultRows(5),
            Term::LegalBasis(LegalBasis::PublicTask),
        ],
    );
    assert_eq!(
        DisclosureClass::for_agreement(&personal).0,
        DisclosureClass::Personal
    );
    let at = parse_time("2026-06-01T00:00:00Z");
    let refusal = mandate()
        .check_agreement(&personal, &parse_participant(PROVIDER), "officer", at)
        .unwrap_err();
    assert_eq!(
        refusal.clause.map(|clause| clause.to_string()),
        Some("#c2".to_owned())
    );
    let public = Agreement {
        assignee: Assignee::Public,
        ..rows()
    };
    assert_eq!(
        DisclosureClass::for_agreement(&public),
        (DisclosureClass::Public, None)
    );
    assert_eq!(
        DisclosureClass::for_agreement(&rows()),
        (DisclosureClass::Rows, None)
    );
    for class in DisclosureClass::ALL {
        assert_eq!(DisclosureClass::from_word(class.as_str()), Some(class));
    }
}
