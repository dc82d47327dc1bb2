//! Events under contracts that cause notices: to own users, and as messages to the other party.

use crate::contract::notice::notice_text::NoticeText;
use crate::contract::notice::{NoticeChannel, PendingNotice};
use crate::dataset::dataset_state::DatasetState;
use crate::log::audit_event::AuditEvent;
use crate::negotiation::outgoing_message;
use crate::participant::Connector;
use crate::process::blocking_work::run_waiting;
use crate::withdrawal;
use hansa_audit_log::record::contracts::{NoticeRecord, ReceivedNoticeRecord};
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::history::statement::AFFECTED;
use hansa_policy::contract::Agreement;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Term;
use hansa_policy::term::inform::{InformEvent, NotificationTerm, Recipient};
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::notice::NoticeStatement;
use hansa_proto::peer::message::MessageContent;
use hansa_proto::statement;
use hansa_store::document_folder::StoredDocumentKind as Document;
use hansa_store::state_index::row::ContractEventRow;
use std::sync::Arc;

/// Returns the event notices that are due, to own users and to the other party.
///
/// # Errors
/// If the index can't be read.
pub(super) fn pending_event_notices(connector: &Connector) -> Result<Vec<PendingNotice>, Refusal> {
    let (own, now) = (connector.id(), connector.now());
    let reported: Vec<(ContractId, Agreement, NotificationTerm)> =
        connector.contracts.with_registry(|registry| {
            let all = registry
                .all_contracts(now)
                .filter_map(|(id, agreement, _)| {
                    let mut clauses = agreement.clauses.iter();
                    let notify = clauses.find_map(|clause| match &clause.term {
                        Term::Notify(notify) => Some(notify.clone()),
                        _ => None,
                    })?;
                    Some((id, agreement.clone(), notify))
                });
            all.collect()
        });
    let mut items = Vec::new();
    for (contract, agreement, notify) in reported {
        let provider = agreement.provider.id == own;
        let side = if provider {
            Recipient::Provider
        } else {
            Recipient::Consumer
        };
        let mut events = connector
            .records
            .index(|state| state.contract_events(contract))?;
        if provider {
            events.extend(schema_change_event(&connector.datasets, &agreement, now));
        }
        events.retain(|event| {
            let known = |one: &InformEvent| event.topic.split(':').next() == Some(one.as_str());
            notify.events.iter().any(known)
        });
        for event in events {
            let words = NoticeText::of_event(connector, contract, &agreement, &event);
            let mut channels = Vec::new();
            if notify.recipients.contains(&side) {
                channels.extend(NoticeChannel::PEOPLE);
            }
            let consumer = agreement.assignee_id().cloned();
            let post = match consumer {
                Some(consumer) if provider && notify.recipients.contains(&Recipient::Consumer) => {
                    channels.push(NoticeChannel::Post);
                    Some(NoticeStatement {
                        provider: own.clone(),
                        consumer,
                        contract,
                        topic: event.topic.clone(),
                        detail: event.detail.clone(),
                        at: event.at,
                    })
                }
                _ => None,
            };
            items.push(PendingNotice {
                contract,
                topic: event.topic,
                words,
                channels,
                post,
            });
        }
    }
    Ok(items)
}

/// Event: the dataset's current schema differs from the contract's schema.
fn schema_change_event(
    datasets: &DatasetState,
    agreement: &Agreement,
    now: UtcTimestamp,
) -> Option<ContractEventRow> {
    let dataset = &agreement.dataset;
    let schema = datasets.catalog(|catalog| {
        let found = catalog.by_id(&dataset.id)?;
        Some(found.schema_digest())
    })?;
    (schema != dataset.schema).then(|| ContractEventRow {
        topic: format!(
            "{}:{}",
            InformEvent::SchemaChange.as_str(),
            schema.to_short_text()
        ),
        detail: dataset.id.name.to_string(),
        at: now,
    })
}

