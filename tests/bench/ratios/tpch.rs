//! TPC-H with orders and their lines held by three cities and the rest by a fourth, asked by a firm over the real wire: what
//! travels beside what datafusion-federation ships, and the time beside one process that has all the files.

mod data;
mod datafusion_federation;
mod fdw;
pub(crate) mod gate;
mod joins;
mod partials;
mod pool;
mod series;
mod workers;
mod world;

use crate::measure::{self, median};
use datafusion_federation::{FederatedSession, ShippedBytes};
use hansa_test_support::network_relay::LinkProfile;
use partials::PartialAggregateQuery;
use pool::PooledSession;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use world::TpchFederation;

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TpchPlan {
    /// The scale factor.
    pub(crate) scale: f64,
    /// Pairs of runs of each question, after one that is not counted.
    pub(crate) rounds: usize,
    /// How slow the way to each city is.
    pub(crate) link: Option<LinkProfile>,
}

/// The figures of one question.
struct TpchFigures {
    number: u32,
    rows: usize,
    remote_queries: usize,
    ours: u64,
    shipped: Result<ShippedBytes, String>,
    ours_ms: f64,
    pool_ms: f64,
    ratio: f64,
    /// Work of all processes beside that of the pool.
    cpu: f64,
}

/// Asks all questions that `wanted` takes and prints a line for each; the first one through `postgres_fdw`, too, where that is
/// said. Gives the same as JSON.
///
/// # Panics
/// When an answer is not that of one process.
pub(crate) fn run(plan: TpchPlan, wanted: impl Fn(u32) -> bool, fdw: bool) -> Value {
    eprintln!("TPC-H at scale {}: five participants", plan.scale);
    let federation = TpchFederation::new(plan.scale, plan.link);
    let files = federation.files();
    let (pool, shipped) = (PooledSession::new(&files), FederatedSession::new(&files));
    greet(&federation);
    let mut all = Vec::new();
    for number in (1..=22).filter(|number| wanted(*number)) {
        if all.is_empty() {
            heading(plan.scale);
        }
        let figures = question(&federation, &pool, &shipped, number, plan.rounds);
        figures.print();
        all.push(figures);
    }
    summary(&all);
    // Nothing is in the way of those that are asked by hand.
    let by_hand = wanted(1) && plan.link.is_none();
    let by_hand = by_hand.then(|| {
        let first = PartialAggregateQuery {
            name: "question 1",
            sql: &data::question(1, &world::CITIES),
            table: "lineitem",
            partial: partials::FIRST,
            parts: &partials::FIRST_PARTS,
        };
        partials::beside(&federation, &pool, &first, plan.rounds)
    });
    if fdw && plan.link.is_some() {
        eprintln!("postgres_fdw is asked within the machine alone: left out with --link");
    }
    let fdw = fdw && plan.link.is_none();
    let fdw = fdw.then(|| fdw::beside(&federation, plan.scale, plan.rounds));
    json!({
        "aggregate_by_hand": by_hand,
        "postgres_fdw": fdw.flatten(),
        "scale": plan.scale,
        "rounds": plan.rounds,
        "link_bits": plan.link.map(|link| link.bits),
        "link_delay_ms": plan.link.map(|link| link.delay.as_secs_f64() * 1e3),
        "questions": all.iter().map(TpchFigures::json).collect::<Vec<_>>(),
    })
}

/// The same with workers of one city.
pub(crate) fn with_workers(plan: TpchPlan) -> Value {
    workers::beside(plan.scale, plan.rounds)
}

fn heading(scale: f64) {
    println!(
        "\nTPC-H, scale {scale}: bytes through all sockets beside Arrow streams of datafusion-federation as shipped; time beside \
         one process\n\n{:>3} {:>6} {:>7} {:>12} {:>12} {:>8} {:>10} {:>10} {:>6} {:>6}",
        "q",
        "rows",
        "remote_queries",
        "ours B",
        "shipped B",
        "1 in",
        "ours ms",
        "one ms",
        "time",
        "cpu"
    );
}

/// An aggregate over readings of sensors by hours.
pub(crate) fn hourly_series(plan: TpchPlan) -> Value {
    series::beside(plan)
}

/// Joins over slow ways.
pub(crate) fn joins_on_a_link(plan: TpchPlan) -> Value {
    joins::beside(plan)
}

/// What a first question to a city brings beside its rows comes once: the pages of its catalogue, and the heads of its log.
fn greet(federation: &TpchFederation) {
    let orders = world::CITIES.map(|city| format!("{city}.orders"));
    let nation = format!("{}.nation", world::FOURTH);
    for table in orders.into_iter().chain([nation]) {
        let _ = federation.ask(&format!("SELECT count(*) AS n FROM {table}"));
    }
    settled(federation);
}

