//! The first question as somebody would write it by hand for three cities: one partial aggregate each over bare Arrow Flight,
//! put together here.

use super::data;
use super::world::{CITIES, World};
use crate::bare::client::Client;
use crate::bare::server::Server;
use crate::measure::{self, median};
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int64Type};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Instant;

/// The partial aggregate of one city.
const PARTIAL: &str = "SELECT l_returnflag, l_linestatus, sum(l_quantity), sum(l_extendedprice), \
     sum(l_extendedprice * (1 - l_discount)), sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)), sum(l_discount), \
     count(*) FROM t WHERE l_shipdate <= date '1998-12-01' - interval '90' day GROUP BY l_returnflag, l_linestatus";

/// How many sums there are beside the count.
const SUMS: usize = 5;

/// Asks both ways in turn and prints what they took.
///
/// # Panics
/// When the two do not give the same groups.
pub(super) fn beside(world: &World, rounds: usize) -> Value {
    let files = world.files();
    let servers: Vec<Server> = CITIES
        .iter()
        .map(|city| {
            let file = files[&format!("{city}.lineitem")].clone();
            let files = BTreeMap::from([("lineitem", vec![file])]);
            Server::start(world.folder(), city, &files)
        })
        .collect();
    let clients: Vec<Client> = CITIES
        .iter()
        .zip(&servers)
        .map(|(city, server)| Client::connect(world.folder(), city, server.address()))
        .collect();
    let sql = data::question(1, &CITIES);
    let (groups, bytes) = by_hand(&clients);
    let before = world.passed();
    assert_eq!(
        world.ask(&sql).rows.len(),
        groups,
        "the groups of both ways"
    );
    let ours = super::settled(world) - before;
    let by_hand_work = || {
        let servers = servers.iter().map(|server| measure::seconds(server.pid()));
        servers.sum::<f64>() + measure::seconds(std::process::id())
    };
    let (mut ratios, mut ours_cpu, mut hand_cpu) = (Vec::new(), 0.0, 0.0);
    for _ in 0..rounds {
        let (begun, before) = (Instant::now(), by_hand_work());
        by_hand(&clients);
        let hand = begun.elapsed().as_secs_f64();
        hand_cpu += by_hand_work() - before;
        let (begun, before) = (Instant::now(), super::work(world));
        let _ = world.ask(&sql);
        ratios.push(begun.elapsed().as_secs_f64() / hand);
        ours_cpu += super::work(world) - before;
    }
    let figures = json!({
        "wall_ratio": median(&mut ratios),
        "cpu_ratio": ours_cpu / hand_cpu,
        "bytes": ours,
        "bytes_by_hand": bytes,
    });
    println!("\nquestion 1 beside partial aggregates by hand over bare Flight: {figures}");
    figures
}

/// Asks all cities at once and adds up what they say; gives the number of groups and the bytes of the messages.
fn by_hand(clients: &[Client]) -> (usize, u64) {
    let parts = std::thread::scope(|scope| {
        let asked: Vec<_> = clients
            .iter()
            .map(|client| {
                scope.spawn(|| {
                    let mut batches = Vec::new();
                    let did = client.each("lineitem", PARTIAL, |batch| batches.push(batch));
                    (batches, did.bytes)
                })
            })
            .collect();
        let parts = asked
            .into_iter()
            .map(|asked| asked.join().expect("a city answers"));
        parts.collect::<Vec<_>>()
    });
    let mut totals: BTreeMap<(String, String), ([f64; SUMS], i64)> = BTreeMap::new();
    let mut all = 0;
    for (batches, bytes) in parts {
        all += bytes;
        for batch in &batches {
            for row in 0..batch.num_rows() {
                let text = |at: usize| {
                    let column = arrow_cast_text(batch.column(at));
                    column.as_string::<i32>().value(row).to_owned()
                };
                let entry = totals.entry((text(0), text(1))).or_default();
                for (at, sum) in entry.0.iter_mut().enumerate() {
                    *sum += batch
                        .column(at + 2)
                        .as_primitive::<Float64Type>()
                        .value(row);
                }
                entry.1 += batch
                    .column(2 + SUMS)
                    .as_primitive::<Int64Type>()
                    .value(row);
            }
        }
    }
    (totals.len(), all)
}

/// Texts as texts, whatever form the engine reads them in.
fn arrow_cast_text(column: &arrow_array::ArrayRef) -> arrow_array::ArrayRef {
    datafusion::arrow::compute::cast(column, &arrow_schema::DataType::Utf8).expect("it is text")
}
