//! Whoever brings the faults.

use super::FaultyWorld;
use super::asker::Askers;
use hansa_test_support::participant::TestParticipant;
use rand::Rng as _;
use rand::rngs::StdRng;
use std::process::Command;
use std::time::{Duration, Instant};

/// A fault of one process.
#[derive(Debug, Clone, Copy)]
enum ProcessFault {
    /// SIGKILL, and a start.
    Kill,
    /// SIGTERM, and a start.
    Replace,
    /// SIGSTOP, and SIGCONT after this time.
    Halt(Duration),
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
            let fault = match random.random_range(0..3) {
                0 => ProcessFault::Kill,
                1 => ProcessFault::Replace,
                _ => ProcessFault::Halt(Duration::from_millis(random.random_range(100..9_000))),
            };
            match victim {
                0..=3 => self.fault_provider(0, fault),
                4..=5 => self.fault_provider(1, fault),
                6 => self.fault_consumer(fault),
                _ => self.withdraw_and_agree(),
            }
        }
    }

    /// The world, where everybody serves again and nobody asks any more.
    pub(super) fn lift_faults(mut self) -> FaultyWorld {
        self.world.take().unwrap()
    }

    fn fault_provider(&mut self, at: usize, fault: ProcessFault) {
        let world = self.world();
        let city = match at {
            0 => &mut world.lindau,
            _ => &mut world.munster,
        };
        eprintln!("{fault:?} of {}", city.domain());
        let listener = &world.listeners[at];
        match fault {
            ProcessFault::Kill => {
                city.kill();
                city.serve_at(listener);
            }
            ProcessFault::Replace => {
                city.stop();
                city.serve_at(listener);
            }
            ProcessFault::Halt(time) => halt(city, time),
        }
    }

    fn fault_consumer(&mut self, fault: ProcessFault) {
        let askers = self.askers;
        let acme = &mut self.world().acme;
        eprintln!("{fault:?} of {}", acme.domain());
        match fault {
            ProcessFault::Kill => acme.kill(),
            ProcessFault::Replace => acme.stop(),
            ProcessFault::Halt(time) => return halt(acme, time),
        }
        askers.pause(|| acme.serve());
    }

    /// A person withdraws a contract, and makes another one.
    fn withdraw_and_agree(&mut self) {
        eprintln!("withdrawal of the contract on munster.bikes");
        let world = self.world();
        let withdraw = ["contract", "withdraw", &world.contract];
        let withdraw = [&withdraw[..], &["--reason", "over", "--yes"]].concat();
        world.munster.hansa(&withdraw).must();
        world.contract = world.acme.contract("munster.bikes");
    }
}

fn halt(victim: &TestParticipant, time: Duration) {
    let pid = victim.pid().unwrap().to_string();
    for signal in ["-STOP", "-CONT"] {
        let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(sent.success());
        if signal == "-STOP" {
            std::thread::sleep(time);
        }
    }
}
