//! The property: whatever is said in whatever order, nothing is final without both signatures.

use super::*;

/// Random messages of both sides, good ones and forged ones, some of them repeated.
#[test]
fn random_messages_reach_nothing_final_without_both_signatures() {
    let mut seed = 1_u64;
    let mut next = |below: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let proposals = [proposal(1), proposal(2)];
    let (mut finals, mut refused, mut repeated) = (0, 0, 0);
    for round in 0..3_000 {
        let mut desk = Desk::of(if round % 2 == 0 { Provider } else { Consumer });
        let mut said: Vec<(MessageId, Side, Content)> = Vec::new();
        for count in 0..12_u8 {
            let p = &proposals[usize::from(next(6) == 0)];
            let bad = next(8) == 0;
            let roles: &[Role] = [
                &[Role::Provider][..],
                &[Role::Consumer],
                &[Role::Provider, Role::Consumer],
            ][next(3)];
            let forged = |mut signed: SignedContract| {
                if bad {
                    signed
                        .signatures
                        .iter_mut()
                        .for_each(|s| s.signature.push(0));
                }
                signed
            };
            // Mostly what is due, so that many rounds come to an end.
            let due = desk.state.as_ref().and_then(|state| {
                state
                    .turn()
                    .and_then(|side| state.due(side))
                    .zip(state.turn())
            });
            let (side, content) = match (next(3), due) {
                (1.., Some((Send::Acceptance(_), side))) => (side, accept(p)),
                (1.., Some((Send::Agreement(_), side))) => (
                    side,
                    Content::Agreement {
                        signed: forged(signed(p, &[Role::Provider])),
                    },
                ),
                (1.., Some((Send::Verification(_), side))) => (
                    side,
                    Content::Verification {
                        signed: forged(signed(p, &[Role::Consumer])),
                    },
                ),
                (1.., Some((Send::Finalization(_), side))) => {
                    let both = [Role::Provider, Role::Consumer];
                    (
                        side,
                        Content::Finalization {
                            signed: forged(signed(p, &both)),
                        },
                    )
                }
                _ => {
                    let side = [Provider, Consumer][next(2)];
                    let content = match next(9) {
                        0 | 1 => request(p),
                        2 | 3 => offer(p),
                        4 => accept(p),
                        5 => Content::Agreement {
                            signed: forged(signed(p, roles)),
                        },
                        6 => Content::Verification {
                            signed: forged(signed(p, roles)),
                        },
                        7 => Content::Finalization {
                            signed: forged(signed(p, roles)),
                        },
                        _ => decline(),
                    };
                    (side, content)
                }
            };
            let id = MessageId([count; 16]);
            let before = desk.state.clone();
            match desk.hear_as(id, side, content.clone()) {
                Ok(_) => said.push((id, side, content)),
                Err(_) => {
                    refused += 1;
                    assert_eq!(desk.state, before, "a refused message changes nothing");
                }
            }
            if let Some((id, side, content)) = said.get(next(said.len().max(1))).cloned() {
                repeated += 1;
                let before = desk.state.clone();
                let first = before.as_ref().unwrap().heard[&(side, id)].sends.clone();
                assert_eq!(desk.hear_as(id, side, content), Ok(first));
                assert_eq!(desk.state, before, "a repeated message changes nothing");
                assert_eq!(
                    desk.hear_as(
                        id,
                        side,
                        Content::Termination {
                            code: None,
                            reason: "other".into()
                        }
                    ),
                    Err(Code::RequestIdReused)
                );
            }
        }
        let Some(state) = desk.state else { continue };
        if state.phase() == Phase::Finalized {
            finals += 1;
            let agreed = state.signed().unwrap().clone().verify(&Keys).unwrap();
            assert_eq!(agreed.id(), state.proposal().contract);
            let said_by = |wanted: &str, by: Side| {
                said.iter()
                    .any(|(_, side, content)| *side == by && content.as_str() == wanted)
            };
            assert!(said_by("agreement", Provider) && said_by("verification", Consumer));
        }
    }
    assert!(finals > 100, "{finals} rounds were finalised");
    assert!(refused > 1_000 && repeated > 1_000, "{refused} {repeated}");
}
