//! Notices to own users: 90, 30 and 7 days before the end of a contract, once each over every configured channel, and about events
//! under a contract whose clause asks for it.
//!
//! Deliveries are recorded, so a restart repeats none. Failed ones are retried a limited number of times. A crash between a
//! delivery and its record repeats the delivery, under an unchanged id.

pub mod contract_event;
mod notice_text;

use crate::config::notice::NoticeConfig;
use crate::contract::notice::notice_text::{ExpiringContract, NoticeText, WITHDRAWAL};
use crate::log::audit_event::{AuditEvent, optional_text};
use crate::participant::Connector;
use crate::withdrawal;
use hansa_audit_log::record::contracts::NoticeRecord;
use hansa_audit_log::time::UtcTimestamp;
use hansa_files::FileVisibility;
use hansa_policy::contract::ContractStatus;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::notice::NoticeStatement as Told;
use hansa_store::state_index::row::NoticeDeliveryRow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Days before the end of a contract at which a notice is due.
pub const DAYS: [u32; 3] = [90, 30, 7];

/// Most attempts of a delivery. The pause grows fourfold from one minute; the attempts span about six hours.
pub(crate) const ATTEMPTS: u32 = 6;

const DAY: i64 = 86_400_000_000;
const MINUTE: i64 = 60_000_000;

/// Channel of notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NoticeChannel {
    Folder,
    Webhook,
    Mail,
    /// Message to the other party.
    Post,
}

impl NoticeChannel {
    const PEOPLE: [Self; 3] = [Self::Folder, Self::Webhook, Self::Mail];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Webhook => "webhook",
            Self::Mail => "mail",
            Self::Post => "post",
        }
    }

    const fn is_configured(self, notice: &NoticeConfig) -> bool {
        match self {
            Self::Folder => notice.folder.is_some(),
            Self::Webhook => notice.webhook.is_some(),
            Self::Mail => notice.mail.is_some(),
            Self::Post => true,
        }
    }
}

/// Notice that is due.
struct PendingNotice {
    contract: ContractId,
    /// Days before the end, or the event.
    topic: String,
    words: NoticeText,
    channels: Vec<NoticeChannel>,
    /// Message to the other party with the notice.
    post: Option<Told>,
}

/// Delivers the notices that are due.
///
/// # Errors
/// If the index can't be read or nothing can be recorded.
pub async fn deliver_due_notices(connector: &Arc<Connector>) -> Result<(), Refusal> {
    let notice = connector.config().notice.clone();
    // One round at a time; two would deliver each notice twice.
    let Ok(_turn) = connector.contracts.notice_lock.try_lock() else {
        return Ok(());
    };
    let mut items: Vec<PendingNotice> = expiring_contracts(connector)?
        .iter()
        .map(|one| PendingNotice {
            contract: one.contract,
            topic: one.topic(),
            words: NoticeText::new(connector, one),
            channels: NoticeChannel::PEOPLE.to_vec(),
            post: None,
        })
        .collect();
    items.extend(contract_event::pending_event_notices(connector)?);
    items.extend(contract_event::affected_answer_notices(connector)?);
    for item in &mut items {
        item.channels.retain(|one| one.is_configured(&notice));
    }
    if items.iter().all(|item| item.channels.is_empty()) {
        return Ok(());
    }
    let reported: BTreeMap<_, NoticeDeliveryRow> = connector
        .records
        .index(|state| state.notices())?
        .into_iter()
        .map(|row| ((row.contract, row.topic.clone(), row.channel.clone()), row))
        .collect();
    for item in &items {
        for channel in &item.channels {
            let key = (
                item.contract,
                item.topic.clone(),
                channel.as_str().to_owned(),
            );
            let attempt = match reported.get(&key) {
                None => 1,
                Some(row) if is_due(row, connector.now()) => row.attempts.saturating_add(1),
                Some(_) => continue,
            };
            let done = deliver_notice(connector, &notice, item, *channel).await;
            record_delivery(connector, item, *channel, attempt, done.err().as_ref()).await?;
        }
    }
    Ok(())
}

/// Checks that a failed delivery is due for another attempt.
fn is_due(row: &NoticeDeliveryRow, now: UtcTimestamp) -> bool {
    if row.delivered || row.attempts >= ATTEMPTS {
        return false;
    }
    let pause = MINUTE.saturating_mul(4_i64.saturating_pow(row.attempts.saturating_sub(1)));
    now >= row.at.plus_micros(pause)
}

