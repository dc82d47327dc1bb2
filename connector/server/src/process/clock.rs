//! DOOR 4: the one place that reads the clock. Everything else receives an instant, or this value.

use crate::config::ConnectorConfig;
use hansa_audit_log::time::{Clock, ClockReading, UtcTimestamp};
use hansa_identity::bundle::TrustBundle;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

/// The system's clock.
pub(crate) fn system() -> Clock {
    let start = Instant::now();
    Arc::new(move || ClockReading {
        wall: wall(),
        mono_ns: u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX),
    })
}

/// A participant's clock: one that it was given, moved by `[clock] offset`.
#[derive(Clone)]
pub(crate) struct AdjustableClock {
    given: Clock,
    micros: Arc<AtomicI64>,
}

impl AdjustableClock {
    /// A clock that is not moved yet.
    pub(crate) fn new(given: Clock) -> Self {
        Self {
            given,
            micros: Arc::default(),
        }
    }

    /// The clock to be read; it follows every move.
    pub(crate) fn clock(&self) -> Clock {
        let (given, micros) = (Arc::clone(&self.given), Arc::clone(&self.micros));
        Arc::new(move || {
            let tick = given();
            ClockReading {
                wall: tick.wall.plus_micros(micros.load(Ordering::Acquire)),
                ..tick
            }
        })
    }

    /// What it would show if it were moved by so much.
    pub(crate) fn would_show(&self, micros: i64) -> UtcTimestamp {
        (self.given)().wall.plus_micros(micros)
    }

    /// Moves it: by so much from the one that it was given.
    pub(crate) fn set(&self, micros: i64) {
        self.micros.store(micros, Ordering::Release);
    }
}

/// How far a configuration moves the clock, in microseconds. Contracts and certificates mean the true time, so this is
/// for leagues that are for a show.
///
/// # Errors
/// `CONFIG_INVALID` in any other league; what is wrong with the trust bundle.
pub(crate) fn offset(config: &ConnectorConfig) -> Result<i64, Refusal> {
    if config.clock.micros == 0 || TrustBundle::open(&config.trust.bundle)?.content().demo {
        return Ok(config.clock.micros);
    }
    Err(Refusal::new(
        ErrorCode::ConfigInvalid,
        "the clock may be moved only in a league that was founded with --demo",
    )
    .with_place(
        config.file.display().to_string(),
        Some(config.clock.line),
        Some("clock.offset".to_owned()),
    )
    .with_help("remove [clock] offset, and set the clock of the machine"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "door 4: the clock is read here and nowhere else"
)]
fn wall() -> UtcTimestamp {
    let micros = match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros())
            .map(i64::wrapping_neg)
            .unwrap_or(i64::MIN),
    };
    UtcTimestamp::from_micros(micros).unwrap_or(UtcTimestamp::EARLIEST)
}
