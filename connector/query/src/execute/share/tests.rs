//! What is shared, what is not, and what becomes of a share that fails.

use crate::execute::cancellation::CancellationSignal;
use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, dataset, name};
use crate::fixture::worker_team::ShareFailure;
use arrow_array::{Float64Array, Int64Array, RecordBatch, StringArray};
use hansa_policy::refusal::ErrorCode;
use hansa_policy::row_filter::{ComparisonOperator, FilterOperand, PolicyLiteral, RowFilter};
use hansa_policy::term::Term;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Ninety trips in row groups of ten, every third of which is hidden, and a table of their sites.
fn city() -> FixtureParticipant {
    let mut city = FixtureParticipant::new();
    let layout = DatasetFileLayout {
        row_group: 10,
        ..DatasetFileLayout::default()
    };
    let trips = dataset("trips", &["id:int", "site:text", "km:float", "seen:int"]);
    let rows = 0..90_i64;
    let batch = RecordBatch::try_new(
        trips.schema(),
        vec![
            Arc::new(Int64Array::from_iter_values(rows.clone())),
            Arc::new(StringArray::from_iter_values(
                rows.clone().map(|id| format!("s{}", id % 7)),
            )),
            // No two ways to add these up give the same digits, unless they are added without rounding.
            Arc::new(Float64Array::from_iter_values(rows.clone().map(|id| {
                [1e16, 0.1, -1e16, 3.7, 1e-9][usize::try_from(id % 5).unwrap()]
            }))),
            Arc::new(Int64Array::from_iter_values(rows.map(|id| id % 3))),
        ],
    );
    let seen = Term::Rows(RowFilter::Compare {
        column: name("seen"),
        op: ComparisonOperator::Lt,
        with: FilterOperand::Literal(PolicyLiteral::Int(2)),
    });
    city.publish(trips, &batch.unwrap(), layout, [seen]);
    let sites = dataset("sites", &["site:text", "district:text"]);
    let names = (0..7).map(|at| format!("s{at}"));
    let districts = (0..7).map(|at| format!("d{}", at % 2));
    let batch = RecordBatch::try_new(
        sites.schema(),
        vec![
            Arc::new(StringArray::from_iter_values(names)),
            Arc::new(StringArray::from_iter_values(districts)),
        ],
    );
    city.publish(sites, &batch.unwrap(), layout, []);
    city
}

const SUMS: &str =
    "SELECT site, count(*), sum(id), sum(km), avg(km), max(id) FROM trips GROUP BY site";

/// The rows of a question with so many workers, and how many shares were computed.
fn asked(sql: &str, workers: u32, falls: Option<ShareFailure>) -> (Vec<String>, usize) {
    let mut city = city();
    city.workers = Some(workers);
    city.share_failure = falls;
    let rows = city.rows(sql).unwrap();
    (rows, city.shares.load(Ordering::Relaxed))
}

#[test]
fn aggregates_are_shared_and_answers_stay_the_same() {
    for sql in [
        SUMS,
        "SELECT count(*), sum(km), min(site) FROM trips",
        "SELECT site, min(km), max(km), stddev(km), var_pop(km), covar(km, id), corr(km, id) FROM trips GROUP BY site",
        "SELECT site, approx_median(km), approx_percentile_cont(km, 0.9) FROM trips GROUP BY site",
        "SELECT percentile_state_v2(km), distinct_state_v1(id), distinct_state_v1(site) FROM trips",
        "SELECT DISTINCT site FROM trips",
        "SELECT count(DISTINCT site) FROM trips",
        "SELECT site, sum(DISTINCT id) FROM trips GROUP BY site",
        "SELECT district, sum(km) FROM trips JOIN sites ON trips.site = sites.site GROUP BY district",
        "SELECT district, count(id) FROM sites LEFT JOIN trips ON trips.site = sites.site GROUP BY district",
        "SELECT count(*) FROM trips WHERE site IN (SELECT site FROM sites WHERE district = 'd1')",
        "SELECT count(*) FROM trips WHERE site NOT IN (SELECT site FROM sites WHERE district = 'd1')",
        // Two keys of one name.
        "SELECT a.site, b.site, count(*) FROM trips a JOIN trips b ON a.id % 5 = b.id % 3 GROUP BY a.site, b.site",
        "SELECT site AS __state0, avg(id * 2), sum(CAST(id + 1 AS DOUBLE)) FROM trips GROUP BY site",
        "SELECT site, n FROM (SELECT site, count(*) n FROM trips GROUP BY site) WHERE n > 8 ORDER BY n LIMIT 3",
    ] {
        let (alone, none) = asked(sql, 0, None);
        assert_eq!(none, 0);
        for workers in [1, 2, 5] {
            let (rows, shares) = asked(sql, workers, None);
            assert_eq!(rows, alone, "{workers}: {sql}");
            let workers = usize::try_from(workers).unwrap();
            assert!(shares >= workers, "{shares} shares: {sql}");
        }
    }
}