/// Contracts in force without a successor whose notice is due, with the nearest of the days. A contract that was agreed for less
/// time than that gets no notice.
fn expiring_contracts(connector: &Connector) -> Result<Vec<ExpiringContract>, Refusal> {
    let now = connector.now();
    let latest = now.plus_micros(DAY.saturating_mul(90));
    let mut found: Vec<ExpiringContract> = connector.contracts.with_registry(|registry| {
        let renewed = |id: ContractId| {
            registry.replacing_contracts(id, now).any(|(_, _, status)| {
                matches!(status, ContractStatus::InForce | ContractStatus::NotYet)
            })
        };
        registry
            .all_contracts(now)
            .filter(|(id, agreement, status)| {
                *status == ContractStatus::InForce
                    && agreement.assignee_id().is_some()
                    && !renewed(*id)
            })
            .filter_map(|(contract, agreement, _)| {
                let withdrawn = registry.withdrawn_from(contract);
                let over_from =
                    withdrawn.map_or(agreement.not_after, |from| from.min(agreement.not_after));
                (over_from <= latest).then(|| ExpiringContract {
                    contract,
                    agreement: agreement.clone(),
                    over_from,
                    is_withdrawn: over_from < agreement.not_after,
                    withdrawal: None,
                    days: 0,
                })
            })
            .collect()
    });
    if found.is_empty() {
        return Ok(found);
    }
    let began: BTreeMap<ContractId, UtcTimestamp> = connector
        .records
        .index(|state| state.contracts())?
        .into_iter()
        .filter_map(|event| Some((event.id, event.activated?)))
        .collect();
    found.retain_mut(|one| {
        let since = began
            .get(&one.contract)
            .copied()
            .unwrap_or(UtcTimestamp::EARLIEST);
        let since = since.max(one.agreement.not_before);
        let before = |days: u32| {
            let micros = DAY.saturating_mul(i64::from(days));
            one.over_from.plus_micros(micros.saturating_neg())
        };
        let nearest = DAYS.into_iter().filter(|days| now >= before(*days)).min();
        // A withdrawal gets a notice, however young the contract is.
        match nearest.filter(|days| one.is_withdrawn || before(*days) > since) {
            Some(days) => {
                one.days = days;
                if one.is_withdrawn {
                    one.withdrawal = withdrawal::withdrawal_of(&connector.records, one.contract);
                }
                true
            }
            None => false,
        }
    });
    Ok(found)
}

async fn deliver_notice(
    connector: &Arc<Connector>,
    notice: &NoticeConfig,
    item: &PendingNotice,
    channel: NoticeChannel,
) -> Result<(), Refusal> {
    let words = &item.words;
    match channel {
        NoticeChannel::Folder => {
            let Some(folder) = &notice.folder else {
                return Ok(());
            };
            hansa_files::create_folder(folder)?;
            let name = format!("{}-{}.txt", item.contract.to_short_text(), item.topic);
            let name = name.replace(':', "-");
            // A retry replaces the file of the notice.
            hansa_files::replace_file(
                &folder.join(name),
                words.to_page().as_bytes(),
                FileVisibility::Everybody,
            )
        }
        NoticeChannel::Webhook => match &notice.webhook {
            Some(url) => {
                hansa_transport::notice_delivery::post_notice(
                    url,
                    &words.id,
                    "application/json",
                    words.to_json(),
                )
                .await
            }
            None => Ok(()),
        },
        NoticeChannel::Mail => match &notice.mail {
            Some(command) => {
                hansa_transport::notice_delivery::mail_notice(command, &words.to_mail()).await
            }
            None => Ok(()),
        },
        NoticeChannel::Post => match &item.post {
            Some(statement) => contract_event::post_notice(connector, statement).await,
            None => Ok(()),
        },
    }
}

async fn record_delivery(
    connector: &Arc<Connector>,
    item: &PendingNotice,
    channel: NoticeChannel,
    attempt: u32,
    fault: Option<&Refusal>,
) -> Result<(), Refusal> {
    if let Some(fault) = fault {
        tracing::warn!(
            channel = channel.as_str(),
            reason = fault.sentence,
            "notice.failed"
        );
    }
    let outcome = if fault.is_none() {
        "delivered"
    } else {
        "failed"
    };
    let _durable = connector
        .record(AuditEvent::from(NoticeRecord {
            contract: item.contract.to_string(),
            days: days_before(&item.topic),
            topic: item.topic.to_string(),
            channel: channel.as_str().to_owned(),
            outcome: outcome.to_owned(),
            attempt: u64::from(attempt),
            reason: optional_text(fault.map(|fault| fault.sentence.as_str())),
        }))
        .await?;
    connector.records.index(|_| Ok(()))
}

/// Days before the end that a topic names, if it is about an end.
fn days_before(topic: &str) -> Option<u32> {
    topic.strip_prefix(WITHDRAWAL).unwrap_or(topic).parse().ok()
}

/// Notice that did not arrive.
#[derive(Debug)]
pub struct UndeliveredNotice {
    /// Contract of the notice.
    pub contract: ContractId,
    /// Time of the last attempt.
    pub last_attempt: UtcTimestamp,
    /// Description for the operator.
    pub text: String,
}

/// Lists undelivered notices, for contracts on which users can still act.
///
/// # Errors
/// If the index can't be read.
pub fn list_undelivered_notices(connector: &Connector) -> Result<Vec<UndeliveredNotice>, Refusal> {
    let now = connector.now();
    let rows = connector.records.index(|state| state.notices())?;
    let current = |contract: ContractId| {
        connector.contracts.with_registry(|registry| {
            let stands = registry.find_contract(contract, now);
            stands.is_some_and(|(_, status)| status == ContractStatus::InForce)
        })
    };
    let failed = rows
        .iter()
        .filter(|row| !row.delivered && current(row.contract));
    Ok(failed
        .map(|row| {
            let goes_on = if row.attempts < ATTEMPTS {
                format!("attempt {} of {ATTEMPTS}, it is tried again", row.attempts)
            } else {
                format!("given up after {ATTEMPTS} attempts")
            };
            let of = match days_before(&row.topic) {
                Some(days) => format!("{days} days before the end"),
                None => format!("of {}", row.topic),
            };
            let text = format!(
                "{}: the notice {of} of contract {} by {}: {}; {goes_on}",
                ErrorCode::NoticeUndeliverable,
                row.contract.to_short_text(),
                row.channel,
                row.reason.as_deref().unwrap_or("failed"),
            );
            UndeliveredNotice {
                contract: row.contract,
                last_attempt: row.at,
                text,
            }
        })
        .collect())
}
