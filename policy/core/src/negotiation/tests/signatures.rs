//! Who signs, and that each signature is checked when it comes.

use super::*;

#[test]
fn an_offer_that_the_connector_signs_is_agreed_at_once() {
    let p = proposal(5);
    let mut desk = TestNegotiator {
        offered: OfferMatch::Auto,
        ..TestNegotiator::of(Provider)
    };
    let agreement = vec![NextMessage::Agreement(p.contract)];
    assert_eq!(desk.hear(Consumer, request(&p)), Ok(agreement));
}

#[test]
fn a_word_given_beforehand_is_for_one_text_of_our_own() {
    let (p, q) = (proposal(5), proposal(6));
    let asked = |own| {
        let mut desk = TestNegotiator::of(own);
        desk.beforehand = true;
        desk.hear(Consumer, request(&p)).unwrap();
        desk
    };
    let mut desk = asked(Provider);
    let consent = desk.state.as_ref().unwrap().consent();
    assert_eq!(consent, None, "the peer's message is not our word");
    desk.hear(Provider, offer(&q)).unwrap();
    desk.beforehand = false;
    let agreement = vec![NextMessage::Agreement(q.contract)];
    assert_eq!(desk.hear(Consumer, accept(&q)), Ok(agreement));

    let mut desk = asked(Consumer);
    desk.beforehand = false;
    let verification = vec![NextMessage::Verification(p.contract)];
    assert_eq!(desk.hear(Provider, agree(&p)), Ok(verification));

    let mut desk = asked(Consumer);
    desk.beforehand = false;
    desk.hear(Provider, offer(&q)).unwrap();
    desk.hear(Consumer, accept(&q)).unwrap();
    let sends = desk.hear(Provider, agree(&q));
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
        let mut desk = TestNegotiator::of(Consumer);
        desk.hear(Consumer, request(&p)).unwrap();
        let mut signed = signed(&p, &[SignatoryRole::Provider]);
        change(&mut signed);
        let code = desk.hear(Provider, agreed(signed)).err();
        assert_eq!(code, expect, "case {number}");
    }
}

#[test]
fn one_signature_twice_is_not_two() {
    let p = proposal(5);
    let mut desk = TestNegotiator::of(Consumer);
    for (from, content) in [
        (Consumer, request(&p)),
        (Provider, agree(&p)),
        (Consumer, verify(&p)),
    ] {
        desk.hear(from, content).unwrap();
    }
    for roles in [
        &[SignatoryRole::Provider][..],
        &[SignatoryRole::Provider, SignatoryRole::Provider],
    ] {
        let said = desk.hear(Provider, finalized(signed(&p, roles)));
        assert_eq!(said, Err(ErrorCode::SignatureMissing), "{roles:?}");
    }
    assert_eq!(desk.phase(), Some(Phase::Verified));
}
