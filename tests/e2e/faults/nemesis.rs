//! Whoever brings the faults.

use super::asker::Askers;
use super::{FaultyParticipant, FaultyWorld};
use hansa_test_support::workflow::text;
use rand::Rng as _;
use rand::rngs::StdRng;
use std::process::Command;
use std::time::{Duration, Instant};

/// A fault of one participant, which is lifted again.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// SIGKILL, and a start.
    Kill,
    /// SIGTERM, and a start.
    Replace,
    /// SIGSTOP, and SIGCONT after this time.
    Halt(Duration),
    /// A disk without room for this time.
    FullDisk(Duration),
    /// A disk on which every write fails. After this time the machine starts again.
    FailingDisk(Duration),
    /// The machine starts again, without what was not synced.
    PowerCut,
    /// A wall clock that stands so many seconds from the true time, for this time.
    ClockStep(i64, Duration),
}

impl Fault {
    fn draw(random: &mut StdRng) -> Self {
        let mut time = |most: u64| Duration::from_millis(random.random_range(100..most));
        let (short, long) = (time(3_000), time(9_000));
        match random.random_range(0..7) {
            0 => Self::Kill,
            1 => Self::Replace,
            2 => Self::Halt(long),
            3 => Self::FullDisk(short),
            4 => Self::FailingDisk(short),
            5 => Self::PowerCut,
            _ => {
                let steps = [10, 100, 3_600, 86_400, 30 * 86_400];
                let seconds = steps[random.random_range(0..steps.len())];
                let is_ahead = random.random_bool(0.5);
                Self::ClockStep(if is_ahead { seconds } else { -seconds }, short)
            }
        }
    }
}

/// Brings faults, one at a time, and lifts each.
pub(super) struct Nemesis<'a> {
    world: Option<FaultyWorld>,
    askers: &'a Askers,
}

impl Drop for Nemesis<'_> {
    /// Nobody asks any more, also where a fault could not be lifted.
    fn drop(&mut self) {
        self.askers.end();
    }
}

impl<'a> Nemesis<'a> {
    pub(super) fn new(world: FaultyWorld, askers: &'a Askers) -> Self {
        Self {
            world: Some(world),
            askers,
        }
    }

    fn world(&mut self) -> &mut FaultyWorld {
        self.world.as_mut().unwrap()
    }

    /// Draws faults for that time.
    pub(super) fn draw_faults(&mut self, random: &mut StdRng, time: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < time {
            std::thread::sleep(Duration::from_millis(random.random_range(200..3_000)));
            let victim = random.random_range(0..8);
            let fault = Fault::draw(random);
            let askers = self.askers;
            let world = self.world();
            match victim {
                0..=3 => fault_provider(&mut world.lindau, fault),
                4..=5 => fault_provider(&mut world.munster, fault),
                6 => fault_consumer(&mut world.acme, askers, fault),
                _ => self.withdraw_and_agree(),
            }
        }
    }

    /// The world, where everybody serves again and nobody asks any more.
    pub(super) fn lift_faults(mut self) -> FaultyWorld {
        self.world.take().unwrap()
    }

    /// A person withdraws a contract, and makes another one.
    fn withdraw_and_agree(&mut self) {
        eprintln!("withdrawal of the contract on munster.bikes");
        let world = self.world();
        let withdraw = ["contract", "withdraw", &world.contract];
        let withdraw = [&withdraw[..], &["--reason", "over", "--yes"]].concat();
        world.munster.hansa.hansa(&withdraw).must();
        world.contract = agree_again(&world.acme, &world.munster);
    }
}

/// A contract on the bikes of munster. Who is told that munster is out of reach tries again.
fn agree_again(acme: &FaultyParticipant, munster: &FaultyParticipant) -> String {
    let args = ["--json", "contract", "request", "munster.bikes", "--sign"];
    for _ in 0..3 {
        let outcome = acme.hansa.hansa(&args);
        match outcome.status {
            Some(0) => return text(&outcome.json(), "contract"),
            Some(5) => eprintln!("{}", outcome.err),
            _ => break,
        }
    }
    let printed = std::fs::read_to_string(munster.hansa.folder().join("serve.err"));
    let status = munster.hansa.hansa(&["status"]);
    eprintln!(
        "{}\n{}{}",
        printed.unwrap_or_default(),
        status.out,
        status.err
    );
    acme.hansa.contract("munster.bikes")
}

