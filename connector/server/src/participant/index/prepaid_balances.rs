//! What was paid beforehand is spent by records alone.

use super::{RecordBody, unreadable};
use hansa_audit_log::json::Json;
use hansa_policy::refusal::Refusal;
use hansa_store::state_index::index_transaction::IndexTransaction;
use hansa_store::state_index::row::ChargeRow;

/// The charges of a record; none where it holds none, as one of before there were any.
pub(super) fn charged(
    change: &IndexTransaction<'_>,
    body: &RecordBody<'_>,
    opened: Option<u64>,
) -> Result<(), Refusal> {
    let charges = body.get("charges").and_then(Json::as_list);
    for charge in charges.unwrap_or_default() {
        let prepaid_charge =
            charge_row(charge).ok_or_else(|| unreadable(body.record, "charges"))?;
        change.charged(&prepaid_charge, opened)?;
    }
    Ok(())
}

fn charge_row(charge: &Json) -> Option<ChargeRow> {
    let text = |name: &str| charge.get(name).and_then(Json::as_text);
    Some(ChargeRow {
        contract: text("contract")?.to_owned(),
        per: text("per")?.to_owned(),
        each: text("each")?.parse().ok()?,
        count: charge.get("count")?.as_count()?,
    })
}
