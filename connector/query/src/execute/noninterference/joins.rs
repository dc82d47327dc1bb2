//! Noninterference over two governed datasets: the result of a join is a function of both views, and the clauses of both contracts
//! decide which joins are permitted.

#![expect(
    clippy::disallowed_methods,
    reason = "the oracle is an unmodified engine"
)]

use super::{ObservedAnswer, dataset_pair::SECRET, is_same_answer, observe_answer, shorten_text};
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset, parse_name};
use crate::fixture::storage::FixtureStorage;
use crate::fixture::{FixtureParticipant, format_rows};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::row_filter::{ComparisonOperator, FilterOperand, PolicyLiteral, RowFilter};
use hansa_policy::term::Term;
use hansa_policy::value::column::MaskValue;
use hansa_test_support::property_cases::{number, seed};
use join_query::{JoinDatasetName, RandomJoinQuery};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use std::collections::BTreeSet;
use std::sync::Arc;

mod join_query;

const COLUMNS: [&str; 6] = ["k:int", "a:int?", "g:text?", "v:int?", "s:text?", "vis:int"];

/// Upper bound of `vis`: rows below it are shown.
const SHOWN: i64 = 10;

#[derive(Debug, Clone)]
struct JoinPropertyRow {
    k: i64,
    a: Option<i64>,
    g: Option<&'static str>,
    /// Never 3 in a shown row, so that a division by `v - 3` fails on hidden rows alone.
    v: Option<i64>,
    s: String,
    vis: i64,
}

/// Join terms of a contract.
#[derive(Debug, Clone, Default)]
pub(super) struct ContractJoinTerms {
    /// Columns that may be join keys; no restriction if absent.
    keys: Option<Vec<&'static str>>,
    /// Permission to join the other dataset, or none at all if false.
    partner: Option<bool>,
    stay: bool,
}

/// A dataset, its equivalent and its contract.
#[derive(Debug)]
struct JoinDataset {
    side: JoinDatasetName,
    joins: ContractJoinTerms,
    rows: Vec<JoinPropertyRow>,
    double: Vec<JoinPropertyRow>,
}

/// Case with the datasets `d` and `e`.
struct JoinPropertyCase {
    held: [JoinDataset; 2],
    layout: DatasetFileLayout,
}

impl JoinPropertyCase {
    fn generate(random: &mut StdRng) -> Self {
        Self {
            held: [JoinDatasetName::D, JoinDatasetName::E]
                .map(|side| JoinDataset::generate(side, random)),
            layout: DatasetFileLayout {
                files: *[1, 2].choose(random).unwrap(),
                row_group: *[16, 1000].choose(random).unwrap(),
                statistics: random.random_bool(0.7),
                storage: FixtureStorage::Copied,
                key: None,
            },
        }
    }

    fn city(&self, double: bool, dropped: Option<&str>) -> FixtureParticipant {
        let mut city = FixtureParticipant::new();
        for held in &self.held {
            let rows = if double { &held.double } else { &held.rows };
            let set = build_dataset(held.side.name(), &COLUMNS);
            city.publish(
                set,
                &row_batch(rows),
                self.layout,
                held.terms()
                    .into_iter()
                    .filter(|term| Some(term.spec().name) != dropped),
            );
        }
        city
    }

    /// Answers the question with an unmodified engine over both views, which the test computes.
    fn oracle(&self, city: &FixtureParticipant, sql: &str) -> Result<Vec<String>, Refusal> {
        futures::executor::block_on(async {
            let _inside = city.runtime().handle().enter();
            let context = SessionContext::new_with_config(
                crate::session::session_config(&city.limits)
                    .with_create_default_catalog_and_schema(true),
            );
            for held in &self.held {
                let shown: Vec<JoinPropertyRow> = held
                    .rows
                    .iter()
                    .filter(|row| row.vis < SHOWN)
                    .cloned()
                    .collect();
                let rows = row_batch(&shown).project(&[0, 1, 2, 3, 4]).unwrap();
                let mut columns = rows.columns().to_vec();
                columns[4] = Arc::new(StringArray::new_null(rows.num_rows()));
                let rows = RecordBatch::try_new(rows.schema(), columns).unwrap();
                let table = MemTable::try_new(rows.schema(), vec![vec![rows]]).unwrap();
                context
                    .register_table(held.side.name(), Arc::new(table))
                    .unwrap();
            }
            let batches: Vec<RecordBatch> = async { context.sql(sql).await?.collect().await }
                .await
                .map_err(|error| crate::engine_error::execution_refusal(&error))?;
            let mut rows = format_rows(&batches);
            rows.sort();
            Ok(rows)
        })
    }

