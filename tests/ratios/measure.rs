//! Two ways of doing the same, measured in turn: each round runs both, and the order changes from round to round.

use std::time::Instant;

/// How often.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// Pairs of runs, after one that is not counted.
    pub(crate) rounds: usize,
    /// Calls of each run.
    pub(crate) calls: usize,
}

/// What one way did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Did {
    /// Rows that arrived.
    pub(crate) rows: u64,
    /// Bytes of the messages; 0 in process.
    pub(crate) bytes: u64,
}

/// One run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// Seconds of the clock for one call.
    pub(crate) wall: f64,
    /// Seconds of work for one call, of all processes that took part.
    pub(crate) cpu: f64,
    /// What came of it.
    pub(crate) did: Did,
}

/// Runs of both, round by round.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) governed: Vec<Run>,
    pub(crate) bare: Vec<Run>,
}

impl Pair {
    /// Seconds of work that the governed way takes more than the bare one for a call, on average.
    pub(crate) fn more_work(&self) -> f64 {
        self.governed_work() - average(&self.bare)
    }

    /// Time of the governed way beside the bare one, of each round, the least first.
    pub(crate) fn times(&self) -> Vec<f64> {
        let pairs = self.governed.iter().zip(&self.bare);
        let mut times: Vec<f64> = pairs
            .map(|(governed, bare)| governed.wall / bare.wall)
            .collect();
        times.sort_by(f64::total_cmp);
        times
    }

    /// The same, of the round in the middle.
    pub(crate) fn time(&self) -> f64 {
        median(&mut self.times())
    }

    /// Seconds of work of the governed way for a call, of both ends, on average.
    pub(crate) fn governed_work(&self) -> f64 {
        average(&self.governed)
    }
}

fn average(runs: &[Run]) -> f64 {
    runs.iter().map(|run| run.cpu).sum::<f64>() / runs.len() as f64
}

/// Measures both in turn. `serving` are the processes at the other end.
pub(crate) fn alternately(
    plan: Plan,
    serving: Option<(u32, u32)>,
    mut governed: impl FnMut() -> Did,
    mut bare: impl FnMut() -> Did,
) -> Pair {
    let (first, second) = (governed(), bare());
    assert_eq!(
        first.rows, second.rows,
        "the two ways do not give the same number of rows"
    );
    in_turn(plan, serving, governed, bare)
}

/// The same without a first run of each, where the bare way gives other rows.
pub(crate) fn in_turn(
    plan: Plan,
    serving: Option<(u32, u32)>,
    mut governed: impl FnMut() -> Did,
    mut bare: impl FnMut() -> Did,
) -> Pair {
    let mut pair = Pair {
        governed: Vec::new(),
        bare: Vec::new(),
    };
    let (provider, server) = (serving.map(|pids| pids.0), serving.map(|pids| pids.1));
    for round in 0..plan.rounds {
        if round % 2 == 0 {
            pair.governed.push(run(plan.calls, provider, &mut governed));
            pair.bare.push(run(plan.calls, server, &mut bare));
        } else {
            pair.bare.push(run(plan.calls, server, &mut bare));
            pair.governed.push(run(plan.calls, provider, &mut governed));
        }
    }
    pair
}

fn run(calls: usize, other: Option<u32>, way: &mut impl FnMut() -> Did) -> Run {
    let before = work(other);
    let mut walls = Vec::with_capacity(calls);
    let mut did = None;
    for _ in 0..calls {
        let call = Instant::now();
        did = Some(way());
        walls.push(call.elapsed().as_secs_f64());
    }
    Run {
        wall: median(&mut walls),
        cpu: (work(other) - before) / calls as f64,
        did: did.expect("at least one call"),
    }
}

/// Seconds of work so far, of this process and the other one.
fn work(other: Option<u32>) -> f64 {
    seconds(std::process::id()) + other.map_or(0.0, seconds)
}

/// Seconds of work of a process so far, user and system time (proc(5), /proc/PID/stat, fields 14 and 15).
pub(crate) fn seconds(pid: u32) -> f64 {
    ticks(pid, 11) as f64 / TICKS_A_SECOND
}

/// Seconds of work of the processes that this one has started and waited for (fields 16 and 17).
pub(crate) fn of_children() -> f64 {
    ticks(std::process::id(), 13) as f64 / TICKS_A_SECOND
}

/// What Linux counts in on every architecture that it runs on.
const TICKS_A_SECOND: f64 = 100.0;

/// The sum of two fields, counted from the third on.
fn ticks(pid: u32, first: usize) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process runs");
    let (_, fields) = stat.rsplit_once(')').expect("proc(5)");
    fields
        .split_whitespace()
        .skip(first)
        .take(2)
        .map(|field| field.parse::<u64>().expect("proc(5)"))
        .sum()
}

/// The one in the middle.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