fn question(
    federation: &TpchFederation,
    pool: &PooledSession,
    shipped: &FederatedSession,
    number: u32,
    rounds: usize,
) -> TpchFigures {
    let sql = data::question(number, &world::CITIES);
    let (rows, before) = (pool.ask(&sql), federation.passed());
    let answer = federation.ask(&sql);
    let ours = settled(federation) - before;
    pool::same(number, &answer.rows, &rows);
    let mut pairs = Vec::new();
    let own = || measure::seconds(std::process::id());
    // The pool works in this process; participants and the command do not.
    let (mut ours_cpu, mut pool_cpu) = (0.0, 0.0);
    for _ in 0..rounds {
        let (started, before) = (Instant::now(), own());
        let _ = pool.ask(&sql);
        let bare = started.elapsed().as_secs_f64() * 1e3;
        pool_cpu += own() - before;
        let (started, before) = (Instant::now(), work(federation));
        let _ = federation.ask(&sql);
        pairs.push((started.elapsed().as_secs_f64() * 1e3, bare));
        settled(federation);
        ours_cpu += work(federation) - before;
    }
    let middle = |of: fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = pairs.iter().map(of).collect();
        if values.is_empty() {
            f64::NAN
        } else {
            median(&mut values)
        }
    };
    TpchFigures {
        number,
        rows: rows.len(),
        remote_queries: answer.remote_queries,
        ours,
        shipped: shipped.bytes(&sql),
        ours_ms: middle(|pair| pair.0),
        pool_ms: middle(|pair| pair.1),
        ratio: middle(|pair| pair.0 / pair.1),
        cpu: ours_cpu / pool_cpu,
    }
}

/// Seconds of work of all participants so far, and of the commands that were waited for. That of a question is over when it is
/// [`settled`]: receipts are acknowledged after the answer.
fn work(federation: &TpchFederation) -> f64 {
    federation.pids().map(measure::seconds).sum::<f64>() + measure::of_children()
}

/// All bytes, when none has passed for a while.
fn settled(federation: &TpchFederation) -> u64 {
    let mut before = federation.passed();
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let now = federation.passed();
        if now == before {
            return now;
        }
        before = now;
    }
}

fn summary(all: &[TpchFigures]) {
    let times: Vec<f64> = all.iter().map(TpchFigures::less).collect();
    let fiftieth = times.iter().filter(|times| **times >= 50.0).count();
    let never = times.iter().all(|times| *times >= 1.0);
    let mut ratios: Vec<f64> = all.iter().map(|figures| figures.ratio).collect();
    if ratios.is_empty() {
        return;
    }
    let middle = median(&mut ratios);
    println!(
        "\nat most a fiftieth of the bytes: {fiftieth} of {}; more bytes than shipped: {}; time: median {middle:.2}, worst {:.2}",
        all.len(),
        if never { "never" } else { "YES" },
        ratios[ratios.len() - 1]
    );
}

impl TpchFigures {
    /// How many times fewer bytes; infinitely many where the other one fails.
    fn less(&self) -> f64 {
        self.shipped
            .as_ref()
            .map_or(f64::INFINITY, |bytes| bytes.count as f64 / self.ours as f64)
    }

    fn print(&self) {
        let (bytes, times) = match &self.shipped {
            Ok(bytes) => {
                let more = if bytes.stopped { ">" } else { "" };
                let times = format!("{more}{:.1}", self.less());
                (format!("{more}{}", bytes.count), times)
            }
            Err(_) => ("fails".to_owned(), "-".to_owned()),
        };
        println!(
            "{:>3} {:>6} {:>7} {:>12} {bytes:>12} {times:>8} {:>10.1} {:>10.1} {:>6.2} {:>6.2}",
            self.number,
            self.rows,
            self.remote_queries,
            self.ours,
            self.ours_ms,
            self.pool_ms,
            self.ratio,
            self.cpu
        );
        if let Err(why) = &self.shipped {
            println!("      datafusion-federation: {why}");
        }
    }

    fn json(&self) -> Value {
        json!({
            "question": self.number,
            "rows": self.rows,
            "remote_queries": self.remote_queries,
            "bytes": self.ours,
            "shipped_bytes": self.shipped.as_ref().ok().map(|bytes| bytes.count),
            "shipped_stopped": self.shipped.as_ref().is_ok_and(|bytes| bytes.stopped),
            "shipped_fails": self.shipped.as_ref().err(),
            "ms": self.ours_ms,
            "one_process_ms": self.pool_ms,
            "time_ratio": self.ratio,
            "cpu_ratio": self.cpu,
        })
    }
}
