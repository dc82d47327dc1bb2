//! Time that a dataset covers, and time for which a question asks, as far as its conditions say.
//!
//! A dataset with dates covers days of its own zone and is compared by days, since its midnights can belong to another day in
//! another zone.

use crate::ingest::date_time;
use crate::publication::dataset_entry::time_column;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::{ColumnType, Dataset};
use hansa_policy::id::SqlIdentifier;

/// Time that a dataset covers, according to the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoveredTimeSpan {
    /// First instant; for a date, the midnight at which it begins.
    pub first: UtcTimestamp,
    /// Last instant; for a date, the midnight at which it begins.
    pub last: UtcTimestamp,
    /// First and last day, if the dataset has dates alone.
    days: Option<(i32, i32)>,
    /// Time zone of the days.
    zone: String,
    /// Columns by which a question selects the time.
    columns: Vec<SqlIdentifier>,
}

/// Time for which a question asks: first and last instant, and first and last day, all inclusive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueriedTimeSpan {
    instants: QueriedRange<UtcTimestamp>,
    days: QueriedRange<i32>,
}

/// Range of time for which a question asks, inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct QueriedRange<T> {
    first: Option<T>,
    last: Option<T>,
}

impl<T> Default for QueriedRange<T> {
    fn default() -> Self {
        Self {
            first: None,
            last: None,
        }
    }
}

impl CoveredTimeSpan {
    /// Time span that the entry of a dataset declares.
    #[must_use]
    pub fn of(entry: &Dataset) -> Option<Self> {
        let (first, last) = entry.time_span?;
        let column = time_column(&entry.columns).and_then(|index| entry.columns.get(index));
        let tells_days = column.is_some_and(|column| column.kind == ColumnType::Date);
        let days = date_time::find_zone(&entry.zone)
            .filter(|_| tells_days)
            .and_then(|zone| {
                let day = |at: UtcTimestamp| date_time::local_day(at.micros(), &zone);
                Some((day(first)?, day(last)?))
            });
        Some(Self {
            first,
            last,
            days,
            zone: entry.zone.clone(),
            columns: find_time_columns(entry),
        })
    }

    /// Columns by which a question selects the time: the time column and, for timestamps, the first date column, which is their
    /// day.
    pub(super) fn columns(&self) -> &[SqlIdentifier] {
        &self.columns
    }

    /// First and last day in ISO 8601, if the dataset has dates alone.
    #[must_use]
    pub fn days(&self) -> Option<(String, String)> {
        let (first, last) = self.days?;
        Some((date_time::day_shown(first), date_time::day_shown(last)))
    }

    /// Checks that the dataset covers less than requested: by a day if both use days, otherwise by more than a day. Days are those
    /// of its zone, of which some have 23 or 25 hours.
    #[must_use]
    pub fn falls_short_of(&self, asked: &QueriedTimeSpan) -> bool {
        let (from, to) = (asked.instants.first, asked.instants.last);
        // Dates cover the time until the end of the last day.
        let end = match self.days {
            None => Some(self.last),
            Some((_, last)) => self.end_of(last),
        };
        let by_instant = from.is_some_and(|from| from.plus_micros(date_time::DAY_US) < self.first)
            || to.is_some_and(|to| end.is_some_and(|end| end.plus_micros(date_time::DAY_US) < to));
        let (from, to) = (asked.days.first, asked.days.last);
        let by_day = match self.days {
            Some((first, last)) => {
                from.is_some_and(|from| from < first) || to.is_some_and(|to| last < to)
            }
            None => {
                let from = from.and_then(|day| self.end_of(day));
                let to = to.and_then(|day| self.midnight(day));
                from.is_some_and(|end| end < self.first)
                    || to.is_some_and(|begin| self.last < begin)
            }
        };
        by_instant || by_day
    }

    /// Instant at which a day begins in the dataset's zone.
    fn midnight(&self, day: i32) -> Option<UtcTimestamp> {
        let micros = match date_time::find_zone(&self.zone) {
            Some(zone) => date_time::start_of_day(day, &zone),
            None => i64::from(day).checked_mul(date_time::DAY_US),
        };
        UtcTimestamp::from_micros(micros?).ok()
    }

