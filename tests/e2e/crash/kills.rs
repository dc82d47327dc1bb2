//! Kills in the middle of commands, and what must still be there after them.

use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::RunningCommand;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Kills so far, and how many of them came while the command still ran.
#[derive(Debug)]
pub(super) struct KillSchedule {
    /// How long a command takes that nobody disturbs, from its start over a call to the provider to its end.
    usual: Duration,
    all: usize,
    hit: usize,
}

impl KillSchedule {
    pub(super) fn of(acme: &TestParticipant) -> Self {
        let started = Instant::now();
        acme.hansa(&["contract", "list"]).must();
        Self {
            usual: started.elapsed(),
            all: 0,
            hit: 0,
        }
    }

    /// Runs a command of acme and kills one of both in the middle of it, after a share of the usual time.
    pub(super) fn one(
        &mut self,
        lindau: &mut TestParticipant,
        acme: &TestParticipant,
        args: &[&str],
        provider: bool,
        share: f64,
    ) -> String {
        let mut going = acme.start(args);
        going.read_on();
        self.wait(&mut going, share);
        if provider {
            lindau.kill();
            let out = going.end().out;
            again(lindau, acme);
            out
        } else {
            going.kill();
            going.end().out
        }
    }

    /// Waits for a share of the usual time, and counts whether the command still runs then.
    pub(super) fn wait(&mut self, going: &mut RunningCommand, share: f64) {
        let started = Instant::now();
        while started.elapsed() < self.usual.mul_f64(share) && going.runs() {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        let hit = going.runs();
        self.all += 1;
        self.hit += usize::from(hit);
        // How long it takes changes with whatever else the machine does: too late this time, earlier the next time.
        self.usual = if hit {
            self.usual.mul_f64(1.1)
        } else {
            self.usual.min(started.elapsed()).mul_f64(0.8)
        };
    }

    /// A test in which all came too late would prove nothing.
    #[track_caller]
    pub(super) fn came_in_the_middle(&self) {
        println!("{self:?}");
        assert!(self.hit * 4 > self.all, "{self:?}");
    }
}

/// What both sides hold, to be compared after a crash.
pub(super) struct DurableState {
    records: Vec<String>,
    contracts: BTreeSet<String>,
}

impl DurableState {
    pub(super) fn of(city: &TestParticipant) -> Self {
        let records = city.log().iter().map(Value::to_string).collect();
        let contracts = city.listed("contract").into_iter().collect();
        Self { records, contracts }
    }

    #[track_caller]
    pub(super) fn is_still_held(&self, city: &TestParticipant) {
        let now = Self::of(city);
        assert!(
            now.records.starts_with(&self.records),
            "{} lost records",
            city.domain()
        );
        assert!(
            now.contracts.is_superset(&self.contracts),
            "{} lost a contract",
            city.domain()
        );
    }
}

/// Starts the provider again; it listens elsewhere now.
pub(super) fn again(lindau: &mut TestParticipant, acme: &TestParticipant) {
    lindau.serve();
    acme.knows(lindau);
}
