//! What was spent of each quota. Reserved before anything leaves, in pieces that grow, so that a stream rarely waits.
//!
//! A quota is a clause of one contract, but what is counted belongs to the asker and the dataset: each clause compares its
//! own limit with what its asker has had of the dataset in the clause's slot, under whichever contract. So another contract
//! on the same dataset, an amendment or a public view that was signed again brings no fresh quota.

use crate::walk::fact::Fact;
use hansa_audit_log::json::Json;
use hansa_audit_log::time::Time;
use hansa_policy::id::{DatasetId, ParticipantId, RequestId};
use hansa_policy::refusal::{Code, Refusal};
use hansa_policy::ruling::{Budget, Counted};
use hansa_policy::term::Term;
use hansa_store::state::query::BudgetRow;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// What is counted of which dataset.
type Kind = (DatasetId, Counted);

/// What was used of a kind by an asker, by the start of the [`piece`] of time in which its question was admitted.
type Uses = BTreeMap<Time, u64>;

/// The counters of all quotas.
#[derive(Debug, Default)]
pub(crate) struct Budgets {
    used: Mutex<BTreeMap<Kind, BTreeMap<ParticipantId, Uses>>>,
}

/// What one answer has reserved and not yet handed out.
#[derive(Debug)]
pub(crate) struct Reserve {
    asker: ParticipantId,
    piece: Time,
    left: BTreeMap<Kind, u64>,
    total: BTreeMap<Kind, u64>,
    chunks: u32,
}

impl Reserve {
    /// Nothing yet, for an answer to this asker whose question was admitted then.
    pub(crate) fn of(asker: ParticipantId, admitted: Time) -> Self {
        Self {
            asker,
            piece: piece(admitted),
            left: BTreeMap::new(),
            total: BTreeMap::new(),
            chunks: 0,
        }
    }
}

/// What an answer wants of one kind.
struct Want<'b> {
    kind: Kind,
    clauses: Vec<&'b Budget>,
    least: u64,
    most: u64,
}

/// The piece of time in which an instant lies, by its start. Slots begin on quarters of an hour, in every zone, or a second
/// before one, where a contract has no first day: the first instant of all is such a second. Each of both begins a piece;
/// where a slot begins within one, the piece counts for both its slots, so rather too much than too little.
pub(crate) fn piece(at: Time) -> Time {
    let past = at.micros().rem_euclid(QUARTER);
    let begun = if past < QUARTER.saturating_sub(SECOND) {
        past
    } else {
        past.saturating_sub(QUARTER.saturating_sub(SECOND))
    };
    at.plus_micros(begun.saturating_neg())
}

/// Where the piece ends that begins there.
fn end(start: Time) -> Time {
    let length = if start.micros().rem_euclid(QUARTER) == 0 {
        QUARTER.saturating_sub(SECOND)
    } else {
        SECOND
    };
    start.plus_micros(length)
}

/// How far back anything can count: the longest period, and a day.
pub(crate) fn oldest(now: Time) -> Time {
    now.plus_micros((31 * 24 * 4 * QUARTER).saturating_neg())
}

fn kind(budget: &Budget) -> Kind {
    (budget.dataset.clone(), budget.counts)
}

/// What was used in a slot; the piece in which the question itself was admitted counts for it in any case.
fn within(uses: &Uses, slot: Time, slot_end: Time, own: Option<Time>) -> u64 {
    uses.iter()
        .filter(|(start, _)| (end(**start) > slot && **start < slot_end) || own == Some(**start))
        .fold(0, |sum, (_, used)| sum.saturating_add(*used))
}

impl Budgets {
    /// Counters as the index knows them.
    pub(crate) fn new(spent: Vec<BudgetRow>) -> Self {
        let mut used: BTreeMap<Kind, BTreeMap<ParticipantId, Uses>> = BTreeMap::new();
        for (asker, dataset, counts, at, amount) in spent {
            let counts = Counted::ALL
                .into_iter()
                .find(|known| known.as_str() == counts);
            if let Some(counts) = counts {
                let askers = used.entry((dataset, counts)).or_default();
                askers.entry(asker).or_default().insert(at, amount);
            }
        }
        Self {
            used: Mutex::new(used),
        }
    }

