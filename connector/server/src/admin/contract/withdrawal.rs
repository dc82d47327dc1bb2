//! `contract withdraw`: a person ends a contract.

use super::contract_lookup::{contract_by_prefix, sides};
use crate::admin::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::participant::Connector;
use crate::process::blocking_work::blocking;
use crate::workflow::approval::{self, Approval, ApprovalAction};
use crate::workflow::{contract_withdrawal, mailbox, negotiation, run_to_completion};
use hansa_policy::contract::Agreement;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;
use hansa_proto::envelope;
use serde_json::json;
use std::sync::Arc;

pub(super) async fn withdraw(
    connector: &Arc<Connector>,
    prefix: &str,
    reason: SingleLineText,
    caller: Option<u32>,
    out: &EventSink,
) -> CommandResult {
    let (contract, agreement) = known(connector, prefix)?;
    let mut reason = reason;
    if connector.config().officers.second {
        match approval::word(
            connector,
            caller,
            contract,
            ApprovalAction::Withdraw,
            Some(reason.as_str()),
        )
        .await?
        {
            // What the first one wrote may be from before there was a limit.
            Approval::Enough(first) => {
                reason = first.as_deref().map_or(reason, SingleLineText::cut)
            }
            Approval::Waits => return waits(contract, out).await,
        }
    }
    let end = move |connector: &Arc<Connector>| {
        contract_withdrawal::own_now(connector, contract, &reason)
    };
    ended(connector, contract, &agreement, end, out).await
}

/// `contract attach`: a withdrawal of ours that was signed elsewhere. It is checked as any other is.
pub(super) async fn attach(
    connector: &Arc<Connector>,
    prefix: &str,
    statement: &[u8],
    caller: Option<u32>,
    out: &EventSink,
) -> CommandResult {
    let (contract, agreement) = known(connector, prefix)?;
    let read = envelope::parse_withdrawal(statement)?;
    if read.contract != contract || read.party != connector.id() {
        return Err(Refusal::new(
            ErrorCode::SignerNotParty,
            format!(
                "the statement ends `{}` for {}, and is to end `{}` for {}",
                read.contract.short(),
                read.party.domain(),
                contract.short(),
                connector.id().domain()
            ),
        )
        .with_help("sign the end of this contract: hansa contract withdraw --offline")
        .into());
    }
    // Checked before anybody gives their word on it.
    contract_withdrawal::checked(connector, &read)?;
    if connector.config().officers.second
        && approval::word(
            connector,
            caller,
            contract,
            ApprovalAction::Withdraw,
            Some(&read.reason),
        )
        .await?
            == Approval::Waits
    {
        return waits(contract, out).await;
    }
    let bytes = statement.to_vec();
    let end = move |connector: &Arc<Connector>| {
        contract_withdrawal::take_in(connector, &bytes)?;
        Ok(bytes)
    };
    ended(connector, contract, &agreement, end, out).await
}

/// The contract of that name, and what it says.
fn known(connector: &Connector, prefix: &str) -> Result<(ContractId, Agreement), Refusal> {
    let contract = contract_by_prefix(connector, prefix)?;
    let agreement = connector
        .contracts
        .with_registry(|registry| registry.agreement(contract).cloned());
    agreement
        .map(|agreement| (contract, agreement))
        .ok_or_else(|| {
            Refusal::new(
                ErrorCode::ContractUnknown,
                format!("no contract `{}` here", contract.short()),
            )
        })
}

/// Ends it, tells the other party, and our people.
async fn ended(
    connector: &Arc<Connector>,
    contract: ContractId,
    agreement: &Agreement,
    end: impl FnOnce(&Arc<Connector>) -> Result<Vec<u8>, Refusal> + Send + 'static,
    out: &EventSink,
) -> CommandResult {
    let before = connector.queries.running.len();
    let (role, with) = sides(connector, agreement);
    let peer = match (role, agreement.assignee_id()) {
        // A partner of another make is told by its own protocol.
        ("provider", Some(_)) if agreement.partner().is_some() => None,
        ("provider", consumer) => consumer.cloned(),
        _ => Some(agreement.provider.id.clone()),
    };
    let mut carried = end_and_write(connector, contract, peer.clone(), end).await?;
    if let Some(peer) = peer
        && role == "consumer"
        && carried.is_ok()
    {
        carried = mailbox::pump(connector, &connector.peer(peer.as_str())?).await;
    }
    out.object(
        json!({
            "contract": contract.to_string(),
            "with": with,
            "withdrawn": true,
            "streams_before": before,
        }),
        format!(
            "contract {} with {with} is withdrawn; its running streams are cut, new questions are refused",
            contract.short()
        ),
    )
    .await?;
    if let Err(refusal) = carried {
        out.notice(format!(
            "the other party will hear of it when it can be reached: {}",
            refusal.sentence
        ))
        .await;
    }
    Ok(0)
}

/// Ends it and writes to the other party, to the end: whoever asked for it may have gone away. Gives what keeps the message from
/// being written; it is written at the next start.
async fn end_and_write(
    connector: &Arc<Connector>,
    contract: ContractId,
    peer: Option<ParticipantId>,
    end: impl FnOnce(&Arc<Connector>) -> Result<Vec<u8>, Refusal> + Send + 'static,
) -> Result<Result<(), Refusal>, Refusal> {
    let connector = Arc::clone(connector);
    run_to_completion::to_the_end(async move {
        // First what is signed beside it: with nothing in force, the other side's signature alone would finish it. Where that can't be
        // recorded the end does not wait for it.
        if let Some(peer) = &peer
            && let Err(refusal) =
                negotiation::resumption::end_signed(&connector, peer, contract).await
        {
            tracing::warn!(peer = peer.domain(), code = %refusal.code, "negotiation.not_ended");
        }
        let inner = Arc::clone(&connector);
        let statement = blocking(move || end(&inner)).await?;
        Ok(match peer {
            Some(peer) => contract_withdrawal::notify_party(&connector, &peer, statement).await,
            None => Ok(()),
        })
    })
    .await
}

/// Says that one officer's word is not enough.
async fn waits(contract: ContractId, out: &EventSink) -> CommandResult {
    let short = contract.short();
    out.object(
        json!({
            "contract": contract.to_string(),
            "withdrawn": false,
            "waits_for": "second officer",
        }),
        format!(
            "contract {short} is still in force; your word and your reason are on the books\n\
             a second officer approves with: hansa contract withdraw {short} --reason \"…\""
        ),
    )
    .await?;
    Ok(0)
}
