//! Choice of plans for stages at workers, their answers, and the handling of failed tasks.

use crate::execute::gated_leaf::mutant_gate::GateMutant;
use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset, parse_name};
use crate::fixture::storage::FixtureStorage;
use crate::fixture::worker_team::TaskFailure;
use arrow_array::{Float64Array, Int64Array, RecordBatch, StringArray};
use hansa_catalog::dataset::Dataset;
use hansa_policy::refusal::ErrorCode;
use hansa_policy::row_filter::{ComparisonOperator, FilterOperand, PolicyLiteral, RowFilter};
use hansa_policy::term::Term;
use hansa_policy::value::cube::{CountingUnit, CubeFunction};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const LAYOUT: DatasetFileLayout = DatasetFileLayout {
    files: 1,
    row_group: 10,
    statistics: true,
    storage: FixtureStorage::Copied,
    key: None,
};

const GRID: &str = "hansa://munster.example/grid/trips-1";

/// Ninety trips in row groups of ten rows.
fn sample_trips() -> (Dataset, RecordBatch) {
    let trips = build_dataset("trips", &["id:int", "site:text", "km:float", "seen:int"]);
    let rows = 0..90_i64;
    let batch = RecordBatch::try_new(
        trips.schema(),
        vec![
            Arc::new(Int64Array::from_iter_values(rows.clone())),
            Arc::new(StringArray::from_iter_values(
                rows.clone().map(|id| format!("s{}", id % 7)),
            )),
            // The sum of these numbers depends on the order of addition, unless it is computed without rounding.
            Arc::new(Float64Array::from_iter_values(rows.clone().map(|id| {
                [1e16, 0.1, -1e16, 3.7, 1e-9][usize::try_from(id % 5).unwrap()]
            }))),
            Arc::new(Int64Array::from_iter_values(rows.map(|id| id % 3))),
        ],
    );
    (trips, batch.unwrap())
}

/// City with the trips, of which every third is hidden, and a table of their sites.
pub(crate) fn build_trip_city() -> FixtureParticipant {
    let mut city = FixtureParticipant::new();
    let (trips, batch) = sample_trips();
    let seen = Term::Rows(RowFilter::Compare {
        column: parse_name("seen"),
        op: ComparisonOperator::Lt,
        with: FilterOperand::Literal(PolicyLiteral::Int(2)),
    });
    city.publish(trips, &batch, LAYOUT, [seen]);
    let sites = build_dataset("sites", &["site:text", "district:text"]);
    let names = (0..7).map(|at| format!("s{at}"));
    let districts = (0..7).map(|at| format!("d{}", at % 2));
    let batch = RecordBatch::try_new(
        sites.schema(),
        vec![
            Arc::new(StringArray::from_iter_values(names)),
            Arc::new(StringArray::from_iter_values(districts)),
        ],
    );
    city.publish(sites, &batch.unwrap(), LAYOUT, []);
    let bounds = build_dataset("bounds", &["bound:int"]);
    let batch = RecordBatch::try_new(
        bounds.schema(),
        vec![Arc::new(Int64Array::from_iter_values([20, 40, 60]))],
    );
    city.publish(bounds, &batch.unwrap(), LAYOUT, []);
    city
}

pub(crate) const SUMS: &str =
    "SELECT site, count(*), sum(id), sum(km), avg(km), max(id) FROM trips GROUP BY site";

/// Rows of a question with `workers` workers, and the number of messages that the workers exchanged.
fn ask_with_workers(sql: &str, workers: u32, falls: Option<TaskFailure>) -> (Vec<String>, usize) {
    let mut city = build_trip_city();
    city.workers = Some(workers);
    city.task_failure = falls;
    let rows = city.query_rows(sql).unwrap();
    (rows, city.exchanged.load(Ordering::Relaxed))
}

