//! Noninterference property: everything that a consumer sees is a function of the permitted view alone.
//!
//! Two datasets that differ in hidden rows, hidden columns and detail below the masks must give the same answers, errors, counters
//! and messages. The answer must also equal that of an unmodified engine over a view that the test computes itself. Every second
//! case has two workers. The number of cases and the seed come from HANSA_PROPERTY_CASES and HANSA_PROPERTY_SEED; without a seed,
//! each run uses another one.

mod contract_pairs;
mod cubes;
mod dataset_pair;
mod joins;
mod places;
mod prohibition;
mod published_data;
mod random_query;
mod worker_stages;

use super::gated_leaf::mutant_gate::GateMutant;
use crate::answer::frames::{FrameCompression, UnlimitedMeter, stream_answer_frames};
use crate::answer::sealed_answer::DeliveredTotals;
use crate::execute::cancellation::CancellationSignal;
use crate::fixture::storage::FixtureStorage;
use crate::fixture::{FixtureParticipant, format_rows};
use crate::sql::functions;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use datafusion::logical_expr::AggregateUDF;
use datafusion::prelude::SessionContext;
use dataset_pair::DatasetPair;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_test_support::property_cases::{number, seed};
use rand::SeedableRng;
use rand::rngs::StdRng;
use random_query::RandomQuery;

/// Everything that a consumer sees of one question.
#[derive(Debug, PartialEq)]
struct ObservedAnswer {
    schema: SchemaRef,
    rows: Vec<String>,
    sent: DeliveredTotals,
    explained: Vec<String>,
}

/// Result of a case.
enum CaseVerdict {
    Same,
    /// Two datasets with equal views give different observations.
    Leak(String),
    /// The answer differs from the oracle's answer.
    Wrong(String),
}

#[test]
fn what_is_learned_is_a_function_of_the_view() {
    let (cases, seed) = (
        number("HANSA_PROPERTY_CASES", 60),
        seed("HANSA_PROPERTY_SEED"),
    );
    let mut held = 0;
    for case in 0..cases {
        match run_case(seed.wrapping_add(case), None, false) {
            CaseVerdict::Same => held += 1,
            CaseVerdict::Leak(what) | CaseVerdict::Wrong(what) => {
                panic!("seed {}: {what}", seed.wrapping_add(case));
            }
        }
    }
    assert_eq!(held, cases);
}

/// The completion order of threads must not affect rounded results, nor the build side of a join.
#[test]
fn what_rounds_is_computed_in_the_order_of_the_view() {
    for seed in [7849, 1_795_552_840] {
        match run_case(seed, None, false) {
            CaseVerdict::Same => {}
            CaseVerdict::Leak(what) | CaseVerdict::Wrong(what) => panic!("seed {seed}: {what}"),
        }
    }
}

/// The property over tables of a real PostgreSQL server, which has another collation of texts and contains dead rows. A quarter of
/// the cases run, since each case creates its tables.
#[test]
fn a_table_of_a_database_tells_no_more_than_its_view() {
    let (cases, seed) = (
        number("HANSA_PROPERTY_CASES", 60).div_ceil(4),
        seed("HANSA_PROPERTY_SEED"),
    );
    for seed in (0..cases).map(|case| seed.wrapping_add(case)) {
        match run_with_storage(seed, None, false, None, FixtureStorage::Database) {
            CaseVerdict::Same => {}
            CaseVerdict::Leak(what) | CaseVerdict::Wrong(what) => panic!("seed {seed}: {what}"),
        }
        joins::run_with_storage(seed, None, FixtureStorage::Database)
            .unwrap_or_else(|what| panic!("seed {seed}: {what}"));
        cubes::run_with_storage(seed, None, FixtureStorage::Database)
            .unwrap_or_else(|what| panic!("seed {seed}: {what}"));
    }
}

