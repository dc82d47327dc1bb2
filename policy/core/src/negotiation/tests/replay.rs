//! Letters of a log are read again as they were taken in, also by a program that would judge them otherwise now.

use super::*;

#[test]
fn what_was_judged_then_is_not_judged_anew() {
    let p = proposal(5);
    let desk = newer();
    let code = open(parties(), letter(0, Consumer, request(&p)), &later(&desk)).unwrap_err();
    assert_eq!(code.code, ErrorCode::PolicyContradiction);
    let mut state = opened_again(&desk, &p);
    for (number, from, content) in [
        (1, Provider, agree(&p)),
        (2, Consumer, verify(&p)),
        (3, Provider, finalize(&p)),
    ] {
        (state, _) = step_again(&state, letter(number, from, content), &later(&desk)).unwrap();
    }
    assert_eq!(state.phase(), Phase::Finalized);
}

#[test]
fn signatures_are_checked_as_ever() {
    let p = proposal(5);
    let desk = newer();
    let state = opened_again(&desk, &p);
    let mut forged = signed(&p, &[SignatoryRole::Provider]);
    forged.signatures[0].signature.push(0);
    let refusal = step_again(&state, letter(1, Provider, agreed(forged)), &later(&desk));
    assert_eq!(refusal.unwrap_err().code, ErrorCode::SignatureInvalid);
}

/// A provider with a newer vocabulary that offers nothing any more.
fn newer() -> TestNegotiator {
    let mut desk = TestNegotiator {
        offered: OfferMatch::Nothing,
        ..TestNegotiator::of(Provider)
    };
    desk.purposes.label = "9.9:sha256:newer".to_owned();
    desk
}

/// Its facts, years later.
fn later(desk: &TestNegotiator) -> NegotiationContext<'_> {
    NegotiationContext {
        now: time("2030-01-01T00:00:00Z"),
        ..desk.facts()
    }
}

fn opened_again(desk: &TestNegotiator, proposal: &Proposal) -> NegotiationState {
    let first = letter(0, Consumer, request(proposal));
    let (state, _) = open_again(parties(), first, &later(desk)).unwrap();
    state
}

fn letter(number: u8, from: PartyRole, content: NegotiationContent) -> NegotiationMessage {
    NegotiationMessage {
        id: NegotiationMessageId([number; 16]),
        from,
        content,
    }
}
