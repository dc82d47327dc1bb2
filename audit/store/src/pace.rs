//! Whether the wall clock goes as fast as the clock that never goes back.

use hansa_audit_log::time::Tick;

/// A step beyond this is recorded.
const RECORDED_MICROS: i64 = 5_000_000;

/// A step back beyond this makes the clock untrusted until an operator has looked at it.
const UNTRUSTED_MICROS: i64 = 60_000_000;

/// The clocks as they were looked at last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    last: Tick,
}

/// A step of the wall clock, in microseconds; negative when it went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step(pub(super) i64);

impl Step {
    pub(super) const fn is_untrusted(self) -> bool {
        self.0 < -UNTRUSTED_MICROS
    }
}

impl Pace {
    pub(super) const fn new(tick: Tick) -> Self {
        Self { last: tick }
    }

    /// The step since the last look, if it is large enough to be recorded.
    pub(super) fn look(&mut self, tick: Tick) -> Option<Step> {
        let passed = tick.mono_ns.saturating_sub(self.last.mono_ns) / 1000;
        let expected = self
            .last
            .wall
            .micros()
            .saturating_add(i64::try_from(passed).unwrap_or(i64::MAX));
        let step = tick.wall.micros().saturating_sub(expected);
        self.last = tick;
        (step.saturating_abs() > RECORDED_MICROS).then_some(Step(step))
    }
}

#[cfg(test)]
mod tests {
    use super::{Pace, Step};
    use hansa_audit_log::time::{Tick, Time};

    #[test]
    fn steps_of_the_wall_clock() {
        let tick = |wall: i64, mono: u64| Tick {
            wall: Time::from_micros(wall * 1_000_000).unwrap(),
            mono_ns: mono * 1_000_000_000,
        };
        let mut pace = Pace::new(tick(1000, 50));
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
                step.map(|step| Step(step * 1_000_000)),
                "{wall} {mono}"
            );
            assert_eq!(found.is_some_and(Step::is_untrusted), step == Some(-61));
        }
    }
}
