//! `contract wait`: comes back when it is our turn, or when the negotiation has ended.

use super::collect;
use super::find::{held, loaded};
use super::step::{in_force_from, told};
use super::words::turn_sentence;
use crate::desk::Outcome;
use crate::desk::out::Out;
use crate::node::Node;
use hansa_policy::contract::Standing;
use hansa_policy::negotiate::Phase;
use hansa_policy::refusal::{Code, Refusal};
use std::sync::Arc;
use std::time::Duration;

/// Pause between two looks at what the other participants have sent.
const PAUSE: Duration = Duration::from_secs(1);

/// Waits until a negotiation has ended, or waits for us; with 0 where its contract is in force, else with the status of a state
/// that does not allow what is wished.
///
/// # Errors
/// `NEGOTIATION_UNKNOWN`, or `NEGOTIATION_STATE` where it was terminated.
pub(super) async fn wait(node: &Arc<Node>, prefix: &str, out: &Out) -> Outcome {
    let mut first = true;
    loop {
        // Who can't be reached is mentioned once; he may come back.
        if first {
            collect(node, out).await?;
        } else {
            for peer in node.peers()? {
                let _unreached = crate::walk::post::pump(node, &peer).await;
            }
        }
        first = false;
        let (name, open) = match loaded(node, prefix) {
            Ok(found) => found,
            // A contract whose negotiation is over long since is named by its own name.
            Err(unknown) if unknown.code == Code::NegotiationUnknown => {
                let contract = held(node, prefix).map_err(|_| unknown)?;
                let standing = node.book(|book| {
                    book.stands(contract, node.now())
                        .map(|(_, standing)| standing)
                });
                return match standing {
                    Some(Standing::InForce) => {
                        out.text(format!("contract {} is in force", contract.short()))
                            .await?;
                        Ok(0)
                    }
                    standing => Err(Refusal::new(
                        Code::NegotiationState,
                        format!(
                            "contract {} is {}",
                            contract.short(),
                            standing.map_or("not here", Standing::as_str)
                        ),
                    )
                    .into()),
                };
            }
            Err(refusal) => return Err(refusal.into()),
        };
        let ours = open.state.turn() == Some(open.own);
        match open.state.phase() {
            Phase::Finalized => {
                return told(node, &name, Ok(()), out, |open| in_force_from(node, open)).await;
            }
            Phase::Terminated => {
                return Err(Refusal::new(
                    Code::NegotiationState,
                    format!("{name}: {}", turn_sentence(&open)),
                )
                .into());
            }
            _ if ours => {
                return told(node, &name, Ok(()), out, |open| {
                    format!("{name}: {}", turn_sentence(open))
                })
                .await;
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}
