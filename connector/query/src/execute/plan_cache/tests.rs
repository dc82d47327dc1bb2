//! Isolation of cached plans: effects of another contract, another snapshot and the cancellation of another question must not carry
//! over.

use super::RUNS;
use crate::execute::cancellation;
use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset, parse_name};
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use hansa_policy::refusal::ErrorCode;
use hansa_policy::refusal::Refusal;
use hansa_policy::row_filter::{ComparisonOperator, FilterOperand, PolicyLiteral, RowFilter};
use hansa_policy::term::Term;
use std::sync::Arc;

const SQL: &str = "SELECT n FROM t ORDER BY n";

fn rows(of: &[i64]) -> RecordBatch {
    let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(of.to_vec()))];
    RecordBatch::try_new(build_dataset("t", &["n:int"]).schema(), columns).unwrap()
}

fn only(op: ComparisonOperator, than: i64) -> Term {
    Term::Rows(RowFilter::Compare {
        column: parse_name("n"),
        op,
        with: FilterOperand::Literal(PolicyLiteral::Int(than)),
    })
}

fn publish(city: &mut FixtureParticipant, of: &[i64], term: Term) {
    let set = build_dataset("t", &["n:int"]);
    city.publish(set, &rows(of), DatasetFileLayout::default(), [term]);
}

/// Run counts of the cached plans; the newest plan is last.
fn runs(city: &FixtureParticipant) -> Vec<usize> {
    city.runtime().plan_cache().0.use_counts()
}

#[test]
fn a_kept_plan_is_that_of_its_effects_and_its_snapshots() {
    let mut city = FixtureParticipant::new();
    publish(&mut city, &[1, 2, 3], only(ComparisonOperator::Lt, 3));
    assert_eq!(city.query_rows(SQL).unwrap(), ["1", "2"]);
    assert_eq!(city.query_rows(SQL).unwrap(), ["1", "2"]);
    assert_eq!(runs(&city), [1]);
    // The columns, the text and the clause number stay equal; only the value in the clause changes.
    publish(&mut city, &[1, 2, 3], only(ComparisonOperator::Gt, 1));
    assert_eq!(city.query_rows(SQL).unwrap(), ["2", "3"]);
    publish(&mut city, &[3, 4], only(ComparisonOperator::Gt, 1));
    assert_eq!(city.query_rows(SQL).unwrap(), ["3", "4"]);
    assert_eq!(city.query_rows(SQL).unwrap(), ["3", "4"]);
    // A plan for a removed snapshot leaves the cache.
    assert_eq!(runs(&city), [1]);
}

#[test]
fn plans_of_other_limits_are_others() {
    let mut city = FixtureParticipant::new();
    publish(&mut city, &[1, 2, 3], only(ComparisonOperator::Lt, 3));
    assert_eq!(city.query_rows(SQL).unwrap(), ["1", "2"]);
    city.limits.partitions = 3;
    assert_eq!(city.query_rows(SQL).unwrap(), ["1", "2"]);
    assert_eq!(runs(&city), [0, 0]);
}

#[test]
fn a_kept_plan_ends_with_the_question_that_runs_it() {
    let mut city = FixtureParticipant::new();
    publish(&mut city, &[1, 2, 3], only(ComparisonOperator::Lt, 3));
    let why = || Refusal::new(ErrorCode::Withdrawn, "it was withdrawn");
    let ended = |watch: cancellation::CancellationSignal| {
        futures::executor::block_on(async {
            let _inside = city.runtime().handle().enter();
            let mut answer = city.answer(SQL, watch).await?;
            while let Some(batch) = answer.next().await {
                batch?;
            }
            Ok::<(), Refusal>(())
        })
    };
    let (stop, first) = cancellation::cancellation_pair();
    ended(first).unwrap();
    // The cancellation of the first question does not affect the second one.
    stop.stop(why());
    let (_stop, second) = cancellation::cancellation_pair();
    ended(second).unwrap();
    let (stop, third) = cancellation::cancellation_pair();
    stop.stop(why());
    assert_eq!(ended(third).unwrap_err().code, ErrorCode::Withdrawn);
    assert_eq!(runs(&city), [2]);
}

#[test]
fn a_plan_is_made_anew_after_so_many_runs() {
    let mut city = FixtureParticipant::new();
    publish(&mut city, &[1, 2, 3], only(ComparisonOperator::Lt, 3));
    for _ in 0..RUNS {
        city.query_rows(SQL).unwrap();
    }
    assert_eq!(runs(&city), [RUNS - 1]);
    city.query_rows(SQL).unwrap();
    assert!(runs(&city).is_empty());
    assert_eq!(city.query_rows(SQL).unwrap(), ["1", "2"]);
    assert_eq!(runs(&city), [0]);
}
