//! One aggregate over 3, 30 and 100 participants, each a process: the work that each of them takes, and what is kept of each in
//! the memory of who asked, when nothing is asked any more.

use crate::measure::{self, median};
use crate::readers::resident;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, number};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// So many participants; for each of these a firm asks that knows so many cities and no others.
const COUNTS: [usize; 3] = [3, 30, 100];

/// Every city has a part of it.
const QUESTION: &str = "SELECT count(*) AS n, sum(bikes) AS total FROM model.bicycle_counts";

/// Questions of each firm in a round.
const CALLS: usize = 10;

/// How often firms are started anew to see what they keep.
const STARTS: usize = 3;

/// Questions after a start; the first opens the connections.
const FIRST: usize = 3;

/// So long nothing is asked before memory is looked at: what questions have used goes back within half a minute.
const IDLE: Duration = Duration::from_secs(60);

/// Commands that run at once while cities are set up.
const AT_ONCE: usize = 4;

/// What the work for each participant should be at most beside that of the fewest.
const CPU_AT_MOST: f64 = 1.2;

/// What should be kept of each at most.
const KIB_AT_MOST: f64 = 256.0;

const MIB: f64 = 1_048_576.0;

/// Somebody who asks the first `count` cities.
struct FederationAsker {
    city: TestParticipant,
    count: usize,
    /// What its answer must be: rows, and their sum.
    answer: (i64, i64),
}

impl FederationAsker {
    /// Starts, and signs a contract with each city.
    fn begins(&mut self, cities: &[TestParticipant]) {
        self.city.serve();
        for city in &cities[..self.count] {
            self.city.knows(city);
            let (alias, _) = city.domain().split_once('.').expect("a domain");
            let _ = self.city.contract(&format!("{alias}.counts"));
        }
    }

    /// Asks once.
    fn asks(&self) {
        let lines = self.city.ask(QUESTION).must().lines();
        let (row, report) = (&lines[0], &lines[1]["hansa"]);
        assert_eq!(report["complete"], Value::Bool(true), "{report}");
        let asked = report["participants"]
            .as_array()
            .expect("participants")
            .len();
        assert_eq!(asked, self.count, "participants");
        let answer = (number(row, "n"), number(row, "total"));
        assert_eq!(answer, self.answer, "the sum of all parts");
    }

    fn pid(&self) -> u32 {
        self.city.pid().expect("it serves")
    }
}

/// What the questions of a firm took, in seconds.
#[derive(Default)]
struct FederationTimes {
    walls: Vec<f64>,
    /// Work of all cities that it asks.
    cities: f64,
    /// Work of its own process and of the commands.
    asker: f64,
}

/// Asks with each firm in turn and prints what it takes.
///
/// # Panics
/// When an answer is not the sum of all parts.
pub(crate) fn beside(rounds: usize) -> Value {
    let most = COUNTS[COUNTS.len() - 1];
    eprintln!("one aggregate over up to {most} participants: making a league of them");
    let league = TestLeague::new(Path::new(env!("CARGO_BIN_EXE_hansa")));
    let aliases: Vec<String> = (1..=most).map(|number| format!("c{number}")).collect();
    let mut cities: Vec<TestParticipant> = aliases.iter().map(|alias| league.city(alias)).collect();
    let mut firms: Vec<FederationAsker> = COUNTS.map(|count| firm(&league, count)).into();
    for alias in &aliases {
        league.hand_bundle_to(alias);
    }
    for count in COUNTS {
        league.hand_bundle_to(&format!("of{count}"));
    }
    if !serve(&mut cities) {
        firms
            .retain(|firm| firm.count <= cities.iter().filter(|city| city.pid().is_some()).count());
    }
    std::thread::scope(|scope| {
        for firm in &mut firms {
            let cities = &cities;
            scope.spawn(move || firm.begins(cities));
        }
    });
    let kept = kept(&mut firms);
    let mut took: Vec<FederationTimes> = firms.iter().map(|_| FederationTimes::default()).collect();
    for _ in 0..rounds {
        for (firm, took) in firms.iter().zip(&mut took) {
            let asked = || {
                let pids = cities[..firm.count].iter().filter_map(TestParticipant::pid);
                pids.map(measure::seconds).sum::<f64>()
            };
            let own = || measure::seconds(firm.pid()) + measure::of_children();
            let before = (asked(), own());
            for _ in 0..CALLS {
                let started = Instant::now();
                firm.asks();
                took.walls.push(started.elapsed().as_secs_f64());
            }
            took.cities += asked() - before.0;
            took.asker += own() - before.1;
        }
    }
    figures(&firms, &mut took, &kept, rounds)
}

fn firm(league: &TestLeague, count: usize) -> FederationAsker {
    let all = (1..=count).flat_map(bikes);
    FederationAsker {
        city: league.firm(&format!("of{count}")),
        count,
        answer: all.fold((0, 0), |(n, total), (_, bikes)| (n + 1, total + bikes)),
    }
}

/// Publishes and starts the cities; false where memory is too small for all of them, by what those of the smaller counts take.
fn serve(cities: &mut [TestParticipant]) -> bool {
    let (few, many) = cities.split_at_mut(COUNTS[COUNTS.len() - 2]);
    let before = available();
    at_once(few, 1);
    let left = available();
    let each = (before - left).max(0.0) / few.len() as f64;
    // Half as much again, since they have not answered yet, and a gibibyte for who asks.
    let needed = 1.5 * each * many.len() as f64 + 1024.0 * MIB;
    if left < needed {
        eprintln!(
            "{} participants are left out: they need {:.0} MiB more, and {:.0} MiB are free",
            few.len() + many.len(),
            needed / MIB,
            left / MIB
        );
        return false;
    }
    at_once(many, few.len() + 1);
    true
}

