//! An aggregate over three cities beside what somebody would write by hand, one partial aggregate of each city over bare Arrow
//! Flight, put together here; and beside one process that has all the files.

use super::pool::{self, PooledSession};
use super::world::{CITIES, QueryAnswer, TpchFederation};
use crate::bare_server::client::BareClient;
use crate::bare_server::server::BareServerProcess;
use crate::measure::{self, median};
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::DataType;
use datafusion::arrow::compute::cast;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::{Duration, Instant};

/// A question of which each city can compute its part.
pub(super) struct PartialAggregateQuery<'a> {
    /// What it is called.
    pub(super) name: &'a str,
    /// The question over all cities.
    pub(super) sql: &'a str,
    /// The table that each city has a part of.
    pub(super) table: &'static str,
    /// What a city is asked by hand.
    pub(super) partial: &'a str,
    /// The columns of its answer.
    pub(super) parts: &'a [PartialColumnKind],
}

/// What a column of a partial aggregate is.
#[derive(Debug, Clone, Copy)]
pub(super) enum PartialColumnKind {
    /// A text of the group.
    Text,
    /// A time of the group.
    Time,
    /// A sum or a count.
    Sum,
    /// The least value.
    Least,
    /// The greatest one.
    Most,
}

/// The first question of TPC-H, as a city is asked by hand.
pub(super) const FIRST: &str = "SELECT l_returnflag, l_linestatus, sum(l_quantity), sum(l_extendedprice), \
     sum(l_extendedprice * (1 - l_discount)), sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)), sum(l_discount), \
     count(*) FROM t WHERE l_shipdate <= date '1998-12-01' - interval '90' day GROUP BY l_returnflag, l_linestatus";

/// What comes of it: two texts, five sums and a count.
pub(super) const FIRST_PARTS: [PartialColumnKind; 8] = [
    PartialColumnKind::Text,
    PartialColumnKind::Text,
    PartialColumnKind::Sum,
    PartialColumnKind::Sum,
    PartialColumnKind::Sum,
    PartialColumnKind::Sum,
    PartialColumnKind::Sum,
    PartialColumnKind::Sum,
];

/// Asks all three ways in turn and prints what they took.
///
/// # Panics
/// When they do not give the same groups.
pub(super) fn beside(
    federation: &TpchFederation,
    pool: &PooledSession,
    aggregate: &PartialAggregateQuery<'_>,
    rounds: usize,
) -> Value {
    let (sql, files) = (aggregate.sql, federation.files());
    let servers: Vec<BareServerProcess> = CITIES
        .iter()
        .map(|city| {
            let file = files[&format!("{city}.{}", aggregate.table)].clone();
            let files = BTreeMap::from([(aggregate.table, vec![file])]);
            BareServerProcess::start(federation.folder(), city, &files)
        })
        .collect();
    let clients: Vec<BareClient> = CITIES
        .iter()
        .zip(&servers)
        .map(|(city, server)| BareClient::connect(federation.folder(), city, server.address()))
        .collect();
    let (groups, hand_bytes) = by_hand(&clients, aggregate);
    let answer = federation.ask(sql);
    assert_eq!(answer.rows.len(), groups, "the groups of both ways");
    pool::same(aggregate.name, &answer.rows, &pool.ask(sql));
    let own = || measure::seconds(std::process::id());
    let by_hand_work = || {
        let servers = servers.iter().map(|server| measure::seconds(server.pid()));
        servers.sum::<f64>() + own()
    };
    // It takes little time, and a part of its work is a few milliseconds.
    let rounds = rounds.max(25);
    let mut session = federation.session();
    let session_pid = session.pid();
    let kept_answer = QueryAnswer::of(session.ask(sql));
    pool::same(aggregate.name, &kept_answer.rows, &answer.rows);
    let (mut ours, mut kept) = (VariantTimes::default(), VariantTimes::default());
    let (mut hand, mut one) = (VariantTimes::default(), VariantTimes::default());
    let mut sent = Vec::new();
    let serving = || super::work(federation);
    // A program that asks keeps its connections, as those by hand are kept.
    let with_session = || super::work(federation) + measure::seconds(session_pid);
    super::settled(federation);
    let (resting, session_resting) = (at_rest(serving), at_rest(with_session));
    for _ in 0..rounds {
        hand.run(by_hand_work, || by_hand(&clients, aggregate));
        one.run(own, || pool.ask(sql));
        let bytes = super::settled(federation);
        // With what follows the answer: receipts are acknowledged, and both sides keep them.
        let after = ours.followed(
            (serving, resting),
            || federation.ask(sql),
            || super::settled(federation),
        );
        sent.push((after - bytes) as f64);
        let ask = || QueryAnswer::of(session.ask(sql));
        kept.followed((with_session, session_resting), ask, || {
            super::settled(federation)
        });
    }
    // Once in a minute heads are exchanged after some answer: that is in the most.
    let most = sent.iter().copied().fold(0.0, f64::max);
    let bytes = median(&mut sent);
    let ratio = bytes / hand_bytes as f64;
    let figures = json!({
        "groups": groups,
        "rounds": rounds,
        "wall_ratio": ours.time_beside(&hand),
        "cpu_ratio": ours.work / hand.work,
        "kept_wall_ratio": kept.time_beside(&hand),
        "kept_cpu_ratio": kept.work / hand.work,
        "bytes": bytes as u64,
        "most_bytes": most as u64,
        "bytes_by_hand": hand_bytes,
        "bytes_ratio": ratio,
        "one_process_wall_ratio": ours.time_beside(&one),
        "one_process_cpu_ratio": ours.work / one.work,
        "kept_one_process_wall_ratio": kept.time_beside(&one),
        "kept_one_process_cpu_ratio": kept.work / one.work,
        "work_ms": ours.work * 1e3 / rounds as f64,
        "resting_ms": ours.rested * 1e3 / rounds as f64,
        "kept_work_ms": kept.work * 1e3 / rounds as f64,
        "kept_resting_ms": kept.rested * 1e3 / rounds as f64,
        "kept_ms": kept.ms(),
        "by_hand_work_ms": hand.work * 1e3 / rounds as f64,
        "ms": ours.ms(),
        "by_hand_ms": hand.ms(),
        "one_process_ms": one.ms(),
    });
    println!(
        "\n{} beside partial aggregates by hand over bare Flight, and beside one process: {figures}",
        aggregate.name
    );
    figures
}

