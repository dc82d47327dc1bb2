//! Joins over slow ways: ours, beside the rows that datafusion-federation ships for them, read over the same ways.
//!
//! What it asks of each city is asked of a bare Flight server there, all at once, and read to the end. The join itself is left
//! out, and texts travel as plain ones: both in its favour.

use super::data;
use super::datafusion_federation::FederatedSession;
use super::pool::{self, PooledSession, flat};
use super::world::{CITIES, FOURTH, TpchFederation};
use crate::bare_server::client::BareClient;
use crate::bare_server::server::BareServerProcess;
use crate::measure::median;
use hansa_test_support::network_relay::{LinkProfile, NetworkRelay};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The questions.
const QUESTIONS: [u32; 5] = [3, 5, 10, 14, 18];

/// How many times faster ours should be.
const TARGET: f64 = 5.0;

/// The ways where `--link` says nothing.
const SLOW: LinkProfile = LinkProfile {
    bits: 100_000_000,
    delay: Duration::from_millis(20),
};

/// Asks each question and prints a line for it; what is shipped is read once.
///
/// # Panics
/// When an answer is not that of one process, or the anchor fails.
pub(super) fn beside(plan: super::TpchPlan) -> Value {
    let link = plan.link.unwrap_or(SLOW);
    let (megabits, delay) = (link.bits / 1_000_000, link.delay.as_secs_f64() * 1e3);
    eprintln!(
        "TPC-H at scale {}: joins over ways of {megabits} Mbit/s and {delay} ms",
        plan.scale
    );
    let federation = TpchFederation::new(plan.scale, Some(link));
    let files = federation.files();
    let (pool, shipped) = (PooledSession::new(&files), FederatedSession::new(&files));
    let cities = CITIES.into_iter().chain([FOURTH]);
    let clients: Vec<RelayedClient> = cities
        .map(|city| RelayedClient::to(&federation, city, link))
        .collect();
    super::greet(&federation);
    println!(
        "\njoins over ways of {megabits} Mbit/s and {delay} ms, scale {}, beside reading what datafusion-federation ships\n\n\
         {:>3} {:>6} {:>12} {:>10} {:>12} {:>10} {:>8}",
        plan.scale, "q", "rows", "ours B", "ours ms", "shipped B", "its ms", "faster"
    );
    let mut all = Vec::new();
    for number in QUESTIONS {
        let sql = data::question(number, &CITIES);
        let before = federation.passed();
        let rows = federation.ask(&sql).rows;
        let bytes = super::settled(&federation) - before;
        pool::same(number, &rows, &pool.ask(&sql));
        let ask = |_: usize| {
            let started = Instant::now();
            let _ = federation.ask(&sql);
            started.elapsed().as_secs_f64() * 1e3
        };
        let mut ours: Vec<f64> = (0..plan.rounds).map(ask).collect();
        let ours = median(&mut ours);
        let texts = shipped.texts(&sql).expect("the anchor answers");
        let before = passed(&clients);
        let started = Instant::now();
        read(&clients, &texts);
        let its = started.elapsed().as_secs_f64() * 1e3;
        let shipped_bytes = passed(&clients) - before;
        println!(
            "{number:>3} {:>6} {bytes:>12} {ours:>10.1} {shipped_bytes:>12} {its:>10.1} {:>8.1}",
            rows.len(),
            its / ours
        );
        all.push(json!({
            "question": number,
            "rows": rows.len(),
            "texts_shipped": texts.len(),
            "bytes": bytes,
            "ms": ours,
            "shipped_bytes": shipped_bytes,
            "shipped_ms": its,
            "times": its / ours,
        }));
    }
    json!({
        "scale": plan.scale,
        "rounds": plan.rounds,
        "link_bits": link.bits,
        "link_delay_ms": delay,
        "times_at_least": TARGET,
        "questions": all,
    })
}

/// The way to a bare server with the files of one city.
struct RelayedClient {
    city: &'static str,
    client: BareClient,
    relay: NetworkRelay,
    _server: BareServerProcess,
}

impl RelayedClient {
    fn to(federation: &TpchFederation, city: &'static str, link: LinkProfile) -> Self {
        let all = federation.files().into_iter();
        let own = all.filter(|(name, _)| name.starts_with(city));
        let files: BTreeMap<String, Vec<PathBuf>> =
            own.map(|(name, file)| (flat(&name), vec![file])).collect();
        let server = BareServerProcess::start(federation.folder(), city, &files);
        let relay = NetworkRelay::to(server.address(), Some(link));
        Self {
            city,
            client: BareClient::connect(federation.folder(), city, relay.address()),
            relay,
            _server: server,
        }
    }
}

/// Asks all texts at once and reads all rows.
fn read(clients: &[RelayedClient], texts: &[(&'static str, String)]) {
    std::thread::scope(|scope| {
        for (city, text) in texts {
            let relayed_client = clients
                .iter()
                .find(|relayed_client| relayed_client.city == *city);
            let client = &relayed_client.expect("a city of the league").client;
            scope.spawn(move || client.stream("", text));
        }
    });
}

/// Bytes through all relays, both ways.
fn passed(clients: &[RelayedClient]) -> u64 {
    let all = clients.iter().map(|client| client.relay.passed());
    all.map(|(to, from)| to + from).sum()
}
