//! What was spent of each quota. Reserved before anything leaves, in pieces that grow, so that a stream rarely waits.

use crate::walk::fact::Fact;
use evidence::json::Json;
use evidence::time::Time;
use keep::state::query::BudgetRow;
use policy::id::{ClauseId, ContractId, ParticipantId, RequestId};
use policy::refusal::{Code, Refusal};
use policy::ruling::{Budget, Counted};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// A counter: contract, clause, start of the slot, and who asked, since a public view has many askers.
type Key = (ContractId, ClauseId, Time, ParticipantId);

/// The counters of all quotas.
#[derive(Debug, Default)]
pub(crate) struct Budgets {
    used: Mutex<BTreeMap<Key, u64>>,
}

/// What one answer has reserved and not yet handed out.
#[derive(Debug)]
pub(crate) struct Reserve {
    asker: ParticipantId,
    left: BTreeMap<(ContractId, ClauseId), u64>,
    total: BTreeMap<(ContractId, ClauseId), u64>,
    chunks: u32,
}

impl Reserve {
    /// Nothing yet, for an answer to this asker.
    pub(crate) const fn of(asker: ParticipantId) -> Self {
        Self {
            asker,
            left: BTreeMap::new(),
            total: BTreeMap::new(),
            chunks: 0,
        }
    }

    fn key(&self, budget: &Budget) -> Key {
        key(budget, &self.asker)
    }
}

fn key(budget: &Budget, asker: &ParticipantId) -> Key {
    (budget.contract, budget.clause, budget.slot, asker.clone())
}

impl Budgets {
    /// Counters as the index knows them.
    pub(crate) fn new(spent: Vec<BudgetRow>) -> Self {
        let used = spent
            .into_iter()
            .map(|(contract, clause, slot, asker, used)| ((contract, clause, slot, asker), used))
            .collect();
        Self {
            used: Mutex::new(used),
        }
    }