/// A difference to the oracle alone does not count here: an engine that evaluates fewer expressions would otherwise look like a
/// leak.
#[test]
fn fails_without_any_one_protection() {
    for (mutant, allow_random) in [
        (Some(GateMutant::NoLeaf), false),
        (Some(GateMutant::Uncut), false),
        (Some(GateMutant::Statistics), false),
        (None, true),
    ] {
        for workers in [None, Some(2)] {
            let mut seeds = (0..400).filter(|seed| self::worker_count(*seed) == workers);
            let caught = seeds
                .find(|seed| matches!(run_case(*seed, mutant, allow_random), CaseVerdict::Leak(_)));
            let mutant = format!("{mutant:?} {allow_random} with the workers {workers:?}");
            assert!(caught.is_some(), "{mutant} was not noticed");
            eprintln!("{mutant}: noticed at case {caught:?}");
        }
    }
}

/// Each case drops one term from the contract, while the second dataset and the oracle still assume it. Each drop must be detected.
#[test]
fn each_term_is_missed_when_it_is_dropped() {
    let seeds = || 0..400_u64;
    let mut survived = Vec::new();
    let mut tell = |name: &'static str, caught: Option<u64>| {
        eprintln!("{name} dropped: noticed at case {caught:?}");
        if caught.is_none() {
            survived.push(name);
        }
    };
    for name in [
        "columns",
        "rows",
        "area",
        "mask",
        "pseudonym",
        "prefix",
        "band",
        "time_bucket",
        "place_cells",
        "published_area",
        "lookup",
        "prohibition",
    ] {
        let missed = |seed: &u64| {
            !matches!(
                run_case_without_terms(*seed, None, false, Some(name)),
                CaseVerdict::Same
            )
        };
        tell(name, seeds().find(missed));
    }
    for name in ["min_group", "dominance_p", "dominance_nk", "release"] {
        tell(
            name,
            seeds().find(|seed| cubes::run_world(*seed, Some(name)).is_err()),
        );
    }
    for name in [
        "columns",
        "rows",
        "mask",
        "join_keys",
        "join_with",
        "keys_stay",
    ] {
        tell(
            name,
            seeds().find(|seed| joins::run_world(*seed, Some(name)).is_err()),
        );
    }
    assert!(survived.is_empty(), "nobody noticed: {survived:?}");
}

/// Number of workers of a case: two or none.
fn worker_count(seed: u64) -> Option<u32> {
    (seed % 2 == 1).then_some(2)
}

fn run_case(seed: u64, mutant: Option<GateMutant>, allow_random: bool) -> CaseVerdict {
    run_case_without_terms(seed, mutant, allow_random, None)
}

fn run_case_without_terms(
    seed: u64,
    mutant: Option<GateMutant>,
    allow_random: bool,
    dropped: Option<&'static str>,
) -> CaseVerdict {
    run_with_storage(
        seed,
        mutant,
        allow_random,
        dropped,
        FixtureStorage::of(seed),
    )
}

