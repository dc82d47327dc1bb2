//! Property: whatever the messages and their order, nothing is final without both signatures.

use super::*;
use crate::fixture::random_terms::SeededRandom;

/// Random messages of both sides, valid and forged, some of them repeated.
#[test]
fn random_messages_reach_nothing_final_without_both_signatures() {
    let mut random = SeededRandom(1);
    let (mut finals, mut refused, mut repeated) = (0, 0, 0);
    for round in 0..3_000 {
        let mut negotiator = TestNegotiator::of(if round % 2 == 0 { Provider } else { Consumer });
        let mut said: Vec<(NegotiationMessageId, PartyRole, NegotiationContent)> = Vec::new();
        for count in 0..12 {
            let id = NegotiationMessageId([count; 16]);
            let (side, content) = saying(&mut random, negotiator.state.as_ref());
            let before = negotiator.state.clone();
            match negotiator.hear_as(id, side, content.clone()) {
                Ok(_) => said.push((id, side, content)),
                Err(_) => {
                    refused += 1;
                    assert_eq!(
                        negotiator.state, before,
                        "a refused message changes nothing"
                    );
                }
            }
            if !said.is_empty() {
                repeated += 1;
                let (id, side, content) = random.choose_item(&said);
                let before = negotiator.state.clone();
                let first = before.as_ref().unwrap().handled[&(side, id)].sends.clone();
                assert_eq!(negotiator.hear_as(id, side, content), Ok(first));
                assert_eq!(
                    negotiator.state, before,
                    "a repeated message changes nothing"
                );
                let other = negotiator.hear_as(id, side, decline("other"));
                assert_eq!(other, Err(ErrorCode::RequestIdReused));
            }
        }
        let Some(state) = negotiator.state else {
            continue;
        };
        if state.phase() == Phase::Finalized {
            finals += 1;
            let agreed = state
                .signed_contract()
                .unwrap()
                .clone()
                .verify(&PartyNameKeys)
                .unwrap();
            assert_eq!(agreed.id(), state.proposal().contract);
            let said_by = |wanted: &str, by: PartyRole| {
                said.iter()
                    .any(|(_, side, content)| *side == by && content.as_str() == wanted)
            };
            assert!(said_by("agreement", Provider) && said_by("verification", Consumer));
        }
    }
    assert!(finals > 100, "{finals} rounds were finalised");
    assert!(refused > 1_000 && repeated > 1_000, "{refused} {repeated}");
}

/// Usually the next valid message, so that many negotiations end; its signatures are sometimes forged.
fn saying(
    random: &mut SeededRandom,
    state: Option<&NegotiationState>,
) -> (PartyRole, NegotiationContent) {
    let p = proposal(if random.draw_below(6) == 0 { 2 } else { 1 });
    let forged = random.draw_below(8) == 0;
    let by = |roles: &[SignatoryRole]| {
        let mut signed = signed(&p, roles);
        if forged {
            for signature in &mut signed.signatures {
                signature.signature.push(0);
            }
        }
        signed
    };
    let due = state.and_then(|state| {
        let side = state.next_side()?;
        Some((side, state.next_message(side)?))
    });
    if let Some((side, send)) = due
        && random.draw_below(3) > 0
    {
        let content = match send {
            NextMessage::Acceptance(_) => accept(&p),
            NextMessage::Agreement(_) => agreed(by(&[SignatoryRole::Provider])),
            NextMessage::Verification(_) => verified(by(&[SignatoryRole::Consumer])),
            NextMessage::Finalization(_) => finalized(by(&BOTH)),
        };
        return (side, content);
    }
    let roles = random.choose_item(&[&BOTH[..1], &BOTH[1..], &BOTH]);
    let content = match random.draw_below(9) {
        0 | 1 => request(&p),
        2 | 3 => offer(&p),
        4 => accept(&p),
        5 => agreed(by(roles)),
        6 => verified(by(roles)),
        7 => finalized(by(roles)),
        _ => decline("no"),
    };
    (random.choose_item(&[Provider, Consumer]), content)
}