    fn locked<T>(&self, act: impl FnOnce(&mut BTreeMap<Key, u64>) -> T) -> T {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut used)
    }

    /// What an asker has spent in a slot.
    pub(crate) fn spent(
        &self,
        contract: ContractId,
        clause: ClauseId,
        slot: Time,
        asker: &ParticipantId,
    ) -> u64 {
        let key = (contract, clause, slot, asker.clone());
        self.locked(|used| used.get(&key).copied().unwrap_or(0))
    }

    /// The most that any asker has spent in a slot; each has the whole quota.
    pub(crate) fn most_spent(&self, contract: ContractId, clause: ClauseId, slot: Time) -> u64 {
        self.locked(|used| {
            used.iter()
                .filter(|((id, number, start, _), _)| {
                    (*id, *number, *start) == (contract, clause, slot)
                })
                .map(|(_, spent)| *spent)
                .max()
                .unwrap_or(0)
        })
    }

    /// Counts one admitted question.
    pub(crate) fn count_query(&self, budgets: &[Budget], asker: &ParticipantId) {
        self.locked(|used| {
            for budget in budgets
                .iter()
                .filter(|budget| budget.counts == Counted::Queries)
            {
                let counter = used.entry(key(budget, asker)).or_default();
                *counter = counter.saturating_add(1);
            }
        });
    }

    /// Reserves room for a frame in all quotas or in none. What comes back is the record that must be durable before the
    /// frame leaves; nothing, where what was reserved before still covers it.
    ///
    /// # Errors
    /// `QUOTA_ROWS` or `QUOTA_BYTES` with the clause.
    pub(crate) fn reserve(
        &self,
        budgets: &[Budget],
        reserve: &mut Reserve,
        (request, opened): (RequestId, u64),
        (rows, bytes): (u64, u64),
    ) -> Result<Option<Fact>, Refusal> {
        let needs = |budget: &Budget| match budget.counts {
            Counted::Queries => None,
            Counted::Rows => Some((rows, FIRST_ROWS)),
            Counted::Bytes => Some((bytes, FIRST_BYTES)),
        };
        let short = |budget: &&Budget| {
            needs(budget).is_some_and(|(need, _)| {
                let key = (budget.contract, budget.clause);
                reserve.left.get(&key).copied().unwrap_or(0) < need
            })
        };
        let mut taken = Vec::new();
        if budgets.iter().any(|budget| short(&budget)) {
            let grow = 1_u64 << reserve.chunks.min(5);
            let wanted: Vec<(&Budget, u64, u64)> = budgets
                .iter()
                .filter_map(|budget| {
                    let (need, first) = needs(budget)?;
                    let key = (budget.contract, budget.clause);
                    let left = reserve.left.get(&key).copied().unwrap_or(0);
                    let least = need.saturating_sub(left);
                    Some((budget, least, first.saturating_mul(grow).max(least)))
                })
                .collect();
            taken = self.take(&wanted, &reserve.asker)?;
            reserve.chunks = reserve.chunks.saturating_add(1);
        }
        for (budget, amount) in &taken {
            let key = (budget.contract, budget.clause);
            let left = reserve.left.entry(key).or_default();
            *left = left.saturating_add(*amount);
            let total = reserve.total.entry(key).or_default();
            *total = total.saturating_add(*amount);
        }
        for budget in budgets {
            if let Some((need, _)) = needs(budget)
                && let Some(left) = reserve.left.get_mut(&(budget.contract, budget.clause))
            {
                *left = left.saturating_sub(need);
            }
        }
        Ok((!taken.is_empty()).then(|| progress(request, opened, &taken)))
    }

    /// Takes from all quotas or from none: as much as wanted, or what is left if that is enough.
    fn take<'b>(
        &self,
        wanted: &[(&'b Budget, u64, u64)],
        asker: &ParticipantId,
    ) -> Result<Vec<(&'b Budget, u64)>, Refusal> {
        self.locked(|used| {
            let mut amounts = Vec::new();
            for (budget, least, most) in wanted {
                let spent = used.get(&key(budget, asker)).copied().unwrap_or(0);
                let room = budget.quota.max.saturating_sub(spent);
                if room < *least {
                    return Err(over(budget));
                }
                amounts.push((*budget, room.min(*most)));
            }
            for (budget, amount) in &amounts {
                let counter = used.entry(key(budget, asker)).or_default();
                *counter = counter.saturating_add(*amount);
            }
            amounts.retain(|(_, amount)| *amount > 0);
            Ok(amounts)
        })
    }

    /// Gives back what a closed answer had reserved beyond what it handed out.
    pub(crate) fn give_back(&self, budgets: &[Budget], reserve: &Reserve, rows: u64, bytes: u64) {
        self.locked(|used| {
            for budget in budgets {
                let handed = match budget.counts {
                    Counted::Queries => continue,
                    Counted::Rows => rows,
                    Counted::Bytes => bytes,
                };
                let within = (budget.contract, budget.clause);
                let total = reserve.total.get(&within).copied().unwrap_or(0);
                if let Some(counter) = used.get_mut(&reserve.key(budget)) {
                    *counter = counter.saturating_sub(total.saturating_sub(handed));
                }
            }
        });
    }
}

fn progress(request: RequestId, opened: u64, taken: &[(&Budget, u64)]) -> Fact {
    let reservations = taken
        .iter()
        .map(|(budget, amount)| {
            Json::object([
                ("contract", Json::text(budget.contract)),
                ("clause", Json::Int(i64::from(budget.clause.0))),
                ("counts", Json::text(budget.counts.as_str())),
                ("slot", Json::text(budget.slot)),
                ("amount", Json::count(*amount)),
            ])
        })
        .collect();
    Fact::new(
        "progress",
        [
            ("request_id", Json::text(request)),
            ("opened", Json::count(opened)),
            ("reservations", Json::List(reservations)),
        ],
    )
}

fn over(budget: &Budget) -> Refusal {
    let (code, what) = match budget.counts {
        Counted::Queries => (Code::QuotaQueries, "questions"),
        Counted::Rows => (Code::QuotaRows, "rows"),
        Counted::Bytes => (Code::QuotaBytes, "bytes"),
    };
    Refusal::new(
        code,
        format!("the answer would go beyond the {what} of this period"),
    )
    .with_contract(budget.contract)
    .with_clause(
        budget.clause,
        format!("{} {what} in each period", budget.quota.max),
    )
    .with_help(format!("wait until {}, or ask for less", budget.slot_end))
}

const FIRST_ROWS: u64 = 8192;
const FIRST_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests;
