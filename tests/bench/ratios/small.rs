//! A small question over a warm connection: beside a bare unary call, and beside the same question without a contract over bare
//! Arrow Flight, so that what governance adds can be told from what any answer takes.

use crate::bare_server::client::{BareClient, PlanReuse};
use crate::measure::{MeasuredRun, MeasuredVariant, RoundPlan, in_turn_all, median};
use crate::sync;
use crate::table::ResultTable;
use crate::wire::WireConsumer;
use crate::world::BenchFederation;

/// What it is called.
pub(crate) const NAME: &str = "small question";

/// The question, and the same over the file.
pub(crate) const SQL: &str = "SELECT n FROM counts_small WHERE id = 7";
const BARE: &str = "SELECT n FROM t WHERE id = 7";

/// So many bare calls may be added, and a sync.
const CALLS: f64 = 4.0;

/// Measures the question, a bare call, the question as it is, planned anew each time and not, and a sync, all in turn.
///
/// # Panics
/// When the answers differ in their number of rows.
pub(crate) fn beside(
    (federation, consumer, client): (&BenchFederation, &WireConsumer, &BareClient),
    table: &mut ResultTable,
    (rounds, pids): (usize, (u32, u32)),
) {
    let contract = federation.contract("small");
    let governed = || consumer.ask(contract, SQL);
    let call = || client.unary();
    let anew = || client.planned("small", BARE, PlanReuse::Anew);
    let once = || client.planned("small", BARE, PlanReuse::Once);
    let first: Vec<u64> = [governed().rows, anew().rows, once().rows].into();
    assert_eq!(first, [1, 1, 1], "all find the one row");
    let plan = RoundPlan { rounds, calls: 100 };
    let mut ways: [MeasuredVariant<'_>; 4] = [
        (pids.0, Box::new(governed)),
        (pids.1, Box::new(call)),
        (pids.1, Box::new(anew)),
        (pids.1, Box::new(once)),
    ];
    let mut syncs = Vec::new();
    let [governed, call, anew, once] =
        in_turn_all(plan, &mut ways, || syncs.push(sync::p50_ms(federation)));
    table.note(
        "fdatasync of 512 bytes appended to a file on the same disk, p50 in ms",
        median(&mut syncs.clone()),
    );
    for (which, bare) in [("planned anew each time", &anew), ("planned once", &once)] {
        let mut added: Vec<f64> = zipped(&governed, bare).collect();
        table.note(
            &format!("{NAME}: ms beyond the same over bare Flight, {which}"),
            median(&mut added.clone()),
        );
        let allowed = call
            .iter()
            .zip(&syncs)
            .map(|(call, sync)| CALLS * call.wall * 1e3 + sync);
        let mut beside: Vec<f64> = added
            .drain(..)
            .zip(allowed)
            .map(|(added, allowed)| added / allowed)
            .collect();
        table.note(
            &format!("{NAME}: that beside {CALLS} bare calls and one sync, at most 1, {which}"),
            median(&mut beside),
        );
    }
    table.row(
        "mutual TLS",
        NAME,
        "bare unary call",
        &(governed, call).into(),
    );
}

/// Milliseconds that one way takes longer than another, round by round.
fn zipped<'r>(more: &'r [MeasuredRun], less: &'r [MeasuredRun]) -> impl Iterator<Item = f64> + 'r {
    more.iter()
        .zip(less)
        .map(|(more, less)| (more.wall - less.wall) * 1e3)
}