    /// Instant at which the next day begins.
    fn end_of(&self, day: i32) -> Option<UtcTimestamp> {
        self.midnight(day.checked_add(1)?)
    }
}

fn find_time_columns(entry: &Dataset) -> Vec<SqlIdentifier> {
    let time = time_column(&entry.columns).and_then(|index| entry.columns.get(index));
    let mut dates = entry.columns.iter();
    let day = dates.find(|column| column.kind == ColumnType::Date);
    let mut names: Vec<SqlIdentifier> = time
        .into_iter()
        .chain(day)
        .map(|column| column.name.clone())
        .collect();
    names.dedup();
    names
}

impl QueriedTimeSpan {
    /// Time that plain comparisons leave for these columns, or for any column if the time columns are unknown.
    pub(super) fn from_conjuncts(conjuncts: &[Expr], columns: Option<&[SqlIdentifier]>) -> Self {
        let is_time = |name: &str| {
            columns.is_none_or(|columns| columns.iter().any(|column| column.as_str() == name))
        };
        let mut asked = Self::default();
        for conjunct in conjuncts {
            let Expr::BinaryExpr(BinaryExpr { left, op, right }) = conjunct else {
                continue;
            };
            let (Expr::Column(column), Expr::Literal(value, _)) = (&**left, &**right) else {
                continue;
            };
            if !is_time(&column.name) {
                continue;
            }
            match value {
                ScalarValue::TimestampMicrosecond(Some(micros), _) => {
                    if let Ok(at) = UtcTimestamp::from_micros(*micros) {
                        narrow_range(&mut asked.instants, *op, at, at);
                    }
                }
                // For a strict comparison, the first or last requested day is the one after or before the date.
                ScalarValue::Date32(Some(day)) => {
                    let first = match op {
                        Operator::Gt => day.saturating_add(1),
                        _ => *day,
                    };
                    let last = match op {
                        Operator::Lt => day.saturating_sub(1),
                        _ => *day,
                    };
                    narrow_range(&mut asked.days, *op, first, last);
                }
                _ => {}
            }
        }
        asked
    }

    /// Union of the time spans of several positions at which a table is read.
    pub(super) fn unite_spans(places: &[Self]) -> Self {
        Self {
            instants: unite_ranges(places.iter().map(|place| place.instants)),
            days: unite_ranges(places.iter().map(|place| place.days)),
        }
    }

    /// Checks that the question does not restrict the time.
    #[must_use]
    pub fn is_any(&self) -> bool {
        *self == Self::default()
    }
}

fn narrow_range<T: Ord + Copy>(range: &mut QueriedRange<T>, op: Operator, from: T, to: T) {
    if matches!(op, Operator::Gt | Operator::GtEq | Operator::Eq) {
        range.first = Some(range.first.map_or(from, |known| known.max(from)));
    }
    if matches!(op, Operator::Lt | Operator::LtEq | Operator::Eq) {
        range.last = Some(range.last.map_or(to, |known| known.min(to)));
    }
}

