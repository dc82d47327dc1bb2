//! DOOR 4: the one place that reads the clock. Everything else receives an instant, or this value.

use crate::config::ConnectorConfig;
use hansa_audit_log::time::{Clock, ClockReading, UtcTimestamp};
use hansa_audit_store::MachineClock;
use hansa_identity::bundle::TrustBundle;
use hansa_policy::refusal::{ErrorCode, Refusal};
use nix::time::{ClockId, clock_gettime};
use parking_lot::RwLock;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The system's clock. It counts also while the machine sleeps, so that to wake up is no jump.
pub fn system() -> Clock {
    Arc::new(|| ClockReading {
        wall: wall(),
        mono_ns: since_boot(),
    })
}

/// Nanoseconds since the machine was started.
#[expect(
    clippy::expect_used,
    reason = "every kernel that this program runs on has this clock, and no argument of the call can be wrong"
)]
fn since_boot() -> u64 {
    let passed = clock_gettime(ClockId::CLOCK_BOOTTIME).expect("a clock of the kernel");
    u64::try_from(Duration::from(passed).as_nanos()).unwrap_or(u64::MAX)
}

/// Name of the present run of the machine, as its kernel gives it: another after each start. None where the kernel gives none.
fn read_boot_id() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let id = text.trim();
    (!id.is_empty() && id.len() <= 64).then(|| id.to_owned())
}

/// The clock of the machine for a log that keeps in this file what it went by. None where the kernel names no run.
pub(crate) fn keep_clock_in(file: PathBuf, clock: &Clock) -> Option<MachineClock> {
    read_boot_id().map(|boot| MachineClock::new(file, boot, Arc::clone(clock)))
}

/// A participant's clock: one that it was given, moved by `[clock] offset`.
#[derive(Clone)]
pub struct AdjustableClock {
    given: Clock,
    moved: Arc<RwLock<ClockMove>>,
}

crate::debug_by_name!(AdjustableClock);

/// How a clock was moved.
#[derive(Debug, Clone, Copy, Default)]
struct ClockMove {
    /// By how much the wall clock is moved, in microseconds.
    micros: i64,
    /// How far it was moved ahead in all, in nanoseconds. A move ahead stands for time that passes, so both clocks show it.
    passed_ns: u64,
}

impl AdjustableClock {
    /// A clock that is not moved yet.
    pub fn new(given: Clock) -> Self {
        Self {
            given,
            moved: Arc::default(),
        }
    }

    /// The clock to be read; it follows every move.
    pub fn clock(&self) -> Clock {
        let (given, moved) = (Arc::clone(&self.given), Arc::clone(&self.moved));
        Arc::new(move || {
            let moved = *moved.read();
            let tick = given();
            ClockReading {
                wall: tick.wall.plus_micros(moved.micros),
                mono_ns: tick.mono_ns.saturating_add(moved.passed_ns),
            }
        })
    }

    /// Moves it: by so much from the one that it was given.
    pub fn set(&self, micros: i64) {
        let mut moved = self.moved.write();
        let ahead = u64::try_from(micros.saturating_sub(moved.micros)).unwrap_or_default();
        moved.passed_ns = moved.passed_ns.saturating_add(ahead.saturating_mul(1000));
        moved.micros = micros;
    }
}

/// How far a configuration moves the clock, in microseconds. Contracts and certificates mean the true time, so this is
/// for leagues that are for a show.
///
/// # Errors
/// `CONFIG_INVALID` in any other league; what is wrong with the trust bundle.
pub fn offset(config: &ConnectorConfig) -> Result<i64, Refusal> {
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
