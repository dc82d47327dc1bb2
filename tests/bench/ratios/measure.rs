//! Two ways of doing the same, measured in turn: each round runs both, and the order changes from round to round.

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use std::time::{Duration, Instant};

/// How often.
#[derive(Clone, Copy)]
pub(crate) struct RoundPlan {
    /// Pairs of runs, after one that is not counted.
    pub(crate) rounds: usize,
    /// Calls of each run.
    pub(crate) calls: usize,
}

/// What one way did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RunVolume {
    /// Rows that arrived.
    pub(crate) rows: u64,
    /// Bytes of the messages; 0 in process.
    pub(crate) bytes: u64,
}

/// One run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MeasuredRun {
    /// Seconds of the clock for one call.
    pub(crate) wall: f64,
    /// Seconds of work for one call, of all processes that took part.
    pub(crate) cpu: f64,
    /// What came of it.
    pub(crate) did: RunVolume,
}

/// Runs of both, round by round.
#[derive(Debug)]
pub(crate) struct PairedRuns {
    pub(crate) governed: Vec<MeasuredRun>,
    pub(crate) bare: Vec<MeasuredRun>,
}

impl PairedRuns {
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

impl From<(Vec<MeasuredRun>, Vec<MeasuredRun>)> for PairedRuns {
    fn from((governed, bare): (Vec<MeasuredRun>, Vec<MeasuredRun>)) -> Self {
        Self { governed, bare }
    }
}

fn average(runs: &[MeasuredRun]) -> f64 {
    runs.iter().map(|run| run.cpu).sum::<f64>() / runs.len() as f64
}

/// Measures both in turn. `serving` are the processes at the other end.
pub(crate) fn alternately(
    plan: RoundPlan,
    serving: Option<(u32, u32)>,
    mut governed: impl FnMut() -> RunVolume,
    mut bare: impl FnMut() -> RunVolume,
) -> PairedRuns {
    let (first, second) = (governed(), bare());
    assert_eq!(
        first.rows, second.rows,
        "the two ways do not give the same number of rows"
    );
    in_turn(plan, serving, governed, bare)
}

/// The same without a first run of each, where the bare way gives other rows.
pub(crate) fn in_turn(
    plan: RoundPlan,
    serving: Option<(u32, u32)>,
    mut governed: impl FnMut() -> RunVolume,
    mut bare: impl FnMut() -> RunVolume,
) -> PairedRuns {
    let mut pair = PairedRuns {
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

/// A way of doing it, with the process at its other end.
pub(crate) type MeasuredVariant<'w> = (u32, Box<dyn FnMut() -> RunVolume + 'w>);

/// Several ways of doing the same, each with the process at its other end, in turn: every round begins with another one. `between` is
/// done before each round.
pub(crate) fn in_turn_all<const N: usize>(
    plan: RoundPlan,
    ways: &mut [MeasuredVariant<'_>; N],
    mut between: impl FnMut(),
) -> [Vec<MeasuredRun>; N] {
    let mut runs = [const { Vec::new() }; N];
    for round in 0..plan.rounds {
        between();
        for way in (0..N).map(|way| (way + round) % N) {
            let (pid, way_of) = &mut ways[way];
            runs[way].push(run(plan.calls, Some(*pid), way_of));
        }
    }
    runs
}

fn run(calls: usize, other: Option<u32>, way: &mut impl FnMut() -> RunVolume) -> MeasuredRun {
    let before = work(other);
    let mut walls = Vec::with_capacity(calls);
    let mut did = None;
    for _ in 0..calls {
        let call = Instant::now();
        did = Some(way());
        walls.push(call.elapsed().as_secs_f64());
    }
    MeasuredRun {
        wall: median(&mut walls),
        cpu: (work(other) - before) / calls as f64,
        did: did.expect("at least one call"),
    }
}

/// Seconds of work so far, of this process and the other one.
fn work(other: Option<u32>) -> f64 {
    seconds(std::process::id()) + other.map_or(0.0, seconds)
}

/// Seconds of work of a process so far, of all its threads, those that have ended too (`clock_getcpuclockid(3)`).
pub(crate) fn seconds(pid: u32) -> f64 {
    let pid = Pid::from_raw(pid.try_into().expect("a number of a process"));
    let clock = clock_getcpuclockid(pid).expect("the process runs");
    Duration::from(clock_gettime(clock).expect("its clock can be read")).as_secs_f64()
}

/// Seconds of work of the processes that this one has started and waited for (`getrusage(2)`).
pub(crate) fn of_children() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("they are counted");
    [usage.user_time(), usage.system_time()]
        .map(|time| time.num_microseconds() as f64 / 1e6)
        .iter()
        .sum()
}

/// The one in the middle.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
