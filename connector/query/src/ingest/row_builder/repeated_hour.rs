//! Resolution of the repeated hour in autumn by the order of the rows.
//!
//! Within this hour the local time steps back exactly once: the rows before the step belong to the first occurrence of the hour,
//! the rows after it to the second. If it steps back several times or never, or if the surrounding rows are not sorted, the file is
//! refused.

use std::collections::BTreeMap;

/// Position of a row in its file.
#[derive(Debug, Clone, Copy)]
pub struct RowPosition<'r> {
    /// Line number, from 1.
    pub line: u64,
    /// Unit whose rows are sorted by time; empty if the dataset has no unit column.
    pub series: &'r str,
}

/// Two instants of an ambiguous local time.
#[derive(Debug, Clone, Copy)]
pub struct RepeatedInstant {
    /// Earlier instant, in microseconds since 1970 in UTC.
    pub first: i64,
    /// Later instant, in microseconds since 1970 in UTC.
    pub second: i64,
}

/// Reason why the order of the rows does not resolve a local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnclearOrder {
    /// Line number of the first unresolved row.
    pub line: u64,
    /// Reason.
    pub why: &'static str,
}

/// Order of the rows of a file in one column.
#[derive(Debug, Default)]
pub struct RepeatedHourOrder {
    series: BTreeMap<String, SeriesOrder>,
    unclear: Option<UnclearOrder>,
}

#[derive(Debug, Clone, Copy, Default)]
struct SeriesOrder {
    /// Instant of the previous row.
    last: Option<i64>,
    /// Repeated hour of the previous row.
    run: Option<RepeatedRun>,
}

/// Rows in one repeated hour.
#[derive(Debug, Clone, Copy)]
struct RepeatedRun {
    /// Line number of the first row.
    begun: u64,
    /// Line number of the last row.
    line: u64,
    /// Earlier instant of the last row.
    first: i64,
    is_second: bool,
}

impl RepeatedHourOrder {
    /// Resolves a local time that occurs twice.
    ///
    /// # Errors
    /// The reason why the order does not resolve the time.
    pub fn resolve(
        &mut self,
        position: RowPosition<'_>,
        repeated: RepeatedInstant,
    ) -> Result<i64, &'static str> {
        let mut order = self.series_order(position);
        let RepeatedInstant { first, second } = repeated;
        let is_other_hour = |run: &RepeatedRun| first.abs_diff(run.first) > LONGEST_US;
        if order.run.as_ref().is_some_and(is_other_hour) {
            self.close(&mut order);
        }
        let run = match order.run {
            // Several rows can be made of one line.
            Some(run) if run.line == position.line && run.first == first => run,
            Some(run) if first > run.first => RepeatedRun { first, ..run },
            Some(run) if !run.is_second => RepeatedRun {
                first,
                is_second: true,
                ..run
            },
            Some(run) => {
                self.keep_unclear(run.begun, GOES_BACK_TWICE);
                return Err(GOES_BACK_TWICE);
            }
            None if order.last.is_some_and(|last| last >= first) => {
                self.keep_unclear(position.line, NOT_IN_ORDER);
                return Err(NOT_IN_ORDER);
            }
            None => RepeatedRun {
                begun: position.line,
                line: position.line,
                first,
                is_second: false,
            },
        };
        let instant = if run.is_second { second } else { first };
        order.last = Some(instant);
        order.run = Some(RepeatedRun {
            line: position.line,
            ..run
        });
        self.series.insert(position.series.to_owned(), order);
        Ok(instant)
    }

    /// Notes a row with an unambiguous local time.
    pub fn observe(&mut self, position: RowPosition<'_>, instant: i64) {
        let mut order = self.series_order(position);
        if let Some(run) = order.run
            && order.last.is_some_and(|last| last >= instant)
        {
            self.keep_unclear(run.begun, NOT_IN_ORDER);
        }
        self.close(&mut order);
        order.last = Some(instant);
        match self.series.get_mut(position.series) {
            Some(known) => *known = order,
            None => {
                self.series.insert(position.series.to_owned(), order);
            }
        }
    }

    /// Unresolved time of the file.
    #[must_use]
    pub fn finish(mut self) -> Option<UnclearOrder> {
        for mut order in std::mem::take(&mut self.series).into_values() {
            self.close(&mut order);
        }
        self.unclear
    }

    fn series_order(&self, position: RowPosition<'_>) -> SeriesOrder {
        self.series
            .get(position.series)
            .copied()
            .unwrap_or_default()
    }

    /// Ends a repeated hour, which must have rows in both occurrences.
    fn close(&mut self, order: &mut SeriesOrder) {
        if let Some(run) = order.run.take()
            && !run.is_second
        {
            self.keep_unclear(run.begun, STANDS_ONCE);
        }
    }

    fn keep_unclear(&mut self, line: u64, why: &'static str) {
        self.unclear.get_or_insert(UnclearOrder { line, why });
    }
}

