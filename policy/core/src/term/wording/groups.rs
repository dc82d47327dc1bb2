//! Sentences of the clauses on groups, and the groups themselves in words.

use super::Wording;
use crate::id::SqlIdentifier;
use crate::message::message;
use crate::term::Term;
use crate::value::cell::CellSize;
use crate::value::cube::{
    CountingUnit, CubeFunction, DominanceRule, DominanceTerm, LateDataPolicy, ReleaseTerm,
};
use crate::value::privacy_budget::PrivacyBudgetTerm;
use crate::value::time::TimeBucketWidth;
use hansa_audit_log::digest::Digest;

impl Wording<'_> {
    pub(super) fn functions(&self, functions: &[CubeFunction]) -> String {
        let names: Vec<String> = functions
            .iter()
            .map(|function| match function {
                CubeFunction::Count => message!(self.language, "function-count"),
                CubeFunction::Sum => message!(self.language, "function-sum"),
                CubeFunction::Avg => message!(self.language, "function-avg"),
                CubeFunction::Variance => message!(self.language, "function-variance"),
                CubeFunction::Units => message!(self.language, "function-units"),
            })
            .collect();
        let list = self.language.all_of(&names);
        message!(self.language, "clause-functions", list)
    }

    pub(super) fn dimensions(&self, columns: &[SqlIdentifier]) -> String {
        let list = self.language.all_of(columns);
        message!(self.language, "clause-dimensions", list)
    }

    pub(super) fn measures(&self, columns: &[SqlIdentifier]) -> String {
        let list = self.language.all_of(columns);
        message!(self.language, "clause-measures", list)
    }

    pub(super) fn grid(&self, grid: &str) -> String {
        message!(self.language, "clause-grid", grid)
    }

    /// Groups in words: `site by day of at (Berlin time)`.
    fn grid_words(&self, dimensions: &[SqlIdentifier]) -> String {
        let (timed, plain): (Vec<&SqlIdentifier>, Vec<&SqlIdentifier>) = dimensions
            .iter()
            .partition(|column| self.bucket_of(column).is_some());
        let mut parts: Vec<String> = plain.iter().map(ToString::to_string).collect();
        for column in timed {
            if let Some((bucket, zone)) = self.bucket_of(column) {
                let (bucket, zone) = (self.bucket(bucket), self.bucket_zone(bucket, zone));
                parts.push(message!(
                    self.language,
                    "groups-timed",
                    bucket,
                    column,
                    zone
                ));
            }
        }
        let by = message!(self.language, "groups-by");
        parts.join(&format!(" {by} "))
    }

    /// Lines on what a group is, and on coarser totals; empty where the clauses permit rows.
    #[must_use]
    pub fn group_lines(&self) -> Vec<String> {
        let terms = || self.clauses.iter().map(|clause| &clause.term);
        if !terms().any(Term::limits_to_aggregates) {
            return Vec::new();
        }
        let mut lines = Vec::new();
        let dimensions = terms().find_map(|term| match term {
            Term::Dimensions(columns) if !columns.is_empty() => Some(columns),
            _ => None,
        });
        if let Some(columns) = dimensions {
            let grid = self.grid_words(columns);
            lines.push(message!(self.language, "groups-in-words", grid));
        }
        let timed = dimensions.is_some_and(|columns| {
            columns
                .iter()
                .any(|column| self.bucket_of(column).is_some())
        });
        let coarser = match timed {
            true => message!(self.language, "groups-coarser-timed"),
            false => message!(self.language, "groups-coarser"),
        };
        lines.push(coarser);
        let units = terms().any(
            |term| matches!(term, Term::Functions(list) if list.contains(&CubeFunction::Units)),
        );
        if units {
            lines.push(message!(self.language, "groups-units"));
        }
        // With noise no group is withheld.
        if !terms().any(|term| matches!(term, Term::Budget(_))) {
            lines.push(message!(self.language, "groups-empty"));
        }
        lines
    }

    pub(super) fn least_size(&self, at_least: u32, unit: &CountingUnit) -> String {
        let number = self.language.format_number(u64::from(at_least));
        match (unit, at_least) {
            (CountingUnit::Rows, 0 | 1) => message!(self.language, "clause-min-group-rows-any"),
            (CountingUnit::Column(column), 0 | 1) => {
                message!(self.language, "clause-min-group-values-any", column)
            }
            (CountingUnit::Rows, _) => message!(self.language, "clause-min-group-rows", number),
            (CountingUnit::Column(column), _) => {
                message!(self.language, "clause-min-group-values", number, column)
            }
        }
    }

    pub(super) fn dominance(&self, one: &DominanceTerm) -> String {
        let DominanceTerm {
            measure,
            unit,
            rule,
        } = one;
        match rule {
            DominanceRule::P(p) => message!(self.language, "clause-dominance-p", measure, unit, p),
            DominanceRule::Nk { n: 1, k } => {
                message!(self.language, "clause-dominance-largest", measure, unit, k)
            }
            DominanceRule::Nk { n, k } => {
                message!(self.language, "clause-dominance-nk", measure, n, unit, k)
            }
        }
    }

    pub(super) fn totals(&self) -> String {
        message!(self.language, "clause-totals-from-published")
    }

    pub(super) fn complement(&self) -> String {
        message!(self.language, "clause-suppress-complement")
    }

    pub(super) fn rounded_counts(&self, base: u32) -> String {
        message!(self.language, "clause-cell-key", base)
    }

    pub(super) fn release(&self, release: &ReleaseTerm) -> String {
        let ReleaseTerm {
            column,
            every,
            late,
        } = release;
        let zone = match self.bucket_of(column) {
            Some((_, zone)) => format!(" ({})", self.bucket_zone(*every, zone)),
            None => String::new(),
        };
        let late = match late {
            LateDataPolicy::Never => message!(self.language, "release-never"),
            LateDataPolicy::Wait => message!(self.language, "release-wait"),
            LateDataPolicy::Correct => message!(self.language, "release-correct"),
        };
        let every = match every {
            TimeBucketWidth::QuarterHour => message!(self.language, "release-quarter-hour"),
            TimeBucketWidth::Hour => message!(self.language, "release-hour"),
            TimeBucketWidth::Day => message!(self.language, "release-day"),
            TimeBucketWidth::Week => message!(self.language, "release-week"),
            TimeBucketWidth::Month => message!(self.language, "release-month"),
            TimeBucketWidth::Year => message!(self.language, "release-year"),
        };
        message!(self.language, "clause-release", every, column, zone, late)
    }

    pub(super) fn privacy_budget(&self, budget: &PrivacyBudgetTerm) -> String {
        let PrivacyBudgetTerm {
            most,
            per,
            each,
            unit,
            cells,
            rows,
            bounds,
            values,
            from,
        } = budget;
        let (each, most) = (self.decimal(each), self.decimal(most));
        let per = self.bucket(*per);
        let rows = self.rows(u64::from(*rows));
        let held: Vec<String> = bounds
            .iter()
            .map(|one| {
                let measure = &one.measure;
                let (low, high) = (self.decimal(one.low), self.decimal(one.high));
                message!(self.language, "budget-bounds", measure, low, high)
            })
            .collect();
        let held = match held.is_empty() {
            true => String::new(),
            false => {
                let held = self.language.all_of(&held);
                message!(self.language, "budget-held", held)
            }
        };
        let named: Vec<String> = values
            .iter()
            .map(|one| format!("{}: {}", one.column, self.language.all_of(&one.list)))
            .collect();
        let named = match named.is_empty() {
            true => String::new(),
            false => format!(" ({})", named.join("; ")),
        };
        let from = self.period_start(*from);
        let groups = self.number_with_noun(
            u64::from(*cells),
            message!(self.language, "group"),
            message!(self.language, "groups"),
        );
        message!(
            self.language,
            "clause-budget",
            each,
            most,
            per,
            unit,
            groups,
            rows,
            held,
            from,
            named
        )
    }

    pub(super) fn cell_size(&self, size: &CellSize) -> String {
        match size {
            CellSize::H3(resolution) => {
                let number = resolution.number();
                message!(self.language, "cell-h3", number)
            }
            CellSize::Areas { list, show } => {
                let (show, list) = (self.quote(show), self.digest(list));
                message!(self.language, "cell-area", show, list)
            }
            CellSize::Square(edge) => {
                let metres = edge.metres();
                let edge = match metres % 1_000 {
                    0 => format!("{} km", metres / 1_000),
                    _ => format!("{metres} m"),
                };
                message!(self.language, "cell-square", edge)
            }
        }
    }

    /// Digest with its algorithm.
    #[must_use]
    pub fn digest(&self, digest: &Digest) -> String {
        format!("sha256 {digest}")
    }
}
