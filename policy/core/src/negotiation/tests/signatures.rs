//! Tests of the signers, and of the check of each signature on arrival.

use super::*;

#[test]
fn an_offer_that_the_connector_signs_is_agreed_at_once() {
    let p = proposal(5);
    let mut negotiator = TestNegotiator {
        offered: OfferMatch::Auto,
        ..TestNegotiator::of(Provider)
    };
    let agreement = vec![NextMessage::Agreement(p.contract)];
    assert_eq!(negotiator.hear(Consumer, request(&p)), Ok(agreement));
}

#[test]
fn a_word_given_beforehand_is_for_one_text_of_our_own() {
    let (p, q) = (proposal(5), proposal(6));
    let asked = |own| {
        let mut negotiator = TestNegotiator::of(own);
        negotiator.beforehand = true;
        negotiator.hear(Consumer, request(&p)).unwrap();
        negotiator
    };
    let mut negotiator = asked(Provider);
    let consent = negotiator.state.as_ref().unwrap().consent();
    assert_eq!(consent, None, "the peer's message is not our word");
    negotiator.hear(Provider, offer(&q)).unwrap();
    negotiator.beforehand = false;
    let agreement = vec![NextMessage::Agreement(q.contract)];
    assert_eq!(negotiator.hear(Consumer, accept(&q)), Ok(agreement));

    let mut negotiator = asked(Consumer);
    negotiator.beforehand = false;
    let verification = vec![NextMessage::Verification(p.contract)];
    assert_eq!(negotiator.hear(Provider, agree(&p)), Ok(verification));

    let mut negotiator = asked(Consumer);
    negotiator.beforehand = false;
    negotiator.hear(Provider, offer(&q)).unwrap();
    negotiator.hear(Consumer, accept(&q)).unwrap();
    let sends = negotiator.hear(Provider, agree(&q));
    assert_eq!(sends, Ok(vec![]), "the word was for another text");
}

#[test]
fn signatures_are_checked_when_they_come() {
    let p = proposal(5);
    let cases: [(fn(&mut SignedContract), _); 8] = [
        (|_| {}, None),
        (|s| s.signatures.clear(), Some(ErrorCode::SignatureMissing)),
        (
            |s| s.signatures[0].signature.push(0),
            Some(ErrorCode::SignatureInvalid),
        ),
        (
            |s| s.signatures[0].kid.push('x'),
            Some(ErrorCode::SignerNotParty),
        ),
        (
            |s| s.signatures[0].role = SignatoryRole::Consumer,
            Some(ErrorCode::SignatureMissing),
        ),
        (
            |s| s.signatures.push(s.signatures[0].clone()),
            Some(ErrorCode::SignatureCount),
        ),
        (
            |s| s.id = proposal(6).contract,
            Some(ErrorCode::NegotiationState),
        ),
        (
            |s| s.agreement.clauses.clear(),
            Some(ErrorCode::ContractMalformed),
        ),
    ];
    for (number, (change, expect)) in cases.into_iter().enumerate() {
        let mut negotiator = TestNegotiator::of(Consumer);
        negotiator.hear(Consumer, request(&p)).unwrap();
        let mut signed = signed(&p, &[SignatoryRole::Provider]);
        change(&mut signed);
        let code = negotiator.hear(Provider, agreed(signed)).err();
        assert_eq!(code, expect, "case {number}");
    }
}

#[test]
fn one_signature_twice_is_not_two() {
    let p = proposal(5);
    let mut negotiator = TestNegotiator::of(Consumer);
    for (from, content) in [
        (Consumer, request(&p)),
        (Provider, agree(&p)),
        (Consumer, verify(&p)),
    ] {
        negotiator.hear(from, content).unwrap();
    }
    for roles in [
        &[SignatoryRole::Provider][..],
        &[SignatoryRole::Provider, SignatoryRole::Provider],
    ] {
        let replies = negotiator.hear(Provider, finalized(signed(&p, roles)));
        assert_eq!(replies, Err(ErrorCode::SignatureMissing), "{roles:?}");
    }
    assert_eq!(negotiator.phase(), Some(Phase::Verified));
}