/// Upper bound of the interval by which clocks are put back.
const LONGEST_US: u64 = 6 * 3600 * 1_000_000;

const GOES_BACK_TWICE: &str =
    "the local time goes back more than once within the hour that comes twice";

const NOT_IN_ORDER: &str = "the rows around the hour that comes twice are not in the order of time";

const STANDS_ONCE: &str = "the local times of the hour that comes twice never go back, so their order does not tell which they are";

#[cfg(test)]
mod tests {
    use super::{RepeatedHourOrder, RepeatedInstant, RowPosition};

    const HOUR: i64 = 3600 * 1_000_000;

    /// Time of a row: a unique instant, or a repeated local time.
    enum Row {
        Plain(i64),
        Repeated(i64),
    }

    /// Resolved times of the rows in minutes, or the reason of the failure.
    fn read(rows: &[Row]) -> Result<Vec<i64>, &'static str> {
        let mut order = RepeatedHourOrder::default();
        let mut found = Vec::new();
        for (line, row) in (1_u64..).zip(rows) {
            let position = RowPosition { line, series: "" };
            match row {
                Row::Plain(minutes) => {
                    order.observe(position, minutes * HOUR / 60);
                    found.push(*minutes);
                }
                Row::Repeated(minutes) => {
                    let first = minutes * HOUR / 60;
                    let second = first + HOUR;
                    let instant = order.resolve(position, RepeatedInstant { first, second });
                    found.push(instant.unwrap_or(first) * 60 / HOUR);
                }
            }
        }
        match order.finish() {
            Some(unclear) => Err(unclear.why),
            None => Ok(found),
        }
    }

    #[test]
    fn rows_in_order_tell_the_two_passes_apart() {
        use Row::{Plain, Repeated};
        let hours = [Plain(-60), Repeated(0), Repeated(0), Plain(120)];
        assert_eq!(read(&hours), Ok(vec![-60, 0, 60, 120]));
        let halves = [
            Plain(-30),
            Repeated(0),
            Repeated(30),
            Repeated(0),
            Repeated(30),
            Plain(120),
        ];
        assert_eq!(read(&halves), Ok(vec![-30, 0, 30, 60, 90, 120]));
        // A missing row, and a file that begins and ends within the hour.
        let gap = [Repeated(0), Repeated(30), Repeated(0)];
        assert_eq!(read(&gap), Ok(vec![0, 30, 60]));
    }

    #[test]
    fn an_order_that_does_not_tell_is_refused() {
        use Row::{Plain, Repeated};
        for (rows, part) in [
            (&[Plain(-60), Repeated(0), Plain(120)][..], "never go back"),
            (&[Repeated(0), Repeated(30)], "never go back"),
            (
                &[Repeated(0), Repeated(0), Repeated(0), Repeated(0)],
                "more than once",
            ),
            (
                &[Plain(120), Repeated(0), Repeated(0), Plain(-60)],
                "not in the order",
            ),
            (&[Repeated(0), Repeated(0), Plain(-60)], "not in the order"),
        ] {
            let why = read(rows).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
    }
}
