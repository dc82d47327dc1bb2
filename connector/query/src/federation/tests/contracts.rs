//! Names, contracts, and aggregate-only datasets.

mod named_contracts;

use super::{FederationFixture, bounds, contract, plan, run, table, test_runtime, text};
use crate::federation::options::QueryOptions;
use crate::federation::query_catalog::QueryCatalog;
use crate::federation::table::RemoteTable;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use hansa_catalog::query_view::ViewShape;
use hansa_policy::effect::{Cube, CubeDimension};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::cube::{CountingUnit, CubeFunction};
use hansa_policy::value::time::TimeBucketWidth;
use std::sync::Arc;

/// Ottawa shows cells only; the other cities show rows.
fn world(functions: Vec<CubeFunction>) -> FederationFixture {
    let mut fixture = FederationFixture::new();
    let columns: Vec<usize> = vec![1, 2, 3, 6];
    let base = Arc::new(super::schema().project(&columns).unwrap());
    let cells = Arc::new(Schema::new(vec![
        Field::new("place", DataType::Utf8, true),
        Field::new("n", DataType::Int64, false),
    ]));
    let dimension = |column: &str, bucket| CubeDimension {
        column: column.parse().unwrap(),
        bucket,
        zone: None,
    };
    let cube = Cube {
        grid: "hansa://ottawa.example/grid/trips-1".to_owned(),
        dimensions: vec![
            dimension("place", None),
            dimension("ts", Some(TimeBucketWidth::Hour)),
        ],
        measures: vec!["n".parse().unwrap(), "x".parse().unwrap()],
        functions,
        at_least: 3,
        unit: CountingUnit::Rows,
        dominance: Vec::new(),
        release: None,
        budget: None,
        base: None,
    };
    let totals = Arc::clone(&cells);
    let shape = ViewShape::Cube {
        cube,
        base,
        cells,
        totals,
    };
    fixture.tables.retain(|table| {
        !(table.alias.as_str() == "ottawa" && table.dataset.name.as_str() == "trips")
    });
    fixture
        .tables
        .push(table("ottawa", "trips", shape, Some("trips")));
    let cells = RecordBatch::try_from_iter([
        (
            "place",
            Arc::new(StringArray::from(vec!["north", "south"])) as ArrayRef,
        ),
        ("n", Arc::new(Int64Array::from(vec![10, 20])) as _),
    ])
    .unwrap();
    fixture.data.insert(
        ("ottawa.example".to_owned(), "trips.cube".to_owned()),
        cells,
    );
    fixture
}

fn all() -> FederationFixture {
    world(vec![
        CubeFunction::Count,
        CubeFunction::Sum,
        CubeFunction::Avg,
    ])
}

#[track_caller]
fn blocks(sql: &str, texts: &[&str]) {
    let fixture = all();
    fixture.same(sql);
    let mut sent = fixture.texts();
    sent.retain(|text| text.starts_with("ottawa"));
    sent.sort();
    assert_eq!(sent, texts, "{sql}");
}

