//! Steady clock: the wall clock of the machine, as far as the monotonic clock confirms it.
//!
//! The time of records never decreases. A clock that runs ahead for a moment would leave the log ahead permanently, and periods
//! would end too early. So a jump ahead is not followed until a person has checked it.

use crate::machine_clock::{CountedTime, MachineClock};
use hansa_audit_log::time::{Clock, ClockReading, UtcTimestamp};
use parking_lot::Mutex;

/// Smallest step that is recorded, microseconds.
pub(super) const RECORDED_MICROS: i64 = 5_000_000;

/// Step back above which the clock is untrusted until an operator has checked it, microseconds.
const UNTRUSTED_BACK_MICROS: i64 = 60_000_000;

/// Step ahead above which the clock is not followed until an operator has checked it, microseconds.
pub(super) const UNTRUSTED_AHEAD_MICROS: i64 = 300_000_000;

/// Largest number of steps waiting to be recorded. Further ones are added to the last of them.
const WAITING: usize = 16;

/// Reason why the clock is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockFault {
    /// The clock went back by more than a minute.
    WentBack,
    /// The clock is ahead of the time that has elapsed since the last check. The log does not follow it.
    JumpedAhead {
        /// Lead of the clock, microseconds.
        micros: i64,
    },
}

/// Step of the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClockStep {
    /// Size in microseconds; negative for a step back.
    pub(super) micros: i64,
    pub(super) outcome: StepOutcome,
}

/// Reaction of the log to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StepOutcome {
    /// The log follows the step.
    Followed,
    /// The log continues as if there were no step.
    Held,
    /// A held step is undone: the clock shows the time without it.
    Undone,
}

/// Clock of one log.
pub(super) struct SteadyClock {
    given: Clock,
    /// Stored time with which the next start compares.
    kept: Option<Mutex<KeptTime>>,
    state: Mutex<ClockState>,
}

/// File that stores the expected time for the next start.
struct KeptTime {
    machine: MachineClock,
    /// Time in the file.
    newest: Option<CountedTime>,
}

#[derive(Debug)]
struct ClockState {
    /// Last reading that was returned.
    last: ClockReading,
    went_back: bool,
    /// Lead of the wall clock over the returned time, while a jump is held.
    ahead: Option<i64>,
    steps: Vec<ClockStep>,
}

impl SteadyClock {
    /// Clock over the `given` one. If the log ends later than the clock shows, the clock went back while the program was not
    /// running; the first reading detects it. If the clock of the `machine` jumped ahead while the program was not running, it is
    /// held from the first reading on.
    pub(super) fn new(
        given: Clock,
        last_record: Option<UtcTimestamp>,
        machine: Option<MachineClock>,
    ) -> Self {
        let kept = machine.map(|machine| KeptTime {
            newest: machine.read_kept(),
            machine,
        });
        // In the other order, a step in between would be followed.
        let tick = given();
        let ahead = kept
            .as_ref()
            .map_or(0, |kept| kept.machine.measure_jump(kept.newest.as_ref()));
        let mut state = ClockState {
            last: tick,
            went_back: false,
            ahead: None,
            steps: Vec::new(),
        };
        if ahead > UNTRUSTED_AHEAD_MICROS {
            state.last.wall = tick.wall.plus_micros(ahead.saturating_neg());
            let back = last_record.map_or(0, |last| {
                last.micros().saturating_sub(state.last.wall.micros())
            });
            state.went_back = back > UNTRUSTED_BACK_MICROS;
        } else {
            if ahead > RECORDED_MICROS {
                state.note_step(ahead, StepOutcome::Followed);
            }
            state.last.wall = last_record.map_or(tick.wall, |last| last.max(tick.wall));
        }
        Self {
            given,
            kept: kept.map(Mutex::new),
            state: Mutex::new(state),
        }
    }

    /// Present reading, without an unchecked jump ahead.
    pub(super) fn read(&self) -> ClockReading {
        let mut state = self.state.lock();
        let tick = (self.given)();
        state.follow_tick(tick)
    }

    /// Reason why the clock is not trusted, if so.
    pub(super) fn fault(&self) -> Option<ClockFault> {
        let state = self.state.lock();
        match state.ahead {
            Some(micros) => Some(ClockFault::JumpedAhead { micros }),
            None => state.went_back.then_some(ClockFault::WentBack),
        }
    }

    /// Accepts the present clock: a person has checked it.
    pub(super) fn acknowledge(&self) {
        let mut state = self.state.lock();
        state.last = (self.given)();
        state.went_back = false;
        state.ahead = None;
        drop(state);
        self.keep_time();
    }

    /// Stores the log's time in the machine's file, where the file differs. A clock that went back is not stored until a person has
    /// checked it; when it is corrected, that must not look like a jump.
    pub(super) fn keep_time(&self) {
        let Some(kept) = &self.kept else {
            return;
        };
        let mut kept = kept.lock();
        let before = kept.machine.read_clock();
        let ahead = {
            let mut state = self.state.lock();
            state.follow_tick((self.given)());
            if state.went_back {
                return;
            }
            state.ahead.unwrap_or(0)
        };
        let after = kept.machine.read_clock();
        let counted = kept.machine.count_time(after, ahead);
        // A step between the two readings may be included or not; the next comparison detects it.
        let is_steady = kept.machine.count_time(before, ahead).agrees_with(&counted);
        let is_kept = |newest: &CountedTime| newest.agrees_with(&counted);
        if !is_steady || kept.newest.as_ref().is_some_and(is_kept) {
            return;
        }
        if kept.machine.write_kept(&counted) {
            kept.newest = Some(counted);
        }
    }

