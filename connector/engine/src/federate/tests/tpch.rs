//! The 22 queries of TPC-H, with orders and their lines held by three cities and the rest by a fourth: the answers are those
//! of one pool, and what travels for each is told.

use super::{World, text};
use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use datafusion::arrow::compute::{cast, concat_batches};
use std::path::Path;
use std::sync::Arc;
use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator,
    PartSuppGenerator, RegionGenerator, SupplierGenerator,
};
use tpchgen_arrow::{
    CustomerArrow, LineItemArrow, NationArrow, OrderArrow, PartArrow, PartSuppArrow, RegionArrow,
    SupplierArrow,
};

/// All rows as one batch, with the types that columns of a dataset have: no decimals, so prices are floating-point numbers.
fn whole(batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>) -> RecordBatch {
    let batches: Vec<_> = batches.map(Result::unwrap).collect();
    let all = concat_batches(&batches[0].schema(), &batches).unwrap();
    let columns = all.columns().iter().map(|column| match column.data_type() {
        DataType::Utf8View => cast(column, &DataType::Utf8).unwrap(),
        DataType::Decimal128(..) => cast(column, &DataType::Float64).unwrap(),
        DataType::Int32 => cast(column, &DataType::Int64).unwrap(),
        _ => Arc::clone(column),
    });
    let columns: Vec<_> = columns.collect();
    let schema = all.schema();
    let fields = schema.fields().iter().zip(&columns);
    let fields: Vec<_> = fields
        .map(|(field, column)| Field::new(field.name(), column.data_type().clone(), false))
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

fn world(scale: f64) -> World {
    let mut world = World::empty();
    for (at, city) in super::CITIES.iter().enumerate() {
        let part = i32::try_from(at).unwrap() + 1;
        let orders = OrderArrow::new(OrderGenerator::new(scale, part, 3));
        world.add(city, "orders", whole(orders), None);
        let lines = LineItemArrow::new(LineItemGenerator::new(scale, part, 3));
        world.add(city, "lineitem", whole(lines), None);
    }
    let rest = [
        (
            "customer",
            whole(CustomerArrow::new(CustomerGenerator::new(scale, 1, 1))),
        ),
        (
            "part",
            whole(PartArrow::new(PartGenerator::new(scale, 1, 1))),
        ),
        (
            "partsupp",
            whole(PartSuppArrow::new(PartSuppGenerator::new(scale, 1, 1))),
        ),
        (
            "supplier",
            whole(SupplierArrow::new(SupplierGenerator::new(scale, 1, 1))),
        ),
        (
            "nation",
            whole(NationArrow::new(NationGenerator::new(scale, 1, 1))),
        ),
        (
            "region",
            whole(RegionArrow::new(RegionGenerator::new(scale, 1, 1))),
        ),
    ];
    for (name, rows) in rest {
        world.add("bremen", name, rows, None);
    }
    world
}

/// The question, with the tables that three cities share put together.
fn question(number: u32) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tpch");
    let sql = std::fs::read_to_string(folder.join(format!("q{number:02}.sql"))).unwrap();
    let shared = ["orders", "lineitem"].map(|table| {
        let parts = super::CITIES.map(|city| format!("SELECT * FROM {city}.{table}"));
        format!("{table} AS ({})", parts.join(" UNION ALL "))
    });
    let shared = format!("WITH {}", shared.join(", "));
    match sql.strip_prefix("WITH ") {
        Some(more) => format!("{shared}, {more}"),
        None => format!("{shared} {sql}"),
    }
}

/// Whether two rows are the same. Sums of floating-point numbers differ in their last digits with the order of what is added.
fn alike((one, other): (&String, &String)) -> bool {
    let near = |(one, other): (&str, &str)| match (one.parse::<f64>(), other.parse::<f64>()) {
        (Ok(a), Ok(b)) if one.contains('.') => (a - b).abs() <= 1e-9 * a.abs(),
        _ => one == other,
    };
    let count = |row: &str| row.split('|').count();
    count(one) == count(other) && one.split('|').zip(other.split('|')).all(near)
}

#[test]
fn all_queries_are_those_of_one_pool() {
    // With less, two of the answers are nothing but zero or NULL.
    let world = world(0.04);
    let mut wrong = Vec::new();
    for number in 1..=22 {
        let sql = question(number);
        let (pooled, federated) =
            super::run(async { (world.pooled(&sql).await, world.ask(&sql).await) });
        let pooled = text(&pooled.unwrap());
        let federated = match federated {
            Ok((rows, _)) => text(&rows),
            Err(refusal) => vec![refusal.to_string()],
        };
        let is_told = |cell: &str| !["NULL", "0.0"].contains(&cell);
        let is_told = |row: &String| row.split('|').next_back().is_some_and(is_told);
        assert!(pooled.iter().any(is_told), "{number}: nothing is compared");
        let (rows, errands) = (world.travelled(), world.texts().len());
        println!("{number:>2}: {rows:>7} rows for {errands:>2} errands");
        let differ = federated.iter().zip(&pooled).find(|pair| !alike(*pair));
        if federated.len() != pooled.len() || differ.is_some() {
            let (here, there) = (federated.len(), pooled.len());
            wrong.push(format!("{number}: {here} rows for {there}, {differ:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