#[test]
fn whole_blocks_travel() {
    blocks(
        "SELECT place, count(*), avg(n), sum(x) FROM ottawa.trips GROUP BY place",
        &[
            "ottawa: SELECT place AS k0, count(*) AS p0, avg(n) AS p1, sum(x) AS p2 FROM trips GROUP BY place",
        ],
    );
    blocks(
        "SELECT date_trunc('day', t.ts) AS d, avg(t.x) AS a FROM ottawa.trips AS t \
         WHERE t.ts >= '2024-01-03T00:00:00Z' AND t.ts < '2024-01-09T00:00:00Z' AND t.place IN ('north', 'south') \
         GROUP BY d HAVING avg(t.x) > 3 ORDER BY d LIMIT 3",
        &[
            "ottawa: SELECT date_trunc('day', ts) AS k0, avg(x) AS p0 FROM trips \
           WHERE (ts >= '2024-01-03T00:00:00Z') AND (ts < '2024-01-09T00:00:00Z') AND place IN ('north', 'south') \
           GROUP BY date_trunc('day', ts)",
        ],
    );
    blocks(
        "SELECT DISTINCT place FROM ottawa.trips",
        &["ottawa: SELECT place AS k0 FROM trips GROUP BY place"],
    );
    blocks(
        "SELECT s.level, b.m FROM zurich.sites s JOIN (SELECT place, sum(n) AS m FROM ottawa.trips GROUP BY place) b ON b.place = s.place",
        &["ottawa: SELECT place AS k0, sum(n) AS p0 FROM trips GROUP BY place"],
    );
    blocks(
        "SELECT place FROM zurich.sites WHERE level < (SELECT count(*) FROM ottawa.trips WHERE place = 'north')",
        &["ottawa: SELECT count(*) AS p0 FROM trips WHERE (place = 'north')"],
    );
}

/// A variance over one participant is sent as a whole. Over several participants it also needs counts and averages.
#[test]
fn a_variance_is_made_of_what_contracts_allow() {
    let fixture = world(vec![CubeFunction::Count, CubeFunction::Variance]);
    let sql = "SELECT place, var(n), stddev_pop(x) FROM ottawa.trips GROUP BY place";
    fixture.same(sql);
    assert_eq!(
        fixture.texts(),
        ["ottawa: SELECT place AS k0, var(n) AS p0, stddev_pop(x) AS p1 FROM trips GROUP BY place"]
    );
    let refusal = fixture.plan("SELECT var(n) FROM model.trips").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::FunctionNotAllowed, "{refusal}");
    assert!(refusal.sentence.contains("needs `avg`"), "{refusal}");
    let more = self::world(vec![
        CubeFunction::Count,
        CubeFunction::Avg,
        CubeFunction::Variance,
    ]);
    more.same("SELECT place, round(var(n), 6) AS v, round(stddev_pop(x), 6) AS s FROM model.trips GROUP BY place");
    let sent = more.texts();
    assert!(
        sent.contains(&"ottawa: SELECT place AS k0, count(n) AS p0, avg(n) AS p1, var_pop(n) AS p2, count(x) AS p3, avg(x) AS p4, var_pop(x) AS p5 FROM trips GROUP BY place".to_owned()),
        "{sent:?}"
    );
    let none = all().plan("SELECT var(n) FROM ottawa.trips").unwrap_err();
    assert_eq!(none.code, ErrorCode::FunctionNotAllowed, "{none}");
}

#[test]
fn blocks_over_rows_and_cells() {
    blocks(
        "SELECT place, avg(n), count(x) FROM model.trips GROUP BY place",
        &[
            "ottawa: SELECT place AS k0, sum(n) AS p0, count(n) AS p1, count(x) AS p2 FROM trips GROUP BY place",
        ],
    );
    blocks(
        "SELECT participant, avg(x) FROM model.trips WHERE place = 'north' GROUP BY participant",
        &[
            "ottawa: SELECT sum(x) AS p0, count(x) AS p1, count(*) AS p2 FROM trips WHERE (place = 'north')",
        ],
    );
    blocks(
        "SELECT avg(x) FROM model.trips WHERE participant <> 'ottawa.example'",
        &[],
    );
}

#[test]
fn the_cube_by_its_own_name() {
    let fixture = all();
    let (rows, _) =
        run(fixture.ask("SELECT place, n FROM ottawa.trips.cube WHERE n > 10")).unwrap();
    assert_eq!(text(&rows), ["south|20"]);
    assert_eq!(
        fixture.texts(),
        ["ottawa: SELECT place AS c0, n AS c1 FROM trips.cube WHERE (n > 10)"]
    );
    assert!(
        fixture
            .home()
            .names()
            .contains(&"ottawa.trips.cube".to_owned())
    );
    assert_eq!(
        fixture
            .plan("SELECT * FROM munster.trips.cube")
            .unwrap_err()
            .code,
        ErrorCode::DatasetUnknown
    );
}