    /// Steps since the last call.
    pub(super) fn take_steps(&self) -> Vec<ClockStep> {
        std::mem::take(&mut self.state.lock().steps)
    }
}

impl ClockState {
    fn follow_tick(&mut self, tick: ClockReading) -> ClockReading {
        let passed = tick.mono_ns.saturating_sub(self.last.mono_ns) / 1000;
        let expected = self
            .last
            .wall
            .plus_micros(i64::try_from(passed).unwrap_or(i64::MAX));
        let step = tick.wall.micros().saturating_sub(expected.micros());
        if step > UNTRUSTED_AHEAD_MICROS {
            if self.ahead.is_none() {
                self.note_step(step, StepOutcome::Held);
            }
            self.ahead = Some(step);
            self.last = ClockReading {
                wall: expected,
                ..tick
            };
            return self.last;
        }
        let is_undone = self.ahead.take().is_some();
        if step < -UNTRUSTED_BACK_MICROS {
            self.went_back = true;
        }
        if is_undone {
            self.note_step(step, StepOutcome::Undone);
        } else if step.saturating_abs() > RECORDED_MICROS {
            self.note_step(step, StepOutcome::Followed);
        }
        self.last = tick;
        tick
    }

    fn note_step(&mut self, micros: i64, outcome: StepOutcome) {
        let is_full = self.steps.len() >= WAITING;
        match self.steps.last_mut() {
            Some(last) if is_full => {
                last.micros = last.micros.saturating_add(micros);
                last.outcome = outcome;
            }
            _ => self.steps.push(ClockStep { micros, outcome }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ClockFault, ClockStep, SteadyClock, StepOutcome, WAITING};
    use hansa_audit_log::time::{ClockReading, UtcTimestamp};
    use parking_lot::Mutex;
    use std::sync::Arc;

    fn reading(wall: i64, mono: u64) -> ClockReading {
        ClockReading {
            wall: UtcTimestamp::from_micros(wall * 1_000_000).unwrap(),
            mono_ns: mono * 1_000_000_000,
        }
    }

    /// Steady clock, and the machine's reading that a test sets.
    fn steady(begin: ClockReading) -> (SteadyClock, Arc<Mutex<ClockReading>>) {
        let hands = Arc::new(Mutex::new(begin));
        let given = Arc::clone(&hands);
        (
            SteadyClock::new(Arc::new(move || *given.lock()), None, None),
            hands,
        )
    }

    #[test]
    fn steps_that_are_followed() {
        let (clock, hands) = steady(reading(1000, 50));
        for (wall, mono, step) in [
            (1010, 60, None),
            (5000, 4050, None),
            (5005, 4050, None),
            (5011, 4050, Some(6)),
            (5021, 4060, None),
            (5015, 4060, Some(-6)),
            (5315, 4060, Some(300)),
            (5254, 4060, Some(-61)),
            (5254, 4061, None),
        ] {
            let tick = reading(wall, mono);
            *hands.lock() = tick;
            assert_eq!(clock.read(), tick, "{wall} {mono}");
            let expected: Vec<_> = step
                .map(|step| ClockStep {
                    micros: step * 1_000_000,
                    outcome: StepOutcome::Followed,
                })
                .into_iter()
                .collect();
            assert_eq!(clock.take_steps(), expected, "{wall} {mono}");
            let went_back =
                (wall < 5300 && mono > 4059 && wall > 5250).then_some(ClockFault::WentBack);
            assert_eq!(clock.fault(), went_back, "{wall} {mono}");
        }
        clock.acknowledge();
        assert_eq!(clock.fault(), None);
    }

    #[test]
    fn a_jump_ahead_is_held_until_it_is_undone_or_acknowledged() {
        let (clock, hands) = steady(reading(1000, 50));
        let see = |wall: i64, mono: u64| {
            *hands.lock() = reading(wall, mono);
            let seen = clock.read();
            let outcomes: Vec<_> = clock.take_steps().iter().map(|step| step.outcome).collect();
            (seen.wall.micros() / 1_000_000, outcomes, clock.fault())
        };
        let ahead = |seconds: i64| {
            let micros = seconds * 1_000_000;
            Some(ClockFault::JumpedAhead { micros })
        };
        assert_eq!(see(1301, 50), (1000, vec![StepOutcome::Held], ahead(301)));
        assert_eq!(see(1311, 60), (1010, vec![], ahead(301)));
        assert_eq!(see(9000, 61), (1011, vec![], ahead(7989)));
        assert_eq!(see(1012, 62), (1012, vec![StepOutcome::Undone], None));
        assert_eq!(see(9000, 63), (1013, vec![StepOutcome::Held], ahead(7987)));
        clock.acknowledge();
        assert_eq!(see(9001, 64), (9001, vec![], None));
        // Going back by more than the jump undoes it and is a step back too.
        assert_eq!(see(19001, 64).2, ahead(10_000));
        let back = Some(ClockFault::WentBack);
        assert_eq!(see(8900, 65), (8900, vec![StepOutcome::Undone], back));
    }

    #[test]
    fn a_clock_that_flaps_keeps_few_steps() {
        let (clock, hands) = steady(reading(1000, 50));
        for turn in 0..100 {
            *hands.lock() = reading(if turn % 2 == 0 { 1010 } else { 1000 }, 50);
            let _ = clock.read();
        }
        assert_eq!(clock.take_steps().len(), WAITING);
        assert_eq!(clock.take_steps(), []);
    }
}
