//! Prepaid balances in the index. Only records change them.

use crate::log::index::RecordPlace;
use hansa_audit_log::record::answers::PrepaidDraft;
use hansa_policy::refusal::Refusal;
use hansa_store::state_index::index_transaction::IndexTransaction;
use hansa_store::state_index::row::ChargeRow;

/// Applies the charges of a record.
pub(super) fn apply_charges(
    change: &IndexTransaction<'_>,
    place: RecordPlace<'_>,
    charges: &[PrepaidDraft],
    opened: Option<u64>,
) -> Result<(), Refusal> {
    for charge in charges {
        let row = ChargeRow {
            contract: charge.contract.clone(),
            per: charge.per.clone(),
            each: place.parse("charges", &charge.each)?,
            count: charge.count,
        };
        change.add_charge(&row, opened)?;
    }
    Ok(())
}
