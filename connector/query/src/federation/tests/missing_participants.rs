//! Missing participants of an answer over a model. Each one is reported, whatever the reason.

use super::{FederationFixture, bounds, contract, participant, plan, run, test_runtime, text};
use crate::federation::options::QueryOptions;
use crate::federation::query_catalog::{QueryCatalog, UnavailableTable};
use crate::federation::table::RemoteTable;
use crate::fixture;
use arrow_array::RecordBatch;
use futures::TryStreamExt;
use hansa_catalog::dataset::Dataset;
use hansa_policy::effect::{CubeDimension, Effect, EffectKind};
use hansa_policy::id::ClauseId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::time::TimeBucketWidth;

/// Ottawa has a second dataset of the model, which shows three of its columns.
fn world() -> FederationFixture {
    let mut fixture = FederationFixture::new();
    let narrow = super::rows(1, 40).project(&[3, 0, 1]).unwrap();
    fixture.add("ottawa", "narrow", narrow, Some("trips"));
    fixture
}

fn partial() -> QueryOptions {
    QueryOptions {
        partial: true,
        ..QueryOptions::default()
    }
}

/// Rows of an accepted partial answer, and the missing participants.
fn accepted(
    fixture: &FederationFixture,
    catalog: &QueryCatalog,
    sql: &str,
) -> (Vec<String>, Vec<String>) {
    let question = plan(catalog, sql, &partial()).unwrap();
    run(async {
        let answer = question
            .run(fixture.executor(), &test_runtime(), &bounds())
            .await
            .unwrap();
        let rows: Vec<RecordBatch> = answer.batches.try_collect().await.unwrap();
        let missing = answer.report.missing_participants();
        let mut lines = text(&rows);
        lines.sort();
        let names = missing
            .iter()
            .map(|(who, why)| format!("{}: {}", who.domain(), why.code));
        (lines, names.collect())
    })
}

const LACKING: [&str; 1] = ["ottawa.example: ANSWER_INCOMPLETE"];

#[test]
fn a_column_that_a_city_does_not_show_is_not_passed_over() {
    let fixture = world();
    for sql in [
        "SELECT avg(x) FROM model.trips WHERE n = 3",
        "SELECT sum(n) FROM model.trips",
        "SELECT count(n) FROM model.trips",
        "SELECT median(n) FROM model.trips",
        "SELECT count(*) FILTER (WHERE n > 3) FROM model.trips",
        "SELECT n, count(*) FROM model.trips GROUP BY n",
        "SELECT count(*) FROM model.trips HAVING max(n) > 0",
        "SELECT DISTINCT n FROM model.trips",
        "SELECT id FROM model.trips ORDER BY n LIMIT 3",
        "SELECT id FROM model.trips WHERE open",
        "SELECT id FROM model.trips WHERE day IS NULL",
        "SELECT coalesce(n, 0) FROM model.trips",
        "SELECT id, row_number() OVER (ORDER BY ts) FROM model.trips",
        "SELECT t.id FROM model.trips t JOIN zurich.sites s ON t.n = s.level",
        "SELECT place FROM zurich.sites WHERE level IN (SELECT n FROM model.trips)",
        "SELECT place FROM zurich.sites s WHERE EXISTS (SELECT 1 FROM model.trips t WHERE t.n = s.level)",
        "SELECT t.id FROM (SELECT id, n AS m FROM model.trips) t WHERE EXISTS (SELECT 1 FROM zurich.sites s WHERE s.level = t.m)",
        "SELECT place FROM zurich.sites WHERE level < (SELECT max(n) FROM model.trips)",
        "SELECT n FROM model.trips UNION SELECT level FROM zurich.sites",
        "SELECT n FROM model.trips INTERSECT SELECT level FROM zurich.sites",
        "WITH t AS (SELECT n AS m, participant FROM model.trips) SELECT participant, sum(m) FROM t GROUP BY participant",
        "SELECT a.id FROM model.trips a JOIN model.trips b ON a.id = b.id WHERE b.n > 3",
        "SELECT sum(m) FROM (SELECT n AS m FROM munster.trips UNION ALL SELECT n FROM model.trips) u",
    ] {
        let refusal = fixture.plan(sql).unwrap_err();
        assert_eq!(
            refusal.code,
            ErrorCode::AnswerIncomplete,
            "{sql}: {refusal}"
        );
        assert!(
            refusal
                .sentence
                .contains("which `ottawa.narrow` does not show"),
            "{sql}: {refusal}"
        );
        assert_eq!(refusal.participant, Some(participant("ottawa")));
        assert!(
            refusal.help.iter().any(|help| help.contains("--partial")),
            "{refusal:?}"
        );
        let (_, missing) = accepted(&fixture, &fixture.home(), sql);
        assert_eq!(missing, LACKING, "{sql}");
    }
    let (rows, _) = accepted(
        &fixture,
        &fixture.home(),
        "SELECT participant, dataset, count(n) > 0 FROM model.trips GROUP BY 1, 2",
    );
    let whole = ["munster", "ottawa", "zurich"].map(|city| format!("{city}.example|trips|true"));
    assert_eq!(rows, whole);
}