/// Questions whose rows may be distributed.
pub(crate) const DEALT: [&str; 21] = [
    SUMS,
    "SELECT count(*), sum(km), min(site) FROM trips",
    "SELECT site, min(km), max(km), stddev(km), var_pop(km), covar(km, id), corr(km, id) FROM trips GROUP BY site",
    "SELECT site, approx_median(km), approx_percentile_cont(km, 0.9) FROM trips GROUP BY site",
    "SELECT percentile_state_v2(km), distinct_state_v1(id), distinct_state_v1(site) FROM trips",
    "SELECT km, count(*) FROM trips GROUP BY km",
    "SELECT site, -0.0 * seen, count(*) FROM trips GROUP BY 1, 2",
    "SELECT DISTINCT site FROM trips",
    "SELECT DISTINCT site FROM trips LIMIT 3",
    "SELECT count(DISTINCT site) FROM trips",
    "SELECT site, sum(DISTINCT id) FROM trips GROUP BY site",
    "SELECT district, sum(km) FROM trips JOIN sites ON trips.site = sites.site GROUP BY district",
    "SELECT district, count(id) FROM sites LEFT JOIN trips ON trips.site = sites.site GROUP BY district",
    "SELECT count(*) FROM trips WHERE site IN (SELECT site FROM sites WHERE district = 'd1')",
    "SELECT count(*) FROM trips WHERE site NOT IN (SELECT site FROM sites WHERE district = 'd1')",
    // Two grouping keys with one name.
    "SELECT a.site, b.site, count(*) FROM trips a JOIN trips b ON a.id % 5 = b.id % 3 GROUP BY a.site, b.site",
    "SELECT site AS __state0, avg(id * 2), sum(CAST(id + 1 AS DOUBLE)) FROM trips GROUP BY site",
    "SELECT site, n FROM (SELECT site, count(*) n FROM trips GROUP BY site) WHERE n > 8 ORDER BY n LIMIT 3",
    "SELECT site, max(id) m FROM trips GROUP BY site ORDER BY m DESC LIMIT 2",
    "SELECT site, count(*) FROM trips GROUP BY site HAVING count(*) > 5 ORDER BY 2 DESC, 1",
    // Rows of two tables that are joined at workers, with an order that has ties.
    "SELECT trips.site, id, district FROM trips JOIN sites ON trips.site = sites.site WHERE id > 40 ORDER BY district LIMIT 9 OFFSET 2",
];

#[test]
fn workers_give_what_one_gives_alone() {
    for sql in DEALT {
        let (alone, none) = ask_with_workers(sql, 0, None);
        assert_eq!(none, 0);
        for workers in [2, 3, 5] {
            let (rows, exchanged) = ask_with_workers(sql, workers, None);
            assert_eq!(rows, alone, "{workers}: {sql}");
            assert!(exchanged > 0, "at home with {workers}: {sql}");
        }
    }
}

/// A small join input is repeated at each worker, so that the large input stays in place. Both inputs are distributed by their keys
/// if the join returns unmatched rows of the small input, or if both have similar sizes.
#[test]
fn few_rows_are_repeated_where_that_is_less() {
    // Ninety trips and seven sites.
    for (sql, dealt) in [
        (
            "SELECT district, sum(km) FROM trips JOIN sites ON trips.site = sites.site GROUP BY district",
            false,
        ),
        (
            "SELECT district, max(km) FROM sites LEFT JOIN trips ON trips.site = sites.site GROUP BY district",
            true,
        ),
        (
            "SELECT a.site, max(b.km) FROM trips a JOIN trips b ON a.id = b.id GROUP BY a.site",
            true,
        ),
    ] {
        let mut city = build_trip_city();
        city.workers = Some(2);
        city.query_rows(sql).unwrap();
        let columns = city.exchanged_columns.lock();
        assert!(columns.contains("site"), "at home: {sql}");
        assert_eq!(columns.contains("km"), dealt, "{columns:?}: {sql}");
    }
}

pub(crate) const CELLS: &str =
    "SELECT site, count(*), sum(km), avg(id) FROM trips GROUP BY site ORDER BY site";

