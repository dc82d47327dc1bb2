//! Deletion statements in the index, from the permit that makes one due to the record of the statement.

use hansa_audit_log::record::answers::{NotReceivedRecord, PermitRecord};
use hansa_audit_log::record::contracts::DeletionRecord;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_store::state_index::index_transaction::IndexTransaction;

/// Applies a permit: each grant that requires a deletion statement names the first version of its contract.
pub(super) fn apply_permit(
    change: &IndexTransaction<'_>,
    place: u64,
    permit: &PermitRecord,
) -> Result<(), Refusal> {
    let mut asking = permit
        .grants
        .iter()
        .filter_map(|grant| grant.attest.as_ref());
    asking.try_for_each(|contract| {
        change.add_owed_statement(place, contract, &permit.peer, &permit.request_id)
    })
}

/// Applies a received or sent deletion statement.
pub(super) fn apply_deletion(
    change: &IndexTransaction<'_>,
    deletion: &DeletionRecord,
    place: u64,
) -> Result<(), Refusal> {
    let DeletionRecord { peer, first, .. } = deletion;
    let mut requests = deletion.requests.iter();
    requests.try_for_each(|request| match deletion.direction.as_str() {
        "in" => change.clear_owed_statement(first, request, peer),
        _ => change.add_own_statement(first, request, peer, place),
    })
}

/// Applies a failed answer. A refused one delivered no rows; an interrupted one may have delivered some.
pub(super) fn not_received(
    change: &IndexTransaction<'_>,
    end: &NotReceivedRecord,
    at: UtcTimestamp,
) -> Result<(), Refusal> {
    if end.code == ErrorCode::Interrupted.as_str() {
        return change.end_sent_query(&end.request_id, &end.peer, at);
    }
    change.remove_sent_query(&end.request_id, &end.peer)
}