#[test]
fn a_column_that_is_only_shown_is_null_in_its_rows() {
    let fixture = world();
    for (sql, lines) in [
        (
            "SELECT n FROM model.trips WHERE dataset = 'narrow' AND id < 100002",
            vec!["NULL", "NULL"],
        ),
        (
            "SELECT m FROM (SELECT n AS m, id FROM model.trips WHERE participant = 'ottawa.example' AND dataset = 'narrow') t WHERE id < 100001",
            vec!["NULL"],
        ),
        (
            "SELECT dataset, count(*) FROM model.trips WHERE participant = 'ottawa.example' GROUP BY dataset",
            vec!["narrow|40", "trips|75"],
        ),
        (
            "SELECT CAST(n AS VARCHAR) FROM (SELECT n, dataset, id FROM model.trips UNION ALL SELECT n, 'own', id FROM munster.trips) u \
             WHERE dataset = 'narrow' AND id = 100000",
            vec!["NULL"],
        ),
    ] {
        let (rows, report) =
            run(fixture.ask(sql)).unwrap_or_else(|refusal| panic!("{sql}: {refusal}"));
        let mut rows = text(&rows);
        rows.sort();
        assert_eq!(rows, lines, "{sql}");
        assert!(report.missing_participants().is_empty());
    }
}

/// Only a condition on `participant` or `dataset` excludes a participant without a report.
#[test]
fn who_is_left_out_by_name_is_not_missed() {
    let fixture = world();
    for sql in [
        "SELECT sum(n) FROM model.trips WHERE dataset <> 'narrow'",
        "SELECT sum(n) FROM model.trips WHERE participant IN ('munster.example', 'zurich.example')",
        "SELECT participant, sum(n) FROM model.trips GROUP BY participant HAVING participant LIKE 'zur%'",
    ] {
        let (_, report) =
            run(fixture.ask(sql)).unwrap_or_else(|refusal| panic!("{sql}: {refusal}"));
        assert!(report.missing_participants().is_empty(), "{sql}");
        assert!(
            !fixture.texts().iter().any(|text| text.contains("narrow")),
            "{sql}"
        );
    }
    let (rows, _) =
        run(fixture.ask("SELECT * FROM model.trips WHERE participant = 'nobody'")).unwrap();
    assert!(text(&rows).is_empty());
    assert!(fixture.texts().is_empty());
    // A model that occurs twice has the same members at both places.
    let twice = "SELECT a.participant, sum(b.n) FROM model.trips a JOIN model.trips b ON a.id = b.id \
        WHERE b.dataset <> 'narrow' GROUP BY 1";
    assert_eq!(accepted(&fixture, &fixture.home(), twice).1, LACKING);
    let twice = "SELECT count(*) FROM (SELECT n FROM model.trips WHERE dataset = 'narrow' AND n > 0 AND participant = 'zurich.example' \
        UNION ALL SELECT id FROM model.trips) u";
    assert_eq!(accepted(&fixture, &fixture.home(), twice).1, LACKING);
}

