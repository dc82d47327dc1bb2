//! Prepaid balances, kept by the first version of a contract, so that an amendment sees earlier charges. Amounts are reserved
//! before rows leave, in growing pieces, like quotas.

use crate::contract::quota_budget::FrameSize;
use hansa_audit_log::record::answers::PrepaidDraft;
use hansa_policy::decision::prepaid_charge::PrepaidCharge;
use hansa_policy::id::ContractId;
use hansa_policy::money::MoneyAmount;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::price::PriceUnit;
use hansa_store::state_index::row::BalanceRow;
use parking_lot::Mutex;
use std::collections::BTreeMap;

/// Paid and spent amounts, by the first version of the contract.
#[derive(Debug, Default)]
pub(crate) struct BalanceStore(Mutex<BTreeMap<ContractId, BalanceRow>>);

/// Reserved and unused amounts of one answer, by contract.
#[derive(Debug, Default)]
pub(crate) struct BalanceReservation {
    left: BTreeMap<ContractId, u64>,
    total: BTreeMap<ContractId, u64>,
    chunks: u32,
}

impl BalanceStore {
    /// Makes the store from the rows of the index.
    pub(crate) fn new(rows: Vec<(ContractId, BalanceRow)>) -> Self {
        Self(Mutex::new(rows.into_iter().collect()))
    }

    fn with_balances<T>(&self, act: impl FnOnce(&mut BTreeMap<ContractId, BalanceRow>) -> T) -> T {
        let mut balances = self.0.lock();
        act(&mut balances)
    }

    /// Additional payments and charges of a contract.
    pub(crate) fn balance(&self, first: ContractId) -> BalanceRow {
        self.with_balances(|balances| balances.get(&first).cloned().unwrap_or_default())
    }

    /// Adds a recorded payment.
    pub(crate) fn add_top_up(&self, first: ContractId, amount: MoneyAmount) {
        self.with_balances(|balances| {
            let balance = balances.entry(first).or_default();
            balance.topped = balance.topped.saturating_add(amount);
        });
    }

    /// Applies the charges of a recorded decision.
    pub(crate) fn charge(&self, charges: &[PrepaidCharge]) {
        self.with_balances(|balances| {
            for prepaid_charge in charges {
                let balance = balances.entry(prepaid_charge.first).or_default();
                balance.spent = balance.spent.saturating_add(
                    prepaid_charge
                        .price
                        .unit_price()
                        .saturating_mul(prepaid_charge.count),
                );
                if prepaid_charge.price.per == PriceUnit::Month {
                    balance.months = balance.months.saturating_add(prepaid_charge.count);
                }
            }
        });
    }

    /// Reserves money for a frame.
    ///
    /// The returned entries, one per price, must be durable before the frame leaves. They are empty if earlier reservations cover
    /// the frame.
    ///
    /// # Errors
    /// `PREPAID_SPENT` with the clause.
    pub(crate) fn reserve(
        &self,
        prepaid_charges: &[PrepaidCharge],
        draft: &mut BalanceReservation,
        frame: FrameSize,
    ) -> Result<Vec<PrepaidDraft>, Refusal> {
        let mut charges = Vec::new();
        for charge in prepaid_charges {
            let Some(need) = charge.count_units(frame.rows, frame.bytes) else {
                continue;
            };
            let left = draft.left.get(&charge.first).copied().unwrap_or(0);
            if left < need {
                let first = match charge.price.per {
                    PriceUnit::Megabyte => FIRST_BYTES,
                    PriceUnit::Row | PriceUnit::Query | PriceUnit::Month => FIRST_ROWS,
                };
                let most = first.saturating_mul(1 << draft.chunks.min(5));
                let taken = self.take_units(charge, need.saturating_sub(left), most)?;
                charges.push(charge.draft_charge(taken));
                for counter in [&mut draft.left, &mut draft.total] {
                    let counter = counter.entry(charge.first).or_default();
                    *counter = counter.saturating_add(taken);
                }
            }
            if let Some(left) = draft.left.get_mut(&charge.first) {
                *left = left.saturating_sub(need);
            }
        }
        if !charges.is_empty() {
            draft.chunks = draft.chunks.saturating_add(1);
        }
        Ok(charges)
    }

    /// Takes between `least` and `most` units, within the balance.
    fn take_units(&self, charge: &PrepaidCharge, least: u64, most: u64) -> Result<u64, Refusal> {
        let each = charge.price.unit_price();
        let paid = charge.price.prepaid_amount().unwrap_or_default();
        self.with_balances(|balances| {
            let balance = balances.entry(charge.first).or_default();
            let left = balance.remaining_amount(paid);
            let room = left.count_multiples(each);
            if room < least {
                return Err(charge
                    .price
                    .spent_prepayment_refusal(left)
                    .with_contract(charge.contract)
                    .with_clause(charge.clause, format!("{} each", charge.price.amount)));
            }
            let amount = most.max(least).min(room);
            balance.spent = balance.spent.saturating_add(each.saturating_mul(amount));
            Ok(amount)
        })
    }

    /// Returns the unused reservation of a closed answer.
    pub(crate) fn give_back(
        &self,
        charges: &[PrepaidCharge],
        draft: &BalanceReservation,
        rows: u64,
        bytes: u64,
    ) {
        self.with_balances(|balances| {
            for charge in charges {
                let handed = charge.count_units(rows, bytes);
                let total = draft.total.get(&charge.first).copied();
                if let (Some(handed), Some(total), Some(balance)) =
                    (handed, total, balances.get_mut(&charge.first))
                {
                    let unused = charge
                        .price
                        .unit_price()
                        .saturating_mul(total.saturating_sub(handed));
                    balance.spent = balance.spent.saturating_sub(unused);
                }
            }
        });
    }
}

const FIRST_ROWS: u64 = 8192;
const FIRST_BYTES: u64 = 1 << 20;
