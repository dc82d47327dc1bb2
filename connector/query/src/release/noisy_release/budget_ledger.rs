//! Due periods of noisy cubes, and the decision if the budgets permit them.

use crate::release::grid_basis::PeriodCalendar;
use crate::release::history::{NoisyCells, ReleaseHistory, format_time};
use hansa_catalog::dataset::Dataset;
use hansa_policy::effect::Cube;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::cube::ReleaseTerm;
use hansa_policy::value::privacy_budget::PrivacyBudgetTerm;
use hansa_policy::value::time::TimeBucketWidth;
use std::collections::{BTreeMap, BTreeSet};

/// Cells of one cube for one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DrawRequest {
    pub(super) shape: String,
    pub(super) unit: String,
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) part: usize,
    /// Cost in millionths of epsilon.
    pub(super) each: u64,
    pub(super) most: u64,
    pub(super) per: TimeBucketWidth,
}

impl DrawRequest {
    /// Reason why the cells are not drawn.
    pub(super) fn refusal(&self, dataset: &Dataset, calendar: &PeriodCalendar) -> Refusal {
        let (_, next) = calendar.bounds(self.from, self.per);
        Refusal::new(
            ErrorCode::PrivacyBudgetSpent,
            format!(
                "the budget of `{}` for each `{}` is spent: cells from {} to {} are not released",
                dataset.id.name,
                self.unit,
                format_time(self.from, calendar.days),
                format_time(self.to, calendar.days)
            ),
        )
        .with_help(format!(
            "cells come again from {} on",
            format_time(next, calendar.days)
        ))
    }
}

/// Granted and refused requests.
#[derive(Debug, Default)]
pub(super) struct DrawDecision {
    pub(super) granted: Vec<DrawRequest>,
    pub(super) refused: Vec<DrawRequest>,
}

/// Decides on the ended periods that are neither charged nor refused yet, the earliest first.
pub(super) fn decide_due_periods(
    series: &ReleaseHistory,
    wanted: &BTreeMap<String, (&Cube, &PrivacyBudgetTerm)>,
    calendar: &PeriodCalendar,
    release: &ReleaseTerm,
) -> DrawDecision {
    let mut open = Vec::new();
    for (shape, (_, budget)) in wanted {
        let paid: BTreeSet<i64> = series
            .spent
            .iter()
            .filter(|spent| spent.shape == *shape)
            .map(|spent| spent.from)
            .collect();
        let Some(begin) = calendar.unit_of(budget.from) else {
            continue;
        };
        let (start, _) = calendar.bounds(begin, release.every);
        for (part, span) in series.parts.iter().enumerate() {
            let mut at = span.from.map_or(start, |from| from.max(start));
            while at < span.to {
                let (from, to) = calendar.bounds(at, release.every);
                if to <= at {
                    break;
                }
                at = to;
                let whole = to <= span.to && span.from.is_none_or(|first| first <= from);
                if whole && !paid.contains(&from) {
                    open.push(DrawRequest {
                        shape: shape.clone(),
                        unit: budget.unit.to_string(),
                        from,
                        to,
                        part,
                        each: budget.each.millionths(),
                        most: budget.most.millionths(),
                        per: budget.per,
                    });
                }
            }
        }
    }
    open.sort_by(|one, other| (one.from, &one.shape).cmp(&(other.from, &other.shape)));
    let mut slots = SpendingSlots::from_history(series, wanted, calendar);
    let mut found = DrawDecision::default();
    for due in open {
        if slots.spend(&due, calendar) {
            found.granted.push(due);
        } else {
            found.refused.push(due);
        }
    }
    found
}

/// Limit: its period, and the maximum in millionths of epsilon.
type SpendingLimit = (TimeBucketWidth, u64);

/// Spending in each slot of each limit, by unit. Each contract limits the total disclosure, so every limit applies to every
/// release.
struct SpendingSlots {
    limits: BTreeMap<String, BTreeSet<SpendingLimit>>,
    spent: BTreeMap<(String, TimeBucketWidth, i64), u64>,
}

impl SpendingSlots {
    fn from_history(
        series: &ReleaseHistory,
        wanted: &BTreeMap<String, (&Cube, &PrivacyBudgetTerm)>,
        calendar: &PeriodCalendar,
    ) -> Self {
        let mut limits: BTreeMap<String, BTreeSet<SpendingLimit>> = BTreeMap::new();
        for (_, budget) in wanted.values() {
            let own = limits.entry(budget.unit.to_string()).or_default();
            own.insert((budget.per, budget.most.millionths()));
        }
        for one in &series.spent {
            let own = limits.entry(one.unit.clone()).or_default();
            own.insert((one.per, one.most));
        }
        let mut slots = Self {
            limits,
            spent: BTreeMap::new(),
        };
        for one in &series.spent {
            slots.add(&one.unit, one.from, one.each, calendar);
        }
        slots
    }

    fn add(&mut self, unit: &str, from: i64, each: u64, calendar: &PeriodCalendar) {
        let limits = self.limits.get(unit).into_iter().flatten();
        let widths: BTreeSet<TimeBucketWidth> = limits.map(|(per, _)| *per).collect();
        for per in widths {
            let (start, _) = calendar.bounds(from, per);
            let sum = self.spent.entry((unit.to_owned(), per, start)).or_default();
            *sum = sum.saturating_add(each);
        }
    }

    /// Charges the request if it is within all limits of the unit.
    fn spend(&mut self, due: &DrawRequest, calendar: &PeriodCalendar) -> bool {
        let mut limits = self.limits.get(&due.unit).into_iter().flatten();
        let fits = limits.all(|(per, most)| {
            let (start, _) = calendar.bounds(due.from, *per);
            let before = self.spent.get(&(due.unit.clone(), *per, start));
            before.copied().unwrap_or(0).saturating_add(due.each) <= *most
        });
        if fits {
            self.add(&due.unit, due.from, due.each, calendar);
        }
        fits
    }
}

/// Records the periods without cells. Returns true if the record changes.
pub(super) fn record_refused_periods(series: &mut ReleaseHistory, refused: &[DrawRequest]) -> bool {
    let mut open: BTreeMap<&str, BTreeSet<(i64, i64)>> = BTreeMap::new();
    for due in refused {
        let own = open.entry(&due.shape).or_default();
        own.insert((due.from, due.to));
    }
    let mut news = false;
    for (shape, periods) in open {
        let known = series.drawn.iter().position(|one| one.shape == shape);
        let at = known.unwrap_or_else(|| {
            series.drawn.push(NoisyCells {
                shape: shape.to_owned(),
                file: None,
                digest: String::new(),
                lacking: Vec::new(),
            });
            series.drawn.len().saturating_sub(1)
        });
        if let Some(drawn) = series.drawn.get_mut(at) {
            let mut all: BTreeSet<(i64, i64)> = drawn.lacking.iter().copied().collect();
            all.extend(periods);
            news = news || all.len() > drawn.lacking.len();
            drawn.lacking = all.into_iter().collect();
        }
    }
    news
}
