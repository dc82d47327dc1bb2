//! Remote queries answered by the real enforcement, for rows and for cells.

use super::{CITIES, bounds, plan, run, table, test_runtime, text};
use crate::execute::cancellation::CancellationSignal;
use crate::federation::options::QueryOptions;
use crate::federation::query_catalog::QueryCatalog;
use crate::federation::remote_query::{RemoteExecutor, RemoteQuery, RemoteRows};
use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset};
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Term;
use hansa_policy::value::column::MaskValue;
use hansa_policy::value::cube::{CountingUnit, CubeFunction};
use hansa_policy::value::time::TimeBucketWidth;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) struct GatedExecutor(pub(super) BTreeMap<String, FixtureParticipant>);

#[async_trait]
impl RemoteExecutor for GatedExecutor {
    async fn fetch(&self, remote_query: RemoteQuery) -> Result<RemoteRows, Refusal> {
        let city = &self.0[remote_query.alias.as_str()];
        let answer = city
            .answer(&remote_query.sql, CancellationSignal::new_idle())
            .await?;
        let schema = Arc::clone(answer.schema());
        let batches = futures::stream::unfold(answer, |mut answer| async move {
            let item = answer.next().await?;
            Some((item, answer))
        });
        Ok(RemoteRows {
            schema,
            batches: batches.boxed(),
            travelled: Arc::default(),
        })
    }
}

fn names(list: &[&str]) -> Vec<hansa_policy::id::SqlIdentifier> {
    list.iter().map(|name| name.parse().unwrap()).collect()
}

/// Munster shows some rows and hides `x`; Ottawa shows cells only; Zurich shows all.
fn world() -> (QueryCatalog, Arc<GatedExecutor>) {
    cells_of(TimeBucketWidth::Week, None)
}

/// Fixture with cells of this bucket width and zone.
fn cells_of(bucket: TimeBucketWidth, zone: Option<&str>) -> (QueryCatalog, Arc<GatedExecutor>) {
    let terms: [Vec<Term>; 3] = [
        vec![
            Term::Rows(hansa_policy::row_filter::parse_row_filter("n > 0").unwrap()),
            Term::Mask {
                column: "x".parse().unwrap(),
                mask: MaskValue::Null,
            },
        ],
        vec![
            Term::Functions(vec![
                CubeFunction::Count,
                CubeFunction::Sum,
                CubeFunction::Avg,
            ]),
            Term::Dimensions(names(&["place", "ts"])),
            Term::Measures(names(&["n", "x"])),
            Term::Grid("hansa://munster.example/grid/trips-1".to_owned()),
            Term::TimeBucket {
                column: "ts".parse().unwrap(),
                bucket,
                zone: zone.map(str::to_owned),
            },
            Term::MinGroup {
                at_least: 3,
                unit: CountingUnit::Rows,
            },
            Term::TotalsFromPublished,
        ],
        Vec::new(),
    ];
    let columns = [
        "id:int",
        "place:text?",
        "n:int?",
        "x:float?",
        "open:bool?",
        "day:date?",
        "ts:instant?",
    ];
    let mut cities = BTreeMap::new();
    let mut tables = Vec::new();
    for (at, terms) in terms.into_iter().enumerate() {
        let mut city = FixtureParticipant::new();
        let rows = super::rows(at, 200);
        city.publish(
            build_dataset("trips", &columns),
            &rows,
            DatasetFileLayout::default(),
            terms,
        );
        let shape = city.view().table("trips").unwrap().shape.clone();
        tables.push(table(CITIES[at], "trips", shape, Some("trips")));
        cities.insert(CITIES[at].to_owned(), city);
    }
    (QueryCatalog::new(tables), Arc::new(GatedExecutor(cities)))
}

fn ask(sql: &str) -> Result<Vec<String>, Refusal> {
    asked(world(), sql)
}

fn asked(
    (catalog, gates): (QueryCatalog, Arc<GatedExecutor>),
    sql: &str,
) -> Result<Vec<String>, Refusal> {
    let question = plan(&catalog, sql, &QueryOptions::default())?;
    run(async {
        let answer = question.run(gates, &test_runtime(), &bounds()).await?;
        let mut rows = text(&answer.batches.try_collect::<Vec<_>>().await?);
        rows.sort();
        Ok(rows)
    })
}

