//! Approximate distinct counts and percentiles over several participants, which send sketch states.

use super::failures::{InjectedFault, ask};
use super::gated_answers::GatedExecutor;
use super::{CITIES, FederationFixture, bounds, plan, run, table, test_runtime, text};
use crate::federation::options::QueryOptions;
use crate::federation::query_catalog::QueryCatalog;
use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset};
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};
use futures::TryStreamExt;
use hansa_policy::refusal::ErrorCode;
use std::collections::BTreeMap;
use std::sync::Arc;

#[track_caller]
fn sends(sql: &str, text: &str) {
    let fixture = FederationFixture::new();
    let question = fixture.plan(sql).unwrap();
    let texts: Vec<&str> = question
        .remote_queries()
        .iter()
        .map(|remote_query| remote_query.sql.as_str())
        .collect();
    assert_eq!(texts, [text; 3], "{sql}");
}

#[test]
fn texts() {
    sends(
        "SELECT approx_distinct(place), approx_median(n) FROM model.trips",
        "SELECT distinct_state_v1(place) AS p0, percentile_state_v2(n) AS p1 FROM trips",
    );
    sends(
        "SELECT place, approx_distinct(n) FILTER (WHERE open) FROM model.trips GROUP BY place",
        "SELECT place AS k0, distinct_state_v1(n) FILTER (WHERE \"open\") AS p0 FROM trips GROUP BY place",
    );
    // One state serves all percentiles of a column.
    sends(
        "SELECT approx_percentile_cont(x, 0.25), approx_percentile_cont(0.75) WITHIN GROUP (ORDER BY x DESC), approx_median(x) FROM model.trips",
        "SELECT percentile_state_v2(x) AS p0 FROM trips",
    );
}

/// Calls that need another state fetch rows.
#[test]
fn others_stay() {
    let fixture = FederationFixture::new();
    for call in [
        "approx_distinct(open)",
        "approx_distinct(CAST(id AS SMALLINT))",
    ] {
        let sql = format!("SELECT {call} FROM model.trips");
        for remote_query in fixture.plan(&sql).unwrap().remote_queries() {
            assert!(
                !remote_query.sql.contains("_state_v"),
                "{}",
                remote_query.sql
            );
            assert!(remote_query.states.is_empty());
        }
    }
}

/// Estimated size of a state in bytes.
#[test]
fn states_have_their_size() {
    let fixture = FederationFixture::new();
    let bytes = |sql: &str| fixture.plan(sql).unwrap().remote_queries()[0].most_bytes;
    let alone = bytes("SELECT approx_distinct(n) FROM model.trips");
    assert!((200..20_000).contains(&alone), "{alone}");
    let groups = bytes("SELECT open, approx_distinct(n) FROM model.trips GROUP BY open");
    assert!((alone..20_000).contains(&groups), "{groups}");
    let mut large = FederationFixture::new();
    for table in &mut large.tables {
        table.rows = 1_000_000;
    }
    let question = large.plan("SELECT approx_distinct(n) FROM model.trips");
    let most = question.unwrap().remote_queries()[0].most_bytes;
    assert_eq!(most, 16_384 + 8);
}

/// Values of a column over all cities, sorted.
fn sorted(fixture: &FederationFixture, keep: impl Fn(&RecordBatch, usize) -> bool) -> Vec<f64> {
    let trips = fixture.data.iter().filter(|((_, name), _)| name == "trips");
    let mut all: Vec<f64> = trips
        .flat_map(|(_, rows)| {
            let values = rows.column(3).as_primitive::<Float64Type>();
            let kept = values.iter().enumerate().filter(|(at, _)| keep(rows, *at));
            kept.filter_map(|(_, value)| value).collect::<Vec<_>>()
        })
        .collect();
    all.sort_by(f64::total_cmp);
    all
}

/// Checks that a value is the one at this position, or nearer to zero by less than 1/256 of it.
#[track_caller]
fn near(sorted: &[f64], place: usize, got: f64) {
    let exact = sorted[place];
    let nearer = exact.abs() - got.abs();
    assert!(
        (0.0..=exact.abs() / 256.0).contains(&nearer),
        "{place} of {}: {got} for {exact}",
        sorted.len()
    );
}

