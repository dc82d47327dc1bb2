//! `contract attest`: a person states that what was received is deleted.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::CommandReport;
use crate::contract::contract_lookup::{contract_by_prefix, own_role_and_counterparty};
use hansa_node::contract::deletion_attestation;
use hansa_node::participant::Connector;
use hansa_node::peer::mailbox;
use hansa_policy::id::{ContractId, ParticipantId, RequestId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use std::sync::Arc;

pub(super) async fn attest_deletion(
    connector: &Arc<Connector>,
    prefix: &str,
    answers: &[String],
    out: &EventSink,
) -> CommandResult {
    let contract = contract_by_prefix(connector, prefix)?;
    let agreement = connector
        .contracts
        .with_registry(|registry| registry.agreement(contract).cloned())
        .ok_or_else(|| {
            let sentence = format!("no contract `{}` here", contract.to_short_text());
            Refusal::new(ErrorCode::ContractUnknown, sentence)
        })?;
    let (role, with) = own_role_and_counterparty(connector, &agreement);
    if role == "provider" {
        let sentence = "the consumer states what it has deleted, not the provider";
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence).into());
    }
    let provider = agreement.provider.id.clone();
    let requests: Vec<RequestId> = if answers.is_empty() {
        let (first, versions) = contract_versions(connector, contract);
        connector
            .records
            .index(|state| state.unattested_requests(&provider, first, &versions))?
    } else {
        let named = answers.iter().map(|answer| {
            answer.parse().map_err(|fault| {
                Refusal::new(ErrorCode::UsageWrong, format!("`{answer}`: {fault}"))
            })
        });
        let named: Vec<RequestId> = named.collect::<Result<_, _>>()?;
        not_coming(connector, &provider, &named)?;
        named
    };
    let statements =
        deletion_attestation::issue_deletion_statements(connector, contract, &agreement, &requests)
            .await?;
    let mut carried = Ok(());
    if statements > 0 {
        carried =
            mailbox::exchange_messages(connector, &connector.find_peer(provider.as_str())?).await;
    }
    out.send_report(&AttestedDeletion {
        contract,
        with,
        answers: requests,
        statements,
    })
    .await?;
    if let Err(refusal) = carried {
        out.send_notice(format!(
            "the provider will get it when it can be reached: {}",
            refusal.sentence
        ))
        .await;
    }
    Ok(0)
}

/// Answers under a contract that are stated to be deleted.
#[derive(Debug, Serialize)]
struct AttestedDeletion {
    contract: ContractId,
    /// The other side.
    with: String,
    answers: Vec<RequestId>,
    /// Number of signed statements.
    statements: usize,
}

impl CommandReport for AttestedDeletion {
    fn to_text(&self) -> String {
        let (short, with) = (self.contract.to_short_text(), &self.with);
        match self.answers.len() {
            0 => {
                format!(
                    "everything received under contract {short} was stated to be deleted before"
                )
            }
            1 => format!(
                "stated to {with}: what came with 1 answer under contract {short} is deleted"
            ),
            answers => format!(
                "stated to {with}: what came with {answers} answers under contract {short} is deleted"
            ),
        }
    }
}

/// What still comes can't be said to be deleted, and the provider would not count it.
fn not_coming(
    connector: &Connector,
    provider: &ParticipantId,
    named: &[RequestId],
) -> Result<(), Refusal> {
    let coming = connector.records.index(|state| state.running_queries())?;
    let found = coming
        .into_iter()
        .find(|(request, peer)| peer == provider && named.contains(request));
    match found {
        None => Ok(()),
        Some((request, _)) => Err(Refusal::new(
            ErrorCode::UsageWrong,
            format!("the answer to {request} still comes"),
        )
        .with_help("state it when the answer has ended")),
    }
}

/// The first version of a contract, and all of them.
fn contract_versions(connector: &Connector, contract: ContractId) -> (ContractId, Vec<ContractId>) {
    let now = connector.now();
    connector.contracts.with_registry(|registry| {
        let first = registry.first_version(contract);
        let all = registry.all_contracts(now).map(|(id, _, _)| id);
        (
            first,
            all.filter(|id| registry.first_version(*id) == first)
                .collect(),
        )
    })
}