/// Publishes and starts these cities, of which the first has that number, some at a time.
fn at_once(cities: &mut [TestParticipant], first: usize) {
    let share = cities.len().div_ceil(AT_ONCE);
    std::thread::scope(|scope| {
        for (some, first) in cities.chunks_mut(share).zip((first..).step_by(share)) {
            scope.spawn(move || {
                for (city, number) in some.iter_mut().zip(first..) {
                    city.write("data/counts.csv", &csv(number));
                    city.configure(DATASET);
                    city.publishes();
                    city.offers("counts", "all", ALL, "\"league\"", "auto");
                    city.serve();
                }
            });
        }
    });
}

/// Bytes of memory that processes can still have (proc(5), `MemAvailable`).
fn available() -> f64 {
    let text = std::fs::read_to_string("/proc/meminfo").expect("proc(5)");
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.strip_prefix("MemAvailable:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kilobytes.expect("proc(5)").parse::<f64>().expect("proc(5)") * 1024.0
}

/// Bytes in memory of each firm a while after it asked, each time of a new process.
fn kept(firms: &mut [FederationAsker]) -> Vec<f64> {
    let mut all = vec![Vec::new(); firms.len()];
    for _ in 0..STARTS {
        for firm in firms.iter_mut() {
            firm.city.stop();
            firm.city.serve();
            for _ in 0..FIRST {
                firm.asks();
            }
        }
        std::thread::sleep(IDLE);
        for (firm, kept) in firms.iter().zip(&mut all) {
            kept.push(resident(firm.pid()));
        }
    }
    all.iter_mut().map(|kept| median(kept)).collect()
}

fn figures(
    firms: &[FederationAsker],
    took: &mut [FederationTimes],
    kept: &[f64],
    rounds: usize,
) -> Value {
    let questions = (rounds * CALLS) as f64;
    let (fewest, most) = (firms[0].count as f64, firms[firms.len() - 1].count as f64);
    let of_fewest = (took[0].cities + took[0].asker) / fewest;
    println!("\none aggregate over participants: time of a question, work for each participant\n");
    let mut counts = Vec::new();
    for ((firm, took), kept) in firms.iter().zip(took).zip(kept) {
        let count = firm.count as f64;
        let each = |work: f64| work * 1e3 / questions / count;
        let ratio = (took.cities + took.asker) / count / of_fewest;
        let (ms, cities, asker) = (
            median(&mut took.walls) * 1e3,
            each(took.cities),
            each(took.asker),
        );
        println!(
            "{count:>3} participants: {ms:>7.1} ms; work of a city {cities:.2} ms, for each at who asks {asker:.2} ms, {ratio:.2} of \
             that with {fewest}; {:.1} MiB kept",
            kept / MIB
        );
        counts.push(json!({
            "participants": firm.count,
            "ms": ms,
            "city_work_ms": cities,
            "asker_work_ms_each": asker,
            "work_ratio": ratio,
            "asker_mib": kept / MIB,
        }));
    }
    let kib = (kept[kept.len() - 1] - kept[0]) / (most - fewest) / 1024.0;
    println!("kept of each participant at who asks: {kib:.0} KiB, at most {KIB_AT_MOST}");
    json!({
        "rounds": rounds,
        "questions": rounds * CALLS,
        "starts": STARTS,
        "counts": counts,
        "work_ratio_at_most": CPU_AT_MOST,
        "kib_each": kib,
        "kib_each_at_most": KIB_AT_MOST,
    })
}

/// The rows of a city: a site and when, and the bicycles that passed.
fn bikes(city: usize) -> impl Iterator<Item = (String, i64)> {
    let days = (1..=10).flat_map(|day| [6, 7, 16].map(|hour| (day, hour)));
    days.flat_map(move |(day, hour)| {
        (0..3).map(move |site| {
            let passed = (city as i64 * 31 + site * 7 + day * 13 + hour) % 500;
            (
                format!("2026-05-{day:02} {hour:02}:00,c{city}-{site}"),
                passed,
            )
        })
    })
}

fn csv(city: usize) -> String {
    let rows = bikes(city).map(|(row, bikes)| format!("{row},{bikes}\n"));
    std::iter::once("at,site,bikes\n".to_owned())
        .chain(rows)
        .collect()
}

/// The dataset of each city, as the configuration describes it.
const DATASET: &str = r#"
[[dataset]]
name = "counts"
title = "Bicycle counts"
licence = "proprietary"
model = "bicycle_counts"
zone = "Europe/Berlin"

[dataset.source]
kind = "text"
path = "data/counts.csv"

[[dataset.column]]
name = "observed_at"
from = "at"
type = "instant"
format = "%Y-%m-%d %H:%M"
zone = "Europe/Berlin"
required = true

[[dataset.column]]
name = "interval"
value = "PT1H"

[[dataset.column]]
name = "local_date"
of = "observed_at"
required = true

[[dataset.column]]
name = "site"
required = true

[[dataset.column]]
name = "site_name"
from = "site"

[[dataset.column]]
name = "bikes"
type = "int"
unit = "{bicycle}"
"#;