#[test]
fn a_masked_column_is_one_that_is_not_shown() {
    let mut fixture = FederationFixture::new();
    for table in &mut fixture.tables {
        if table.alias.as_str() == "ottawa" {
            table.masked.insert("n".parse().unwrap());
        }
    }
    let refusal = fixture.plan("SELECT sum(n) FROM model.trips").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::AnswerIncomplete);
    assert!(fixture.plan("SELECT id, n FROM model.trips").is_ok());
    // A question for a dataset by its own name makes the owner visible.
    assert!(fixture.plan("SELECT sum(n) FROM ottawa.trips").is_ok());
}

/// Fixture in which Ottawa shows timestamps by the hour.
fn by_the_hour() -> FederationFixture {
    let mut fixture = FederationFixture::new();
    for table in &mut fixture.tables {
        if table.alias.as_str() == "ottawa" && table.model.is_some() {
            let hours = CubeDimension {
                column: "ts".parse().unwrap(),
                bucket: Some(TimeBucketWidth::Hour),
                zone: None,
            };
            let column = hours.column.clone();
            table.bucketed.insert(column, (ClauseId(4), hours));
        }
    }
    fixture
}

#[test]
fn what_is_finer_than_the_buckets_of_a_city_is_not_passed_over() {
    let fixture = by_the_hour();
    for sql in [
        "SELECT count(*) FROM model.trips WHERE ts >= '2024-01-05T00:30:00Z'",
        "SELECT count(*) FROM model.trips WHERE ts > '2024-01-05T00:00:00Z'",
        "SELECT count(*) FROM model.trips WHERE '2024-01-05T00:00:00Z' >= ts",
        "SELECT count(*) FROM model.trips WHERE ts = '2024-01-05T00:00:00Z'",
        "SELECT count(*) FROM model.trips WHERE ts IN ('2024-01-05T00:00:00Z')",
        "SELECT count(*) FROM model.trips WHERE ts BETWEEN '2024-01-05T00:00:00Z' AND '2024-01-05T06:00:00Z'",
        "SELECT count(*) FROM model.trips WHERE NOT (n > 3 AND ts < '2024-01-05T00:00:01Z')",
        "SELECT count(*) FROM model.trips WHERE ts + INTERVAL '1 hour' > '2024-01-05T00:00:00Z'",
        "SELECT count(*) FROM model.trips WHERE date_trunc('minute', ts) >= '2024-01-05T00:00:00Z'",
        "SELECT count(*) FROM model.trips WHERE extract(minute FROM ts) < 30",
        "SELECT count(*) FROM (SELECT ts AS at FROM model.trips) t WHERE at < '2024-01-05T00:30:00Z'",
        "SELECT count(*) FILTER (WHERE ts < '2024-01-05T00:30:00Z') FROM model.trips",
        "SELECT ts, count(*) FROM model.trips GROUP BY ts",
        "SELECT date_bin(INTERVAL '15 minutes', ts), count(*) FROM model.trips GROUP BY 1",
        "SELECT date_trunc('day', ts AT TIME ZONE 'Asia/Kolkata'), count(*) FROM model.trips GROUP BY 1",
        "SELECT max(ts) FROM model.trips",
        "SELECT count(DISTINCT ts) FROM model.trips",
        "SELECT DISTINCT ts FROM model.trips",
        "SELECT id FROM model.trips ORDER BY ts LIMIT 3",
        "SELECT a.id FROM munster.trips a JOIN model.trips b ON a.ts = b.ts",
        "SELECT place FROM zurich.sites WHERE level < (SELECT count(*) FROM model.trips WHERE ts < '2024-01-05T00:30:00Z')",
    ] {
        let refusal = fixture.plan(sql).expect_err(sql);
        assert_eq!(
            refusal.code,
            ErrorCode::AnswerIncomplete,
            "{sql}: {refusal}"
        );
        assert!(
            refusal.sentence.contains("than `ottawa.trips` shows"),
            "{sql}: {refusal}"
        );
        assert_eq!(refusal.clause, Some(ClauseId(4)), "{sql}");
        assert_eq!(refusal.allowed.as_deref(), Some("ts by hour (UTC)"));
        assert_eq!(refusal.participant, Some(participant("ottawa")), "{sql}");
        let (_, missing) = accepted(&fixture, &fixture.home(), sql);
        assert_eq!(missing, LACKING, "{sql}");
    }
    for sql in [
        "SELECT id, ts FROM model.trips",
        "SELECT count(*) FROM model.trips WHERE ts >= '2024-01-05T00:00:00Z' AND ts < '2024-01-09T05:00:00Z'",
        "SELECT count(*) FROM model.trips WHERE '2024-01-05T07:00:00Z' > ts OR n = 3",
        "SELECT count(*) FROM model.trips WHERE ts BETWEEN '2024-01-05T00:00:00Z' AND '2024-01-05T05:59:59.999999Z'",
        "SELECT count(*) FROM model.trips WHERE CAST(ts AS DATE) = '2024-01-05'",
        "SELECT count(*) FROM model.trips WHERE CAST(ts AS DATE) <= DATE '2024-01-05'",
        "SELECT count(*) FROM model.trips WHERE date_trunc('hour', ts) = '2024-01-05T00:00:00Z'",
        "SELECT count(*) FROM model.trips WHERE ts IS NOT NULL AND extract(year FROM ts) = 2024",
        "SELECT date_trunc('day', ts), count(ts) FROM model.trips GROUP BY 1",
        // A member that is excluded by name is not checked, and a dataset that is queried by its own name makes the owner visible.
        "SELECT max(ts) FROM model.trips WHERE participant <> 'ottawa.example'",
        "SELECT max(ts) FROM ottawa.trips",
    ] {
        let planned = fixture.plan(sql);
        assert!(planned.is_ok(), "{sql}: {:?}", planned.err());
    }
}

