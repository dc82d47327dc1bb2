//! Clock of the machine between two starts of the program. Until the machine reboots, its monotonic count predicts its wall clock.

use crate::steady_clock::{RECORDED_MICROS, UNTRUSTED_AHEAD_MICROS};
use hansa_audit_log::json::{self, Json, JsonLimits};
use hansa_audit_log::time::{Clock, ClockReading, UtcTimestamp};
use hansa_files::FileVisibility;
use std::fmt;
use std::path::PathBuf;

/// Upper bound of the file's size, bytes.
const FILE_LIMIT: u64 = 4096;

/// Clock of the machine, with the file that stores its expected time.
#[derive(Clone)]
pub struct MachineClock {
    file: PathBuf,
    boot: String,
    clock: Clock,
}

/// Time of the log, with the machine's monotonic count at that time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CountedTime {
    boot: String,
    wall: UtcTimestamp,
    counted_ns: u64,
}

impl MachineClock {
    /// Machine clock over `clock`, with `boot` as the identifier of the machine's present boot. It is the clock of the kernel: an
    /// offset in the configuration of the log's clock does not change it.
    pub fn new(file: impl Into<PathBuf>, boot: impl Into<String>, clock: Clock) -> Self {
        Self {
            file: file.into(),
            boot: boot.into(),
            clock,
        }
    }

    /// Microseconds by which the clock is ahead of the expected time, if more than the log follows; else 0.
    #[must_use]
    pub fn find_held_jump(&self) -> i64 {
        let ahead = self.measure_jump(self.read_kept().as_ref());
        if ahead > UNTRUSTED_AHEAD_MICROS {
            ahead
        } else {
            0
        }
    }

    /// Microseconds by which the clock is ahead of a stored time; 0 for a time of another boot.
    pub(super) fn measure_jump(&self, kept: Option<&CountedTime>) -> i64 {
        let tick = self.read_clock();
        kept.and_then(|kept| kept.expect_wall_at(&self.boot, tick.mono_ns))
            .map_or(0, |expected| {
                tick.wall.micros().saturating_sub(expected.micros())
            })
    }

    pub(super) fn read_clock(&self) -> ClockReading {
        (self.clock)()
    }

    /// Present time with the count of this boot, and with the wall clock put back by `ahead` microseconds.
    pub(super) fn count_time(&self, tick: ClockReading, ahead: i64) -> CountedTime {
        CountedTime {
            boot: self.boot.clone(),
            wall: tick.wall.plus_micros(ahead.saturating_neg()),
            counted_ns: tick.mono_ns,
        }
    }

    /// Stored time; none where the file is missing or invalid.
    pub(super) fn read_kept(&self) -> Option<CountedTime> {
        if !self.file.exists() {
            return None;
        }
        let kept = hansa_files::read_file(&self.file, FILE_LIMIT)
            .ok()
            .and_then(|bytes| CountedTime::parse(&bytes));
        if kept.is_none() {
            tracing::warn!(file = %self.file.display(), "log.clock_file_unreadable");
        }
        kept
    }

    /// Stores a time durably. A failure does not stop the log: the next start then compares with the earlier time.
    pub(super) fn write_kept(&self, counted: &CountedTime) -> bool {
        let written =
            hansa_files::replace_file(&self.file, &counted.to_bytes(), FileVisibility::Owner);
        if let Err(refusal) = &written {
            tracing::warn!(%refusal, "log.clock_not_kept");
        }
        written.is_ok()
    }
}

impl fmt::Debug for MachineClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MachineClock")
            .field("file", &self.file)
            .field("boot", &self.boot)
            .finish_non_exhaustive()
    }
}

impl CountedTime {
    /// Expected wall clock at this count. None for another boot, and for a smaller count, which means another count under the same
    /// name.
    fn expect_wall_at(&self, boot: &str, counted_ns: u64) -> Option<UtcTimestamp> {
        if self.boot != boot {
            return None;
        }
        let passed = counted_ns.checked_sub(self.counted_ns)? / 1000;
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        Some(self.wall.plus_micros(passed))
    }

