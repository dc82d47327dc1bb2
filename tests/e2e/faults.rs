//! Faults drawn from a seed while people ask, and a checker over what the askers saw and what all logs say.
//!
//! `cargo faults` runs them. `HANSA_FAULTS_MINUTES` says for how long, and `HANSA_SEED` which faults are drawn.

mod asker;
mod checker;
mod nemesis;

use crate::binary;
use asker::{AskedQuestion, Askers};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::property_cases::{number, seed};
use hansa_test_support::workflow::ALL;
use nemesis::Nemesis;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use std::net::TcpListener;
use std::time::Duration;

/// The rows of the long table of lindau.
const LONG_ROWS: u32 = 60_000;

/// Two providers whose listeners stay open, and a consumer whose connector carries all questions.
struct FaultyWorld {
    lindau: TestParticipant,
    munster: TestParticipant,
    acme: TestParticipant,
    listeners: [TcpListener; 2],
    /// The contract on the bikes of munster.
    contract: String,
}

impl FaultyWorld {
    fn start(league: &TestLeague) -> Self {
        let [mut lindau, mut munster] = ["lindau", "munster"].map(|alias| league.city(alias));
        let mut acme = league.firm("acme");
        let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        for (city, listener) in [&mut lindau, &mut munster].into_iter().zip(&listeners) {
            league.hand_bundle_to(city.domain().split('.').next().unwrap());
            city.offers_bikes("all", ALL, "auto");
            city.listens_at(listener.local_addr().unwrap());
        }
        lindau.offers_long(LONG_ROWS, ALL);
        lindau.serve_at(&listeners[0]);
        munster.serve_at(&listeners[1]);
        for city in [&lindau, &munster] {
            acme.knows(city);
        }
        for dataset in ["lindau.bikes", "lindau.long"] {
            let _ = acme.contract(dataset);
        }
        let contract = acme.contract("munster.bikes");
        acme.serve();
        Self {
            lindau,
            munster,
            acme,
            listeners,
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
    let folder = world.acme.folder().to_path_buf();
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
    checker::check_logs(&league, &[&world.lindau, &world.munster, &world.acme]);
}
