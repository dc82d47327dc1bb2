//! The wall clock of the machine, as far as the clock that only counts bears it out.
//!
//! A record's time never goes back. So a clock that runs ahead for a moment would leave the log ahead for good: what is only
//! over by then would be over now. A jump ahead is therefore not followed until a person has looked at it.

use crate::machine_clock::{CountedTime, MachineClock};
use hansa_audit_log::time::{Clock, ClockReading, UtcTimestamp};
use parking_lot::Mutex;

/// A step beyond this is recorded.
pub(super) const RECORDED_MICROS: i64 = 5_000_000;

/// A step back beyond this makes the clock untrusted until an operator has looked at it.
const UNTRUSTED_BACK_MICROS: i64 = 60_000_000;

/// A step ahead beyond this is not followed until an operator has looked at it.
pub(super) const UNTRUSTED_AHEAD_MICROS: i64 = 300_000_000;

/// The most steps that wait to be recorded. Further ones are added to the last of them.
const WAITING: usize = 16;

/// Why the clock can't be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockFault {
    /// It went back by more than a minute.
    WentBack,
    /// It stands ahead, by so many microseconds, of what has passed since it was looked at last. The log does not follow it.
    JumpedAhead {
        /// How far it stands ahead, in microseconds.
        micros: i64,
    },
}

/// A step of the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClockStep {
    /// In microseconds; negative when it went back.
    pub(super) micros: i64,
    pub(super) outcome: StepOutcome,
}

/// Answer of the log to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StepOutcome {
    /// It follows.
    Followed,
    /// It goes on as if there had been no step.
    Held,
    /// A step that was held is undone: the clock stands where it would stand without it.
    Undone,
}

/// The clock of one log.
pub(super) struct SteadyClock {
    given: Clock,
    /// The time that the next start compares with.
    kept: Option<Mutex<KeptTime>>,
    state: Mutex<ClockState>,
}

/// The file in which a start finds what the clock should show.
struct KeptTime {
    machine: MachineClock,
    /// The time that the file holds.
    newest: Option<CountedTime>,
}

#[derive(Debug)]
struct ClockState {
    /// The reading that was given out last.
    last: ClockReading,
    went_back: bool,
    /// How far the wall clock stands ahead of what is given out, while that is held.
    ahead: Option<i64>,
    steps: Vec<ClockStep>,
}

impl SteadyClock {
    /// A clock over the `given` one. Where the log ends later than the clock stands, it went back while nobody ran: the first
    /// reading finds that. Where the clock of the `machine` jumped ahead while nobody ran, it is held from the first reading on.
    pub(super) fn new(
        given: Clock,
        last_record: Option<UtcTimestamp>,
        machine: Option<MachineClock>,
    ) -> Self {
        let kept = machine.map(|machine| KeptTime {
            newest: machine.read_kept(),
            machine,
        });
        // Were it read the other way round, a step in between would be followed.
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
                state.note(ahead, StepOutcome::Followed);
            }
            state.last.wall = last_record.map_or(tick.wall, |last| last.max(tick.wall));
        }
        Self {
            given,
            kept: kept.map(Mutex::new),
            state: Mutex::new(state),
        }
    }

    /// The time, without a jump ahead that nobody has looked at.
    pub(super) fn read(&self) -> ClockReading {
        let mut state = self.state.lock();
        let tick = (self.given)();
        state.follow(tick)
    }

    /// Why the clock can't be relied on, if so.
    pub(super) fn fault(&self) -> Option<ClockFault> {
        let state = self.state.lock();
        match state.ahead {
            Some(micros) => Some(ClockFault::JumpedAhead { micros }),
            None => state.went_back.then_some(ClockFault::WentBack),
        }
    }

    /// The clock is followed from where it stands: a person has looked at it.
    pub(super) fn acknowledge(&self) {
        let mut state = self.state.lock();
        state.last = (self.given)();
        state.went_back = false;
        state.ahead = None;
        drop(state);
        self.keep_time();
    }

    /// Puts into the file of the machine what the log goes by, where the file says something else. A clock that went back is not
    /// kept until somebody has looked at it: when it is right again, it has not jumped.
    pub(super) fn keep_time(&self) {
        let Some(kept) = &self.kept else {
            return;
        };
        let mut kept = kept.lock();
        let before = kept.machine.read_clock();
        let ahead = {
            let mut state = self.state.lock();
            state.follow((self.given)());
            if state.went_back {
                return;
            }
            state.ahead.unwrap_or(0)
        };
        let after = kept.machine.read_clock();
        let counted = kept.machine.count_time(after, ahead);
        // A step between the two readings may be counted or not. It is seen the next time.
        let is_steady = kept.machine.count_time(before, ahead).agrees_with(&counted);
        let is_kept = |newest: &CountedTime| newest.agrees_with(&counted);
        if !is_steady || kept.newest.as_ref().is_some_and(is_kept) {
            return;
        }
        if kept.machine.write_kept(&counted) {
            kept.newest = Some(counted);
        }
    }

    /// The steps since this was asked last.
    pub(super) fn take_steps(&self) -> Vec<ClockStep> {
        std::mem::take(&mut self.state.lock().steps)
    }
}

impl ClockState {
    fn follow(&mut self, tick: ClockReading) -> ClockReading {
        let passed = tick.mono_ns.saturating_sub(self.last.mono_ns) / 1000;
        let expected = self
            .last
            .wall
            .plus_micros(i64::try_from(passed).unwrap_or(i64::MAX));
        let step = tick.wall.micros().saturating_sub(expected.micros());
        if step > UNTRUSTED_AHEAD_MICROS {
            if self.ahead.is_none() {
                self.note(step, StepOutcome::Held);
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
            self.note(step, StepOutcome::Undone);
        } else if step.saturating_abs() > RECORDED_MICROS {
            self.note(step, StepOutcome::Followed);
        }
        self.last = tick;
        tick
    }

    fn note(&mut self, micros: i64, outcome: StepOutcome) {
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

    /// A steady clock, and the reading of the machine's that a test sets.
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
        // Undone by more than the jump, it went back as well.
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