    /// Error codes of the clauses that the question violates.
    fn expected_error_codes(&self, question: &RandomJoinQuery) -> BTreeSet<ErrorCode> {
        let mut codes = BTreeSet::new();
        for held in &self.held {
            let Some(join_use) = question.dataset_use(held.side) else {
                continue;
            };
            if join_use.other && held.joins.partner == Some(false) {
                codes.insert(ErrorCode::JoinPartnerNotAllowed);
            }
            if let Some(keys) = &held.joins.keys {
                if join_use.otherwise || join_use.over.iter().any(|column| !keys.contains(column)) {
                    codes.insert(ErrorCode::JoinKeyNotAllowed);
                }
                if held.joins.stay && join_use.used.iter().any(|column| keys.contains(column)) {
                    codes.insert(ErrorCode::KeyMustStay);
                }
            }
        }
        codes
    }
}

impl JoinDataset {
    fn generate(side: JoinDatasetName, random: &mut StdRng) -> Self {
        let keys = [None, Some(vec!["a"]), Some(vec!["a"]), Some(vec!["a", "g"])]
            .choose(random)
            .unwrap()
            .clone();
        let count = *[0, 6, 40].choose(random).unwrap();
        let rows: Vec<JoinPropertyRow> = (0..count).map(|k| random_row(random, k)).collect();
        let mut double = Vec::new();
        for old in &rows {
            if random.random_bool(0.3) {
                double.push(random_hidden_row(random));
            }
            if old.vis < SHOWN {
                double.push(JoinPropertyRow {
                    s: format!("{SECRET}{}", random.random_range(0..100)),
                    vis: random.random_range(0..SHOWN),
                    ..old.clone()
                });
            } else if random.random_bool(0.5) {
                double.push(random_hidden_row(random));
            }
        }
        Self {
            side,
            joins: ContractJoinTerms {
                stay: keys.is_some() && random.random_bool(0.5),
                keys,
                partner: *[None, None, Some(true), Some(false)]
                    .choose(random)
                    .unwrap(),
            },
            rows,
            double,
        }
    }

    fn terms(&self) -> Vec<Term> {
        let names = |list: &[&str]| list.iter().map(|text| parse_name(text)).collect();
        let mut terms = vec![
            Term::Columns(names(&["k", "a", "g", "v", "s"])),
            Term::Rows(RowFilter::Compare {
                column: parse_name("vis"),
                op: ComparisonOperator::Lt,
                with: FilterOperand::Literal(PolicyLiteral::Int(SHOWN)),
            }),
            Term::Mask {
                column: parse_name("s"),
                mask: MaskValue::Null,
            },
        ];
        terms.extend(
            self.joins
                .keys
                .as_ref()
                .map(|keys| Term::JoinKeys(names(keys))),
        );
        terms.extend(self.joins.partner.map(|with| {
            let other = build_dataset(self.side.other_name().name(), &COLUMNS).id;
            Term::JoinWith(with.then_some(other).into_iter().collect())
        }));
        terms.extend(self.joins.stay.then_some(Term::KeysStay));
        terms
    }
}

#[test]
fn what_is_learned_of_a_join_is_a_function_of_both_views() {
    let (cases, seed) = (
        number("HANSA_PROPERTY_CASES", 60),
        seed("HANSA_PROPERTY_SEED"),
    );
    let (mut answered, mut refused) = (0, 0);
    for case in 0..cases {
        let seed = seed.wrapping_add(case);
        match run_world(seed, None) {
            Ok((answers, refusals)) => {
                answered += answers;
                refused += refusals;
            }
            Err(why) => panic!("seed {seed}: {why}"),
        }
    }
    eprintln!("{answered} joins answered, {refused} refused");
    assert!(cases < 10 || (answered > 0 && refused > 0));
}

