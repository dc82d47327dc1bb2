//! Faults drawn from a seed while people ask, and a checker over what the askers saw and what all logs say.
//!
//! `cargo faults` runs them. `HANSA_FAULTS_MINUTES` says for how long, and `HANSA_SEED` which faults are drawn.

mod asker;
mod checker;
mod nemesis;
mod small_disk;
mod stepped_clock;

use crate::binary;
use asker::{AskedQuestion, Askers};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::property_cases::{number, seed};
use hansa_test_support::workflow::ALL;
use nemesis::Nemesis;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use small_disk::SmallDisk;
use std::net::TcpListener;
use std::time::Duration;
use stepped_clock::{ClockLibrary, SteppedClock};

/// The rows of the long table of lindau.
const LONG_ROWS: u32 = 60_000;

/// A participant to whom faults come.
struct FaultyParticipant {
    hansa: TestParticipant,
    clock: SteppedClock,
    /// Held by the test while its process is replaced; nobody calls a participant without one.
    listener: Option<TcpListener>,
    /// Nothing where the machine lets the test mount no file system.
    disk: Option<SmallDisk>,
}

impl FaultyParticipant {
    fn prepare(mut hansa: TestParticipant, library: &ClockLibrary) -> Self {
        let clock = SteppedClock::of(&mut hansa, library);
        let disk = SmallDisk::hold(hansa.folder());
        Self {
            hansa,
            clock,
            listener: None,
            disk,
        }
    }

    /// Has it listen at a port that stays open.
    fn listen(&mut self) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        self.hansa.listens_at(listener.local_addr().unwrap());
        self.listener = Some(listener);
    }

    fn serve(&mut self) {
        match &self.listener {
            Some(listener) => self.hansa.serve_at(listener),
            None => self.hansa.serve(),
        }
    }
}

/// Two providers, and a consumer whose connector carries all questions.
struct FaultyWorld {
    lindau: FaultyParticipant,
    munster: FaultyParticipant,
    acme: FaultyParticipant,
    /// The contract on the bikes of munster.
    contract: String,
}

impl FaultyWorld {
    fn start(league: &TestLeague) -> Self {
        let library = ClockLibrary::compile(league.folder());
        let cities = ["lindau", "munster"].map(|alias| league.city(alias));
        let firm = league.firm("acme");
        let [mut lindau, mut munster] = cities.map(|city| {
            let mut city = FaultyParticipant::prepare(city, &library);
            league.hand_bundle_to(city.hansa.domain().split('.').next().unwrap());
            city.hansa.offers_bikes("all", ALL, "auto");
            city.listen();
            city
        });
        let mut acme = FaultyParticipant::prepare(firm, &library);
        lindau.hansa.offers_long(LONG_ROWS, ALL);
        for city in [&mut lindau, &mut munster] {
            city.serve();
            acme.hansa.knows(&city.hansa);
        }
        for dataset in ["lindau.bikes", "lindau.long"] {
            let _ = acme.hansa.contract(dataset);
        }
        let contract = acme.hansa.contract("munster.bikes");
        acme.serve();
        // What people wrote into these folders has long been on the disk when the first fault comes.
        for disk in [&lindau, &munster, &acme]
            .into_iter()
            .flat_map(|one| &one.disk)
        {
            disk.sync();
        }
        Self {
            lindau,
            munster,
            acme,
            contract,
        }
    }
}

#[test]
#[ignore = "takes minutes: cargo faults"]
fn faults_leave_no_contradiction() {
    let minutes = number("HANSA_FAULTS_MINUTES", 5);
    let mut random = StdRng::seed_from_u64(seed("HANSA_SEED"));
    let league = TestLeague::new(binary());
    let world = FaultyWorld::start(&league);
    let folder = world.acme.hansa.folder().to_path_buf();
    let askers = Askers::new(folder, binary());
    let (world, asked) = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..3)
            .map(|at| {
                let askers = &askers;
                scope.spawn(move || askers.ask_until_over(at))
            })
            .collect();
        let mut nemesis = Nemesis::new(world, &askers);
        nemesis.draw_faults(&mut random, Duration::from_secs(60 * minutes));
        let world = nemesis.lift_faults();
        let asked: Vec<AskedQuestion> = asking
            .into_iter()
            .flat_map(|asking| asking.join().unwrap())
            .collect();
        (world, asked)
    });
    checker::check_answers(&asked);
    let all = [&world.lindau, &world.munster, &world.acme];
    checker::check_logs(&league, &all.map(|one| &one.hansa));
}
