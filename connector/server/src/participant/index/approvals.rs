//! What officers say of what two of them must want.

use super::RecordBody;
use hansa_policy::refusal::Refusal;
use hansa_store::state_index::index_transaction::IndexTransaction;
use hansa_store::state_index::row::PendingApprovalRow;

/// The word of an officer: the first one asks, and another one approves.
pub(super) fn apply_approval(
    change: &IndexTransaction<'_>,
    body: &RecordBody<'_>,
) -> Result<(), Refusal> {
    let action = body.text("deed")?;
    let contract = match body.optional("change") {
        Some(_) => body.contract("change")?,
        None => body.contract("contract")?,
    };
    match body.optional("second") {
        Some(second) => change.approved(contract, &action, &second),
        None => change.asked_for(&PendingApprovalRow {
            contract,
            action,
            first: body.text("first")?,
            second: None,
            reason: body
                .optional("reason_commit")
                .or_else(|| body.optional("reason")),
            at: body.record.at,
        }),
    }
}
