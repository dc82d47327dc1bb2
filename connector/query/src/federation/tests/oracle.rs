//! Random statements over two cities with contracts, compared with a real PostgreSQL over equal views.
//!
//! If both answer, the rows must be equal. If one can't compute a value, the other must not answer. A statement with a difference
//! is reduced as far as possible before it is reported.
//!
//! Three more checks need no second engine. The answer of two cities equals that of one participant with all tables. A plan without
//! optimisation gives equal rows. A condition, its negation and its IS NULL partition the rows.

mod answerers;
mod comparison;
mod construct_list;
mod decimals;
mod grammar;
mod own_answers;
mod postgres;
mod random_tables;
mod reported_statements;
mod statement_tree;

use self::comparison::{Answer, Verdict, compare};
use self::grammar::Grammar;
use self::own_answers::{compare_unoptimized, part_rows};
use self::postgres::PostgresOracle;
use self::random_tables::RandomTables;
use self::statement_tree::Node;
use super::gated_answers::GatedExecutor;
use super::{bounds, plan, run, test_runtime};
use crate::federation::options::QueryOptions;
use crate::federation::query_catalog::QueryCatalog;
use crate::fixture::FixtureParticipant;
use futures::TryStreamExt as _;
use hansa_test_support::property_cases::{number, seed};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Number of statements for each set of tables.
const STATEMENTS_A_WORLD: u64 = 25;

/// Number of conditions for each set of tables.
const CONDITIONS_A_WORLD: u64 = 2;

/// Participants of a case.
struct OracleWorld {
    catalog: QueryCatalog,
    gates: Arc<GatedExecutor>,
    /// One participant with all tables.
    pool: FixtureParticipant,
    /// Participant with all tables that optimizes no plan.
    unoptimized_pool: FixtureParticipant,
}

impl OracleWorld {
    fn new(tables: &RandomTables) -> Self {
        let (catalog, gates) = tables.gates();
        let mut unoptimized_pool = tables.gate();
        unoptimized_pool.limits.optimizer_passes = 0;
        Self {
            catalog,
            gates,
            pool: tables.gate(),
            unoptimized_pool,
        }
    }

    /// Answer of the participant with all tables.
    fn ask_pool(&self, sql: &str) -> Answer {
        ask_participant(&self.pool, sql)
    }

    /// The answer of a plan that is not optimized.
    fn ask_unoptimized_pool(&self, sql: &str) -> Answer {
        ask_participant(&self.unoptimized_pool, sql)
    }

    /// Answer over both cities.
    fn ask(&self, sql: &str) -> Answer {
        let question = match plan(&self.catalog, sql, &QueryOptions::default()) {
            Ok(question) => question,
            Err(refusal) => return Answer::Refused(refusal),
        };
        run(async {
            let gates = Arc::clone(&self.gates);
            let answer = match question.run(gates, &test_runtime(), &bounds()).await {
                Ok(answer) => answer,
                Err(refusal) => return Answer::Refused(refusal),
            };
            match answer.batches.try_collect::<Vec<_>>().await {
                Ok(rows) => Answer::of_batches(&rows),
                Err(refusal) => Answer::Refused(refusal),
            }
        })
    }
}

fn ask_participant(pool: &FixtureParticipant, sql: &str) -> Answer {
    let bare = sql.replace("munster.", "").replace("ottawa.", "");
    match pool.ask(&bare) {
        Ok((_, rows)) => Answer::of_batches(&rows),
        Err(refusal) => Answer::Refused(refusal),
    }
}

/// How often each verdict came, and for what reason.
#[derive(Debug, Default)]
struct Tally {
    same: u64,
    /// Number of statements with equal rows without the optimizer.
    same_unoptimized: u64,
    /// Number of conditions that partition the rows.
    parted: u64,
    both_refuse: BTreeMap<String, u64>,
    refused: BTreeMap<String, u64>,
    differences: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.same += other.same;
        self.same_unoptimized += other.same_unoptimized;
        self.parted += other.parted;
        for (reason, count) in other.both_refuse {
            *self.both_refuse.entry(reason).or_default() += count;
        }
        for (reason, count) in other.refused {
            *self.refused.entry(reason).or_default() += count;
        }
        self.differences.extend(other.differences);
    }
}

