//! `contract wait`: comes back when it is our turn, or when the negotiation has ended.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::contract::contract_lookup::{contract_by_prefix, load_negotiation};
use crate::contract::exchange_messages;
use crate::contract::negotiation_step::{in_force_from, report_step};
use hansa_node::participant::Connector;
use hansa_policy::contract::ContractStatus;
use hansa_policy::negotiation::Phase;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;
use std::time::Duration;

/// Pause between two looks at what the other participants have sent.
const PAUSE: Duration = Duration::from_secs(1);

/// Waits until a negotiation has ended, or waits for us; with 0 where its contract is in force, else with the status of a state
/// that does not allow what is wished.
///
/// # Errors
/// `NEGOTIATION_UNKNOWN`, or `NEGOTIATION_STATE` where it was terminated.
pub(super) async fn wait_for_outcome(
    connector: &Arc<Connector>,
    prefix: &str,
    out: &EventSink,
) -> CommandResult {
    let mut first = true;
    loop {
        // Who can't be reached is mentioned once; he may come back.
        if first {
            exchange_messages(connector, out).await?;
        } else {
            for peer in connector.known_peers()? {
                let _unreached =
                    hansa_node::peer::mailbox::exchange_messages(connector, &peer).await;
            }
        }
        first = false;
        let (name, open) = match load_negotiation(connector, prefix) {
            Ok(found) => found,
            // A contract whose negotiation is over long since is named by its own name.
            Err(unknown) if unknown.code == ErrorCode::NegotiationUnknown => {
                let contract = contract_by_prefix(connector, prefix).map_err(|_| unknown)?;
                let status = connector.contracts.with_registry(|registry| {
                    registry
                        .find_contract(contract, connector.now())
                        .map(|(_, status)| status)
                });
                return match status {
                    Some(ContractStatus::InForce) => {
                        out.send_text(format!("contract {} is in force", contract.to_short_text()))
                            .await?;
                        Ok(0)
                    }
                    status => Err(Refusal::new(
                        ErrorCode::NegotiationState,
                        format!(
                            "contract {} is {}",
                            contract.to_short_text(),
                            status.map_or("not here", ContractStatus::as_str)
                        ),
                    )
                    .into()),
                };
            }
            Err(refusal) => return Err(refusal.into()),
        };
        let ours = open.state.next_side() == Some(open.own);
        match open.state.phase() {
            Phase::Finalized => {
                return report_step(connector, &name, Ok(()), out, |open| {
                    in_force_from(connector, open)
                })
                .await;
            }
            Phase::Terminated => {
                return Err(Refusal::new(
                    ErrorCode::NegotiationState,
                    format!("{name}: {}", open.turn_sentence()),
                )
                .into());
            }
            _ if ours => {
                return report_step(connector, &name, Ok(()), out, |open| {
                    format!("{name}: {}", open.turn_sentence())
                })
                .await;
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}
