//! The tables of TPC-H with the types that columns of a dataset have: no decimals, so prices are floating-point numbers.

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use datafusion::arrow::compute::cast;
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

/// The tables that three cities share, by orders: all lines of an order are with the city that has the order.
pub(crate) const SHARED: [&str; 2] = ["orders", "lineitem"];

/// The tables that a fourth city has alone.
pub(crate) const REST: [&str; 6] = [
    "customer", "part", "partsupp", "supplier", "nation", "region",
];

/// The rows of a table, or of one part of it, of which the first has the number 1.
pub(crate) fn rows(
    table: &str,
    scale: f64,
    part: i32,
    parts: i32,
) -> Box<dyn Iterator<Item = RecordBatch>> {
    match table {
        "orders" => plain(OrderArrow::new(OrderGenerator::new(scale, part, parts))),
        "lineitem" => plain(LineItemArrow::new(LineItemGenerator::new(
            scale, part, parts,
        ))),
        "customer" => plain(CustomerArrow::new(CustomerGenerator::new(
            scale, part, parts,
        ))),
        "part" => plain(PartArrow::new(PartGenerator::new(scale, part, parts))),
        "partsupp" => plain(PartSuppArrow::new(PartSuppGenerator::new(
            scale, part, parts,
        ))),
        "supplier" => plain(SupplierArrow::new(SupplierGenerator::new(
            scale, part, parts,
        ))),
        "nation" => plain(NationArrow::new(NationGenerator::new(scale, part, parts))),
        _ => plain(RegionArrow::new(RegionGenerator::new(scale, part, parts))),
    }
}

fn plain(
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>> + 'static,
) -> Box<dyn Iterator<Item = RecordBatch>> {
    Box::new(batches.map(|batch| {
        let batch = batch.unwrap();
        let columns = batch.columns().iter().map(|column| {
            let kind = match column.data_type() {
                DataType::Utf8View => DataType::Utf8,
                DataType::Decimal128(..) => DataType::Float64,
                DataType::Int32 => DataType::Int64,
                other => other.clone(),
            };
            cast(column, &kind).unwrap()
        });
        let columns: Vec<_> = columns.collect();
        let schema = batch.schema();
        let fields = schema.fields().iter().zip(&columns);
        let fields: Vec<_> = fields
            .map(|(field, column)| Field::new(field.name(), column.data_type().clone(), false))
            .collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
    }))
}

/// The text of the question of that number, which names tables that are shared as if they were one.
pub(crate) fn text(number: u32) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = folder
        .ancestors()
        .map(|folder| folder.join("tests/bench/tpch"));
    let folder = folders.find(|folder| folder.is_dir()).unwrap();
    std::fs::read_to_string(folder.join(format!("q{number:02}.sql"))).unwrap()
}

/// The question of that number over the tables of these cities, those that are shared put together.
pub(crate) fn question(number: u32, cities: &[&str]) -> String {
    let sql = text(number);
    // Question 15 compares a sum with the same sum computed once more, and of floating-point numbers the last digit differs
    // with the order of what is added.
    let sql = sql.replace(
        "total_revenue = (SELECT max(total_revenue) FROM revenue)",
        "total_revenue >= 0.999999999 * (SELECT max(total_revenue) FROM revenue)",
    );
    let words: Vec<&str> = sql
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .collect();
    // What a question does not name is none of its tables.
    let shared = SHARED.into_iter().filter(|table| words.contains(table));
    let shared = shared.map(|table| {
        let parts: Vec<_> = cities
            .iter()
            .map(|city| format!("SELECT * FROM {city}.{table}"))
            .collect();
        format!("{table} AS ({})", parts.join(" UNION ALL "))
    });
    let shared: Vec<String> = shared.collect();
    match (shared.is_empty(), sql.strip_prefix("WITH ")) {
        (true, _) => sql,
        (false, Some(more)) => format!("WITH {}, {more}", shared.join(", ")),
        (false, None) => format!("WITH {} {sql}", shared.join(", ")),
    }
}

/// Whether two cells are the same. Sums of floating-point numbers differ in their last digits with the order of what is added.
pub(crate) fn alike(one: &str, other: &str) -> bool {
    match (one.parse::<f64>(), other.parse::<f64>()) {
        (Ok(a), Ok(b)) if one.contains('.') => (a - b).abs() <= 1e-9 * a.abs(),
        _ => one == other,
    }
}