#[test]
fn percentiles_are_near() {
    let fixture = FederationFixture::new();
    let all = sorted(&fixture, |_, _| true);
    let open = sorted(&fixture, |rows, at| rows.column(4).as_boolean().value(at));
    let place = |of: &[f64], percent: usize| percent * (of.len() - 1) / 100;
    for percent in [0, 5, 25, 29, 50, 58, 90, 100] {
        let share = percent as f64 / 100.0;
        let sql = format!(
            "SELECT approx_percentile_cont(x, {share}), approx_percentile_cont({share}) WITHIN GROUP (ORDER BY x), \
             approx_percentile_cont({share}) WITHIN GROUP (ORDER BY x DESC), \
             approx_percentile_cont(x, {share}) FILTER (WHERE open) FROM model.trips"
        );
        let (rows, _) = run(fixture.ask(&sql)).unwrap();
        let value = |at: usize| rows[0].column(at).as_primitive::<Float64Type>().value(0);
        near(&all, place(&all, percent), value(0));
        assert_eq!(value(0).to_bits(), value(1).to_bits(), "{sql}");
        let back = all.len() - 1 - place(&all, percent);
        near(&all, back, value(2));
        near(&open, place(&open, percent), value(3));
        assert_eq!(fixture.travelled(), 3);
    }
    let (rows, _) = run(fixture.ask("SELECT approx_median(x) FROM model.trips")).unwrap();
    near(
        &all,
        place(&all, 50),
        rows[0].column(0).as_primitive::<Float64Type>().value(0),
    );
}

/// A single participant answers with the engine's own function.
#[test]
fn one_participant_answers_whole() {
    let fixture = FederationFixture::new();
    let (sql, participant) = (
        "SELECT approx_distinct(n), approx_median(x), approx_percentile_cont(x, 0.9) FROM",
        "participant = 'zurich.example'",
    );
    for from in [
        "zurich.trips".to_owned(),
        format!("model.trips WHERE {participant}"),
    ] {
        let (rows, _) = run(fixture.ask(&format!("{sql} {from}"))).unwrap();
        let texts = fixture.texts();
        assert_eq!(
            texts,
            [
                "zurich: SELECT approx_distinct(n) AS p0, approx_median(x) AS p1, approx_percentile_cont(x, 0.9) AS p2 FROM trips"
            ]
        );
        let pooled = run(fixture.pooled(&format!("{sql} zurich.trips"))).unwrap();
        assert_eq!(text(&rows), text(&pooled));
    }
}

/// Direct calls of the state functions return the state of one participant, or the merge of several.
#[test]
fn states_of_states() {
    let fixture = FederationFixture::new();
    let sql = "SELECT distinct_state_v1(n) AS s FROM";
    let (whole, _) = run(fixture.ask(&format!("{sql} model.trips"))).unwrap();
    assert_eq!(fixture.travelled(), 3);
    let each = "SELECT n FROM munster.trips UNION ALL SELECT n FROM ottawa.trips UNION ALL SELECT n FROM zurich.trips";
    let rows = format!("{sql} (SELECT n FROM ({each}) ORDER BY n LIMIT 100000)");
    let (at_home, _) = run(fixture.ask(&rows)).unwrap();
    assert_eq!(text(&whole), text(&at_home));
    assert!(!text(&whole)[0].is_empty());
}

