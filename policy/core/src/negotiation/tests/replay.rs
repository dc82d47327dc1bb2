//! Tests: recorded messages are replayed as they were processed, also by a program that would judge them otherwise today.

use super::*;

#[test]
fn what_was_judged_then_is_not_judged_anew() {
    let p = proposal(5);
    let negotiator = newer();
    let code = open_negotiation(
        parties(),
        negotiation_message(0, Consumer, request(&p)),
        &later(&negotiator),
    )
    .unwrap_err();
    assert_eq!(code.code, ErrorCode::PolicyContradiction);
    let mut state = opened_again(&negotiator, &p);
    for (number, from, content) in [
        (1, Provider, agree(&p)),
        (2, Consumer, verify(&p)),
        (3, Provider, finalize(&p)),
    ] {
        (state, _) = step_again(
            &state,
            negotiation_message(number, from, content),
            &later(&negotiator),
        )
        .unwrap();
    }
    assert_eq!(state.phase(), Phase::Finalized);
}

#[test]
fn signatures_are_checked_as_ever() {
    let p = proposal(5);
    let negotiator = newer();
    let state = opened_again(&negotiator, &p);
    let mut forged = signed(&p, &[SignatoryRole::Provider]);
    forged.signatures[0].signature.push(0);
    let refusal = step_again(
        &state,
        negotiation_message(1, Provider, agreed(forged)),
        &later(&negotiator),
    );
    assert_eq!(refusal.unwrap_err().code, ErrorCode::SignatureInvalid);
}

/// Provider with a newer vocabulary and without offers.
fn newer() -> TestNegotiator {
    let mut negotiator = TestNegotiator {
        offered: OfferMatch::Nothing,
        ..TestNegotiator::of(Provider)
    };
    negotiator.purposes.label = "9.9:sha256:newer".to_owned();
    negotiator
}

/// Facts of the provider, years later.
fn later(negotiator: &TestNegotiator) -> NegotiationContext<'_> {
    NegotiationContext {
        now: parse_time("2030-01-01T00:00:00Z"),
        ..negotiator.facts()
    }
}

fn opened_again(negotiator: &TestNegotiator, proposal: &Proposal) -> NegotiationState {
    let first = negotiation_message(0, Consumer, request(proposal));
    let (state, _) = open_again(parties(), first, &later(negotiator)).unwrap();
    state
}

fn negotiation_message(
    number: u8,
    from: PartyRole,
    content: NegotiationContent,
) -> NegotiationMessage {
    NegotiationMessage {
        id: NegotiationMessageId([number; 16]),
        from,
        content,
    }
}
