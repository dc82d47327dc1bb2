//! Point questions: one row of millions by its number, another one each time, beside DuckDB behind Arrow Flight on the same
//! files.

use crate::bare_server::client::BareClient;
use crate::bare_server::flight::CppFlightProcess;
use crate::measure::{self, RoundPlan};
use crate::objects::objects;
use crate::table::ResultTable;
use crate::wire::WireConsumer;
use crate::world::BenchFederation;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What it is called.
pub(crate) const NAME: &str = "point question";

/// The datasets that are asked, and how they lie: by the number that is asked for, or by time, with the numbers in no order.
const DATASETS: [(&str, &str); 2] = [
    ("sorted", "stored by its key"),
    ("open", "stored in another order"),
];

/// So many rows are compared beforehand.
const COMPARED: usize = 20;

/// Asks both for the same rows in turn.
///
/// # Panics
/// When they do not give the same rows.
pub(crate) fn beside(
    (federation, consumer, paths): (
        &BenchFederation,
        &WireConsumer,
        &BTreeMap<&'static str, Vec<PathBuf>>,
    ),
    table: &mut ResultTable,
    (rounds, python): (usize, &str),
) {
    let Some(duck) = CppFlightProcess::start(federation.folder(), paths, (python, "duck.py"))
    else {
        eprintln!(
            "`{python}` has no duckdb with pyarrow: point questions are left out (tests/bench/ratios/anchors/install.sh)"
        );
        return;
    };
    let client = BareClient::connect(federation.folder(), "north", duck.address());
    let rows = table.rows();
    for (dataset, lies) in DATASETS {
        let contract = federation.contract(dataset);
        let ours =
            |id: u64| format!("SELECT n, value, device FROM counts_{dataset} WHERE id = {id}");
        let theirs =
            |id: u64| format!("SELECT n, value, device FROM \"{dataset}\" WHERE id = {id}");
        for id in numbers(rows).take(COMPARED) {
            let (mut mine, mut other) = (Vec::new(), Vec::new());
            consumer.each(contract, &ours(id), |batch| mine.push(batch));
            client.each(dataset, &theirs(id), |batch| other.push(batch));
            let mine = objects(&mine);
            assert_eq!(mine, objects(&other), "the row of number {id}");
            assert_eq!(mine.len(), 1, "rows of number {id}");
        }
        // Both ask for the same numbers in the same order.
        let (mut asked, mut answered) = (numbers(rows), numbers(rows));
        let pair = measure::alternately(
            RoundPlan { rounds, calls: 100 },
            Some((federation.provider.pid().unwrap(), duck.pid())),
            || consumer.ask(contract, &ours(asked.next().unwrap())),
            || client.stream(dataset, &theirs(answered.next().unwrap())),
        );
        let name = format!("{NAME} on {rows} rows {lies}, p50 at most 0.5");
        table.row("mutual TLS", &name, "Flight and DuckDB", &pair);
    }
}

/// Numbers of rows, far from each other.
fn numbers(rows: usize) -> impl Iterator<Item = u64> {
    (1_u64..).map(move |call| call.wrapping_mul(2_654_435_761) % rows as u64)
}