/// The enforcement uses another text type than the pool, without an effect on the result.
#[test]
fn gates_give_what_the_pool_gives() {
    let mut fixture = FederationFixture::empty();
    let (mut cities, mut tables) = (BTreeMap::new(), Vec::new());
    for (at, alias) in (0..).zip(CITIES) {
        // Short and long texts, of which cities have some in common.
        let named = |number: i64| match number % 3 {
            0 => format!("{number}"),
            1 => format!("a place with the number {number}"),
            _ => "north".to_owned(),
        };
        let numbers = at * 400..at * 400 + 900;
        let rows = RecordBatch::try_from_iter_with_nullable([
            (
                "place",
                Arc::new(StringArray::from_iter_values(numbers.clone().map(named))) as ArrayRef,
                true,
            ),
            (
                "n",
                Arc::new(Int64Array::from_iter_values(numbers)) as _,
                true,
            ),
        ])
        .unwrap();
        fixture.add(alias, "trips", rows.clone(), Some("trips"));
        let mut city = FixtureParticipant::new();
        let set = build_dataset("trips", &["place:text?", "n:int?"]);
        city.publish(set, &rows, DatasetFileLayout::default(), Vec::new());
        let shape = city.view().table("trips").unwrap().shape.clone();
        tables.push(table(alias, "trips", shape, Some("trips")));
        cities.insert(alias.to_owned(), city);
    }
    let (catalog, gates) = (QueryCatalog::new(tables), Arc::new(GatedExecutor(cities)));
    for sql in [
        "SELECT approx_distinct(place), approx_distinct(n), count(*) FROM model.trips",
        "SELECT n % 2 AS k, approx_distinct(place) FROM model.trips GROUP BY n % 2",
        "SELECT approx_distinct(place) FILTER (WHERE n > 500) FROM model.trips WHERE n < 1500",
    ] {
        let question = plan(&catalog, sql, &QueryOptions::default()).unwrap();
        for remote_query in question.remote_queries() {
            assert!(
                remote_query.sql.contains("distinct_state_v1"),
                "{}",
                remote_query.sql
            );
        }
        let gates = Arc::clone(&gates);
        let mut got = run(async {
            let answer = question
                .run(gates, &test_runtime(), &bounds())
                .await
                .unwrap();
            text(&answer.batches.try_collect::<Vec<_>>().await.unwrap())
        });
        let mut pooled = text(&run(fixture.pooled(sql)).unwrap());
        got.sort();
        pooled.sort();
        assert_eq!(got, pooled, "{sql}");
    }
}

/// A malformed state ends the question and names the participant.
#[test]
fn what_is_no_state_is_refused() {
    let sends = |sql: &str, state: Option<&[u8]>| {
        let column: ArrayRef = Arc::new(BinaryArray::from(vec![state]));
        let batch = RecordBatch::try_from_iter_with_nullable([("p0", column, true)]).unwrap();
        ask(sql, InjectedFault::Sends(batch), false, &bounds())
    };
    let (distinct, percentile) = (
        "SELECT approx_distinct(n) FROM model.trips",
        "SELECT approx_median(x) FROM model.trips",
    );
    // The minimum is NaN.
    let nan = [0_u8, 0]
        .into_iter()
        .chain([f64::NAN, 1.0].into_iter().flat_map(f64::to_le_bytes))
        .chain([0, 1]);
    let nan: Vec<u8> = nan.collect();
    let long = vec![1_u8; 1 << 20];
    for (sql, state) in [
        (distinct, &[][..]),
        (distinct, &[1, 2]),
        (distinct, &[1, 0, 60]),
        (distinct, &long),
        (percentile, &[]),
        (percentile, &[0, 0]),
        (percentile, &[255; 9]),
        (percentile, &nan),
        (percentile, &long),
    ] {
        let refusal = sends(sql, Some(state)).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::PeerDataInvalid, "{sql}: {refusal}");
        assert_eq!(refusal.participant.unwrap().domain(), "ottawa.example");
    }
    // Well-formed state with more values than possible.
    let refusal = sends(distinct, Some(&[51; 16_384])).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::PeerDataInvalid, "{refusal}");
    // An empty input has no state.
    for sql in [distinct, percentile] {
        assert!(sends(sql, None).is_ok(), "{sql}");
    }
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let batch = RecordBatch::try_from_iter([("p0", numbers)]).unwrap();
    let refusal = ask(distinct, InjectedFault::Sends(batch), false, &bounds()).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::PeerDataInvalid, "{refusal}");
}

/// A participant with another version does not know the function name; its refusal is reported unchanged.
#[test]
fn another_version_is_refused() {
    let refusal = ask(
        "SELECT approx_distinct(n) FROM model.trips",
        InjectedFault::Refuses(ErrorCode::FunctionUnknown),
        false,
        &bounds(),
    )
    .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::FunctionUnknown);
    assert_eq!(refusal.participant.unwrap().domain(), "ottawa.example");
}
