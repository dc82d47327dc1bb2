//! Twins that ask again and again whether something came, and nothing does: what that costs the provider.

use crate::measure::seconds;
use crate::table::ResultTable;
use crate::wire::WireConsumer;
use crate::world::BenchFederation;
use hansa_test_support::network_relay::NetworkRelay;
use std::path::Path;

/// So many at once.
const TWINS: usize = 50;

/// So often each of them here: all of them are one participant, which is told so 600 times a minute at most.
const POLLS: u32 = 11;

/// As often in a day, once a minute.
const A_DAY: f64 = 1440.0;

/// Each twin has a connection of its own and asks one question once; then all ask what came since, in turn. A day is that many times
/// longer: nothing of what is measured depends on when a poll comes.
pub(crate) fn polling(federation: &BenchFederation, table: &mut ResultTable, sql: &str) {
    let pid = federation.provider.pid().unwrap();
    let contract = federation.contract("small");
    let relay = NetworkRelay::to(federation.provider.address(), None);
    let twins: Vec<_> = (0..TWINS)
        .map(|_| {
            let twin = WireConsumer::connect_to(federation, relay.address());
            let request = twin.asked(contract, sql);
            (twin, request)
        })
        .collect();
    let log = federation.provider.folder().join("state/log");
    let bytes = |relay: &NetworkRelay| relay.passed().0 + relay.passed().1;
    let before = (seconds(pid), bytes(&relay), size(&log));
    for _ in 0..POLLS {
        for (twin, request) in &twins {
            twin.poll(contract, sql, *request, 1);
        }
    }
    let polls = f64::from(POLLS) * TWINS as f64;
    let work = (seconds(pid) - before.0) / polls;
    let wire = (bytes(&relay) - before.1) as f64 / polls;
    let kept = (size(&log) as f64 - before.2 as f64) / polls;
    let a_day = A_DAY * TWINS as f64;
    table.note(
        "50 twins, nothing came: percent of a core, a poll a minute each, at most 5",
        work * a_day / 864.0,
    );
    table.note(
        "50 twins, nothing came: bytes on the wire for a poll, at most 1000",
        wire,
    );
    table.note(
        "50 twins, nothing came: MB of log in a day, at most 50",
        kept * a_day / 1e6,
    );
}

/// Bytes of all files in a folder.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder)
        .expect("the folder is there")
        .flatten();
    let each = entries.map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => size(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    });
    each.sum()
}