fn fault_provider(city: &mut FaultyParticipant, fault: Fault) {
    eprintln!("{fault:?} of {}", city.hansa.domain());
    match fault {
        Fault::Kill => city.hansa.kill(),
        Fault::Replace => city.hansa.stop(),
        Fault::FailingDisk(time) => {
            let Some(disk) = &city.disk else { return };
            disk.fail();
            std::thread::sleep(time);
            city.hansa.kill();
            disk.mount_again();
        }
        Fault::PowerCut => {
            let Some(disk) = &city.disk else { return };
            stop_threads(city);
            disk.cut_power();
            city.hansa.kill();
            disk.mount_again();
        }
        other => {
            bring_for_a_time(city, other);
            if !is_log_shut(city) {
                return;
            }
            city.hansa.stop();
        }
    }
    city.serve();
}

/// The commands of those who ask need the folder of the consumer, so that nobody asks while its disk or its connector is away.
fn fault_consumer(firm: &mut FaultyParticipant, askers: &Askers, fault: Fault) {
    eprintln!("{fault:?} of {}", firm.hansa.domain());
    match fault {
        Fault::Kill => firm.hansa.kill(),
        Fault::Replace => firm.hansa.stop(),
        Fault::FailingDisk(_) => {
            return askers.pause(|| {
                let Some(disk) = &firm.disk else { return };
                disk.fail();
                firm.hansa.kill();
                disk.mount_again();
                firm.serve();
            });
        }
        Fault::PowerCut => {
            return askers.pause(|| {
                let Some(disk) = &firm.disk else { return };
                stop_threads(firm);
                disk.cut_power();
                firm.hansa.kill();
                disk.mount_again();
                firm.serve();
            });
        }
        other => {
            bring_for_a_time(firm, other);
            if !is_log_shut(firm) {
                return;
            }
            firm.hansa.stop();
        }
    }
    askers.pause(|| firm.serve());
}

/// Brings a fault that its process lives through.
fn bring_for_a_time(victim: &FaultyParticipant, fault: Fault) {
    match fault {
        Fault::Halt(time) => {
            signal(victim, "-STOP");
            std::thread::sleep(time);
            signal(victim, "-CONT");
        }
        Fault::FullDisk(time) => {
            let Some(disk) = &victim.disk else { return };
            disk.fill();
            std::thread::sleep(time);
            disk.make_room();
        }
        Fault::ClockStep(seconds, time) => {
            victim.clock.step_to(seconds * 1_000_000);
            std::thread::sleep(time);
            victim.clock.step_to(0);
            victim.hansa.hansa(&["reload"]).must();
        }
        Fault::Kill | Fault::Replace | Fault::FailingDisk(_) | Fault::PowerCut => {}
    }
    assert!(
        is_alive(victim),
        "{fault:?} ended {}",
        victim.hansa.domain()
    );
}

/// Says whether a record could not be written, so that the connector must be started again.
fn is_log_shut(victim: &FaultyParticipant) -> bool {
    let status = victim.hansa.hansa(&["status"]);
    let is_shut = status.out.contains("log can't be written");
    if is_shut {
        eprintln!("the log of {} is shut", victim.hansa.domain());
    }
    is_shut
}

/// Says whether the process of a participant has not ended.
fn is_alive(victim: &FaultyParticipant) -> bool {
    let state = format!("/proc/{}/stat", victim.hansa.pid().unwrap());
    std::fs::read_to_string(state).is_ok_and(|state| !state.contains(") Z "))
}

/// Stops a process, and waits until none of its threads runs: each has stopped, or waits for the disk.
fn stop_threads(victim: &FaultyParticipant) {
    signal(victim, "-STOP");
    let threads = format!("/proc/{}/task", victim.hansa.pid().unwrap());
    let has_stopped = |thread: std::io::Result<std::fs::DirEntry>| {
        let state = std::fs::read_to_string(thread.unwrap().path().join("stat"));
        state.is_ok_and(|state| state.contains(") T ") || state.contains(") D "))
    };
    while !std::fs::read_dir(&threads).unwrap().all(has_stopped) {
        std::thread::yield_now();
    }
}

fn signal(victim: &FaultyParticipant, signal: &str) {
    let pid = victim.hansa.pid().unwrap().to_string();
    let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
    assert!(sent.success());
}