/// Buckets of a time column, derived from a contract.
#[test]
fn buckets_come_from_the_contract() {
    let dataset =
        fixture::dataset_files::build_dataset("trips", &["id:int", "day:date?", "ts:instant?"]);
    let floor = |number, column: &str, bucket| Effect {
        clause: ClauseId(number),
        kind: EffectKind::CoarsenTime {
            column: column.parse().unwrap(),
            bucket,
            zone: None,
        },
    };
    let shown = |effects: &[Effect]| {
        let alias = "ottawa".parse().unwrap();
        let table = RemoteTable::new(alias, &dataset, Some(contract("ottawa")), effects).unwrap();
        let columns = table.bucketed.into_iter();
        columns
            .map(|(name, (clause, _))| (name.to_string(), clause.0))
            .collect::<Vec<_>>()
    };
    let both = [
        floor(2, "ts", TimeBucketWidth::QuarterHour),
        floor(3, "day", TimeBucketWidth::Month),
    ];
    assert_eq!(shown(&both), [("day".to_owned(), 3), ("ts".to_owned(), 2)]);
    // Dates are whole days already.
    assert!(shown(&[floor(2, "day", TimeBucketWidth::Day)]).is_empty());
}

fn lacking(city: &str, model: Option<&str>) -> UnavailableTable {
    UnavailableTable {
        participant: participant(city),
        alias: Some(city.parse().unwrap()),
        dataset: Some("counts".parse().unwrap()),
        model: model.map(str::to_owned),
        why: Refusal::new(
            ErrorCode::AnswerIncomplete,
            format!("{city} does not show it any more"),
        )
        .with_participant(participant(city)),
    }
}

