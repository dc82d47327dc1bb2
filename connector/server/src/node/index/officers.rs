//! What officers say of what two of them must want.

use super::Body;
use hansa_policy::refusal::Refusal;
use hansa_store::state::change::Change;
use hansa_store::state::row::WordRow;

/// The word of an officer: the first one asks, and another one approves.
pub(super) fn said(change: &Change<'_>, body: &Body<'_>) -> Result<(), Refusal> {
    let deed = body.text("deed")?;
    let contract = match body.optional("change") {
        Some(_) => body.contract("change")?,
        None => body.contract("contract")?,
    };
    match body.optional("second") {
        Some(second) => change.approved(contract, &deed, &second),
        None => change.asked_for(&WordRow {
            contract,
            deed,
            first: body.text("first")?,
            second: None,
            reason: body
                .optional("reason_commit")
                .or_else(|| body.optional("reason")),
            at: body.record.at,
        }),
    }
}
