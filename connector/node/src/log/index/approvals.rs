//! Approvals of officers for steps that need two of them.

use crate::log::index::RecordPlace;
use hansa_audit_log::record::contracts::ApprovalRecord;
use hansa_policy::refusal::Refusal;
use hansa_store::state_index::index_transaction::IndexTransaction;
use hansa_store::state_index::row::{DeclinedApprovalRow, PendingApprovalRow};

/// Applies the approval of an officer. The first officer requests the step, and another one approves or declines it.
pub(super) fn apply_approval(
    change: &IndexTransaction<'_>,
    place: RecordPlace<'_>,
    approval: &ApprovalRecord,
) -> Result<(), Refusal> {
    let subject = approval.change.as_ref().or(approval.contract.as_ref());
    let subject = subject.ok_or_else(|| place.unreadable_field_refusal("contract"))?;
    let contract = place.parse("contract", subject)?;
    if let Some(declined) = &approval.declined {
        return change.decline_change(&DeclinedApprovalRow {
            contract,
            action: approval.action.clone(),
            first: approval.first.clone(),
            declined: declined.clone(),
            reason: approval.reason_commit.clone(),
            at: place.record.at,
        });
    }
    match &approval.second {
        Some(second) => change.approve_change(contract, &approval.action, second),
        None => change.add_pending_approval(&PendingApprovalRow {
            contract,
            action: approval.action.clone(),
            first: approval.first.clone(),
            second: None,
            reason: approval.reason_commit.clone(),
            at: place.record.at,
        }),
    }
}
