//! Amounts spent from each quota. They are reserved before rows leave, in growing pieces, so that a stream rarely waits.
//!
//! A quota is a clause of one contract, but its count belongs to the caller and the dataset: each clause compares its limit with
//! all amounts of its caller on the dataset in the clause's period, under any contract. So another contract on that dataset, an
//! amendment or a renewed public view brings no fresh quota.

#[cfg(test)]
mod tests;

use hansa_audit_log::record::answers::QuotaReservation;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::decision::quota_budget::{QuotaBudget, QuotaKind};
use hansa_policy::id::{DatasetId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Term;
use hansa_policy::term::quota::SlotBounds;
use hansa_store::state_index::query::QuotaUsageRow;
use parking_lot::Mutex;
use std::collections::BTreeMap;

/// Counted dataset and kind of quota.
type BudgetKey = (DatasetId, QuotaKind);

/// Amounts of one kind by caller, by the [`piece_start`] of the time at which the question was admitted.
type UsageByTime = BTreeMap<UtcTimestamp, u64>;

/// Counters of all quotas.
#[derive(Debug, Default)]
pub struct BudgetCounters {
    used: Mutex<BTreeMap<BudgetKey, BTreeMap<ParticipantId, UsageByTime>>>,
}

/// Rows and bytes of a frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrameSize {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

/// Reserved and unused amounts of one answer.
#[derive(Debug)]
pub(crate) struct BudgetReservation {
    asker: ParticipantId,
    piece: UtcTimestamp,
    left: BTreeMap<BudgetKey, u64>,
    total: BTreeMap<BudgetKey, u64>,
    chunks: u32,
}

impl BudgetReservation {
    /// Returns an empty reservation for an answer to `asker` whose question was admitted at `admitted`.
    pub(crate) fn new(asker: ParticipantId, admitted: UtcTimestamp) -> Self {
        Self {
            asker,
            piece: piece_start(admitted),
            left: BTreeMap::new(),
            total: BTreeMap::new(),
            chunks: 0,
        }
    }
}

/// Amount that an answer requests of one kind.
struct BudgetRequest<'b> {
    kind: BudgetKey,
    clauses: Vec<&'b QuotaBudget>,
    least: u64,
    most: u64,
}

/// Returns the start of the piece of time that contains an instant.
///
/// Periods begin on quarters of an hour, because midnight in every time zone does. Hourly periods of a contract without a first day
/// begin one second earlier, because the earliest instant is such a second. Each of the two begins a piece. If a period begins
/// within a piece, the piece counts for both periods, so the count is rather too high than too low.
pub fn piece_start(at: UtcTimestamp) -> UtcTimestamp {
    let past = at.micros().rem_euclid(QUARTER);
    let begun = if past < QUARTER.saturating_sub(SECOND) {
        past
    } else {
        past.saturating_sub(QUARTER.saturating_sub(SECOND))
    };
    at.plus_micros(begun.saturating_neg())
}

/// Returns the end of the piece that begins at `start`.
fn piece_end(start: UtcTimestamp) -> UtcTimestamp {
    let length = if start.micros().rem_euclid(QUARTER) == 0 {
        QUARTER.saturating_sub(SECOND)
    } else {
        SECOND
    };
    start.plus_micros(length)
}

/// Oldest instant that can count: the longest period plus one day, which covers the extra hour of a period with a clock change.
pub(crate) fn oldest_counted_instant(now: UtcTimestamp) -> UtcTimestamp {
    now.plus_micros((31 * 24 * 4 * QUARTER).saturating_neg())
}

fn budget_key(budget: &QuotaBudget) -> BudgetKey {
    (budget.dataset.clone(), budget.counts)
}

/// Sums the amounts in a period. The piece of the question's own admission always counts.
fn sum_in_period(uses: &UsageByTime, slot: SlotBounds, own: Option<UtcTimestamp>) -> u64 {
    uses.iter()
        .filter(|(start, _)| {
            (piece_end(**start) > slot.begin && **start < slot.end) || own == Some(**start)
        })
        .fold(0, |sum, (_, used)| sum.saturating_add(*used))
}

