//! What was paid beforehand is spent by records alone.

use super::{Body, unreadable};
use hansa_audit_log::json::Json;
use hansa_policy::refusal::Refusal;
use hansa_store::state::change::Change;
use hansa_store::state::row::FareRow;

/// The charges of a record; none where it holds none, as one of before there were any.
pub(super) fn charged(
    change: &Change<'_>,
    body: &Body<'_>,
    opened: Option<u64>,
) -> Result<(), Refusal> {
    let charges = body.get("charges").and_then(Json::as_list);
    for charge in charges.unwrap_or_default() {
        let fare = fare(charge).ok_or_else(|| unreadable(body.record, "charges"))?;
        change.charged(&fare, opened)?;
    }
    Ok(())
}

fn fare(charge: &Json) -> Option<FareRow> {
    let text = |name: &str| charge.get(name).and_then(Json::as_text);
    Some(FareRow {
        contract: text("contract")?.to_owned(),
        per: text("per")?.to_owned(),
        each: text("each")?.parse().ok()?,
        count: charge.get("count")?.as_count()?,
    })
}
