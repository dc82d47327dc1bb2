//! Figures of each minute of the last day, in memory: answers with their durations, refusals, rows, memory and disk.

use hansa_audit_log::time::UtcTimestamp;
use parking_lot::Mutex;
use std::collections::VecDeque;

/// Minutes that are kept: a day.
pub const MINUTES: usize = 1_440;

/// Most durations of one minute from which its quantiles are made. Further answers are counted alone.
const DURATIONS: usize = 4_096;

/// Figures of a minute that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MinuteFigures {
    /// Instant of its end.
    pub at: UtcTimestamp,
    /// Answers that ended, well or not.
    pub answers: u64,
    /// Questions that were refused.
    pub refusals: u64,
    /// Rows that were handed on.
    pub rows: u64,
    /// Durations of the answers; none in a minute without an answer.
    pub durations: Option<DurationQuantiles>,
    /// Bytes that questions held at its end.
    pub memory: u64,
    /// Free bytes on the disk of the log at its end; none where they can't be read.
    pub free: Option<u64>,
}

/// Durations below which a part of the answers stayed, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DurationQuantiles {
    /// Half of the answers.
    pub p50: u32,
    /// 95 of 100.
    pub p95: u32,
    /// 99 of 100.
    pub p99: u32,
}

impl DurationQuantiles {
    /// Quantiles by the nearest rank; none of no durations.
    fn of(mut durations: Vec<u32>) -> Option<Self> {
        durations.sort_unstable();
        let rank = |percent: usize| {
            let place = (durations.len() * percent).div_ceil(100).saturating_sub(1);
            durations.get(place).copied()
        };
        Some(Self {
            p50: rank(50)?,
            p95: rank(95)?,
            p99: rank(99)?,
        })
    }
}

/// State of the machine at the end of a minute.
#[derive(Debug, Clone, Copy)]
pub struct MachineState {
    /// Instant.
    pub at: UtcTimestamp,
    /// Bytes that questions hold.
    pub memory: u64,
    /// Free bytes on the disk of the log.
    pub free: Option<u64>,
}

/// Minute that has not ended.
#[derive(Debug, Default)]
struct OpenMinute {
    answers: u64,
    refusals: u64,
    rows: u64,
    durations: Vec<u32>,
}

/// Minutes of the last day.
#[derive(Debug, Default)]
pub struct MinuteRing {
    open: Mutex<OpenMinute>,
    ended: Mutex<VecDeque<MinuteFigures>>,
}

impl MinuteRing {
    /// Counts an answer. `micros` is its duration in microseconds.
    pub(crate) fn count_answer(&self, micros: i64) {
        let mut open = self.open.lock();
        open.answers = open.answers.saturating_add(1);
        if open.durations.len() < DURATIONS {
            let milliseconds = u32::try_from(micros.max(0) / 1_000).unwrap_or(u32::MAX);
            open.durations.push(milliseconds);
        }
    }

    /// Counts a refusal.
    pub(crate) fn count_refusal(&self) {
        let mut open = self.open.lock();
        open.refusals = open.refusals.saturating_add(1);
    }

    /// Counts rows that were handed on.
    pub(crate) fn count_rows(&self, rows: u64) {
        let mut open = self.open.lock();
        open.rows = open.rows.saturating_add(rows);
    }

    /// Ends the minute. The oldest one leaves where there are too many.
    pub fn end_minute(&self, state: MachineState) {
        let open = std::mem::take(&mut *self.open.lock());
        let mut ended = self.ended.lock();
        if ended.len() >= MINUTES {
            ended.pop_front();
        }
        ended.push_back(MinuteFigures {
            at: state.at,
            answers: open.answers,
            refusals: open.refusals,
            rows: open.rows,
            durations: DurationQuantiles::of(open.durations),
            memory: state.memory,
            free: state.free,
        });
    }

    /// Minutes that have ended, the oldest first.
    pub fn list_minutes(&self) -> Vec<MinuteFigures> {
        self.ended.lock().iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(memory: u64) -> MachineState {
        MachineState {
            at: "2026-11-27T09:14:00Z".parse().unwrap(),
            memory,
            free: Some(71),
        }
    }

    #[test]
    fn a_minute_has_its_own_figures() {
        let ring = MinuteRing::default();
        for milliseconds in 1..=100 {
            ring.count_answer(milliseconds * 1_000 + 999);
        }
        ring.count_refusal();
        ring.count_rows(49);
        ring.count_rows(1);
        ring.end_minute(state(7));
        ring.count_answer(-5);
        ring.end_minute(state(8));
        ring.end_minute(state(9));
        let minutes = ring.list_minutes();
        let first = &minutes[0];
        assert_eq!((first.answers, first.refusals, first.rows), (100, 1, 50));
        let quantiles = DurationQuantiles {
            p50: 50,
            p95: 95,
            p99: 99,
        };
        assert_eq!(first.durations, Some(quantiles));
        assert_eq!((first.memory, first.free), (7, Some(71)));
        let one = minutes[1].durations.unwrap();
        assert_eq!((one.p50, one.p99), (0, 0), "a clock that went back");
        assert_eq!(minutes[2].durations, None);
        assert_eq!((minutes[2].answers, minutes[2].refusals), (0, 0));
    }

    #[test]
    fn a_day_of_minutes_and_their_durations_are_bounded() {
        let ring = MinuteRing::default();
        for _ in 0..DURATIONS + 10 {
            ring.count_answer(1_000);
        }
        assert_eq!(ring.open.lock().durations.len(), DURATIONS);
        for minute in 0..u64::try_from(MINUTES).unwrap() + 5 {
            ring.end_minute(state(minute));
        }
        let minutes = ring.list_minutes();
        assert_eq!(minutes.len(), MINUTES);
        assert_eq!(minutes[0].memory, 5, "the oldest ones have left");
    }
}
