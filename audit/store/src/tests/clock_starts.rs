//! Tests: a clock that jumps ahead while the program is not running is held from the first reading on.

use super::{TestLogDir, test_evidence};
use crate::machine_clock::MachineClock;
use crate::steady_clock::SteadyClock;
use crate::{AuditLog, ClockFault, LogConfig};
use hansa_audit_log::json::Json;
use hansa_audit_log::time::{Clock, ClockReading, UtcTimestamp};
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::path::Path;
use std::sync::Arc;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Time at which the test's machine was made.
const BEGIN: i64 = 1_800_000_000 * SECOND;

/// Machine: its true time, the error of its wall clock, and its boots. All in microseconds.
#[derive(Debug, Clone, Copy, Default)]
struct TestMachine {
    passed: i64,
    wrong: i64,
    boot: u32,
    /// Start of its present boot.
    booted: i64,
}

impl TestMachine {
    fn tick(&self) -> ClockReading {
        ClockReading {
            wall: UtcTimestamp::from_micros(BEGIN + self.passed + self.wrong).unwrap(),
            mono_ns: u64::try_from(self.passed - self.booted).unwrap() * 1000,
        }
    }

    fn reboot(&mut self) {
        self.passed += MINUTE;
        self.boot += 1;
        self.booted = self.passed;
    }
}

/// Machine shared with the clocks that read it.
#[derive(Debug, Clone, Default)]
struct SharedMachine(Arc<Mutex<TestMachine>>);

impl SharedMachine {
    fn clock(&self) -> Clock {
        let machine = Arc::clone(&self.0);
        Arc::new(move || machine.lock().tick())
    }

    fn machine(&self, folder: &Path) -> MachineClock {
        let boot = format!("run-{}", self.0.lock().boot);
        MachineClock::new(folder.join("clock"), boot, self.clock())
    }

    fn pass(&self, micros: i64) {
        self.0.lock().passed += micros;
    }

    fn set_wrong(&self, micros: i64) {
        self.0.lock().wrong = micros;
    }

    fn open(&self, log_dir: &TestLogDir) -> AuditLog {
        let config = LogConfig {
            clock: self.clock(),
            machine: Some(self.machine(log_dir.dir.path())),
            ..log_dir.config()
        };
        AuditLog::open(config).unwrap().0
    }

    /// Lead of a log over the true time.
    fn ahead(&self, log: &AuditLog) -> i64 {
        log.now().micros() - BEGIN - self.0.lock().passed
    }
}

fn say(log: &AuditLog) {
    let _ = log.record_blocking(test_evidence(0)).unwrap();
}

/// Outcomes of all steps in the log.
pub(super) fn list_outcomes(log: &AuditLog) -> Vec<String> {
    let records = log.read(0).map(Result::unwrap);
    let clocks = records.filter(|record| record.kind == "clock");
    clocks
        .map(|clock| {
            let outcome = clock.body.get("outcome").and_then(Json::as_text);
            outcome.unwrap().to_owned()
        })
        .collect()
}

fn make_jump(micros: i64) -> Option<ClockFault> {
    Some(ClockFault::JumpedAhead { micros })
}

#[test]
fn a_start_under_a_clock_that_jumped_holds_it() {
    let (log_dir, machine) = (TestLogDir::new(), SharedMachine::default());
    let log = machine.open(&log_dir);
    say(&log);
    drop(log);
    machine.pass(HOUR);
    machine.set_wrong(30 * DAY);
    let log = machine.open(&log_dir);
    assert_eq!(log.clock_fault(), make_jump(30 * DAY));
    say(&log);
    assert_eq!((machine.ahead(&log), list_outcomes(&log).len()), (0, 1));
    // The jump is held over further starts, and undone by itself.
    drop(log);
    machine.pass(HOUR);
    let log = machine.open(&log_dir);
    assert_eq!(
        (machine.ahead(&log), log.clock_fault()),
        (0, make_jump(30 * DAY))
    );
    machine.set_wrong(0);
    say(&log);
    assert_eq!((machine.ahead(&log), log.clock_fault()), (0, None));
    assert_eq!(list_outcomes(&log), ["held", "held", "undone"]);
    drop(log);
    // An acknowledged clock is followed, also by the next start.
    machine.set_wrong(DAY);
    let log = machine.open(&log_dir);
    assert_eq!(log.clock_fault(), make_jump(DAY));
    log.acknowledge_clock();
    assert_eq!((machine.ahead(&log), log.clock_fault()), (DAY, None));
    drop(log);
    machine.pass(HOUR);
    let log = machine.open(&log_dir);
    assert_eq!((machine.ahead(&log), log.clock_fault()), (DAY, None));
}