#[track_caller]
fn refused(sql: &str, code: ErrorCode, sentence: &str) -> Refusal {
    let fixture = all();
    let refusal = fixture.plan(sql).unwrap_err();
    assert_eq!(refusal.code, code, "{sql}: {refusal}");
    assert!(refusal.sentence.contains(sentence), "{sql}: {refusal}");
    refusal
}

#[test]
fn what_is_no_block_is_refused_here() {
    let refusal = refused(
        "SELECT * FROM ottawa.trips",
        ErrorCode::AggregateOnly,
        "`ottawa.trips` shows aggregates only",
    );
    assert_eq!(refusal.participant.unwrap().domain(), "ottawa.example");
    assert_eq!(
        refusal.help[0],
        "ask for example: SELECT place, count(*) FROM ottawa.trips GROUP BY place"
    );
    for (sql, code, sentence) in [
        (
            "SELECT place FROM ottawa.trips LIMIT 1",
            ErrorCode::AggregateOnly,
            "",
        ),
        ("SELECT n FROM model.trips", ErrorCode::AggregateOnly, ""),
        (
            "SELECT id FROM munster.trips WHERE n IN (SELECT n FROM ottawa.trips)",
            ErrorCode::AggregateOnly,
            "",
        ),
        (
            "SELECT min(n) FROM ottawa.trips",
            ErrorCode::FunctionNotAllowed,
            "`min`",
        ),
        (
            "SELECT sum(n + 1) FROM ottawa.trips",
            ErrorCode::QueryShape,
            "sum(n + Int64(1))",
        ),
        (
            "SELECT sum(n) FILTER (WHERE place = 'north') FROM ottawa.trips",
            ErrorCode::QueryShape,
            "FILTER",
        ),
        (
            "SELECT sum(DISTINCT n) FROM ottawa.trips",
            ErrorCode::QueryShape,
            "DISTINCT",
        ),
        (
            "SELECT n, count(*) FROM ottawa.trips GROUP BY n",
            ErrorCode::DimensionNotAllowed,
            "`n`",
        ),
        (
            "SELECT count(*) FROM ottawa.trips WHERE n > 5",
            ErrorCode::DimensionNotAllowed,
            "`n`",
        ),
        (
            "SELECT upper(place), count(*) FROM ottawa.trips GROUP BY 1",
            ErrorCode::QueryShape,
            "upper(place)",
        ),
        (
            "SELECT place, count(*) FROM ottawa.trips GROUP BY ROLLUP (place)",
            ErrorCode::QueryShape,
            "ROLLUP",
        ),
        (
            "SELECT count(*) FROM ottawa.trips t JOIN zurich.sites s ON t.place = s.place",
            ErrorCode::QueryShape,
            "a join",
        ),
        (
            "SELECT count(*) FROM (SELECT place FROM ottawa.trips LIMIT 5)",
            ErrorCode::QueryShape,
            "LIMIT",
        ),
        (
            "SELECT count(*) OVER () FROM ottawa.trips",
            ErrorCode::AggregateOnly,
            "",
        ),
        (
            "SELECT count(*) FROM ottawa.trips WHERE place IN (SELECT place FROM zurich.sites)",
            ErrorCode::QueryShape,
            "",
        ),
    ] {
        refused(sql, code, sentence);
    }
    let no_count = world(vec![CubeFunction::Avg]);
    let refusal = no_count
        .plan("SELECT count(*) FROM ottawa.trips")
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::FunctionNotAllowed);
    assert!(no_count.plan("SELECT avg(n) FROM ottawa.trips").is_ok());
}

