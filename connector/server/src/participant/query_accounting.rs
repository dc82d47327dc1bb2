//! What answers cost: what was spent of quotas and of money, which questions were answered, and their receipts.

use crate::participant::issued_receipts::IssuedReceipts;
use crate::participant::prepaid_balances::BalanceStore;
use crate::participant::quota_budget::BudgetCounters;
use hansa_policy::id::{ParticipantId, RequestId};
use parking_lot::Mutex;
use std::collections::BTreeSet;

/// Counters of answers.
pub(crate) struct QueryAccounting {
    /// What was spent.
    pub(crate) budgets: BudgetCounters,
    /// What was paid beforehand, and spent of it.
    pub(crate) prepaid_balances: BalanceStore,
    /// Held while a question that is counted is admitted, so that two can't spend the same last use of `budgets` or
    /// `prepaid_balances`.
    pub(crate) charge_lock: tokio::sync::Mutex<()>,
    /// The questions answered since the start, so that each is answered once.
    pub(super) answered_requests: Mutex<BTreeSet<(RequestId, ParticipantId)>>,
    /// Receipts that were issued a moment ago.
    pub(crate) issued_receipts: IssuedReceipts,
}