/// City with the trips under a contract that shows cells of at least `least` trips.
pub(crate) fn city_of_cells(least: u32) -> FixtureParticipant {
    let mut city = FixtureParticipant::new();
    let (set, batch) = sample_trips();
    let functions = [CubeFunction::Count, CubeFunction::Sum, CubeFunction::Avg];
    let terms = [
        Term::Functions(functions.to_vec()),
        Term::Dimensions(vec![parse_name("site")]),
        Term::Measures(vec![parse_name("km"), parse_name("id")]),
        Term::Grid(GRID.to_owned()),
        Term::MinGroup {
            at_least: least,
            unit: CountingUnit::Rows,
        },
        Term::TotalsFromPublished,
    ];
    city.publish(set, &batch, LAYOUT, terms);
    city
}

/// For cells only aggregate states are exchanged, so that no row leaves a worker. The threshold applies to the merged states.
#[test]
fn cells_are_put_together_of_states() {
    let mut shown = Vec::new();
    for least in [1, 13] {
        let mut city = city_of_cells(least);
        let alone = city.query_rows(CELLS).unwrap();
        for workers in [2, 3] {
            city.workers = Some(workers);
            assert_eq!(city.query_rows(CELLS).unwrap(), alone, "{workers}");
        }
        let columns = city.exchanged_columns.lock().clone();
        assert!(!columns.is_empty(), "at home");
        for column in &columns {
            let state = column.contains('[') || column == "d_site";
            assert!(state, "{column} of {columns:?}");
        }
        shown.push(alone.len());
    }
    // One cell is below the threshold.
    assert_eq!(shown, [7, 6]);
}

/// A sort within a subquery never changes the groups: no group is returned twice.
#[test]
fn an_order_within_a_sub_query_changes_no_group() {
    for sql in [
        "SELECT site, count(*) FROM (SELECT * FROM trips ORDER BY site) GROUP BY site",
        "SELECT site, seen, count(*) FROM (SELECT * FROM trips ORDER BY site) GROUP BY site, seen",
        "SELECT site, seen, count(*) FROM (SELECT * FROM trips ORDER BY site, seen) GROUP BY seen, site",
        "SELECT DISTINCT site FROM (SELECT * FROM trips ORDER BY site)",
        "SELECT site, count(*) FROM (SELECT * FROM trips ORDER BY site LIMIT 40) GROUP BY site",
        "WITH t AS (SELECT site, id FROM trips ORDER BY site, id) SELECT site, sum(id) FROM t GROUP BY site ORDER BY site",
        "SELECT t.site, count(*) FROM (SELECT * FROM trips ORDER BY site) t JOIN sites ON t.site = sites.site GROUP BY t.site",
        "SELECT site, count(*) FROM trips WHERE site = 's1' GROUP BY site",
        "SELECT seen, site, count(*) FROM trips WHERE seen = 1 GROUP BY seen, site",
    ] {
        let (alone, _) = ask_with_workers(sql, 0, None);
        for workers in [2, 3] {
            assert_eq!(
                ask_with_workers(sql, workers, None).0,
                alone,
                "{workers}: {sql}"
            );
        }
    }
}

/// Plans stay at the connector if rows depend on their distribution, if a type can't be sent, or if there is nothing to aggregate.
#[test]
fn what_depends_on_how_rows_are_dealt_stays_at_home() {
    for sql in [
        "SELECT id, km FROM trips",
        "SELECT trips.site, id FROM trips JOIN sites ON trips.site = sites.site",
        "SELECT site, median(id) FROM trips GROUP BY site",
        "SELECT site, first_value(id ORDER BY km) FROM trips GROUP BY site",
        "SELECT site, sum(DISTINCT id), count(DISTINCT seen) FROM trips GROUP BY site",
        "SELECT count(*) FROM (SELECT id FROM trips LIMIT 20)",
        "SELECT count(*) FROM trips WHERE id > (SELECT avg(id) FROM trips)",
        "SELECT sum(n) FROM (SELECT row_number() OVER (ORDER BY id) n FROM trips)",
        "SELECT count(*) FROM trips a JOIN trips b ON a.km = b.km",
    ] {
        let (alone, _) = ask_with_workers(sql, 0, None);
        let (rows, exchanged) = ask_with_workers(sql, 3, None);
        assert_eq!((rows, exchanged), (alone, 0), "{sql}");
    }
}