fn run_with_storage(
    seed: u64,
    mutant: Option<GateMutant>,
    allow_random: bool,
    dropped: Option<&'static str>,
    kept: FixtureStorage,
) -> CaseVerdict {
    let mut random = StdRng::seed_from_u64(seed);
    let mut pair = DatasetPair::generate(&mut random);
    pair.dropped = dropped;
    pair.layout.storage = kept;
    let (mut one, mut other) = (pair.city(false), pair.city(true));
    for city in [&mut one, &mut other] {
        city.workers = worker_count(seed);
        if let Some(mutant) = mutant {
            city.remove_protection(mutant);
        }
        city.allows_random = allow_random;
    }
    let mut questions: Vec<(String, bool)> = (0..4)
        .map(|_| {
            let query = RandomQuery::generate(
                &mut random,
                &pair.shown_columns(),
                pair.is_exact(),
                allow_random,
            );
            (query.text().to_owned(), query.is_ordered())
        })
        .collect();
    // This question shows all columns and rows of the view, in addition to the random ones.
    questions.push(("SELECT * FROM d".to_owned(), false));
    for (sql, ordered) in &questions {
        let first = observe_answer(&one, sql);
        let second = observe_answer(&other, sql);
        let alike = is_same_answer(&first, &second, pair.is_exact() && *ordered)
            || (in_threads(&pair, sql) && both_fail(&first, &second));
        if !alike {
            return CaseVerdict::Leak(format!(
                "{pair:?}
{sql}
 D: {}
 D′: {}",
                differing_text(&first, &second),
                differing_text(&second, &first)
            ));
        }
        // The repeated question runs by the cached plan.
        let again = observe_answer(&one, sql);
        if !in_threads(&pair, sql) && !is_same_answer(&first, &again, pair.is_exact() && *ordered) {
            return CaseVerdict::Wrong(format!(
                "{pair:?}
{sql}
 once: {}
 again: {}",
                differing_text(&first, &again),
                differing_text(&again, &first)
            ));
        }
        let oracle = over_the_view(&pair, &one, sql);
        if let Err(why) = check_agreement(&first, &oracle)
            && !of_the_view(&pair, &first, sql)
        {
            return CaseVerdict::Wrong(format!(
                "{pair:?}
{sql}
{why}
 gate: {}
 oracle: {}",
                shorten_text(&first),
                shorten_text(&oracle)
            ));
        }
    }
    CaseVerdict::Same
}

/// Checks that an error of the gate, where the oracle answers, is caused by rows of the view alone. The oracle orders joins in
/// another way and may skip a failing division. A city without hidden rows must then fail with exactly the same text.
fn of_the_view(pair: &DatasetPair, gate: &Result<ObservedAnswer, Refusal>, sql: &str) -> bool {
    matches!(gate, Err(refusal) if of_a_value(refusal))
        && observe_answer(&pair.view_city(), sql).err().as_ref() == gate.as_ref().err()
}

fn observe_answer(city: &FixtureParticipant, sql: &str) -> Result<ObservedAnswer, Refusal> {
    let explained = city.query_rows(&format!("EXPLAIN {sql}"))?;
    let (schema, batches) = city.ask(sql)?;
    let mut rows = format_rows(&batches);
    rows.sort();
    Ok(ObservedAnswer {
        schema,
        rows,
        sent: deliver_answer(city, sql)?,
        explained,
    })
}

/// Shortened text of an observation.
fn shorten_text(seen: &impl std::fmt::Debug) -> String {
    format!("{seen:?}").chars().take(900).collect()
}

/// Part of the text that differs from `other`, with a little context before it.
fn differing_text(seen: &impl std::fmt::Debug, other: &impl std::fmt::Debug) -> String {
    let (seen, other) = (format!("{seen:?}"), format!("{other:?}"));
    let same = seen.chars().zip(other.chars());
    let same = same.take_while(|(one, other)| one == other).count();
    seen.chars()
        .skip(same.saturating_sub(100))
        .take(600)
        .collect()
}

/// Totals of the messages sent; no message may contain a hidden text.
fn deliver_answer(city: &FixtureParticipant, sql: &str) -> Result<DeliveredTotals, Refusal> {
    futures::executor::block_on(async {
        let _inside = city.runtime().handle().enter();
        let answer = city.answer(sql, CancellationSignal::new_idle()).await?;
        let mut sending = stream_answer_frames(answer, UnlimitedMeter, FrameCompression::Plain);
        while let Some(frame) = sending.next().await {
            let frame = frame?;
            let text = String::from_utf8_lossy(&frame.body);
            if text.contains(dataset_pair::SECRET) {
                // The oracle never fails with this error, so the comparison reports it.
                return Err(Refusal::new(
                    ErrorCode::Internal,
                    "hidden text in a message",
                ));
            }
        }
        Ok(sending.delivered_totals())
    })
}

