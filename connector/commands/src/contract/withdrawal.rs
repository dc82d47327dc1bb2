//! `contract withdraw`: a person ends a contract.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::CommandReport;
use crate::contract::contract_lookup::{contract_by_prefix, own_role_and_counterparty};
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::participant::Connector;
use hansa_node::participant::approval;
use hansa_node::participant::approval::{Approval, ApprovalAction};
use hansa_node::participant::caller::Caller;
use hansa_node::peer::mailbox;
use hansa_node::process::blocking_work::run_blocking;
use hansa_node::process::run_to_completion;
use hansa_node::withdrawal::effective_instant;
use hansa_node::{negotiation, withdrawal};
use hansa_policy::contract::Agreement;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;
use hansa_proto::envelope;
use serde::Serialize;
use std::sync::Arc;

/// The contract that is to end, with the reason and the instant.
pub(super) struct WithdrawalArgs {
    pub(super) contract: String,
    pub(super) reason: SingleLineText,
    /// A day or an instant; absent: at once.
    pub(super) from: Option<String>,
}

pub(super) async fn withdraw_contract(
    connector: &Arc<Connector>,
    args: WithdrawalArgs,
    caller: &Caller,
    out: &EventSink,
) -> CommandResult {
    let (contract, agreement) = find_contract(connector, &args.contract)?;
    let mut reason = args.reason;
    let from = match &args.from {
        Some(text) => Some(read_from(connector, contract, text)?),
        None => None,
    };
    if connector.config().officers.second {
        let action = withdrawal_action(from);
        let said =
            approval::take_approval(connector, caller, contract, action, Some(reason.as_str()));
        match said.await? {
            // What the first one wrote may be from before there was a limit.
            Approval::Enough(first) => {
                reason = first
                    .as_deref()
                    .map_or(reason, SingleLineText::from_any_text)
            }
            Approval::Waits => return report_pending_approval(contract, from, out).await,
        }
    }
    let end = move |connector: &Arc<Connector>| {
        withdrawal::withdraw_from(connector, contract, from, &reason)
    };
    end_contract(connector, contract, &agreement, end, out).await
}

/// The instant that a person gives, by the zone of the participant.
fn read_from(
    connector: &Connector,
    contract: ContractId,
    text: &str,
) -> Result<UtcTimestamp, Refusal> {
    let zone = connector.config().participant.zone.clone();
    let from = effective_instant::read_instant(text, Some(&zone))?;
    let over_from = connector
        .contracts
        .with_registry(|registry| registry.over_from(contract));
    let over_from = over_from.unwrap_or(UtcTimestamp::LATEST);
    effective_instant::check_instant(from, connector.now(), over_from)?;
    Ok(from)
}

/// The act that two officers must want alike: with another date it is another one.
fn withdrawal_action(from: Option<UtcTimestamp>) -> ApprovalAction {
    from.map_or(ApprovalAction::Withdraw, ApprovalAction::WithdrawFrom)
}

/// `contract attach`: a withdrawal of ours that was signed elsewhere. It is checked as any other is.
pub(super) async fn attach_withdrawal(
    connector: &Arc<Connector>,
    prefix: &str,
    statement: &[u8],
    caller: &Caller,
    out: &EventSink,
) -> CommandResult {
    let (contract, agreement) = find_contract(connector, prefix)?;
    let read = envelope::parse_withdrawal(statement)?;
    if read.contract != contract || read.party != connector.id() {
        return Err(Refusal::new(
            ErrorCode::SignerNotParty,
            format!(
                "the statement ends `{}` for {}, but it must end `{}` for {}",
                read.contract.to_short_text(),
                read.party.domain(),
                contract.to_short_text(),
                connector.id().domain()
            ),
        )
        .with_help("sign the end of this contract: hansa contract withdraw --offline")
        .into());
    }
    // Checked before anybody gives their word on it.
    let from = withdrawal::verify_withdrawal(connector, &read)?.effective_at();
    if connector.config().officers.second {
        let action = withdrawal_action(from);
        let said = approval::take_approval(connector, caller, contract, action, Some(&read.reason));
        if said.await? == Approval::Waits {
            return report_pending_approval(contract, from, out).await;
        }
    }
    let bytes = statement.to_vec();
    let end = move |connector: &Arc<Connector>| {
        withdrawal::take_in(connector, &bytes)?;
        Ok(bytes)
    };
    end_contract(connector, contract, &agreement, end, out).await
}

