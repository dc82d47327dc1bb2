//! Due notices in the index, and their deliveries.

use crate::log::index::RecordPlace;
use hansa_audit_log::record::answers::RefusalRecord;
use hansa_audit_log::record::contracts::NoticeRecord;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::inform::InformEvent;
use hansa_store::state_index::index_transaction::IndexTransaction;
use hansa_store::state_index::row::NoticeDeliveryRow;

/// Applies the delivery of a notice: the days before an end, or the topic of an event.
pub(super) fn apply_notice(
    change: &IndexTransaction<'_>,
    place: RecordPlace<'_>,
    notice: &NoticeRecord,
) -> Result<(), Refusal> {
    change.set_notice_delivery(&NoticeDeliveryRow {
        contract: place.parse("contract", &notice.contract)?,
        topic: match notice.days {
            Some(days) => days.to_string(),
            None => notice.topic.clone(),
        },
        channel: notice.channel.clone(),
        delivered: notice.outcome == "delivered",
        attempts: u32::try_from(notice.attempt)
            .map_err(|cause| place.unreadable_field_refusal("attempt").caused_by(cause))?,
        reason: notice.reason.clone(),
        at: place.record.at,
    })
}

/// Applies a permit: the first one under each contract is an event.
pub(super) fn apply_first_use(
    change: &IndexTransaction<'_>,
    contracts: &[String],
    at: UtcTimestamp,
) -> Result<(), Refusal> {
    let topic = InformEvent::FirstUse.as_str();
    let mut contracts = contracts.iter();
    contracts.try_for_each(|contract| change.add_contract_event(contract, topic, "", at))
}

/// Applies a refusal: the first one of a day under each contract is an event, so that a flood causes one notice.
pub(super) fn apply_refusal(
    change: &IndexTransaction<'_>,
    refusal: &RefusalRecord,
    at: UtcTimestamp,
) -> Result<(), Refusal> {
    let time = at.to_string();
    let day = time.split('T').next().unwrap_or_default();
    let topic = format!("{}:{day}", InformEvent::Refusal.as_str());
    let named = match &refusal.contract {
        Some(contract) => std::slice::from_ref(contract),
        None => refusal.contracts.as_deref().unwrap_or_default(),
    };
    let mut named = named.iter();
    named.try_for_each(|contract| change.add_contract_event(contract, &topic, &refusal.code, at))
}