/// Checks that the answer equals the answers of the cities to their own texts.
#[track_caller]
fn same(sql: &str, own: &[(&str, &str)]) {
    let (_, gates) = world();
    let mut rows: Vec<String> = own
        .iter()
        .flat_map(|(city, sql)| gates.0[*city].query_rows(sql).unwrap())
        .collect();
    rows.sort();
    assert_eq!(ask(sql).unwrap(), rows, "{sql}");
    assert!(!rows.is_empty());
}

#[test]
fn rows() {
    same(
        "SELECT t.place, t.x FROM munster.trips t WHERE t.place LIKE '%o%' AND t.ts >= '2024-01-05T00:00:00Z'",
        &[(
            "munster",
            "SELECT place, x FROM trips WHERE place LIKE '%o%' AND ts >= '2024-01-05T00:00:00Z'",
        )],
    );
    same(
        "SELECT participant, place, sum(n), count(x), avg(x) FROM model.trips \
         WHERE participant <> 'ottawa.example' GROUP BY participant, place",
        &[
            (
                "munster",
                "SELECT 'munster.example', place, sum(n), count(x), avg(x) FROM trips GROUP BY place",
            ),
            (
                "zurich",
                "SELECT 'zurich.example', place, sum(n), count(x), avg(x) FROM trips GROUP BY place",
            ),
        ],
    );
    same(
        "SELECT sum(n), min(day) FROM (SELECT * FROM munster.trips UNION ALL SELECT * FROM zurich.trips) WHERE id >= 200000",
        &[("zurich", "SELECT sum(n), min(day) FROM trips")],
    );
}

#[test]
fn cells() {
    same(
        "SELECT t.place, t.x FROM munster.trips t WHERE t.place LIKE '%o%' AND t.ts >= '2024-01-05T00:00:00Z'",
        &[(
            "munster",
            "SELECT place, x FROM trips WHERE place LIKE '%o%' AND ts >= '2024-01-05T00:00:00Z'",
        )],
    );
    same(
        "SELECT place, count(*), avg(n), sum(x) FROM ottawa.trips GROUP BY place",
        &[(
            "ottawa",
            "SELECT place, count(*), avg(n), sum(x) FROM trips GROUP BY place",
        )],
    );
    same(
        "SELECT date_trunc('week', ts) AS w, sum(n) FROM ottawa.trips \
         WHERE ts >= '2024-01-08T00:00:00Z' AND place IN ('north', 'south', 'east', 'west', '') GROUP BY w",
        &[(
            "ottawa",
            "SELECT date_trunc('week', ts), sum(n) FROM trips \
         WHERE ts >= '2024-01-08T00:00:00Z' AND place IN ('north', 'south', 'east', 'west', '') GROUP BY 1",
        )],
    );
    same(
        "SELECT DISTINCT place FROM ottawa.trips",
        &[("ottawa", "SELECT place FROM trips GROUP BY place")],
    );
    same(
        "SELECT place, n, sum_x FROM ottawa.trips.cube WHERE n > 3",
        &[(
            "ottawa",
            "SELECT place, n, sum_x FROM trips.cube WHERE n > 3",
        )],
    );
    same(
        "SELECT participant, place, sum(n), count(x), avg(x) FROM model.trips GROUP BY participant, place",
        &[
            (
                "munster",
                "SELECT 'munster.example', place, sum(n), count(x), avg(x) FROM trips GROUP BY place",
            ),
            (
                "ottawa",
                "SELECT 'ottawa.example', place, sum(n), count(x), avg(x) FROM trips GROUP BY place",
            ),
            (
                "zurich",
                "SELECT 'zurich.example', place, sum(n), count(x), avg(x) FROM trips GROUP BY place",
            ),
        ],
    );
    same(
        "SELECT participant, count(*) FROM model.trips WHERE place = 'north' GROUP BY participant",
        &[
            (
                "munster",
                "SELECT 'munster.example', count(*) FROM trips WHERE place = 'north'",
            ),
            (
                "ottawa",
                "SELECT 'ottawa.example', count(*) FROM trips WHERE place = 'north'",
            ),
            (
                "zurich",
                "SELECT 'zurich.example', count(*) FROM trips WHERE place = 'north'",
            ),
        ],
    );
}