impl BudgetCounters {
    /// Makes the counters from the rows of the index.
    pub(crate) fn new(spent: Vec<QuotaUsageRow>) -> Self {
        let mut used: BTreeMap<BudgetKey, BTreeMap<ParticipantId, UsageByTime>> = BTreeMap::new();
        for (asker, dataset, counts, at, amount) in spent {
            let counts = QuotaKind::ALL
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

    fn with_usage<T>(
        &self,
        act: impl FnOnce(&mut BTreeMap<BudgetKey, BTreeMap<ParticipantId, UsageByTime>>) -> T,
    ) -> T {
        let mut used = self.used.lock();
        act(&mut used)
    }

    /// Blocks every answer just before its decision is recorded.
    #[cfg(test)]
    pub(crate) fn lock_counters(&self) -> parking_lot::MutexGuard<'_, impl Sized> {
        self.used.lock()
    }

    /// Amount of a caller on a dataset in a period.
    pub fn spent_amount(
        &self,
        dataset: &DatasetId,
        counts: QuotaKind,
        slot: SlotBounds,
        asker: &ParticipantId,
    ) -> u64 {
        self.with_usage(|used| {
            used.get(&(dataset.clone(), counts))
                .and_then(|askers| askers.get(asker))
                .map_or(0, |uses| sum_in_period(uses, slot, None))
        })
    }

    /// Largest amount of any caller on a dataset in a period. Each caller has the whole quota.
    pub fn most_spent(&self, dataset: &DatasetId, counts: QuotaKind, slot: SlotBounds) -> u64 {
        self.with_usage(|used| {
            used.get(&(dataset.clone(), counts))
                .into_iter()
                .flat_map(BTreeMap::values)
                .map(|uses| sum_in_period(uses, slot, None))
                .max()
                .unwrap_or(0)
        })
    }

    /// Counts one question admitted at that instant.
    pub(crate) fn count_query(
        &self,
        budgets: &[QuotaBudget],
        asker: &ParticipantId,
        admitted: UtcTimestamp,
    ) {
        self.with_usage(|used| {
            for (kind, _) in by_kind(budgets, |counts| counts == QuotaKind::Queries) {
                add_usage(used, &kind, asker, piece_start(admitted), 1);
            }
        });
    }

    /// Reserves room for a frame in all quotas or in none.
    ///
    /// The returned entries, one per charged clause, must be durable before the frame leaves. They are empty if earlier
    /// reservations cover the frame.
    ///
    /// # Errors
    /// `QUOTA_ROWS` or `QUOTA_BYTES` with the clause.
    pub(crate) fn reserve(
        &self,
        budgets: &[QuotaBudget],
        reserve: &mut BudgetReservation,
        frame: FrameSize,
    ) -> Result<Vec<QuotaReservation>, Refusal> {
        let need = |kind: &BudgetKey| match kind.1 {
            QuotaKind::Queries => 0,
            QuotaKind::Rows => frame.rows,
            QuotaKind::Bytes => frame.bytes,
        };
        let kinds = by_kind(budgets, |counts| counts != QuotaKind::Queries);
        let short = |kind: &BudgetKey| reserve.left.get(kind).copied().unwrap_or(0) < need(kind);
        let mut taken = Vec::new();
        if kinds.keys().any(short) {
            let grow = 1_u64 << reserve.chunks.min(5);
            let wanted = kinds
                .iter()
                .map(|(kind, clauses)| {
                    let left = reserve.left.get(kind).copied().unwrap_or(0);
                    let least = need(kind).saturating_sub(left);
                    let first = match kind.1 {
                        QuotaKind::Bytes => FIRST_BYTES,
                        QuotaKind::Rows | QuotaKind::Queries => FIRST_ROWS,
                    };
                    BudgetRequest {
                        kind: kind.clone(),
                        clauses: clauses.clone(),
                        least,
                        most: first.saturating_mul(grow).max(least),
                    }
                })
                .collect();
            taken = self.take_amounts(wanted, reserve)?;
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
        Ok(list_reservations(&taken))
    }

    /// Takes from all kinds or from none: the wanted amount, or the rest of every clause if that suffices.
    fn take_amounts<'b>(
        &self,
        wanted: Vec<BudgetRequest<'b>>,
        reserve: &BudgetReservation,
    ) -> Result<Vec<(BudgetRequest<'b>, u64)>, Refusal> {
        self.with_usage(|used| {
            let mut amounts = Vec::new();
            for want in wanted {
                let uses = used
                    .get(&want.kind)
                    .and_then(|askers| askers.get(&reserve.asker));
                let mut amount = want.most;
                for budget in &want.clauses {
                    let spent = uses.map_or(0, |uses| {
                        sum_in_period(uses, budget.slot_bounds(), Some(reserve.piece))
                    });
                    let room = budget.quota.max.saturating_sub(spent);
                    if room < want.least {
                        return Err(spent_quota_refusal(budget));
                    }
                    amount = amount.min(room);
                }
                amounts.push((want, amount));
            }
            amounts.retain(|(_, amount)| *amount > 0);
            for (want, amount) in &amounts {
                add_usage(used, &want.kind, &reserve.asker, reserve.piece, *amount);
            }
            Ok(amounts)
        })
    }

    /// Returns the unused reservation of a closed answer.
    pub(crate) fn give_back(&self, reserve: &BudgetReservation, rows: u64, bytes: u64) {
        self.with_usage(|used| {
            for (kind, total) in &reserve.total {
                let handed = match kind.1 {
                    QuotaKind::Queries => continue,
                    QuotaKind::Rows => rows,
                    QuotaKind::Bytes => bytes,
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

/// Groups the clauses by kind of quota and dataset.
fn by_kind(
    budgets: &[QuotaBudget],
    wanted: impl Fn(QuotaKind) -> bool,
) -> BTreeMap<BudgetKey, Vec<&QuotaBudget>> {
    let mut kinds: BTreeMap<BudgetKey, Vec<&QuotaBudget>> = BTreeMap::new();
    for budget in budgets.iter().filter(|budget| wanted(budget.counts)) {
        kinds.entry(budget_key(budget)).or_default().push(budget);
    }
    kinds
}

fn add_usage(
    used: &mut BTreeMap<BudgetKey, BTreeMap<ParticipantId, UsageByTime>>,
    kind: &BudgetKey,
    asker: &ParticipantId,
    piece: UtcTimestamp,
    amount: u64,
) {
    let uses = used
        .entry(kind.clone())
        .or_default()
        .entry(asker.clone())
        .or_default();
    uses.retain(|start, _| *start >= oldest_counted_instant(piece));
    let counter = uses.entry(piece).or_default();
    *counter = counter.saturating_add(amount);
}

/// Entries for each charged clause. Clauses with equal kind and dataset have equal amounts.
fn list_reservations(taken: &[(BudgetRequest<'_>, u64)]) -> Vec<QuotaReservation> {
    taken
        .iter()
        .flat_map(|(want, amount)| want.clauses.iter().map(move |budget| (budget, amount)))
        .map(|(budget, amount)| budget.reservation(*amount))
        .collect()
}

fn spent_quota_refusal(budget: &QuotaBudget) -> Refusal {
    let (code, what, term) = match budget.counts {
        QuotaKind::Queries => (
            ErrorCode::QuotaQueries,
            "questions",
            Term::Queries(budget.quota.clone()),
        ),
        QuotaKind::Rows => (
            ErrorCode::QuotaRows,
            "rows",
            Term::RowQuota(budget.quota.clone()),
        ),
        QuotaKind::Bytes => (
            ErrorCode::QuotaBytes,
            "bytes",
            Term::ByteQuota(budget.quota.clone()),
        ),
    };
    let period = &budget.quota.per;
    Refusal::new(
        code,
        format!(
            "the answer would go beyond the {what} of the {period} that ends at {}",
            budget.slot_end
        ),
    )
    .with_contract(budget.contract)
    .with_clause(budget.clause, term.to_english())
    .with_help(format!("wait until {}, or ask for less", budget.slot_end))
}

const FIRST_ROWS: u64 = 8192;
const FIRST_BYTES: u64 = 1 << 20;

const SECOND: i64 = 1_000_000;

/// A quarter of an hour in microseconds.
const QUARTER: i64 = 15 * 60 * SECOND;
