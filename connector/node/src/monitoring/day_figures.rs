//! Figures of the last finished days, in memory. They are counted once from the log.

use parking_lot::Mutex;
use std::collections::BTreeMap;

/// Finished days that are kept: with today, two weeks.
pub const DAYS: usize = 13;

/// Figures of a finished day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayFigures {
    /// Answers that ended, well or not.
    pub answers: u64,
    /// Rows that left with them.
    pub rows: u64,
    /// Questions that were refused.
    pub refusals: u64,
}

/// Figures by day, such as `2026-11-26`.
#[derive(Debug, Default)]
pub struct DayLedger(Mutex<BTreeMap<String, DayFigures>>);

impl DayLedger {
    /// Checks that a day is counted.
    pub fn has(&self, day: &str) -> bool {
        self.0.lock().contains_key(day)
    }

    /// Keeps the figures of a day. The oldest one leaves where there are too many.
    pub fn keep(&self, day: String, figures: DayFigures) {
        let mut days = self.0.lock();
        days.insert(day, figures);
        while days.len() > DAYS {
            days.pop_first();
        }
    }

    /// Figures of the days, the oldest first.
    pub fn list(&self) -> Vec<(String, DayFigures)> {
        let days = self.0.lock();
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
}