/// Checks that several threads compute the question: parts of a table, or arms of a union, which always run in parallel.
fn in_threads(pair: &DatasetPair, sql: &str) -> bool {
    !pair.is_exact() || sql.contains(" UNION ")
}

/// Checks that both fail on values. With several threads the first of two failures varies even on equal data; a single thread must
/// report the same failure.
fn both_fail(
    one: &Result<ObservedAnswer, Refusal>,
    other: &Result<ObservedAnswer, Refusal>,
) -> bool {
    let fails = |seen: &Result<ObservedAnswer, Refusal>| matches!(seen, Err(refusal) if of_a_value(refusal));
    fails(one) && fails(other)
}

/// Checks that a value of the view causes the refusal. The unmodified engine wraps around where the gate ends the question.
fn of_a_value(refusal: &Refusal) -> bool {
    matches!(
        refusal.code,
        ErrorCode::EvaluationFailed | ErrorCode::ArithmeticOverflow
    )
}

fn is_same_answer(
    one: &Result<ObservedAnswer, Refusal>,
    other: &Result<ObservedAnswer, Refusal>,
    exact: bool,
) -> bool {
    match (one, other) {
        (Ok(one), Ok(other)) => {
            one.schema == other.schema
                && one.rows == other.rows
                && one.explained == other.explained
                && one.sent.rows == other.sent.rows
                // Several threads deliver batches in any order, even on equal data.
                && (!exact || one.sent == other.sent)
        }
        (Err(one), Err(other)) => one == other,
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
    }
}

/// Answers the same question with an unmodified engine over the view that the test computes.
fn over_the_view(
    pair: &DatasetPair,
    city: &FixtureParticipant,
    sql: &str,
) -> Result<Vec<String>, Refusal> {
    futures::executor::block_on(async {
        let _inside = city.runtime().handle().enter();
        let context = SessionContext::new_with_config(
            crate::session::session_config(&pair.limits())
                .with_create_default_catalog_and_schema(true),
        );
        // Rounding functions have tests of their own, so the oracle uses the product's functions.
        for name in functions::AGGREGATE.split(' ') {
            if let Some(function) = functions::aggregate_function(name) {
                context.register_udaf(AggregateUDF::clone(&function));
            }
        }
        for state in functions::sketch_state::SketchKind::ALL {
            context.register_udaf(AggregateUDF::clone(&state.function()));
        }
        context
            .register_table("d", pair.table())
            .map_err(|error| crate::engine_error::execution_refusal(&error))?;
        let asked = async {
            let plan = context.state().create_logical_plan(sql).await?;
            // Ties in an order have no defined first row. The product decides ties by value instead of position, and so does the
            // oracle.
            let plan = functions::total_order::totally_ordered(plan)?;
            // The engine can't plan some subqueries and loses rows of others. Another test compares these with PostgreSQL.
            let plan = crate::sql::subquery_joins::join_subqueries(plan)?;
            context.execute_logical_plan(plan).await?.collect().await
        };
        let batches: Vec<RecordBatch> = asked
            .await
            .map_err(|error| crate::engine_error::execution_refusal(&error))?;
        let mut rows = format_rows(&batches);
        rows.sort();
        Ok(rows)
    })
}

/// Checks that gate and oracle agree. Engines may evaluate a condition on different rows, so an error of the oracle alone is no
/// difference; different answers are.
fn check_agreement(
    gate: &Result<ObservedAnswer, Refusal>,
    oracle: &Result<Vec<String>, Refusal>,
) -> Result<(), String> {
    match (gate, oracle) {
        (Ok(seen), Ok(rows)) if seen.rows == *rows => Ok(()),
        (Ok(_), Ok(_)) => Err("other rows than the oracle".to_owned()),
        (Ok(_), Err(oracle)) if of_a_value(oracle) => Ok(()),
        (Err(gate), Err(oracle)) if gate.code == oracle.code => Ok(()),
        (Ok(_) | Err(_), _) => Err("another outcome than the oracle".to_owned()),
    }
}
