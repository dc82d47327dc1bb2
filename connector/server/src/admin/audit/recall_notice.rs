//! `hansa audit affected --notify`: whom answers from a snapshot went to is told, once each.

use crate::admin::audit::report_tables;
use crate::admin::event_sink::EventSink;
use crate::participant::Connector;
use crate::process::blocking_work::blocking;
use crate::workflow::notice::contract_event;
use hansa_audit_store::report_table::affected_answers::{affected_topic, concerned};
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::Refusal;
use hansa_proto::notice::NoticeStatement;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Writes to each of them whom nobody has told yet.
pub(super) async fn notify(
    node: &Arc<Connector>,
    named: &str,
    since_good: bool,
    out: &EventSink,
) -> Result<(), Refusal> {
    let (inner, named) = (Arc::clone(node), named.to_owned());
    let due = blocking(move || due(&inner, &named, since_good)).await?;
    for notice in &due {
        contract_event::tell(node, notice).await?;
        let (whom, contract) = (notice.consumer.domain(), notice.contract.short());
        out.notice(format!("told {whom}, under contract {contract}"))
            .await;
    }
    Ok(())
}

/// The letters that nobody has got yet.
fn due(node: &Connector, named: &str, since_good: bool) -> Result<Vec<NoticeStatement>, Refusal> {
    let story = report_tables::story(node)?;
    let known = report_tables::snapshot(node, &story, named)?;
    let own = node.id();
    let sent: BTreeSet<(ContractId, String)> = node
        .records
        .index(|state| state.notices())?
        .into_iter()
        .filter(|row| row.delivered)
        .map(|row| (row.contract, row.topic))
        .collect();
    let concerned = concerned(
        &story,
        own.as_str(),
        report_tables::recalled(&story, known, since_good),
    );
    let mut due = Vec::new();
    for (contract, peer) in concerned {
        let read = contract.parse::<ContractId>().ok();
        let Some((contract, consumer)) = read.zip(peer.parse::<ParticipantId>().ok()) else {
            continue;
        };
        let agreement = node
            .contracts
            .book(|book| book.agreement(contract).cloned());
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
            detail: format!("{}@{}", name(&known.dataset), known.version),
            at: node.now(),
        });
    }
    Ok(due)
}

/// The last part of a dataset's identity, which its people know.
fn name(dataset: &str) -> &str {
    dataset.rsplit('/').next().unwrap_or(dataset)
}
