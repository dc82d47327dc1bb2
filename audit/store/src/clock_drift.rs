//! Whether the wall clock goes as fast as the clock that never goes back.

use hansa_audit_log::time::ClockReading;

/// A step beyond this is recorded.
const RECORDED_MICROS: i64 = 5_000_000;

/// A step back beyond this makes the clock untrusted until an operator has looked at it.
const UNTRUSTED_MICROS: i64 = 60_000_000;

/// The clocks as they were looked at last.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClockDrift {
    last: ClockReading,
}

/// A step of the wall clock, in microseconds; negative when it went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClockStep(pub(super) i64);

impl ClockStep {
    pub(super) const fn is_untrusted(self) -> bool {
        self.0 < -UNTRUSTED_MICROS
    }
}

impl ClockDrift {
    pub(super) const fn new(tick: ClockReading) -> Self {
        Self { last: tick }
    }

    /// The step since the last look, if it is large enough to be recorded.
    pub(super) fn look(&mut self, tick: ClockReading) -> Option<ClockStep> {
        let passed = tick.mono_ns.saturating_sub(self.last.mono_ns) / 1000;
        let expected = self
            .last
            .wall
            .micros()
            .saturating_add(i64::try_from(passed).unwrap_or(i64::MAX));
        let step = tick.wall.micros().saturating_sub(expected);
        self.last = tick;
        (step.saturating_abs() > RECORDED_MICROS).then_some(ClockStep(step))
    }
}

#[cfg(test)]
mod tests {
    use super::{ClockDrift, ClockStep};
    use hansa_audit_log::time::{ClockReading, UtcTimestamp};

    #[test]
    fn steps_of_the_wall_clock() {
        let tick = |wall: i64, mono: u64| ClockReading {
            wall: UtcTimestamp::from_micros(wall * 1_000_000).unwrap(),
            mono_ns: mono * 1_000_000_000,
        };
        let mut pace = ClockDrift::new(tick(1000, 50));
        for (wall, mono, step) in [
            (1010, 60, None),
            (5000, 4050, None),
            (5005, 4050, None),
            (5011, 4050, Some(6)),
            (5021, 4060, None),
            (5015, 4060, Some(-6)),
            (4954, 4060, Some(-61)),
            (4954, 4061, None),
            (9999, 4061, Some(5045)),
        ] {
            let found = pace.look(tick(wall, mono));
            assert_eq!(
                found,
                step.map(|step| ClockStep(step * 1_000_000)),
                "{wall} {mono}"
            );
            assert_eq!(
                found.is_some_and(ClockStep::is_untrusted),
                step == Some(-61)
            );
        }
    }
}