/// A withheld count is not 0, over one participant and over several.
#[test]
fn a_count_that_nobody_tells_is_null() {
    let nowhere = "place = 'nowhere'";
    for sql in [
        format!("SELECT count(*), count(n), count(x) FROM ottawa.trips WHERE {nowhere}"),
        format!(
            "SELECT count(*), count(n), count(x) FROM model.trips WHERE {nowhere} AND participant = 'ottawa.example'"
        ),
        format!(
            "SELECT count(*), count(n), count(x) FROM (SELECT place, n, x FROM ottawa.trips \
             UNION ALL SELECT place, n, x FROM ottawa.trips) WHERE {nowhere}"
        ),
        // Each side is aggregated at its participant, and both are joined here.
        format!(
            "SELECT sum(a), sum(b), sum(c) FROM (SELECT count(*) a, count(n) b, count(x) c FROM ottawa.trips WHERE {nowhere} \
             UNION ALL SELECT count(*), count(n), count(x) FROM ottawa.trips WHERE {nowhere}) p"
        ),
    ] {
        assert_eq!(ask(&sql).unwrap(), ["NULL|NULL|NULL"], "{sql}");
    }
    let untold = format!(
        "SELECT k FROM (SELECT count(n) k FROM ottawa.trips WHERE {nowhere}) x WHERE k IS NULL"
    );
    assert_eq!(ask(&untold).unwrap(), ["NULL"]);
    // Participants that show rows have no matching row, but the one with cells may have some.
    let all = format!("SELECT count(*), count(n) FROM model.trips WHERE {nowhere}");
    assert_eq!(ask(&all).unwrap(), ["NULL|NULL"]);
    // If no participant withholds cells, the count is 0.
    let rows = format!("{all} AND participant <> 'ottawa.example'");
    assert_eq!(ask(&rows).unwrap(), ["0|0"]);
    // The shown part is returned, without the withheld part.
    let some = ask("SELECT count(*) > 0 FROM model.trips").unwrap();
    assert_eq!(some, ["true"]);
}

/// Days of a time zone in the spelling that the contract accepts, over cells and over rows.
#[test]
fn days_of_a_zone() {
    let day = "date_trunc('day', ts AT TIME ZONE 'Europe/Berlin')";
    for (city, more) in [
        ("ottawa", ""),
        ("ottawa", "WHERE place IN ('north', 'south')"),
        ("munster", ""),
    ] {
        let (catalog, gates) = cells_of(TimeBucketWidth::Day, Some("Europe/Berlin"));
        let own = format!("SELECT {day}, sum(n), count(*) FROM trips {more} GROUP BY 1");
        let mut rows = gates.0[city].query_rows(&own).unwrap();
        rows.sort();
        assert!(rows.len() > 1, "{rows:?}");
        let sql =
            format!("SELECT {day} AS d, sum(n), count(*) FROM {city}.trips {more} GROUP BY d");
        let question = plan(&catalog, &sql, &QueryOptions::default()).unwrap();
        let text = &question.remote_queries()[0].sql;
        assert!(text.ends_with(&format!("GROUP BY {day}")), "{text}");
        assert_eq!(asked((catalog, gates), &sql).unwrap(), rows, "{sql}");
    }
    let (catalog, _) = cells_of(TimeBucketWidth::Day, Some("Europe/Berlin"));
    let sql =
        format!("SELECT {day}, avg(x) FROM model.trips WHERE {day} > '2024-01-03' GROUP BY 1");
    let rows_only = sql.replace("model.trips", "munster.trips");
    let question = plan(&catalog, &rows_only, &QueryOptions::default()).unwrap();
    let text = &question.remote_queries()[0].sql;
    assert!(text.contains(&format!("GROUP BY {day}")), "{text}");
    assert!(text.contains("WHERE"), "{text}");
}

#[test]
fn refusals_of_the_gate_are_reported_in_the_askers_names() {
    let refusal = ask("SELECT id FROM munster.trips WHERE 1 / (n - n) > 3").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::EvaluationFailed);
    assert_eq!(refusal.participant.unwrap().domain(), "munster.example");
    // An overflowing constant expression must not be folded to a wrong value.
    for sql in [
        "SELECT id FROM munster.trips WHERE n < 9223372036854775807 + 1",
        "SELECT id FROM munster.trips WHERE n + 9223372036854775807 > n",
        "SELECT sum(n * 9223372036854775807) FROM munster.trips",
    ] {
        let refusal = ask(sql).unwrap_err();
        assert_eq!(
            refusal.code,
            ErrorCode::ArithmeticOverflow,
            "{sql}: {refusal}"
        );
        assert_eq!(refusal.participant.unwrap().domain(), "munster.example");
    }
    let refusal =
        ask("SELECT count(*) FROM ottawa.trips WHERE ts >= '2024-01-09T00:00:00Z'").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::FilterNotOnGrid, "{refusal}");
    assert_eq!(refusal.participant.unwrap().domain(), "ottawa.example");
}