/// What programs work in a second in which nobody asks them anything: they look at clocks and files.
fn at_rest(work: impl Fn() -> f64) -> f64 {
    let (started, before) = (Instant::now(), work());
    std::thread::sleep(Duration::from_secs(5));
    (work() - before) / started.elapsed().as_secs_f64()
}

/// What one way took.
#[derive(Default)]
struct VariantTimes {
    /// Seconds of each run.
    walls: Vec<f64>,
    /// Seconds of work of all runs.
    work: f64,
    /// Seconds of work that was done meanwhile and would have been done anyway.
    rested: f64,
}

impl VariantTimes {
    /// One run more.
    fn run<T>(&mut self, work: impl Fn() -> f64, run: impl FnOnce() -> T) {
        let before = work();
        self.time(run);
        self.work += work() - before;
    }

    /// The same with what follows it, without what `resting` does in such a time anyway; gives what the end of that tells.
    fn followed<T, E>(
        &mut self,
        (work, resting): (impl Fn() -> f64, f64),
        run: impl FnOnce() -> T,
        end: impl FnOnce() -> E,
    ) -> E {
        let (started, before) = (Instant::now(), work());
        self.time(run);
        let end = end();
        let rested = resting * started.elapsed().as_secs_f64();
        self.rested += rested;
        self.work += work() - before - rested;
        end
    }

    /// The same without its work.
    fn time<T>(&mut self, run: impl FnOnce() -> T) {
        let started = Instant::now();
        let _ = run();
        self.walls.push(started.elapsed().as_secs_f64());
    }

    /// The median of the ratios, round by round.
    fn time_beside(&self, other: &Self) -> f64 {
        let pairs = self.walls.iter().zip(&other.walls);
        let mut ratios: Vec<f64> = pairs.map(|(own, other)| own / other).collect();
        median(&mut ratios)
    }

    /// The median of its runs.
    fn ms(&self) -> f64 {
        median(&mut self.walls.clone()) * 1e3
    }
}

/// The totals of each group.
type GroupTotals = BTreeMap<Vec<GroupKey>, Vec<f64>>;

/// A part of what names a group.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum GroupKey {
    Number(i64),
    Text(String),
}

/// Asks all cities at once and puts together what they say; gives the number of groups and the bytes of the messages.
fn by_hand(clients: &[BareClient], aggregate: &PartialAggregateQuery<'_>) -> (usize, u64) {
    let answers = std::thread::scope(|scope| {
        let asked: Vec<_> = clients
            .iter()
            .map(|client| {
                scope.spawn(|| {
                    let mut batches = Vec::new();
                    let did = client.each(aggregate.table, aggregate.partial, |batch| {
                        batches.push(batch);
                    });
                    (batches, did.bytes)
                })
            })
            .collect();
        let answers = asked
            .into_iter()
            .map(|asked| asked.join().expect("a city answers"));
        answers.collect::<Vec<_>>()
    });
    let (mut groups, mut all) = (GroupTotals::new(), 0);
    for (batches, bytes) in answers {
        all += bytes;
        for batch in &batches {
            put(&mut groups, batch, aggregate.parts);
        }
    }
    (groups.len(), all)
}

/// Takes one city's groups in.
fn put(groups: &mut GroupTotals, batch: &RecordBatch, parts: &[PartialColumnKind]) {
    let columns: Vec<(ArrayRef, PartialColumnKind)> = batch
        .columns()
        .iter()
        .zip(parts)
        .map(|(column, part)| {
            // Texts and times in one form, whatever form the engine reads them in.
            let kind = match part {
                PartialColumnKind::Text => DataType::Utf8,
                PartialColumnKind::Time => DataType::Int64,
                PartialColumnKind::Sum | PartialColumnKind::Least | PartialColumnKind::Most => {
                    DataType::Float64
                }
            };
            let column = cast(column, &kind).expect("columns are what was asked for");
            (column, *part)
        })
        .collect();
    for row in 0..batch.num_rows() {
        let (mut key, mut values, mut how) = (Vec::new(), Vec::new(), Vec::new());
        for (column, part) in &columns {
            match part {
                PartialColumnKind::Text => {
                    let text = column.as_string::<i32>().value(row);
                    key.push(GroupKey::Text(text.to_owned()));
                }
                PartialColumnKind::Time => {
                    key.push(GroupKey::Number(
                        column.as_primitive::<Int64Type>().value(row),
                    ));
                }
                PartialColumnKind::Sum | PartialColumnKind::Least | PartialColumnKind::Most => {
                    values.push(column.as_primitive::<Float64Type>().value(row));
                    how.push(*part);
                }
            }
        }
        match groups.entry(key) {
            Entry::Vacant(new) => {
                new.insert(values);
            }
            Entry::Occupied(mut known) => {
                let totals = known.get_mut().iter_mut();
                for ((total, value), how) in totals.zip(values).zip(how) {
                    *total = match how {
                        PartialColumnKind::Least => f64::min(*total, value),
                        PartialColumnKind::Most => f64::max(*total, value),
                        _ => *total + value,
                    };
                }
            }
        }
    }
}
