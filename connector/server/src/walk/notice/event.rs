//! What happened under contracts of which people are to be told: here, and by letter at the other side.

use super::wording::Wording;
use super::{Channel, Item};
use crate::node::Node;
use crate::walk::fact::Fact;
use crate::walk::{negotiate, revoke};
use hansa_audit_log::json::Json;
use hansa_audit_log::time::Time;
use hansa_audit_store::story::stated::AFFECTED;
use hansa_policy::contract::{Agreement, Role};
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{Code, Refusal};
use hansa_policy::term::Term;
use hansa_policy::term::inform::{Event, Notify, Side};
use hansa_proto::envelope::{self, Kind};
use hansa_proto::notice::{self, Notice};
use hansa_proto::peer::letter::Content;
use hansa_store::contracts::Kind as Document;
use hansa_store::state::row::EventRow;
use std::sync::Arc;

/// What people are to be told now, here and at the other side.
///
/// # Errors
/// When the index can't be read.
pub(super) fn happened(node: &Node) -> Result<Vec<Item>, Refusal> {
    let (own, now) = (node.id(), node.now());
    let told: Vec<(ContractId, Agreement, Notify)> = node.book(|book| {
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
            Side::Provider
        } else {
            Side::Consumer
        };
        let mut events = node.index(|state| state.happened(contract))?;
        if provider {
            events.extend(changed(node, &agreement, now));
        }
        events.retain(|event| {
            let known = |one: &Event| event.topic.split(':').next() == Some(one.as_str());
            notify.of.iter().any(known)
        });
        for event in events {
            let words = Wording::of_event(node, contract, &agreement, &event);
            let mut channels = Vec::new();
            if notify.whom.contains(&side) {
                channels.extend(Channel::PEOPLE);
            }
            let consumer = agreement.assignee_id().cloned();
            let post = match consumer {
                Some(consumer) if provider && notify.whom.contains(&Side::Consumer) => {
                    channels.push(Channel::Post);
                    Some(Notice {
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
            items.push(Item {
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
fn changed(node: &Node, agreement: &Agreement, now: Time) -> Option<EventRow> {
    let dataset = &agreement.dataset;
    let schema = node.catalog(|catalog| {
        let found = catalog.by_id(&dataset.id)?;
        Some(found.schema_digest())
    })?;
    (schema != dataset.schema).then(|| EventRow {
        topic: format!("{}:{}", Event::SchemaChange.as_str(), schema.short()),
        detail: dataset.id.name.to_string(),
        at: now,
    })
}

/// Puts a notice into the outbox for the consumer.
///
/// # Errors
/// When it can't be signed or recorded.
pub(super) async fn post(node: &Arc<Node>, notice: &Notice) -> Result<(), Refusal> {
    let payload = notice::to_bytes(notice);
    let signature = node.sign(Kind::Notice, Role::Provider, &payload)?;
    let statement = envelope::assemble(&payload, &[signature]).into();
    negotiate::send(
        node,
        &notice.consumer,
        Content::Statement { statement },
        false,
    )
    .await
}

/// Tells a consumer of something at once: into the outbox, and on the books that it was told. A crash in between has it told
/// once more, and of one topic its people are told once.
///
/// # Errors
/// As [`post`].
pub(crate) async fn tell(node: &Arc<Node>, notice: &Notice) -> Result<(), Refusal> {
    post(node, notice).await?;
    let _durable = node
        .record(Fact::new(
            "notice",
            [
                ("contract", Json::text(notice.contract)),
                ("days", Json::Null),
                ("topic", Json::text(&notice.topic)),
                ("channel", Json::text(Channel::Post.as_str())),
                ("outcome", Json::text("delivered")),
                ("attempt", Json::count(1)),
                ("reason", Json::Null),
            ],
        ))
        .await?;
    node.index(|_| Ok(()))
}

/// That answers which we received used a snapshot of which their provider tells us: our people are told whatever the contract
/// says of notices, of so many under one contract.
///
/// # Errors
/// When the index can't be read.
pub(super) fn affected(node: &Node) -> Result<Vec<Item>, Refusal> {
    let own = node.id();
    let mut items: Vec<Item> = Vec::new();
    for (contract, event) in node.index(|state| state.happened_so(AFFECTED, MOST_AFFECTED))? {
        let agreement = node.book(|book| book.agreement(contract).cloned());
        let Some(agreement) = agreement.filter(|agreement| agreement.provider.id != own) else {
            continue;
        };
        items.push(Item {
            contract,
            words: Wording::of_event(node, contract, &agreement, &event),
            topic: event.topic,
            channels: Channel::PEOPLE.to_vec(),
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
    node: &Arc<Node>,
    peer: &ParticipantId,
    bytes: &[u8],
) -> Result<(), Refusal> {
    let signed = notice::from_envelope(bytes)?;
    let notice = &signed.notice;
    let known = node.book(|book| {
        let agreement = book.agreement(notice.contract);
        agreement.is_some_and(|agreement| agreement.provider.id == *peer)
    });
    if notice.provider != *peer || notice.consumer != node.id() || !known {
        let sentence = "the notice is about no contract of ours with whoever sends it";
        return Err(Refusal::new(Code::ContractUnknown, sentence));
    }
    revoke::check_statement(node, peer, &signed.signature)?;
    let file = crate::node::waiting(|| node.documents.keep(Document::Statement, bytes))?;
    let _durable = node
        .record(Fact::new(
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
    node.index(|_| Ok(()))
}