/// Runs one world with its questions. Returns the numbers of answered and refused questions, or the fault. `dropped` names terms
/// that the cities lack, while everything else assumes them.
pub(super) fn run_world(seed: u64, dropped: Option<&'static str>) -> Result<(u32, u32), String> {
    run_with_storage(seed, dropped, FixtureStorage::of(seed))
}

pub(super) fn run_with_storage(
    seed: u64,
    dropped: Option<&'static str>,
    kept: FixtureStorage,
) -> Result<(u32, u32), String> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut world = JoinPropertyCase::generate(&mut random);
    world.layout.storage = kept;
    let (one, other) = (world.city(false, dropped), world.city(true, dropped));
    let (mut answered, mut refused) = (0, 0);
    for _ in 0..6 {
        let question = RandomJoinQuery::generate(&mut random);
        let sql = question.text();
        let (first, second) = (observe_answer(&one, sql), observe_answer(&other, sql));
        let said = || {
            format!(
                "{sql}\n{:?}\n D: {}\n D′: {}",
                world.held.each_ref().map(|held| &held.joins),
                shorten_text(&first),
                shorten_text(&second)
            )
        };
        if !is_same_answer(&first, &second, false) {
            return Err(format!("told apart: {}", said()));
        }
        let against = world.expected_error_codes(&question);
        match &first {
            Err(refusal) if against.contains(&refusal.code) => refused += 1,
            _ if !against.is_empty() => return Err(format!("{against:?} missed: {}", said())),
            first => {
                check_agreement(first, world.oracle(&one, sql))
                    .map_err(|why| format!("{why}: {}", said()))?;
                answered += 1;
            }
        }
    }
    Ok((answered, refused))
}

/// Checks that both answer equally. No value of a view makes these expressions fail.
fn check_agreement(
    gate: &Result<ObservedAnswer, Refusal>,
    oracle: Result<Vec<String>, Refusal>,
) -> Result<(), String> {
    match (gate, oracle) {
        (Ok(seen), Ok(rows)) if seen.rows == rows => Ok(()),
        (_, oracle) => Err(format!("not as the oracle {}", shorten_text(&oracle))),
    }
}

fn random_row(random: &mut StdRng, k: i64) -> JoinPropertyRow {
    if random.random_bool(0.4) {
        return random_hidden_row(random);
    }
    JoinPropertyRow {
        k,
        a: random.random_bool(0.8).then(|| random.random_range(0..6)),
        g: ["A", "B", "C"].choose(random).copied(),
        v: random.random_bool(0.8).then(|| random.random_range(4..20)),
        s: format!("{SECRET}{k}"),
        vis: random.random_range(0..SHOWN),
    }
}

/// Hidden row with keys of the other dataset and a `v` that makes a division fail.
fn random_hidden_row(random: &mut StdRng) -> JoinPropertyRow {
    JoinPropertyRow {
        k: 9_000_000,
        a: Some(random.random_range(0..8)),
        g: ["A", "B", "C", "Z"].choose(random).copied(),
        v: *[Some(3), Some(i64::MAX), None].choose(random).unwrap(),
        s: format!("{SECRET}{}", random.random_range(0..100)),
        vis: random.random_range(SHOWN..100),
    }
}

fn row_batch(rows: &[JoinPropertyRow]) -> RecordBatch {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| r.k))),
        Arc::new(Int64Array::from_iter(rows.iter().map(|r| r.a))),
        Arc::new(StringArray::from_iter(rows.iter().map(|r| r.g))),
        Arc::new(Int64Array::from_iter(rows.iter().map(|r| r.v))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|r| &r.s))),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| r.vis))),
    ];
    RecordBatch::try_new(build_dataset("d", &COLUMNS).schema(), columns).unwrap()
}
