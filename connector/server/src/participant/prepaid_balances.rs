//! What was paid beforehand, and what is spent of it: kept for the first version of a contract, so that an amendment finds
//! what was spent before. Reserved before anything leaves, in pieces that grow, like quotas.

use crate::participant::audit_event::AuditEvent;
use hansa_audit_log::json::Json;
use hansa_policy::decision::prepaid_charge::PrepaidCharge;
use hansa_policy::id::{ContractId, RequestId};
use hansa_policy::money::MoneyAmount;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::price::PriceUnit;
use hansa_store::state_index::row::BalanceRow;
use parking_lot::Mutex;
use std::collections::BTreeMap;

/// What was paid and spent, by the first version of the contract.
#[derive(Debug, Default)]
pub(crate) struct BalanceStore(Mutex<BTreeMap<ContractId, BalanceRow>>);

/// What one answer has reserved and not yet handed out, by contract.
#[derive(Debug, Default)]
pub(crate) struct BalanceReservation {
    left: BTreeMap<ContractId, u64>,
    total: BTreeMap<ContractId, u64>,
    chunks: u32,
}

impl BalanceStore {
    /// As the index knows them.
    pub(crate) fn new(rows: Vec<(ContractId, BalanceRow)>) -> Self {
        Self(Mutex::new(rows.into_iter().collect()))
    }

    fn locked<T>(&self, act: impl FnOnce(&mut BTreeMap<ContractId, BalanceRow>) -> T) -> T {
        let mut purses = self.0.lock();
        act(&mut purses)
    }

    /// What was paid beside the contract, and spent.
    pub(crate) fn of(&self, first: ContractId) -> BalanceRow {
        self.locked(|purses| purses.get(&first).cloned().unwrap_or_default())
    }

    /// More was paid, and is on the books.
    pub(crate) fn topped_up(&self, first: ContractId, amount: MoneyAmount) {
        self.locked(|purses| {
            let purse = purses.entry(first).or_default();
            purse.topped = purse.topped.plus(amount);
        });
    }

    /// Charges what the record of a ruling has charged.
    pub(crate) fn charge(&self, fares: &[PrepaidCharge]) {
        self.locked(|purses| {
            for fare in fares {
                let purse = purses.entry(fare.first).or_default();
                purse.spent = purse.spent.plus(fare.price.each().times(fare.count));
                if fare.price.per == PriceUnit::Month {
                    purse.months = purse.months.saturating_add(fare.count);
                }
            }
        });
    }

    /// Reserves money for a frame. What comes back is the record that must be durable before the frame leaves; nothing, where
    /// what was reserved before still covers it.
    ///
    /// # Errors
    /// `PREPAID_SPENT` with the clause.
    pub(crate) fn reserve(
        &self,
        fares: &[PrepaidCharge],
        draft: &mut BalanceReservation,
        (request, opened): (RequestId, u64),
        (rows, bytes): (u64, u64),
    ) -> Result<Option<AuditEvent>, Refusal> {
        let mut charges = Vec::new();
        for fare in fares {
            let Some(need) = fare.running(rows, bytes) else {
                continue;
            };
            let left = draft.left.get(&fare.first).copied().unwrap_or(0);
            if left < need {
                let first = match fare.price.per {
                    PriceUnit::Megabyte => FIRST_BYTES,
                    PriceUnit::Row | PriceUnit::Query | PriceUnit::Month => FIRST_ROWS,
                };
                let most = first.saturating_mul(1 << draft.chunks.min(5));
                let taken = self.take(fare, need.saturating_sub(left), most)?;
                charges.push(fare.charge(taken));
                for counter in [&mut draft.left, &mut draft.total] {
                    let counter = counter.entry(fare.first).or_default();
                    *counter = counter.saturating_add(taken);
                }
            }
            if let Some(left) = draft.left.get_mut(&fare.first) {
                *left = left.saturating_sub(need);
            }
        }
        if charges.is_empty() {
            return Ok(None);
        }
        draft.chunks = draft.chunks.saturating_add(1);
        Ok(Some(AuditEvent::new(
            "progress",
            [
                ("request_id", Json::text(request)),
                ("opened", Json::count(opened)),
                ("reservations", Json::List(Vec::new())),
                ("charges", Json::List(charges)),
            ],
        )))
    }

    /// Takes at least so many, at most so many, as far as there is money.
    fn take(&self, fare: &PrepaidCharge, least: u64, most: u64) -> Result<u64, Refusal> {
        let each = fare.price.each();
        let paid = fare.price.paid().unwrap_or_default();
        self.locked(|purses| {
            let purse = purses.entry(fare.first).or_default();
            let left = purse.left(paid);
            let room = left.holds(each);
            if room < least {
                return Err(fare
                    .price
                    .spent(left)
                    .with_contract(fare.contract)
                    .with_clause(fare.clause, format!("{} each", fare.price.amount)));
            }
            let amount = most.max(least).min(room);
            purse.spent = purse.spent.plus(each.times(amount));
            Ok(amount)
        })
    }

    /// Gives back what a closed answer had reserved beyond what it handed out.
    pub(crate) fn give_back(
        &self,
        fares: &[PrepaidCharge],
        draft: &BalanceReservation,
        rows: u64,
        bytes: u64,
    ) {
        self.locked(|purses| {
            for fare in fares {
                let handed = fare.running(rows, bytes);
                let total = draft.total.get(&fare.first).copied();
                if let (Some(handed), Some(total), Some(purse)) =
                    (handed, total, purses.get_mut(&fare.first))
                {
                    let unused = fare.price.each().times(total.saturating_sub(handed));
                    purse.spent = purse.spent.less(unused);
                }
            }
        });
    }
}

const FIRST_ROWS: u64 = 8192;
const FIRST_BYTES: u64 = 1 << 20;
