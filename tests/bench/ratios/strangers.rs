//! How long members wait while strangers come to the port: a thousand silent or half-open connections a second, from one address and
//! from ten thousand. A firm asks over a new connection each time, another one over one that it keeps.

use crate::measure::{self, median};
use hansa_test_support::connection_flood::{ConnectionFlood, StrangerBehaviour, StrangerOrigin};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::ALL;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// What `--only` names.
pub(crate) const NAME: &str = "members while strangers come";

/// So many come in each second.
const EACH_SECOND: u32 = 1_000;

/// So long they come before anybody asks, so that all places are taken.
const BEFORE: Duration = Duration::from_secs(3);

/// Questions of each firm, for each kind of strangers.
const CALLS: usize = 30;

const QUESTION: &str = "SELECT count(*) AS n FROM lindau.long";

/// Measures all kinds and prints what members wait.
///
/// # Panics
/// When the league can't be made.
pub(crate) fn beside() -> Value {
    eprintln!("{NAME}");
    let league = TestLeague::new(Path::new(env!("CARGO_BIN_EXE_hansa")));
    let (lindau, acme) = league.long_table(100, ALL);
    let mut keeps = league.firm("keeps");
    keeps.knows(&lindau);
    keeps.serve();
    for firm in [&acme, &keeps] {
        let _ = firm.contract("lindau.long");
    }
    println!("\n{NAME}: time of a question, {EACH_SECOND} strangers a second\n");
    let mut figures = vec![figure("no strangers", None, &lindau, [&acme, &keeps])];
    for (behaviour, origin, what) in [
        (
            StrangerBehaviour::Silent,
            StrangerOrigin::OneAddress,
            "silent, one address",
        ),
        (
            StrangerBehaviour::Silent,
            StrangerOrigin::ManyAddresses,
            "silent, many addresses",
        ),
        (
            StrangerBehaviour::HalfOpen,
            StrangerOrigin::OneAddress,
            "half-open, one address",
        ),
        (
            StrangerBehaviour::HalfOpen,
            StrangerOrigin::ManyAddresses,
            "half-open, many addresses",
        ),
    ] {
        let strangers = ConnectionFlood::at(lindau.address(), origin, behaviour, EACH_SECOND);
        std::thread::sleep(BEFORE);
        figures.push(figure(what, Some(&strangers), &lindau, [&acme, &keeps]));
    }
    Value::Array(figures)
}

fn figure(
    what: &str,
    strangers: Option<&ConnectionFlood>,
    lindau: &TestParticipant,
    [new, kept]: [&TestParticipant; 2],
) -> Value {
    let pid = lindau.pid().expect("it serves");
    let came = || strangers.map_or(0, ConnectionFlood::came);
    let (started, before, work) = (Instant::now(), came(), measure::seconds(pid));
    let (mut news, mut kepts, mut failed) = (Vec::new(), Vec::new(), 0);
    for _ in 0..CALLS {
        for (firm, walls) in [(new, &mut news), (kept, &mut kepts)] {
            let started = Instant::now();
            let outcome = firm.ask(QUESTION);
            walls.push(started.elapsed().as_secs_f64() * 1e3);
            failed += usize::from(outcome.status != Some(0));
        }
    }
    let took = started.elapsed().as_secs_f64();
    let each_second = (came() - before) as f64 / took;
    let busy = (measure::seconds(pid) - work) / took;
    let of = |walls: &mut Vec<f64>| {
        let middle = median(walls);
        (middle, walls[walls.len() - 1])
    };
    let (new, kept) = (of(&mut news), of(&mut kepts));
    println!(
        "{what:<26} {each_second:>6.0} came a second; new connection {:>6.0} ms, at most {:>6.0}; kept {:>6.0} ms, at most \
         {:>6.0}; {failed} failed; {busy:.2} processors",
        new.0, new.1, kept.0, kept.1
    );
    json!({
        "strangers": what,
        "came_each_second": each_second,
        "new_ms": new.0,
        "new_ms_most": new.1,
        "kept_ms": kept.0,
        "kept_ms_most": kept.1,
        "failed": failed,
        "processors": busy,
    })
}