fn unite_ranges<T: Ord + Copy>(
    places: impl Iterator<Item = QueriedRange<T>> + Clone,
) -> QueriedRange<T> {
    let from: Option<Vec<T>> = places.clone().map(|place| place.first).collect();
    let to: Option<Vec<T>> = places.map(|place| place.last).collect();
    QueriedRange {
        first: from.and_then(|all| all.into_iter().min()),
        last: to.and_then(|all| all.into_iter().max()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::dataset_files::build_dataset;
    use datafusion::logical_expr::{col, lit};

    fn time(micros: i64) -> UtcTimestamp {
        UtcTimestamp::from_micros(micros).unwrap()
    }

    /// Time span of a dataset with these days.
    fn days(first: i32, last: i32, zone: &str) -> Option<CoveredTimeSpan> {
        let found = date_time::find_zone(zone)?;
        let midnight = |day| time(date_time::start_of_day(day, &found).unwrap());
        let mut entry = build_dataset("bikes", &["day:date", "n:int"]);
        entry.zone = zone.to_owned();
        entry.time_span = Some((midnight(first), midnight(last)));
        CoveredTimeSpan::of(&entry)
    }

    fn asked(conditions: &[(Operator, i32)]) -> QueriedTimeSpan {
        let conjuncts: Vec<Expr> = conditions
            .iter()
            .map(|(op, day)| {
                let value = lit(ScalarValue::Date32(Some(*day)));
                Expr::BinaryExpr(BinaryExpr::new(Box::new(col("day")), *op, Box::new(value)))
            })
            .collect();
        QueriedTimeSpan::from_conjuncts(&conjuncts, None)
    }

    /// 1 July and 30 September 2024.
    const JULY: i32 = 19_905;
    const SEPTEMBER: i32 = 19_996;

    #[test]
    fn days_are_those_of_the_zone_everywhere() {
        let mut zones = 0;
        for name in jiff::tz::db().available() {
            let name = name.to_string();
            let Some(zone) = date_time::find_zone(&name) else {
                continue;
            };
            zones += 1;
            // Years with and without a leap day, in which zones changed their offsets and their rules.
            for day in (14_975..15_340).chain(17_532..17_897).chain(19_723..20_454) {
                let begins = date_time::start_of_day(day, &zone).unwrap();
                if date_time::local_day(begins, &zone) != Some(day) {
                    // A day that was skipped when the date line moved.
                    assert_eq!(
                        date_time::start_of_day(day + 1, &zone),
                        Some(begins),
                        "{name} {day}"
                    );
                    continue;
                }
                let covered = days(day, day, &name).unwrap();
                assert_eq!(covered.days, Some((day, day)), "{name} {day}");
                let shown = date_time::day_shown(day);
                assert_eq!(covered.days(), Some((shown.clone(), shown)), "{name}");
            }
        }
        assert!(zones > 300, "{zones}");
    }

    #[test]
    fn a_day_that_is_lacking_is_noticed_in_every_zone() {
        use Operator::{Eq, Gt, GtEq, Lt, LtEq};
        for zone in [
            "Pacific/Kiritimati",
            "Asia/Kathmandu",
            "Europe/Berlin",
            "UTC",
            "America/St_Johns",
            "America/Montreal",
            "Pacific/Pago_Pago",
        ] {
            let covered = days(JULY, SEPTEMBER, zone).unwrap();
            let shown = ("2024-07-01".to_owned(), "2024-09-30".to_owned());
            assert_eq!(covered.days(), Some(shown), "{zone}");
            for first in -2..=2 {
                for last in -2..=2 {
                    let short = first < 0 || last > 0;
                    let (from, to) = (JULY + first, SEPTEMBER + last);
                    for conditions in [
                        [(GtEq, from), (LtEq, to)],
                        [(GtEq, from), (Lt, to + 1)],
                        [(Gt, from - 1), (LtEq, to)],
                    ] {
                        let got = covered.falls_short_of(&asked(&conditions));
                        assert_eq!(got, short, "{zone} {conditions:?}");
                    }
                }
            }
            for (day, short) in [(JULY - 1, true), (JULY, false), (SEPTEMBER + 1, true)] {
                assert_eq!(
                    covered.falls_short_of(&asked(&[(Eq, day)])),
                    short,
                    "{zone}"
                );
            }
            assert!(!covered.falls_short_of(&QueriedTimeSpan::default()));
        }
    }

    #[test]
    fn days_that_are_asked_of_instants_are_those_of_the_zone() {
        for zone in ["Pacific/Kiritimati", "Europe/Berlin", "America/Montreal"] {
            let found = date_time::find_zone(zone).unwrap();
            let midnight = |day| date_time::start_of_day(day, &found).unwrap();
            let mut entry = build_dataset("air", &["at:instant", "day:date"]);
            entry.zone = zone.to_owned();
            // Buckets of one hour.
            let last = midnight(SEPTEMBER + 1) - 3_600_000_000;
            entry.time_span = Some((time(midnight(JULY)), time(last)));
            let covered = CoveredTimeSpan::of(&entry).unwrap();
            assert_eq!(covered.days(), None);
            for (days, short) in [
                (
                    asked(&[(Operator::GtEq, JULY), (Operator::LtEq, SEPTEMBER)]),
                    false,
                ),
                (asked(&[(Operator::GtEq, JULY - 2)]), true),
                (asked(&[(Operator::LtEq, SEPTEMBER + 1)]), true),
                (asked(&[(Operator::Lt, SEPTEMBER + 1)]), false),
            ] {
                assert_eq!(covered.falls_short_of(&days), short, "{zone} {days:?}");
            }
        }
    }

    /// Days of the clock changes in Berlin in 2024.
    #[test]
    fn a_day_of_23_or_25_hours_is_a_day() {
        use Operator::{GtEq, LtEq};
        const HOUR: i64 = 3_600_000_000;
        let zone = date_time::find_zone("Europe/Berlin").unwrap();
        let midnight = |day| date_time::start_of_day(day, &zone).unwrap();
        let covered = |first: i64, last: i64| {
            let mut entry = build_dataset("air", &["at:instant", "day:date"]);
            entry.zone = "Europe/Berlin".to_owned();
            entry.time_span = Some((time(first), time(last)));
            CoveredTimeSpan::of(&entry).unwrap()
        };
        for (day, hours) in [(19_813, 23), (19_820, 24), (20_023, 25)] {
            assert_eq!(midnight(day + 1) - midnight(day), hours * HOUR);
            let before = midnight(day - 30);
            for (last, short) in [(midnight(day), false), (midnight(day) - 1, true)] {
                let found = covered(before, last).falls_short_of(&asked(&[(LtEq, day)]));
                assert_eq!(found, short, "to {day}");
            }
            let behind = midnight(day + 30);
            for (first, short) in [(midnight(day + 1), false), (midnight(day + 1) + 1, true)] {
                let found = covered(first, behind).falls_short_of(&asked(&[(GtEq, day)]));
                assert_eq!(found, short, "from {day}");
            }
            // Timestamps in the question, days in the dataset.
            let days = days(day - 30, day, "Europe/Berlin").unwrap();
            let end = midnight(day + 1) + 24 * HOUR;
            for (to, short) in [(end, false), (end + 1, true)] {
                let value = lit(ScalarValue::TimestampMicrosecond(Some(to), None));
                let found = days.falls_short_of(&QueriedTimeSpan::from_conjuncts(
                    &[col("day").lt_eq(value)],
                    None,
                ));
                assert_eq!(found, short, "an instant behind {day}");
            }
        }
    }

    /// A condition on another date column, such as the end of a contract, does not restrict the time of the dataset.
    #[test]
    fn other_dates_are_not_the_time_of_a_dataset() {
        let of = |columns: &[&str]| {
            let mut entry = build_dataset("trips", columns);
            entry.time_span = Some((time(0), time(date_time::DAY_US)));
            CoveredTimeSpan::of(&entry).unwrap()
        };
        let late = |column: &str, is_instant: bool| {
            let value = match is_instant {
                true => ScalarValue::TimestampMicrosecond(Some(900 * date_time::DAY_US), None),
                false => ScalarValue::Date32(Some(900)),
            };
            col(column).lt_eq(lit(value))
        };
        let both = ["at:instant", "day:date", "until:date", "seen:instant"];
        let days = ["day:date", "until:date", "seen:text"];
        for (columns, column, is_instant, short) in [
            (&both[..], "at", true, true),
            (&both[..], "day", false, true),
            (&both[..], "until", false, false),
            (&both[..], "seen", true, false),
            (&days[..], "day", false, true),
            (&days[..], "until", false, false),
        ] {
            let covered = of(columns);
            let asked = QueriedTimeSpan::from_conjuncts(
                &[late(column, is_instant)],
                Some(covered.columns()),
            );
            assert_eq!(
                covered.falls_short_of(&asked),
                short,
                "{columns:?} {column}"
            );
        }
    }
}
