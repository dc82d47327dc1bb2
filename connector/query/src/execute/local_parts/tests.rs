//! Answers at one core and at several cores: equal rows, equal errors, and the choice of questions that run at several.

use crate::execute::gated_leaf::mutant_gate::GateMutant;
use crate::execute::stages::answers::{CELLS, DEALT, SUMS, build_trip_city, city_of_cells};
use crate::fixture::FixtureParticipant;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Rows of a question at `cores` cores, and a flag that it ran at more than one.
fn ask(
    mut city: FixtureParticipant,
    sql: &str,
    cores: usize,
) -> (Result<Vec<String>, Refusal>, bool) {
    city.limits.cores = cores;
    city.limits.rows_for_cores = 0;
    let rows = city.query_rows(sql);
    (rows, city.runtime().cores().questions_at_many() > 0)
}

/// Batch sizes in rows: one, a few, all.
const BATCHES: [usize; 3] = [1, 7, 8192];

#[test]
fn all_cores_give_what_one_gives() {
    for sql in DEALT {
        let (alone, many) = ask(build_trip_city(), sql, 1);
        assert!(!many);
        for cores in [2, 3, 8] {
            for batch_rows in BATCHES {
                let mut city = build_trip_city();
                city.limits.batch_rows = batch_rows;
                let (rows, many) = ask(city, sql, cores);
                assert_eq!(rows, alone, "{cores} cores, batches of {batch_rows}: {sql}");
                assert!(many, "at one core of {cores}: {sql}");
            }
        }
    }
}

/// Plans that workers refuse: they use the value of another query, or a value chosen from several rows.
#[test]
fn values_of_other_queries_are_waited_for_at_all_cores() {
    for sql in [
        "SELECT count(*) FROM trips WHERE id > (SELECT avg(id) FROM trips)",
        "SELECT site, sum(km) s FROM trips GROUP BY site HAVING sum(km) > (SELECT avg(km) FROM trips) ORDER BY s",
        "SELECT site, count(*) n FROM trips GROUP BY site HAVING count(*) >= (SELECT max(n) FROM (SELECT count(*) n FROM trips GROUP BY site)) ORDER BY site",
        "SELECT sum(n) FROM (SELECT id n FROM trips UNION ALL SELECT bound n FROM bounds)",
        "SELECT n FROM (SELECT site n FROM trips UNION SELECT district n FROM sites) ORDER BY n",
    ] {
        let (alone, _) = ask(build_trip_city(), sql, 1);
        for cores in [2, 3, 8] {
            assert_eq!(
                ask(build_trip_city(), sql, cores),
                (alone.clone(), true),
                "{cores}: {sql}"
            );
        }
    }
    // The subquery's single row is not determined by an order.
    let sql = "SELECT count(*) FROM trips WHERE id > (SELECT id FROM trips LIMIT 1)";
    assert!(!ask(build_trip_city(), sql, 3).1);
}

/// A cached plan runs again at the cores of each question and gives equal results.
#[test]
fn a_kept_plan_runs_at_many_cores_again() {
    let mut city = build_trip_city();
    city.limits.rows_for_cores = 0;
    let alone = city.query_rows(SUMS).unwrap();
    for cores in [3, 3, 2, 3, 1, 8] {
        city.limits.cores = cores;
        assert_eq!(city.query_rows(SUMS).unwrap(), alone, "{cores}");
    }
    assert_eq!(city.runtime().cores().questions_at_many(), 5);
}

#[test]
fn what_depends_on_how_rows_are_dealt_runs_at_one_core() {
    for sql in [
        "SELECT id, km FROM trips",
        "SELECT site, median(id) FROM trips GROUP BY site",
        "SELECT site, first_value(id ORDER BY km) FROM trips GROUP BY site",
        "SELECT count(*) FROM (SELECT id FROM trips LIMIT 20)",
        "SELECT sum(n) FROM (SELECT row_number() OVER (ORDER BY id) n FROM trips)",
        "SELECT count(*) FROM trips a JOIN trips b ON a.km = b.km",
    ] {
        let (alone, _) = ask(build_trip_city(), sql, 1);
        assert_eq!(ask(build_trip_city(), sql, 3), (alone, false), "{sql}");
    }
}

#[test]
fn small_tables_are_read_at_one_core() {
    for (rows_for_cores, many) in [(90, true), (91, false)] {
        let mut city = build_trip_city();
        (city.limits.cores, city.limits.rows_for_cores) = (3, rows_for_cores);
        let _rows = city.query_rows(SUMS).unwrap();
        assert_eq!(city.runtime().cores().questions_at_many() > 0, many);
    }
}

/// Cells are equal at all core counts; the threshold applies to the rows of all parts together.
#[test]
fn cells_are_the_same_at_all_cores() {
    let mut shown = Vec::new();
    for least in [1, 13] {
        let (alone, _) = ask(city_of_cells(least), CELLS, 1);
        for cores in [2, 5] {
            assert_eq!(
                ask(city_of_cells(least), CELLS, cores),
                (alone.clone(), true),
                "{cores}"
            );
        }
        shown.push(alone.unwrap().len());
    }
    // One cell is below the threshold.
    assert_eq!(shown, [7, 6]);
}

/// The reported error does not depend on the order in which cores fail.
#[test]
fn an_error_is_told_as_at_one_core() {
    for sql in [
        "SELECT site, sum(100 / (id - 43)) FROM trips GROUP BY site",
        "SELECT id, CAST(site AS BIGINT), 100 / (id - 43) FROM trips ORDER BY id",
    ] {
        let (alone, _) = ask(build_trip_city(), sql, 1);
        assert!(alone.is_err(), "{sql}");
        for cores in [2, 8] {
            assert_eq!(
                ask(build_trip_city(), sql, cores).0,
                alone,
                "{cores}: {sql}"
            );
        }
    }
}

/// A question that fits in memory at one core is answered, even if several cores need more memory.
#[test]
fn what_fits_at_one_core_is_answered_at_many() {
    let sql = "SELECT site, id, km, count(*) FROM trips GROUP BY site, id, km";
    let (alone, _) = ask(build_trip_city(), sql, 1);
    let mut answered = 0;
    for memory in [10_000, 100_000, 1_000_000, 100_000_000] {
        let mut tight = build_trip_city();
        tight.limits.memory = memory;
        let (one, _) = ask(tight, sql, 1);
        let mut tight = build_trip_city();
        tight.limits.memory = memory;
        let (many, _) = ask(tight, sql, 8);
        match one {
            Ok(_) => {
                answered += 1;
                assert_eq!(many, alone, "{memory}");
            }
            Err(refusal) => assert_eq!(refusal.code, ErrorCode::ResourceLimit, "{memory}"),
        }
    }
    assert!((1..4).contains(&answered), "{answered}");
}

/// A panic in one part must not produce an answer with missing rows.
#[test]
fn a_part_that_falls_gives_no_answer() {
    for sql in DEALT {
        let mut city = build_trip_city();
        (city.limits.cores, city.limits.rows_for_cores) = (3, 0);
        city.limits.batch_rows = 4;
        city.remove_protection(GateMutant::Falls);
        let refusal = city.query_rows(sql).expect_err(sql);
        assert_eq!(refusal.code, ErrorCode::Internal, "{sql}: {refusal}");
    }
}
