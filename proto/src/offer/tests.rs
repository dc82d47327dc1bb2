//! Offers are read in exactly the form that they are written in.

use super::*;
use crate::samples;

fn offer() -> Offer {
    let agreement = samples::sample_agreement();
    Offer {
        dataset: agreement.dataset.id,
        title: "Daily figures".to_owned(),
        clauses: agreement.clauses,
        own_purposes: agreement.own_purposes,
        not_before: agreement.not_before,
        not_after: agreement.not_after,
        legal: agreement.legal,
        template: agreement.template,
        to: OfferRecipients::League,
        sign: SigningMode::Officer,
    }
}

fn reader() -> ParticipantId {
    "firma.example".parse().unwrap()
}

#[track_caller]
fn check(offer: &Offer) {
    assert_eq!(
        from_bytes(&to_bytes(&offer.clone().into(), &reader())).as_ref(),
        Ok(offer)
    );
}

#[test]
fn an_offer_survives_the_round_trip() {
    check(&offer());
    check(&Offer {
        to: OfferRecipients::Public,
        sign: SigningMode::Auto,
        legal: None,
        own_purposes: Vec::new(),
        clauses: Vec::new(),
        ..offer()
    });
    check(&Offer {
        to: OfferRecipients::Participants(BTreeSet::from([reader()])),
        ..offer()
    });
    let template = samples::agreement_from_template().template;
    let filled = Offer {
        template,
        ..offer()
    };
    check(&filled);
    assert_ne!(filled.id(), offer().id(), "it is another offer");
    for clause in samples::sample_clauses() {
        check(&Offer {
            clauses: vec![clause],
            ..offer()
        });
    }
}

#[test]
fn a_reader_does_not_learn_who_else_may_have_it() {
    let other: ParticipantId = "other.example".parse().unwrap();
    let offer = IdentifiedOffer::from(Offer {
        to: OfferRecipients::Participants(BTreeSet::from([reader(), other.clone()])),
        ..offer()
    });
    let bytes = to_bytes(&offer, &reader());
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(!text.contains("other.example"), "{text}");
    let read = from_bytes(&bytes).unwrap();
    assert_eq!(
        read.to,
        OfferRecipients::Participants(BTreeSet::from([reader()]))
    );
    assert_eq!(read.id(), offer.id());
    let stranger: ParticipantId = "stranger.example".parse().unwrap();
    assert!(from_bytes(&to_bytes(&offer, &stranger)).is_err());
}

#[test]
fn what_is_unknown_missing_or_ill_typed_is_refused() {
    let json = to_json(&offer().into(), &reader());
    for (place, spoilt) in samples::spoilt_documents(&json) {
        assert!(from_json(&spoilt).is_err(), "{place}");
    }
}

#[test]
fn each_place_says_the_same() {
    let good = String::from_utf8(to_bytes(&offer().into(), &reader())).unwrap();
    let check = |from: &str, to: &str, code: ErrorCode| {
        assert!(good.contains(from), "no {from} in {good}");
        let refusal = from_bytes(good.replacen(from, to, 1).as_bytes()).expect_err(to);
        assert_eq!(refusal.code, code, "{refusal}");
    };
    use ErrorCode::{PeerDataInvalid, TermUnknown};
    check("h:sum", "h:median", TermUnknown);
    check("\"h:sum\"", "\"h:count\"", ErrorCode::TermIllTyped);
    check("\"100000\"", "\"100001\"", PeerDataInvalid);
    check("2027-12-01", "2028-12-01", PeerDataInvalid);
    check("\"league\"", "\"public\"", PeerDataInvalid);
    check("\"league\"", "\"anybody\"", PeerDataInvalid);
    check("\"league\"", "[]", PeerDataInvalid);
    check("\"officer\"", "\"nobody\"", PeerDataInvalid);
    check("urn:sha256:", "urn:uuid:", PeerDataInvalid);
    check(
        "\"@type\":\"Offer\"",
        "\"@type\":\"Agreement\"",
        TermUnknown,
    );
    check(
        "\"assigner\":\"hansa://munster",
        "\"assigner\":\"hansa://lubeck",
        TermUnknown,
    );
}