#[test]
fn what_fails_afar_is_done_at_home() {
    let (alone, _) = ask_with_workers(SUMS, 0, None);
    for falls in [
        TaskFailure::Never,
        TaskFailure::Halfway,
        TaskFailure::Otherwise,
    ] {
        let (rows, exchanged) = ask_with_workers(SUMS, 3, Some(falls));
        assert_eq!(rows, alone, "{falls:?}");
        assert_eq!(exchanged > 0, falls != TaskFailure::Never);
    }
}

/// A panic in one leaf, while others still read, must not produce an answer with missing rows, for any node above the leaf.
#[test]
fn a_task_that_falls_gives_no_answer() {
    for sql in [
        SUMS,
        "SELECT count(*) FROM trips",
        "SELECT DISTINCT site FROM trips",
        // Inputs that are repeated for each reader or distributed among readers.
        "SELECT district, count(*) FROM sites JOIN trips ON trips.site = sites.site GROUP BY district",
        "SELECT count(*) FROM trips a JOIN trips b ON a.id = b.id",
        "SELECT count(*) FROM trips WHERE site NOT IN (SELECT site FROM sites)",
        // The repeated input fails; the other input, which has one batch, does not.
        "SELECT bound, count(*) FROM trips JOIN bounds ON trips.id > bounds.bound GROUP BY bound",
        "SELECT bound, count(*) FROM bounds JOIN trips ON trips.id > bounds.bound GROUP BY bound",
        "SELECT count(*) FROM trips CROSS JOIN bounds",
        "SELECT count(*) FROM bounds WHERE bound NOT IN (SELECT id FROM trips)",
    ] {
        let mut city = build_trip_city();
        city.workers = Some(2);
        city.limits.batch_rows = 4;
        city.remove_protection(GateMutant::Falls);
        let refusal = city.query_rows(sql).expect_err(sql);
        assert_eq!(refusal.code, ErrorCode::Internal, "{sql}: {refusal}");
        let exchanged = city.exchanged.load(Ordering::Relaxed);
        assert!(exchanged > 0, "at home: {sql}");
    }
}

/// A task's buffers are freed with the question, including the repeated side of a join.
#[test]
fn a_question_that_is_over_holds_no_memory() {
    let mut city = build_trip_city();
    city.workers = Some(2);
    for sql in [
        SUMS,
        "SELECT bound, count(*) FROM trips JOIN bounds ON trips.id > bounds.bound GROUP BY bound",
        "SELECT count(*) FROM trips CROSS JOIN bounds",
    ] {
        let _rows = city.query_rows(sql).unwrap();
        assert!(city.exchanged.swap(0, Ordering::Relaxed) > 0, "{sql}");
        let started = Instant::now();
        while city.runtime().memory_used() > 0 {
            assert!(started.elapsed() < Duration::from_secs(60), "{sql}");
            std::thread::yield_now();
        }
    }
}

/// Questions over smaller tables alone run at the connector, with equal answers.
#[test]
fn small_tables_stay_at_home() {
    let rows = |at_least: u64| {
        let mut city = build_trip_city();
        (city.workers, city.at_least) = (Some(2), at_least);
        let rows = city.query_rows(SUMS).unwrap();
        (rows, city.exchanged.load(Ordering::Relaxed) > 0)
    };
    let (rows_of_workers, exchanged) = rows(90);
    assert!(exchanged);
    assert_eq!(rows(91), (rows_of_workers, false));
}

/// The reported error does not depend on the task that fails first.
#[test]
fn an_error_is_told_as_at_home() {
    let sql = "SELECT site, sum(100 / (id - 43)) FROM trips GROUP BY site";
    let refusal = |workers: u32| {
        let mut city = build_trip_city();
        city.workers = Some(workers);
        city.query_rows(sql).unwrap_err()
    };
    assert_eq!(refusal(0), refusal(3));
}
