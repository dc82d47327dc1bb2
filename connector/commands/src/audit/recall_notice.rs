//! `hansa audit affected --notify`: whom answers from a snapshot went to is told, once each.

use crate::admin::event_sink::EventSink;
use crate::audit::report_tables;
use hansa_audit_store::report_table::affected_answers::{affected_recipients, affected_topic};
use hansa_node::contract::notice::contract_event;
use hansa_node::participant::Connector;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::Refusal;
use hansa_proto::notice::NoticeStatement;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Writes to each of them whom nobody has told yet.
pub(super) async fn send_recall_notices(
    connector: &Arc<Connector>,
    named: &str,
    since_good: bool,
    out: &EventSink,
) -> Result<(), Refusal> {
    let (inner, named) = (Arc::clone(connector), named.to_owned());
    let due = run_blocking(move || pending_notices(&inner, &named, since_good)).await?;
    for notice in &due {
        contract_event::send_and_record_notice(connector, notice).await?;
        let (whom, contract) = (notice.consumer.domain(), notice.contract.to_short_text());
        out.send_notice(format!("told {whom}, under contract {contract}"))
            .await;
    }
    Ok(())
}

/// The messages that nobody has got yet.
fn pending_notices(
    connector: &Connector,
    named: &str,
    since_good: bool,
) -> Result<Vec<NoticeStatement>, Refusal> {
    let history = report_tables::load_history(connector)?;
    let known = report_tables::find_snapshot(connector, &history, named)?;
    let own = connector.id();
    let sent: BTreeSet<(ContractId, String)> = connector
        .records
        .index(|state| state.notices())?
        .into_iter()
        .filter(|row| row.delivered)
        .map(|row| (row.contract, row.topic))
        .collect();
    let concerned = affected_recipients(
        &history,
        own.as_str(),
        report_tables::affected_query(&history, known, since_good),
    );
    let mut due = Vec::new();
    for (contract, peer) in concerned {
        let read = contract.parse::<ContractId>().ok();
        let Some((contract, consumer)) = read.zip(peer.parse::<ParticipantId>().ok()) else {
            continue;
        };
        let agreement = connector
            .contracts
            .with_registry(|registry| registry.agreement(contract).cloned());
        let everybody = agreement.is_none_or(|agreement| agreement.assignee_id().is_none());
        let topic = affected_topic(&known.version, everybody.then_some(peer));
        if sent.contains(&(contract, topic.clone())) {
            continue;
        }
        due.push(NoticeStatement {
            provider: own.clone(),
            consumer,
            contract,
            topic,
            detail: format!("{}@{}", dataset_name(&known.dataset), known.version),
            at: connector.now(),
        });
    }
    Ok(due)
}

/// The last part of a dataset's identity, which its people know.
fn dataset_name(dataset: &str) -> &str {
    dataset.rsplit('/').next().unwrap_or(dataset)
}
