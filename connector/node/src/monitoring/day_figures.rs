//! Figures of the last days, in memory. Each record of the log is counted once.

use hansa_audit_log::time::UtcTimestamp;
use parking_lot::Mutex;
use serde::Serialize;
use std::collections::BTreeMap;

/// Finished days that are kept: with today, two weeks.
pub const DAYS: usize = 13;

/// Figures of a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct DayFigures {
    /// Answers that ended, well or not.
    pub answers: u64,
    /// Rows that left with them.
    pub rows: u64,
    /// Questions that were refused.
    pub refusals: u64,
}

/// Day that has begun, as far as the log was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenDay {
    /// First instant of the day.
    pub begin: UtcTimestamp,
    /// First record that is not counted.
    pub next: u64,
    /// Figures of the records before it.
    pub figures: DayFigures,
}

/// Figures by day, such as `2026-11-26`, and those of the day that has begun.
#[derive(Debug, Default)]
pub struct DayLedger {
    finished: Mutex<BTreeMap<String, DayFigures>>,
    open: Mutex<Option<OpenDay>>,
}

impl DayLedger {
    /// Checks that a day is counted.
    pub fn has(&self, day: &str) -> bool {
        self.finished.lock().contains_key(day)
    }

    /// Keeps the figures of a day. The oldest one leaves where there are too many.
    pub fn keep(&self, day: String, figures: DayFigures) {
        let mut days = self.finished.lock();
        days.insert(day, figures);
        while days.len() > DAYS {
            days.pop_first();
        }
    }

    /// Day that began at this instant, as far as it is counted.
    pub fn open_day(&self, begin: UtcTimestamp) -> Option<OpenDay> {
        self.open.lock().filter(|day| day.begin == begin)
    }

    /// Keeps how far a day is counted.
    pub fn keep_open_day(&self, day: OpenDay) {
        let mut open = self.open.lock();
        // Of two that count at once, one has read further.
        if open.is_none_or(|known| known.begin != day.begin || known.next < day.next) {
            *open = Some(day);
        }
    }

    /// Figures of the finished days, the oldest first.
    pub fn list(&self) -> Vec<(String, DayFigures)> {
        let days = self.finished.lock();
        days.iter()
            .map(|(day, figures)| (day.clone(), *figures))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_days_are_kept() {
        let ledger = DayLedger::default();
        for day in (10..=30).rev() {
            let figures = DayFigures {
                answers: day,
                ..DayFigures::default()
            };
            ledger.keep(format!("2026-11-{day}"), figures);
        }
        let days = ledger.list();
        assert_eq!(days.len(), DAYS);
        assert_eq!(days[0].0, "2026-11-18");
        assert_eq!(days[12].1.answers, 30);
        assert!(ledger.has("2026-11-30") && !ledger.has("2026-11-17"));
    }

    #[test]
    fn a_day_that_has_begun_is_kept_as_far_as_it_is_counted() {
        let ledger = DayLedger::default();
        let day = |begin: i64, next: u64| OpenDay {
            begin: UtcTimestamp::from_micros(begin).unwrap(),
            next,
            figures: DayFigures::default(),
        };
        let next = |begin: i64| ledger.open_day(day(begin, 0).begin).map(|open| open.next);
        assert_eq!(next(1), None);
        ledger.keep_open_day(day(1, 7));
        ledger.keep_open_day(day(1, 5));
        assert_eq!(next(1), Some(7));
        ledger.keep_open_day(day(2, 3));
        assert_eq!((next(1), next(2)), (None, Some(3)));
    }
}
