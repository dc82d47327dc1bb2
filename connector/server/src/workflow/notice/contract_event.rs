//! What happened under contracts of which people are to be told: here, and by letter at the other side.

use super::notice_text::NoticeText;
use super::{NoticeChannel, PendingNotice};
use crate::participant::Connector;
use crate::participant::audit_event::AuditEvent;
use crate::process::blocking_work::waiting;
use crate::workflow::contract_withdrawal;
use crate::workflow::negotiation::outgoing_message;
use hansa_audit_log::json::Json;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::history::statement::AFFECTED;
use hansa_policy::contract::Agreement;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Term;
use hansa_policy::term::inform::{InformEvent, NotificationTerm, Recipient};
use hansa_proto::envelope::{self, StatementKind};
use hansa_proto::notice::{self, NoticeStatement};
use hansa_proto::peer::message::MessageContent;
use hansa_store::document_folder::StoredDocumentKind as Document;
use hansa_store::state_index::row::ContractEventRow;
use std::sync::Arc;

/// What people are to be told now, here and at the other side.
///
/// # Errors
/// When the index can't be read.
pub(super) fn happened(node: &Connector) -> Result<Vec<PendingNotice>, Refusal> {
    let (own, now) = (node.id(), node.now());
    let told: Vec<(ContractId, Agreement, NotificationTerm)> = node.contracts.book(|book| {
        let all = book.all(now).filter_map(|(id, agreement, _)| {
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
    for (contract, agreement, notify) in told {
        let provider = agreement.provider.id == own;
        let side = if provider {
            Recipient::Provider
        } else {
            Recipient::Consumer
        };
        let mut events = node.records.index(|state| state.happened(contract))?;
        if provider {
            events.extend(changed(node, &agreement, now));
        }
        events.retain(|event| {
            let known = |one: &InformEvent| event.topic.split(':').next() == Some(one.as_str());
            notify.events.iter().any(known)
        });
        for event in events {
            let words = NoticeText::of_event(node, contract, &agreement, &event);
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

/// That the dataset has another schema now than the contract was signed for.
fn changed(node: &Connector, agreement: &Agreement, now: UtcTimestamp) -> Option<ContractEventRow> {
    let dataset = &agreement.dataset;
    let schema = node.datasets.catalog(|catalog| {
        let found = catalog.by_id(&dataset.id)?;
        Some(found.schema_digest())
    })?;
    (schema != dataset.schema).then(|| ContractEventRow {
        topic: format!("{}:{}", InformEvent::SchemaChange.as_str(), schema.short()),
        detail: dataset.id.name.to_string(),
        at: now,
    })
}

/// Puts a notice into the outbox for the consumer.
///
/// # Errors
/// When it can't be signed or recorded.
pub(super) async fn post(node: &Arc<Connector>, notice: &NoticeStatement) -> Result<(), Refusal> {
    let payload = notice::to_bytes(notice);
    let signature = node.sign(StatementKind::Notice, SignatoryRole::Provider, &payload)?;
    let statement = envelope::assemble(&payload, &[signature]).into();
    outgoing_message::send(
        node,
        &notice.consumer,
        MessageContent::Statement { statement },
        false,
    )
    .await
}

/// Tells a consumer of something at once: into the outbox, and on the books that it was told. A crash in between has it told
/// once more, and of one topic its people are told once.
///
/// # Errors
/// As [`post`].
pub(crate) async fn tell(node: &Arc<Connector>, notice: &NoticeStatement) -> Result<(), Refusal> {
    post(node, notice).await?;
    let _durable = node
        .record(AuditEvent::new(
            "notice",
            [
                ("contract", Json::text(notice.contract)),
                ("days", Json::Null),
                ("topic", Json::text(&notice.topic)),
                ("channel", Json::text(NoticeChannel::Post.as_str())),
                ("outcome", Json::text("delivered")),
                ("attempt", Json::count(1)),
                ("reason", Json::Null),
            ],
        ))
        .await?;
    node.records.index(|_| Ok(()))
}

/// That answers which we received used a snapshot of which their provider tells us: our people are told whatever the contract
/// says of notices, of so many under one contract.
///
/// # Errors
/// When the index can't be read.
pub(super) fn affected(node: &Connector) -> Result<Vec<PendingNotice>, Refusal> {
    let own = node.id();
    let mut items: Vec<PendingNotice> = Vec::new();
    for (contract, event) in node
        .records
        .index(|state| state.happened_so(AFFECTED, MOST_AFFECTED))?
    {
        let agreement = node
            .contracts
            .book(|book| book.agreement(contract).cloned());
        let Some(agreement) = agreement.filter(|agreement| agreement.provider.id != own) else {
            continue;
        };
        items.push(PendingNotice {
            contract,
            words: NoticeText::of_event(node, contract, &agreement, &event),
            topic: event.topic,
            channels: NoticeChannel::PEOPLE.to_vec(),
            post: None,
        });
    }
    Ok(items)
}

/// Of so many snapshots, those that came last, people are told under one contract.
const MOST_AFFECTED: u32 = 50;

/// Takes in what a provider tells us; our people are told in the next round.
///
/// # Errors
/// When it is not by the peer, about a contract that we have not with it, its signature does not count, or it can't be
/// recorded.
pub(crate) async fn take_in(
    node: &Arc<Connector>,
    peer: &ParticipantId,
    bytes: &[u8],
) -> Result<(), Refusal> {
    let signed = notice::from_envelope(bytes)?;
    let notice = &signed.notice;
    let known = node.contracts.book(|book| {
        let agreement = book.agreement(notice.contract);
        agreement.is_some_and(|agreement| agreement.provider.id == *peer)
    });
    if notice.provider != *peer || notice.consumer != node.id() || !known {
        let sentence = "the notice is about no contract of ours with whoever sends it";
        return Err(Refusal::new(ErrorCode::ContractUnknown, sentence));
    }
    contract_withdrawal::check_statement(node, peer, &signed.signature)?;
    let file = waiting(|| node.records.documents.keep(Document::Statement, bytes))?;
    let _durable = node
        .record(AuditEvent::new(
            "noticed",
            [
                ("peer", Json::text(peer)),
                ("contract", Json::text(notice.contract)),
                ("topic", Json::text(&notice.topic)),
                ("detail", Json::text(&notice.detail)),
                ("happened", Json::text(notice.at)),
                ("statement", Json::text(file)),
            ],
        ))
        .await?;
    node.records.index(|_| Ok(()))
}