#[test]
fn a_start_follows_and_records_what_a_running_log_follows() {
    let (log_dir, machine) = (TestLogDir::new(), SharedMachine::default());
    drop(machine.open(&log_dir));
    for (wrong, steps) in [(4 * SECOND, 0), (4 * MINUTE, 1), (8 * MINUTE, 2)] {
        machine.set_wrong(wrong);
        let log = machine.open(&log_dir);
        say(&log);
        assert_eq!((machine.ahead(&log), log.clock_fault()), (wrong, None));
        assert_eq!(list_outcomes(&log), vec!["followed"; steps]);
    }
}

#[test]
fn small_steps_of_a_running_log_do_not_add_up_for_the_next_start() {
    let (log_dir, machine) = (TestLogDir::new(), SharedMachine::default());
    let log = machine.open(&log_dir);
    for step in 1..=100 {
        machine.pass(DAY);
        machine.set_wrong(step * 4 * SECOND);
        say(&log);
    }
    // The process is killed, so nothing is written at its end.
    std::mem::forget(log);
    let copy = TestLogDir::new();
    copy_file(&log_dir, &copy);
    let log = machine.open(&copy);
    assert_eq!(
        (machine.ahead(&log), log.clock_fault()),
        (400 * SECOND, None)
    );
}

/// Copies the file as a killed process leaves it.
fn copy_file(from: &TestLogDir, to: &TestLogDir) {
    std::fs::copy(from.dir.path().join("clock"), to.dir.path().join("clock")).unwrap();
}

#[test]
fn another_run_of_the_machine_is_not_compared() {
    let (log_dir, machine) = (TestLogDir::new(), SharedMachine::default());
    say(&machine.open(&log_dir));
    machine.0.lock().reboot();
    machine.set_wrong(DAY);
    let log = machine.open(&log_dir);
    assert_eq!((machine.ahead(&log), log.clock_fault()), (DAY, None));
}

#[test]
fn a_clock_that_went_back_and_came_right_while_nobody_ran_has_not_jumped() {
    let (log_dir, machine) = (TestLogDir::new(), SharedMachine::default());
    let log = machine.open(&log_dir);
    say(&log);
    machine.set_wrong(-DAY);
    say(&log);
    assert_eq!(log.clock_fault(), Some(ClockFault::WentBack));
    drop(log);
    machine.set_wrong(0);
    machine.pass(HOUR);
    let log = machine.open(&log_dir);
    assert_eq!((machine.ahead(&log), log.clock_fault()), (0, None));
    // A step back while the program was not running is found by the last record, even while a jump is held.
    drop(log);
    machine.set_wrong(-DAY);
    let log = machine.open(&log_dir);
    assert_eq!(log.clock_fault(), Some(ClockFault::WentBack));
}

#[test]
fn a_log_that_can_not_keep_the_time_goes_on() {
    let (log_dir, machine) = (TestLogDir::new(), SharedMachine::default());
    std::fs::create_dir(log_dir.dir.path().join("clock")).unwrap();
    let log = machine.open(&log_dir);
    say(&log);
    assert_eq!((machine.ahead(&log), log.clock_fault()), (0, None));
}

