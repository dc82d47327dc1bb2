//! Accounting of answers: quotas, prepaid balances, answered questions and receipts.

use crate::contract::prepaid_balances::BalanceStore;
use crate::contract::quota_budget::BudgetCounters;
use crate::receipt::issued_receipts::IssuedReceipts;
use hansa_policy::id::{ParticipantId, RequestId};
use parking_lot::Mutex;
use std::collections::BTreeSet;

/// Counters of answers.
pub struct QueryAccounting {
    /// Amounts spent from quotas.
    pub budgets: BudgetCounters,
    /// Prepaid balances.
    pub(crate) prepaid_balances: BalanceStore,
    /// Lock for the admission of a counted question, so that two questions can't spend one last use of `budgets` or
    /// `prepaid_balances`.
    pub(crate) charge_lock: tokio::sync::Mutex<()>,
    /// Questions answered since the start, so that each is answered once.
    pub(crate) answered_requests: Mutex<BTreeSet<(RequestId, ParticipantId)>>,
    /// Recently issued receipts.
    pub(crate) issued_receipts: IssuedReceipts,
}

crate::debug_by_name!(QueryAccounting);
