//! DOOR 4: the one place that reads the clock. Everything else receives an instant, or this value.

use evidence::time::{Clock, Tick, Time};
use std::sync::Arc;
use std::time::Instant;

/// The system's clock, moved by `offset_micros` (0 except in a demonstration league).
pub(crate) fn system(offset_micros: i64) -> Clock {
    let start = Instant::now();
    Arc::new(move || Tick {
        wall: wall().plus_micros(offset_micros),
        mono_ns: u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX),
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "door 4: the clock is read here and nowhere else"
)]
fn wall() -> Time {
    let micros = match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros())
            .map(i64::wrapping_neg)
            .unwrap_or(i64::MIN),
    };
    Time::from_micros(micros).unwrap_or(Time::EARLIEST)
}