#[test]
fn a_clock_that_is_moved_by_a_configuration_is_not_held_at_a_start() {
    let (log_dir, machine) = (TestLogDir::new(), SharedMachine::default());
    let moved = |micros: i64| {
        let clock = machine.clock();
        let clock: Clock = Arc::new(move || {
            let tick = clock();
            ClockReading {
                wall: tick.wall.plus_micros(micros),
                mono_ns: tick.mono_ns + u64::try_from(micros.max(0)).unwrap() * 1000,
            }
        });
        let config = LogConfig {
            clock,
            machine: Some(machine.machine(log_dir.dir.path())),
            ..log_dir.config()
        };
        AuditLog::open(config).unwrap().0
    };
    for offset in [0, 8 * DAY, 9 * DAY] {
        let log = moved(offset);
        say(&log);
        assert_eq!((machine.ahead(&log), log.clock_fault()), (offset, None));
    }
    // The machine's own clock is held.
    machine.set_wrong(HOUR);
    let log = moved(10 * DAY);
    assert_eq!(
        (machine.ahead(&log), log.clock_fault()),
        (10 * DAY, make_jump(HOUR))
    );
}

/// Error of the clock in a random walk: small, or so large that it is held.
fn random_error(random: &mut StdRng) -> i64 {
    let large = [15 * MINUTE, HOUR, DAY, 30 * DAY, -15 * MINUTE, -DAY];
    match random.random_range(0..3) {
        0 => 0,
        1 => random.random_range(-2 * MINUTE..=2 * MINUTE),
        _ => large[random.random_range(0..large.len())],
    }
}

#[test]
fn no_sequence_of_starts_and_steps_leads_the_log_ahead_unless_somebody_said_so() {
    let seed: u64 = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let (mut held, mut acknowledged) = (0, 0);
    for case in 0..40 {
        let folder = tempfile::tempdir().unwrap();
        let machine = SharedMachine::default();
        // A start, and the largest lead that it may give to the log: the whole error of its clock if there is no stored time.
        let start = |last: i64| {
            let file = std::fs::read_to_string(folder.path().join("clock"));
            let boot = format!("\"run-{}\"", machine.0.lock().boot);
            let is_known = file.is_ok_and(|text| text.contains(&boot));
            let free = if is_known { 0 } else { machine.0.lock().wrong };
            let last = UtcTimestamp::from_micros(last).ok();
            let clock =
                SteadyClock::new(machine.clock(), last, Some(machine.machine(folder.path())));
            let _ = clock.read();
            clock.keep_time();
            (clock, free)
        };
        // Time of the last record, which begins with the first.
        let mut last = BEGIN;
        let (mut clock, _) = start(last);
        // Largest permitted lead of the log.
        let mut allowed = 5 * MINUTE;
        for step in 0..60 {
            let at = format!("seed {seed}, case {case}, step {step}");
            machine.pass(random.random_range(0..3 * HOUR));
            match random.random_range(0..8) {
                0 | 1 => machine.set_wrong(random_error(&mut random)),
                // An orderly end, and a kill; the clock may be set in between.
                2 | 3 => {
                    if random.random() {
                        clock.keep_time();
                    }
                    drop(clock);
                    if random.random() {
                        machine.set_wrong(random_error(&mut random));
                    }
                    machine.pass(random.random_range(0..3 * HOUR));
                    let (next, free) = start(last);
                    clock = next;
                    allowed = allowed.max(free);
                }
                4 if random.random_ratio(1, 4) => {
                    drop(clock);
                    machine.0.lock().reboot();
                    let (next, free) = start(last);
                    clock = next;
                    allowed = allowed.max(free);
                }
                5 if clock.fault().is_some() => {
                    acknowledged += 1;
                    allowed = allowed.max(machine.0.lock().wrong);
                    clock.acknowledge();
                }
                _ => {}
            }
            // A record, and the writer's work after it.
            last = last.max(clock.read().wall.micros());
            if random.random() {
                clock.keep_time();
            }
            held += usize::from(matches!(
                clock.fault(),
                Some(ClockFault::JumpedAhead { .. })
            ));
            let ahead = last - BEGIN - machine.0.lock().passed;
            assert!(ahead <= allowed, "{at}: {ahead} of {allowed}");
        }
    }
    assert!(held > 50 && acknowledged > 10, "{held} {acknowledged}");
}