    /// True if the two times of one boot agree, except for a step too small to be recorded.
    pub(super) fn agrees_with(&self, other: &Self) -> bool {
        let expected = self.expect_wall_at(&other.boot, other.counted_ns);
        expected.is_some_and(|expected| {
            let apart = other.wall.micros().saturating_sub(expected.micros());
            apart.saturating_abs() <= RECORDED_MICROS
        })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let members = [
            ("boot", Json::from_display(&self.boot)),
            ("wall", Json::from_display(self.wall)),
            ("counted_ns", Json::from_count(self.counted_ns)),
        ];
        json::to_canonical_bytes(&Json::object(members))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let value = json::parse_json(bytes, JsonLimits::default()).ok()?;
        let counted = Self {
            boot: value.get("boot")?.as_text()?.to_owned(),
            wall: value.get("wall")?.as_text()?.parse().ok()?,
            counted_ns: value.get("counted_ns")?.as_count()?,
        };
        // Only the canonical form is accepted.
        (counted.to_bytes() == bytes).then_some(counted)
    }
}

#[cfg(test)]
mod tests {
    use super::{CountedTime, MachineClock};
    use hansa_audit_log::time::{ClockReading, UtcTimestamp};
    use std::sync::Arc;

    fn at(seconds: i64) -> UtcTimestamp {
        UtcTimestamp::from_micros(seconds * 1_000_000).unwrap()
    }

    #[test]
    fn the_file_holds_what_was_put_into_it_and_nothing_else_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clock");
        let tick = ClockReading {
            wall: at(2000),
            mono_ns: 70_000_000_000,
        };
        let machine = MachineClock::new(&file, "b1", Arc::new(move || tick));
        assert_eq!((machine.read_kept(), machine.find_held_jump()), (None, 0));
        let kept = machine.count_time(tick, 400_000_000);
        assert!(machine.write_kept(&kept));
        assert_eq!(machine.read_kept(), Some(kept.clone()));
        assert_eq!(machine.find_held_jump(), 400_000_000);
        // Another boot, or another count, gives no expectation.
        let machine = |boot: &str, mono_ns: u64| {
            let tick = ClockReading { mono_ns, ..tick };
            MachineClock::new(&file, boot, Arc::new(move || tick))
        };
        assert_eq!(machine("b2", 70_000_000_000).find_held_jump(), 0);
        assert_eq!(machine("b1", 60_000_000_000).find_held_jump(), 0);
        // Elapsed time is not a step: 400 s ahead of 1600, 101 s later.
        assert_eq!(machine("b1", 171_000_000_000).find_held_jump(), 0);
        let good = std::fs::read_to_string(&file).unwrap();
        for bad in [
            "",
            "{}",
            &good.replace("counted_ns", "counted"),
            &good.replace('}', ",\"more\":1}"),
            &good.replace('Z', ""),
            &good[..good.len() - 1],
        ] {
            std::fs::write(&file, bad).unwrap();
            assert_eq!(machine("b1", 80_000_000_000).find_held_jump(), 0, "{bad}");
        }
    }

    #[test]
    fn times_agree_as_far_as_a_step_is_not_recorded() {
        let time = |boot: &str, wall: i64, counted: u64| CountedTime {
            boot: boot.to_owned(),
            wall: at(wall),
            counted_ns: counted * 1_000_000_000,
        };
        let kept = time("b1", 1000, 50);
        for (boot, wall, counted, agrees) in [
            ("b1", 1000, 50, true),
            ("b1", 1015, 60, true),
            ("b1", 1005, 60, true),
            ("b1", 1016, 60, false),
            ("b1", 1004, 60, false),
            ("b1", 990, 40, false),
            ("b2", 1000, 50, false),
        ] {
            let other = time(boot, wall, counted);
            assert_eq!(kept.agrees_with(&other), agrees, "{other:?}");
        }
    }
}