    fn locked<T>(
        &self,
        act: impl FnOnce(&mut BTreeMap<Kind, BTreeMap<ParticipantId, Uses>>) -> T,
    ) -> T {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut used)
    }

    /// Holds up every answer at the place where its ruling is recorded and nothing has begun yet.
    #[cfg(test)]
    pub(crate) fn hold(&self) -> std::sync::MutexGuard<'_, impl Sized> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an asker has had of a dataset in a slot.
    pub(crate) fn spent(
        &self,
        dataset: &DatasetId,
        counts: Counted,
        (slot, slot_end): (Time, Time),
        asker: &ParticipantId,
    ) -> u64 {
        self.locked(|used| {
            used.get(&(dataset.clone(), counts))
                .and_then(|askers| askers.get(asker))
                .map_or(0, |uses| within(uses, slot, slot_end, None))
        })
    }

    /// The most that any asker has had of it in a slot; each has the whole quota.
    pub(crate) fn most_spent(
        &self,
        dataset: &DatasetId,
        counts: Counted,
        (slot, slot_end): (Time, Time),
    ) -> u64 {
        self.locked(|used| {
            used.get(&(dataset.clone(), counts))
                .into_iter()
                .flat_map(BTreeMap::values)
                .map(|uses| within(uses, slot, slot_end, None))
                .max()
                .unwrap_or(0)
        })
    }

    /// Counts one question that was admitted then.
    pub(crate) fn count_query(&self, budgets: &[Budget], asker: &ParticipantId, admitted: Time) {
        self.locked(|used| {
            for (kind, _) in by_kind(budgets, |counts| counts == Counted::Queries) {
                add(used, &kind, asker, piece(admitted), 1);
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
        let need = |kind: &Kind| match kind.1 {
            Counted::Queries => 0,
            Counted::Rows => rows,
            Counted::Bytes => bytes,
        };
        let kinds = by_kind(budgets, |counts| counts != Counted::Queries);
        let short = |kind: &Kind| reserve.left.get(kind).copied().unwrap_or(0) < need(kind);
        let mut taken = Vec::new();
        if kinds.keys().any(short) {
            let grow = 1_u64 << reserve.chunks.min(5);
            let wanted = kinds
                .iter()
                .map(|(kind, clauses)| {
                    let left = reserve.left.get(kind).copied().unwrap_or(0);
                    let least = need(kind).saturating_sub(left);
                    let first = match kind.1 {
                        Counted::Bytes => FIRST_BYTES,
                        Counted::Rows | Counted::Queries => FIRST_ROWS,
                    };
                    Want {
                        kind: kind.clone(),
                        clauses: clauses.clone(),
                        least,
                        most: first.saturating_mul(grow).max(least),
                    }
                })
                .collect();
            taken = self.take(wanted, reserve)?;
            reserve.chunks = reserve.chunks.saturating_add(1);
        }
        for (want, amount) in &taken {
            let left = reserve.left.entry(want.kind.clone()).or_default();
            *left = left.saturating_add(*amount);
            let total = reserve.total.entry(want.kind.clone()).or_default();
            *total = total.saturating_add(*amount);
        }
        for kind in kinds.keys() {
            if let Some(left) = reserve.left.get_mut(kind) {
                *left = left.saturating_sub(need(kind));
            }
        }
        Ok((!taken.is_empty()).then(|| progress(request, opened, &taken)))
    }

    /// Takes of all kinds or of none: as much as wanted, or what every clause has left if that is enough.
    fn take<'b>(
        &self,
        wanted: Vec<Want<'b>>,
        reserve: &Reserve,
    ) -> Result<Vec<(Want<'b>, u64)>, Refusal> {
        self.locked(|used| {
            let mut amounts = Vec::new();
            for want in wanted {
                let uses = used
                    .get(&want.kind)
                    .and_then(|askers| askers.get(&reserve.asker));
                let mut amount = want.most;
                for budget in &want.clauses {
                    let spent = uses.map_or(0, |uses| {
                        within(uses, budget.slot, budget.slot_end, Some(reserve.piece))
                    });
                    let room = budget.quota.max.saturating_sub(spent);
                    if room < want.least {
                        return Err(over(budget));
                    }
                    amount = amount.min(room);
                }
                amounts.push((want, amount));
            }
            amounts.retain(|(_, amount)| *amount > 0);
            for (want, amount) in &amounts {
                add(used, &want.kind, &reserve.asker, reserve.piece, *amount);
            }
            Ok(amounts)
        })
    }

    /// Gives back what a closed answer had reserved beyond what it handed out.
    pub(crate) fn give_back(&self, reserve: &Reserve, rows: u64, bytes: u64) {
        self.locked(|used| {
            for (kind, total) in &reserve.total {
                let handed = match kind.1 {
                    Counted::Queries => continue,
                    Counted::Rows => rows,
                    Counted::Bytes => bytes,
                };
                let counter = used
                    .get_mut(kind)
                    .and_then(|askers| askers.get_mut(&reserve.asker))
                    .and_then(|uses| uses.get_mut(&reserve.piece));
                if let Some(counter) = counter {
                    *counter = counter.saturating_sub(total.saturating_sub(handed));
                }
            }
        });
    }
}

/// The clauses that count the same of the same dataset.
fn by_kind(budgets: &[Budget], wanted: impl Fn(Counted) -> bool) -> BTreeMap<Kind, Vec<&Budget>> {
    let mut kinds: BTreeMap<Kind, Vec<&Budget>> = BTreeMap::new();
    for budget in budgets.iter().filter(|budget| wanted(budget.counts)) {
        kinds.entry(kind(budget)).or_default().push(budget);
    }
    kinds
}

fn add(
    used: &mut BTreeMap<Kind, BTreeMap<ParticipantId, Uses>>,
    kind: &Kind,
    asker: &ParticipantId,
    piece: Time,
    amount: u64,
) {
    let uses = used
        .entry(kind.clone())
        .or_default()
        .entry(asker.clone())
        .or_default();
    uses.retain(|start, _| *start >= oldest(piece));
    let counter = uses.entry(piece).or_default();
    *counter = counter.saturating_add(amount);
}

/// One entry for each clause that was drawn on; those that count the same of the same dataset share the amount.
fn progress(request: RequestId, opened: u64, taken: &[(Want<'_>, u64)]) -> Fact {
    let reservations = taken
        .iter()
        .flat_map(|(want, amount)| want.clauses.iter().map(move |budget| (budget, amount)))
        .map(|(budget, amount)| budget.reservation(*amount))
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
    let (code, what, term) = match budget.counts {
        Counted::Queries => (Code::QuotaQueries, "questions", Term::Queries(budget.quota)),
        Counted::Rows => (Code::QuotaRows, "rows", Term::RowQuota(budget.quota)),
        Counted::Bytes => (Code::QuotaBytes, "bytes", Term::ByteQuota(budget.quota)),
    };
    let period = budget.quota.per.as_str();
    Refusal::new(
        code,
        format!(
            "the answer would go beyond the {what} of the {period} that ends at {}",
            budget.slot_end
        ),
    )
    .with_contract(budget.contract)
    .with_clause(budget.clause, term.plain())
    .with_help(format!("wait until {}, or ask for less", budget.slot_end))
}

const FIRST_ROWS: u64 = 8192;
const FIRST_BYTES: u64 = 1 << 20;

const SECOND: i64 = 1_000_000;

/// A quarter of an hour in microseconds.
const QUARTER: i64 = 15 * 60 * SECOND;

#[cfg(test)]
mod tests;