#[test]
fn statements_give_what_postgresql_gives() {
    let cases = number("HANSA_ORACLE_CASES", 2_000);
    let first = seed("HANSA_ORACLE_SEED");
    let most = usize::try_from(number("HANSA_ORACLE_DIFFERENCES", 5)).unwrap();
    let threads = number("HANSA_ORACLE_THREADS", 1);
    let next = AtomicU64::new(0);
    let tally = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let oracle = PostgresOracle::start();
                loop {
                    let world = next.fetch_add(1, Ordering::Relaxed);
                    let found = tally.lock().unwrap().differences.len();
                    if world >= cases.div_ceil(STATEMENTS_A_WORLD) || found >= most {
                        break;
                    }
                    let of_world = compare_world(first.wrapping_add(world), &oracle);
                    tally.lock().unwrap().add(of_world);
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap();
    eprintln!(
        "{} statements the same, {} also without the optimizer, {} conditions part the rows; refused by both: {:#?}; \
         refused here alone: {:#?}",
        tally.same, tally.same_unoptimized, tally.parted, tally.both_refuse, tally.refused
    );
    assert!(
        tally.differences.is_empty(),
        "{}",
        tally.differences.join("\n\n")
    );
    assert!(cases < 100 || (tally.same > 0 && tally.same_unoptimized > 0 && tally.parted > 0));
}

/// Compares a single statement over the tables of a seed, from `HANSA_ORACLE_SQL` and `HANSA_ORACLE_SEED`.
#[test]
fn a_statement_of_the_environment_gives_what_postgresql_gives() {
    let Ok(sql) = std::env::var("HANSA_ORACLE_SQL") else {
        return;
    };
    let mut random = StdRng::seed_from_u64(seed("HANSA_ORACLE_SEED"));
    let tables = RandomTables::new(&mut random);
    let oracle = PostgresOracle::start();
    oracle.load(&tables);
    let world = OracleWorld::new(&tables);
    if let Ok(question) = plan(&world.catalog, &sql, &QueryOptions::default()) {
        for query in question.remote_queries() {
            eprintln!("sent to {}: {}", query.alias, query.sql);
        }
    }
    let (ours, pool, theirs) = (world.ask(&sql), world.ask_pool(&sql), oracle.ask(&sql));
    let plain = world.ask_unoptimized_pool(&sql);
    eprintln!(
        "{}\nhere: {ours}\npool: {pool}\nwithout the optimizer: {plain}\nthere: {theirs}",
        tables.filters()
    );
}

fn compare_world(seed: u64, oracle: &PostgresOracle) -> Tally {
    let mut tally = Tally::default();
    let mut random = StdRng::seed_from_u64(seed);
    let tables = RandomTables::new(&mut random);
    oracle.load(&tables);
    let world = OracleWorld::new(&tables);
    for _ in 0..STATEMENTS_A_WORLD {
        let (statement, is_ordered) = Grammar::new(&mut random).statement();
        let judge = |statement: &Node, is_ordered: bool| {
            let sql = statement.to_string();
            let theirs = oracle.ask(&sql);
            let over_both = compare(&world.ask(&sql), &theirs, is_ordered);
            match compare(&world.ask_pool(&sql), &theirs, is_ordered) {
                Verdict::Different(why) => Verdict::Different(why),
                _ => over_both,
            }
        };
        match judge(&statement, is_ordered) {
            Verdict::Same => {
                tally.same += 1;
                let sql = statement.to_string();
                match compare_unoptimized(&world, &sql, &oracle.ask(&sql), is_ordered) {
                    Verdict::Same => tally.same_unoptimized += 1,
                    Verdict::Different(why) => tally.differences.push(format!(
                        "HANSA_ORACLE_SEED={seed}\n{sql}\n without the optimizer: {why}"
                    )),
                    _ => {}
                }
            }
            Verdict::BothRefuse(why) => *tally.both_refuse.entry(why).or_default() += 1,
            Verdict::RefusedHere(why) => *tally.refused.entry(why).or_default() += 1,
            Verdict::Different(_) => {
                // A reduced statement may have fewer sort keys. If only the order differs, or if the order decides which rows are
                // the first ones, the complete statement is reported.
                let has_limit = statement.to_string().contains(" LIMIT ");
                let judge_rows = |statement: &Node| judge(statement, false);
                let statement = match judge_rows(&statement) {
                    Verdict::Different(_) if !has_limit => smallest(statement, &judge_rows),
                    _ => statement,
                };
                let sql = statement.to_string();
                tally.differences.push(format!(
                    "HANSA_ORACLE_SEED={seed}\n{sql}\n here:  {}\n pool:  {}\n there: {}\n filters:\n{}",
                    world.ask(&sql),
                    world.ask_pool(&sql),
                    oracle.ask(&sql),
                    tables.filters()
                ));
            }
        }
    }
    for _ in 0..CONDITIONS_A_WORLD {
        let (relations, condition) = Grammar::new(&mut random).relations_and_condition();
        match part_rows(&world, &relations.to_string(), &condition.to_string()) {
            Some(Ok(())) => tally.parted += 1,
            Some(Err(why)) => tally.differences.push(format!(
                "HANSA_ORACLE_SEED={seed}\nFROM {relations} WHERE {condition}\n {why}"
            )),
            None => {}
        }
    }
    tally
}

/// Reduces the statement as far as possible while the answers still differ.
fn smallest(statement: Node, judge: &impl Fn(&Node) -> Verdict) -> Node {
    let mut smallest = statement;
    let mut tries = 0;
    'next: loop {
        let mut smaller = smallest.smaller();
        smaller.sort_by_key(|tree| tree.to_string().len());
        smaller.dedup_by_key(|tree| tree.to_string());
        let length = smallest.to_string().len();
        for tree in smaller {
            if tree.to_string().len() >= length || tries > 600 {
                break;
            }
            tries += 1;
            if matches!(judge(&tree), Verdict::Different(_)) {
                smallest = tree;
                continue 'next;
            }
        }
        return smallest;
    }
}
