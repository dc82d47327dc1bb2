//! Of what people are to be told, and what came of it.

use super::{RecordBody, unreadable};
use hansa_policy::refusal::Refusal;
use hansa_policy::term::inform::InformEvent;
use hansa_store::state_index::index_transaction::IndexTransaction;
use hansa_store::state_index::row::NoticeDeliveryRow;

/// What came of a notice: of an end it names the days, of an event the topic.
pub(super) fn apply_notice(
    change: &IndexTransaction<'_>,
    body: &RecordBody<'_>,
) -> Result<(), Refusal> {
    let attempts = body.count("attempt")?;
    change.noticed(&NoticeDeliveryRow {
        contract: body.contract("contract")?,
        topic: match body.maybe_count("days") {
            Some(days) => days.to_string(),
            None => body.text("topic")?,
        },
        channel: body.text("channel")?,
        delivered: body.text("outcome")? == "delivered",
        attempts: u32::try_from(attempts)
            .map_err(|cause| unreadable(body.record, "attempt").caused_by(cause))?,
        reason: body.optional("reason"),
        at: body.record.at,
    })
}

/// A question was permitted: of each contract the first one is an event.
pub(super) fn used(change: &IndexTransaction<'_>, body: &RecordBody<'_>) -> Result<(), Refusal> {
    for contract in body.words("contracts").split_whitespace() {
        let topic = InformEvent::FirstUse.as_str();
        change.happened(contract, topic, "", body.record.at)?;
    }
    Ok(())
}

/// A question was refused: of each contract the first one of a day is an event, so that a flood is told once.
pub(super) fn refused(change: &IndexTransaction<'_>, body: &RecordBody<'_>) -> Result<(), Refusal> {
    let at = body.record.at.to_string();
    let day = at.split('T').next().unwrap_or_default();
    let topic = format!("{}:{day}", InformEvent::Refusal.as_str());
    let code = body.text("code")?;
    let named = body.optional("contract");
    let named = named.unwrap_or_else(|| body.words("contracts"));
    for contract in named.split_whitespace() {
        change.happened(contract, &topic, &code, body.record.at)?;
    }
    Ok(())
}

/// A provider has told us of an event.
pub(super) fn noticed(change: &IndexTransaction<'_>, body: &RecordBody<'_>) -> Result<(), Refusal> {
    change.happened(
        &body.text("contract")?,
        &body.text("topic")?,
        &body.text("detail")?,
        body.parsed("happened")?,
    )
}