/// The contract of that name, and what it says.
fn find_contract(connector: &Connector, prefix: &str) -> Result<(ContractId, Agreement), Refusal> {
    let contract = contract_by_prefix(connector, prefix)?;
    let agreement = connector
        .contracts
        .with_registry(|registry| registry.agreement(contract).cloned());
    agreement
        .map(|agreement| (contract, agreement))
        .ok_or_else(|| {
            Refusal::new(
                ErrorCode::ContractUnknown,
                format!("no contract `{}` here", contract.to_short_text()),
            )
        })
}

/// Ends it, tells the other party, and our people.
async fn end_contract(
    connector: &Arc<Connector>,
    contract: ContractId,
    agreement: &Agreement,
    end: impl FnOnce(&Arc<Connector>) -> Result<Vec<u8>, Refusal> + Send + 'static,
    out: &EventSink,
) -> CommandResult {
    let before = connector.queries.running.count();
    let (role, with) = own_role_and_counterparty(connector, agreement);
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
        carried = mailbox::exchange_messages(connector, &connector.find_peer(peer.as_str())?).await;
    }
    let from = connector
        .contracts
        .with_registry(|registry| registry.withdrawn_from(contract));
    let from = from.filter(|from| *from > connector.now());
    out.send_report(&WithdrawnContract {
        contract,
        with,
        withdrawn: true,
        from,
        streams_before: before,
    })
    .await?;
    if let Err(refusal) = carried {
        out.send_notice(format!(
            "the other party will get it when it can be reached: {}",
            refusal.sentence
        ))
        .await;
    }
    Ok(0)
}

/// Contract that is withdrawn.
#[derive(Debug, Serialize)]
struct WithdrawnContract {
    contract: ContractId,
    /// The other side.
    with: String,
    withdrawn: bool,
    /// Instant of its end, where that is to come.
    from: Option<UtcTimestamp>,
    /// Number of answers that ran before.
    streams_before: usize,
}

impl CommandReport for WithdrawnContract {
    fn to_text(&self) -> String {
        let (short, with) = (self.contract.to_short_text(), &self.with);
        match self.from {
            Some(from) => format!(
                "contract {short} with {with} ends at {from}; until then its questions are answered, then its running streams are cut and new questions are refused"
            ),
            None => format!(
                "contract {short} with {with} is withdrawn; its running streams are cut, new questions are refused"
            ),
        }
    }
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
        let statement = run_blocking(move || end(&inner)).await?;
        Ok(match peer {
            Some(peer) => withdrawal::notify_party(&connector, &peer, statement).await,
            None => Ok(()),
        })
    })
    .await
}

/// Says that one officer's word is not enough.
async fn report_pending_approval(
    contract: ContractId,
    from: Option<UtcTimestamp>,
    out: &EventSink,
) -> CommandResult {
    out.send_report(&WaitingWithdrawal {
        contract,
        withdrawn: false,
        waits_for: "second officer",
        from,
    })
    .await?;
    Ok(0)
}

/// Withdrawal that waits for a second officer.
#[derive(Debug, Serialize)]
struct WaitingWithdrawal {
    contract: ContractId,
    withdrawn: bool,
    waits_for: &'static str,
    #[serde(skip)]
    from: Option<UtcTimestamp>,
}

impl CommandReport for WaitingWithdrawal {
    fn to_text(&self) -> String {
        let short = self.contract.to_short_text();
        let from = self.from;
        let from = from.map_or_else(String::new, |from| format!("--from {from} "));
        format!(
            "contract {short} is still in force; your approval and your reason are recorded\n\
             a second officer approves with: hansa contract withdraw {short} {from}--reason \"…\""
        )
    }
}