/// An average over several participants needs their sums and counts.
#[test]
fn partial_states_are_functions_too() {
    let fixture = world(vec![CubeFunction::Avg]);
    let refusal = fixture.plan("SELECT avg(n) FROM model.trips").unwrap_err();
    assert_eq!(refusal.code, ErrorCode::FunctionNotAllowed);
}

#[test]
fn names_that_nobody_has() {
    let fixture = FederationFixture::new();
    for name in [
        "munster.nothing",
        "nobody.trips",
        "model.nothing",
        "trips",
        "a.b.c",
        "munster.sites",
        "information_schema.tables",
    ] {
        let refusal = fixture.plan(&format!("SELECT 1 FROM {name}")).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::DatasetUnknown, "{name}: {refusal}");
        assert_eq!(
            refusal.sentence,
            format!("no dataset `{name}` in this question")
        );
    }
    for (sql, code) in [
        (
            "SELECT nothing FROM munster.trips",
            ErrorCode::ColumnUnknown,
        ),
        ("SELEC 1", ErrorCode::SqlSyntax),
        ("SELECT id FROM munster.trips WHERE", ErrorCode::SqlSyntax),
        ("SELECT 1; SELECT 2", ErrorCode::OneStatementOnly),
        ("DROP TABLE munster.trips", ErrorCode::StatementNotAllowed),
        (
            "COPY munster.trips TO 'x.csv'",
            ErrorCode::StatementNotAllowed,
        ),
        (
            "SELECT place + 1 FROM munster.trips WHERE place AND 3",
            ErrorCode::SqlInvalid,
        ),
    ] {
        let refusal = fixture.plan(sql).unwrap_err();
        assert_eq!(refusal.code, code, "{sql}: {refusal}");
    }
}

#[test]
fn several_contracts_want_a_choice() {
    let mut fixture = FederationFixture::new();
    let mut second: RemoteTable = fixture.tables[0].clone();
    second.contract = Some(contract("second"));
    fixture.tables.push(second);
    for sql in ["SELECT id FROM munster.trips", "SELECT id FROM model.trips"] {
        let refusal = fixture.plan(sql).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::ContractAmbiguous);
        assert!(
            refusal
                .sentence
                .contains(&contract("second").to_short_text()),
            "{refusal}"
        );
        let options = QueryOptions {
            contracts: vec![contract("second")],
            ..QueryOptions::default()
        };
        let question = plan(&fixture.home(), sql, &options).unwrap();
        assert_eq!(
            question.remote_queries()[0].reads[0].contract,
            Some(contract("second"))
        );
    }
}

#[test]
fn barred_by_purpose() {
    let mut fixture = FederationFixture::new();
    let refusal = Refusal::new(ErrorCode::PurposeNotCovered, "`marketing` is not covered");
    for table in &mut fixture.tables {
        if table.alias.as_str() == "ottawa" {
            table.barred = Some(refusal.clone());
        }
    }
    let catalog = QueryCatalog::new(fixture.tables.clone());
    let partial = QueryOptions {
        partial: true,
        ..QueryOptions::default()
    };
    for options in [&QueryOptions::default(), &partial] {
        let direct = plan(&catalog, "SELECT id FROM ottawa.trips", options);
        assert_eq!(direct.unwrap_err().code, ErrorCode::PurposeNotCovered);
    }
    let model = plan(
        &catalog,
        "SELECT id FROM model.trips",
        &QueryOptions::default(),
    );
    assert_eq!(model.unwrap_err().code, ErrorCode::PurposeNotCovered);
    let question = plan(&catalog, "SELECT id FROM model.trips", &partial).unwrap();
    assert_eq!(question.remote_queries().len(), 2);
    assert_eq!(question.explain().left_out.len(), 1);
    let answer = run(async {
        question
            .run(fixture.executor(), &test_runtime(), &bounds())
            .await
    })
    .unwrap();
    assert_eq!(
        answer.report.missing_participants(),
        [(super::participant("ottawa"), refusal)]
    );
}