#[test]
fn what_can_not_be_had_is_missed_where_it_is_needed() {
    let fixture = FederationFixture::new();
    let whole = "SELECT count(*) FROM model.trips";
    for (entry, missed) in [
        (lacking("speyer", Some("trips")), true),
        (lacking("speyer", None), true),
        (lacking("speyer", Some("bicycle_counts")), false),
        (
            UnavailableTable {
                dataset: None,
                ..lacking("speyer", None)
            },
            true,
        ),
    ] {
        let catalog = fixture.home().that_lacks(vec![entry.clone()]);
        let planned = plan(&catalog, whole, &QueryOptions::default());
        assert_eq!(planned.is_err(), missed, "{entry:?}");
        let (rows, missing) = accepted(&fixture, &catalog, whole);
        assert_eq!(rows, ["395"]);
        assert_eq!(missing.len(), usize::from(missed), "{entry:?}");
        for sql in [
            "SELECT count(*) FROM model.trips WHERE participant <> 'speyer.example'",
            "SELECT count(*) FROM munster.trips",
        ] {
            assert!(
                plan(&catalog, sql, &QueryOptions::default()).is_ok(),
                "{sql}"
            );
        }
        let named = plan(&catalog, "SELECT * FROM speyer.counts", &partial());
        assert_eq!(named.unwrap_err().code, ErrorCode::AnswerIncomplete);
    }
    // A question without any remaining participant has no answer.
    let alone = QueryCatalog::new(Vec::new()).that_lacks(vec![lacking("speyer", Some("trips"))]);
    let refusal = plan(&alone, whole, &partial()).unwrap_err();
    assert_eq!(refusal.participant, Some(participant("speyer")));
    assert_eq!(
        plan(&QueryCatalog::default(), whole, &partial())
            .unwrap_err()
            .code,
        ErrorCode::DatasetUnknown
    );
}

fn entry(city: &str, columns: &[&str], units: &[(&str, &str)]) -> RemoteTable {
    let mut dataset: Dataset = fixture::dataset_files::build_dataset("trips", columns);
    dataset.id = super::dataset(city, "trips");
    dataset.model = Some("trips".to_owned());
    for column in &mut dataset.columns {
        let unit = units.iter().find(|(name, _)| column.name.as_str() == *name);
        column.unit = unit.map(|(_, unit)| (*unit).to_owned());
    }
    RemoteTable::new(city.parse().unwrap(), &dataset, Some(contract(city)), &[]).unwrap()
}

/// One city can neither mix other units into a total nor block the questions to others.
#[test]
fn a_model_has_the_columns_that_it_says_with_their_units() {
    let right = [("n", "{trip}"), ("x", "km")];
    let with = |more: &'static str| ["id:int", "place:text?", "n:int?", "x:float?", more];
    let good = || {
        vec![
            entry(
                "munster",
                &with("wind:float?"),
                &[right[0], right[1], ("wind", "m.s-1")],
            ),
            entry("zurich", &with("wind:text?"), &right),
        ]
    };
    let catalog = QueryCatalog::new(good());
    assert!(
        plan(
            &catalog,
            "SELECT sum(x) FROM model.trips",
            &QueryOptions::default()
        )
        .is_ok()
    );
    let refusal = plan(
        &catalog,
        "SELECT avg(wind) FROM model.trips",
        &QueryOptions::default(),
    );
    assert_eq!(refusal.unwrap_err().code, ErrorCode::ColumnUnknown);
    assert!(
        plan(
            &catalog,
            "SELECT avg(wind) FROM munster.trips",
            &QueryOptions::default()
        )
        .is_ok()
    );
    for odd in [
        entry("ottawa", &with("day:date?"), &[("n", "{trip}"), ("x", "m")]),
        entry("ottawa", &with("day:text?"), &right),
        entry("ottawa", &with("day:date?"), &[("x", "km")]),
    ] {
        let mut tables = good();
        tables.push(odd);
        let catalog = QueryCatalog::new(tables);
        let sql = "SELECT count(*) FROM model.trips";
        let refusal = plan(&catalog, sql, &QueryOptions::default()).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::ModelMismatch, "{refusal}");
        assert_eq!(refusal.participant, Some(participant("ottawa")));
        let question = plan(&catalog, sql, &partial()).unwrap();
        assert_eq!(question.remote_queries().len(), 2);
        assert_eq!(question.explain().left_out.len(), 1);
        assert!(
            plan(
                &catalog,
                "SELECT count(*) FROM ottawa.trips",
                &QueryOptions::default()
            )
            .is_ok()
        );
    }
    // A hidden column has no unit to compare.
    assert_eq!(entry("ottawa", &["id:int"], &[]).misfit, None);
}