/// Puts a notice into the outbox of the consumer.
///
/// # Errors
/// If the notice can't be signed or recorded.
pub(super) async fn post_notice(
    connector: &Arc<Connector>,
    notice: &NoticeStatement,
) -> Result<(), Refusal> {
    let payload = statement::to_bytes(notice);
    let signature = connector.sign(StatementKind::Notice, SignatoryRole::Provider, &payload)?;
    let statement = envelope::assemble_statement(&payload, &[signature]).into();
    outgoing_message::send_message(
        connector,
        &notice.consumer,
        MessageContent::Statement { statement },
        false,
    )
    .await
}

/// Sends a notice to a consumer at once and records it. A crash in between repeats the message, and the consumer's users get one
/// notice per topic.
///
/// # Errors
/// Same errors as `post`.
pub async fn send_and_record_notice(
    connector: &Arc<Connector>,
    notice: &NoticeStatement,
) -> Result<(), Refusal> {
    post_notice(connector, notice).await?;
    let _durable = connector
        .record(AuditEvent::from(NoticeRecord {
            contract: notice.contract.to_string(),
            days: None,
            topic: notice.topic.to_string(),
            channel: NoticeChannel::Post.as_str().to_owned(),
            outcome: "delivered".to_owned(),
            attempt: 1,
            reason: None,
        }))
        .await?;
    connector.records.index(|_| Ok(()))
}

/// Returns notices about received answers that used a snapshot named in a message of its provider.
///
/// Own users get them even without a clause about notices. Their number per contract is limited.
///
/// # Errors
/// If the index can't be read.
pub(super) fn affected_answer_notices(
    connector: &Connector,
) -> Result<Vec<PendingNotice>, Refusal> {
    let own = connector.id();
    let mut items: Vec<PendingNotice> = Vec::new();
    for (contract, event) in connector
        .records
        .index(|state| state.happened_so(AFFECTED, MOST_AFFECTED))?
    {
        let agreement = connector
            .contracts
            .with_registry(|registry| registry.agreement(contract).cloned());
        let Some(agreement) = agreement.filter(|agreement| agreement.provider.id != own) else {
            continue;
        };
        items.push(PendingNotice {
            contract,
            words: NoticeText::of_event(connector, contract, &agreement, &event),
            topic: event.topic,
            channels: NoticeChannel::PEOPLE.to_vec(),
            post: None,
        });
    }
    Ok(items)
}

/// Most affected snapshots per contract about which notices are sent; the latest ones count.
const MOST_AFFECTED: u32 = 50;

/// Takes in a provider's notice. Own users get it in the next round.
///
/// # Errors
/// If the notice is not by the peer, its contract is not between the peer and this participant, its signature is invalid, or it
/// can't be recorded.
pub async fn take_in(
    connector: &Arc<Connector>,
    peer: &ParticipantId,
    bytes: &[u8],
) -> Result<(), Refusal> {
    let signed = statement::from_envelope::<NoticeStatement>(bytes)?;
    let notice = &signed.content;
    let known = connector.contracts.with_registry(|registry| {
        let agreement = registry.agreement(notice.contract);
        agreement.is_some_and(|agreement| agreement.provider.id == *peer)
    });
    if notice.provider != *peer || notice.consumer != connector.id() || !known {
        let sentence = "the notice is not about a contract between its sender and this participant";
        return Err(Refusal::new(ErrorCode::ContractUnknown, sentence));
    }
    withdrawal::check_statement(connector, peer, &signed.signature)?;
    let file = run_waiting(|| {
        connector
            .records
            .documents
            .keep_document(Document::Statement, bytes)
    })?;
    let _durable = connector
        .record(AuditEvent::from(ReceivedNoticeRecord {
            peer: peer.to_string(),
            contract: notice.contract.to_string(),
            topic: notice.topic.to_string(),
            detail: notice.detail.to_string(),
            happened: notice.at,
            statement: file,
        }))
        .await?;
    connector.records.index(|_| Ok(()))
}