/// States of these depend on how rows are dealt, or can't travel; rows alone gain nothing.
#[test]
fn what_does_not_add_up_stays_at_home() {
    for sql in [
        "SELECT id, km FROM trips",
        "SELECT km, count(*) FROM trips GROUP BY km",
        "SELECT site, median(id) FROM trips GROUP BY site",
        "SELECT site, first_value(id ORDER BY km) FROM trips GROUP BY site",
        "SELECT site, sum(DISTINCT id), count(DISTINCT seen) FROM trips GROUP BY site",
        "SELECT count(*) FROM (SELECT id FROM trips LIMIT 20)",
        // Where the engine stops as soon as it has enough.
        "SELECT DISTINCT site FROM trips LIMIT 3",
        "SELECT site, max(id) m FROM trips GROUP BY site ORDER BY m DESC LIMIT 2",
        "SELECT sum(n) FROM (SELECT row_number() OVER (ORDER BY id) n FROM trips)",
    ] {
        let (alone, _) = asked(sql, 0, None);
        let (rows, shares) = asked(sql, 3, None);
        assert_eq!((rows, shares), (alone, 0), "{sql}");
    }
}

#[test]
fn what_fails_afar_is_done_at_home() {
    let (alone, _) = asked(SUMS, 0, None);
    for falls in [
        ShareFailure::Never,
        ShareFailure::Halfway,
        ShareFailure::Otherwise,
    ] {
        let (rows, shares) = asked(SUMS, 3, Some(falls));
        assert_eq!(rows, alone, "{falls:?}");
        assert!(shares > 0);
    }
}

/// What is out is out: the answer ends, and says no more than that.
#[test]
fn what_fails_late_ends_the_answer() {
    let mut city = city();
    (city.workers, city.share_failure) = (Some(3), Some(ShareFailure::Late));
    let sql = "SELECT site, id FROM trips UNION ALL SELECT site, count(*) FROM trips GROUP BY site";
    let last = futures::executor::block_on(async {
        let _inside = city.runtime().handle().enter();
        let mut answer = city.answer(sql, CancellationSignal::idle()).await.unwrap();
        let first = answer.next().await.unwrap();
        assert!(first.unwrap().num_rows() > 0);
        city.out.add_permits(1);
        loop {
            match answer.next().await {
                Some(Ok(_)) => {}
                last => break last,
            }
        }
    });
    let refusal = last.unwrap().unwrap_err();
    assert_eq!(refusal.code, ErrorCode::WorkerFailed);
    assert!(!refusal.sentence.contains("meant"), "{refusal}");
}

/// Of tables with fewer stored rows nothing is shared, and the answer is the same.
#[test]
fn small_tables_stay_at_home() {
    let rows = |at_least: u64| {
        let mut city = city();
        (city.workers, city.at_least) = (Some(2), at_least);
        let rows = city.rows(SUMS).unwrap();
        (rows, city.shares.load(Ordering::Relaxed))
    };
    let (shared, shares) = rows(90);
    assert_eq!((rows(91), shares), ((shared, 0), 2));
}

/// Which error is told does not depend on who came upon it first.
#[test]
fn an_error_is_told_as_at_home() {
    let sql = "SELECT site, sum(100 / (id - 43)) FROM trips GROUP BY site";
    let refusal = |workers: u32| {
        let mut city = city();
        city.workers = Some(workers);
        city.rows(sql).unwrap_err()
    };
    assert_eq!(refusal(0), refusal(3));
}
