//! The 22 queries of TPC-H, with orders and line items at three cities and the other tables at a fourth. The answers must equal the
//! pooled ones; the transferred bytes of each query are printed.

#[path = "../../../../../tests/bench/ratios/tpch/data.rs"]
pub(super) mod data;

use super::{CITIES, FederationFixture, text};
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_schema::DataType;
use datafusion::arrow::compute::{cast, concat_batches};
use hansa_catalog::query_view::ViewShape;
use hansa_policy::id::ClauseId;
use hansa_policy::term::key_transfer::{KeyRecipients, KeyTransferTerm};
use std::collections::{BTreeMap, BTreeSet};

fn whole(batches: impl Iterator<Item = RecordBatch>) -> RecordBatch {
    let batches: Vec<_> = batches.collect();
    concat_batches(&batches[0].schema(), &batches).unwrap()
}

pub(super) fn world(scale: f64) -> FederationFixture {
    let mut fixture = FederationFixture::empty();
    for (part, city) in (1..).zip(CITIES) {
        for table in data::SHARED {
            fixture.add(city, table, whole(data::rows(table, scale, part, 3)), None);
        }
    }
    for table in data::REST {
        fixture.add("bremen", table, whole(data::rows(table, scale, 1, 1)), None);
    }
    for table in &mut fixture.tables {
        let rows = &fixture.data[&(
            table.dataset.owner.domain().to_owned(),
            table.dataset.name.to_string(),
        )];
        table.rows = u64::try_from(rows.num_rows()).unwrap();
        table.distinct = distinct(rows);
        for (column, space) in [("o_orderkey", "order"), ("l_orderkey", "order")] {
            if rows.schema().column_with_name(column).is_some() {
                table.own.insert(column.to_owned(), space.to_owned());
            }
        }
    }
    fixture
}

fn distinct(rows: &RecordBatch) -> BTreeMap<String, u64> {
    let schema = rows.schema();
    let columns = schema.fields().iter().zip(rows.columns());
    columns
        .map(|(field, column)| {
            let texts = cast(column, &DataType::Utf8).unwrap();
            let texts: BTreeSet<_> = texts.as_string::<i32>().iter().collect();
            let count = u64::try_from(texts.len()).unwrap();
            (field.name().clone(), count.next_power_of_two())
        })
        .collect()
}

/// Checks that two rows are equal.
fn alike((one, other): (&String, &String)) -> bool {
    let count = |row: &str| row.split('|').count();
    let mut cells = one.split('|').zip(other.split('|'));
    count(one) == count(other) && cells.all(|(one, other)| data::alike(one, other))
}

/// Fixture in which the fourth city permits the transfer of its keys.
pub(super) fn lending(scale: f64) -> FederationFixture {
    let mut fixture = world(scale);
    for table in &mut fixture.tables {
        if table.alias.as_str() != "bremen" {
            continue;
        }
        let ViewShape::Rows(schema) = &table.shape else {
            continue;
        };
        let keys = schema.fields().iter().map(|field| field.name());
        let keys = keys.filter(|name| name.ends_with("key"));
        let travel = KeyTransferTerm {
            columns: keys.map(|name| name.parse().unwrap()).collect(),
            to: KeyRecipients::Anybody,
        };
        table.travel = Some((ClauseId(7), travel));
    }
    fixture
}

#[test]
fn all_queries_are_those_of_one_pool() {
    // At smaller scales two answers contain only zero or NULL.
    all_of(&world(0.04));
}

#[test]
fn all_queries_are_those_of_one_pool_where_keys_travel() {
    all_of(&lending(0.04));
}

fn all_of(fixture: &FederationFixture) {
    let mut wrong = Vec::new();
    for number in 1..=22 {
        let sql = data::question(number, &CITIES);
        let (pooled, federated) =
            super::run(async { (fixture.pooled(&sql).await, fixture.ask(&sql).await) });
        let pooled = text(&pooled.unwrap());
        let federated = match federated {
            Ok((rows, _)) => text(&rows),
            Err(refusal) => vec![refusal.to_string()],
        };
        let is_reported = |cell: &str| !["NULL", "0.0"].contains(&cell);
        let is_reported = |row: &String| row.split('|').next_back().is_some_and(is_reported);
        assert!(
            pooled.iter().any(is_reported),
            "{number}: nothing is compared"
        );
        let (rows, remote_queries) = (fixture.travelled(), fixture.texts().len());
        let sent = fixture.sent.lock();
        let keys = sent.iter().flat_map(|(remote_query, _)| &remote_query.keys);
        let keys: usize = keys.filter_map(|keys| keys.values).sum();
        drop(sent);
        println!(
            "{number:>2}: {rows:>7} rows for {remote_queries:>2} remote queries, with {keys} keys"
        );
        if std::env::var_os("HANSA_TEXTS").is_some() {
            println!("{}", fixture.texts().join("\n"));
        }
        let differ = federated.iter().zip(&pooled).find(|pair| !alike(*pair));
        if federated.len() != pooled.len() || differ.is_some() {
            let (here, there) = (federated.len(), pooled.len());
            wrong.push(format!("{number}: {here} rows for {there}, {differ:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
