//! What answers cost: what was spent of quotas and of money, which questions were answered, and their receipts.

use crate::contract::prepaid_balances::BalanceStore;
use crate::contract::quota_budget::BudgetCounters;
use crate::receipt::issued_receipts::IssuedReceipts;
use hansa_policy::id::{ParticipantId, RequestId};
use parking_lot::Mutex;
use std::collections::BTreeSet;

/// Counters of answers.
pub struct QueryAccounting {
    /// What was spent.
    pub budgets: BudgetCounters,
    /// What was paid beforehand, and spent of it.
    pub(crate) prepaid_balances: BalanceStore,
    /// Held while a question that is counted is admitted, so that two can't spend the same last use of `budgets` or
    /// `prepaid_balances`.
    pub(crate) charge_lock: tokio::sync::Mutex<()>,
    /// The questions answered since the start, so that each is answered once.
    pub(crate) answered_requests: Mutex<BTreeSet<(RequestId, ParticipantId)>>,
    /// Receipts that were issued a moment ago.
    pub(crate) issued_receipts: IssuedReceipts,
}

crate::debug_by_name!(QueryAccounting);
