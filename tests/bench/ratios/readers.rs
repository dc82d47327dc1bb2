//! Readers that take one message and no more: what they cost the provider.

use crate::table::ResultTable;
use crate::wire::WireConsumer;
use crate::world::BenchFederation;
use hansa_transport::peer::settings::TransportSettings;
use std::time::Duration;

/// So many at once.
const READERS: u32 = 50;

/// The growth of the provider's memory with so many readers that stopped, beside the bound that the windows allow: for each
/// the window and two messages, and 64 MB for everything.
pub(crate) fn stopped(
    federation: &BenchFederation,
    consumer: &WireConsumer,
    table: &mut ResultTable,
    sql: &str,
) {
    let pid = federation.provider.pid().unwrap();
    // The first answer fills caches that all others share.
    consumer.ask(federation.contract("open"), sql);
    let before = resident(pid);
    let (streams, message) = consumer.stopped(federation.contract("open"), sql, READERS);
    let grown = settled(pid) - before;
    drop(streams);
    let window = f64::from(TransportSettings::default().stream_window);
    let bound = f64::from(READERS) * (window + 2.0 * message as f64) + 64e6;
    table.note(
        "50 readers that stop reading: growth of the provider's memory, MB",
        grown / 1e6,
    );
    table.note(
        "50 readers that stop reading: growth beside 50 windows, 100 messages and 64 MB, at most 1",
        grown / bound,
    );
}

/// Bytes in memory when they have not grown for a while.
fn settled(pid: u32) -> f64 {
    let mut before = resident(pid);
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let now = resident(pid);
        if now <= before {
            return before;
        }
        before = now;
    }
}

/// Bytes of a process that are in memory now (proc(5), `VmRSS`).
pub(crate) fn resident(pid: u32) -> f64 {
    status(pid, "VmRSS:")
}

/// Those of them that are its own and no pages of the binary's file (proc(5), `RssAnon`).
pub(crate) fn own(pid: u32) -> f64 {
    status(pid, "RssAnon:")
}

/// The most that ever were (proc(5), `VmHWM`).
pub(crate) fn peak(pid: u32) -> f64 {
    status(pid, "VmHWM:")
}

fn status(pid: u32, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kilobytes.expect("proc(5)").parse::<f64>().expect("proc(5)") * 1024.0
}
