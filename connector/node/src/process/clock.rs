//! DOOR 4: the only code that reads the clock. All other code receives an instant or this value.

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

/// Clock of the system. It also counts while the machine sleeps, so that waking up is no jump.
pub fn system_clock() -> Clock {
    Arc::new(|| ClockReading {
        wall: wall_time(),
        mono_ns: since_boot(),
    })
}

/// Nanoseconds since the start of the machine.
#[expect(
    clippy::expect_used,
    reason = "every kernel that this program runs on has this clock, and no argument of the call can be wrong"
)]
fn since_boot() -> u64 {
    let passed = clock_gettime(ClockId::CLOCK_BOOTTIME).expect("a clock of the kernel");
    u64::try_from(Duration::from(passed).as_nanos()).unwrap_or(u64::MAX)
}

/// Boot ID of the kernel, different after each start of the machine; `None` if the kernel has none.
fn read_boot_id() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let id = text.trim();
    (!id.is_empty() && id.len() <= 64).then(|| id.to_owned())
}

/// Returns the machine clock of a log, with its state in `file`; `None` if the kernel has no boot ID.
pub(crate) fn keep_clock_in(file: PathBuf, clock: &Clock) -> Option<MachineClock> {
    read_boot_id().map(|boot| MachineClock::new(file, boot, Arc::clone(clock)))
}

/// Clock of a participant: a given clock, moved by `[clock] offset`.
#[derive(Clone)]
pub struct AdjustableClock {
    given: Clock,
    moved: Arc<RwLock<ClockMove>>,
}

crate::debug_by_name!(AdjustableClock);

/// Shift of a clock.
#[derive(Debug, Clone, Copy, Default)]
struct ClockMove {
    /// Shift of the wall clock, in microseconds.
    micros: i64,
    /// Total forward shift, in nanoseconds. A forward shift stands for time that passes, so both clocks show it.
    passed_ns: u64,
}

impl AdjustableClock {
    /// Makes a clock without a shift.
    pub fn new(given: Clock) -> Self {
        Self {
            given,
            moved: Arc::default(),
        }
    }

    /// Returns the clock. It follows every later shift.
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

    /// Sets the shift from the given clock.
    pub fn set(&self, micros: i64) {
        let mut moved = self.moved.write();
        let ahead = u64::try_from(micros.saturating_sub(moved.micros)).unwrap_or_default();
        moved.passed_ns = moved.passed_ns.saturating_add(ahead.saturating_mul(1000));
        moved.micros = micros;
    }
}

/// Returns the shift of a configuration, in microseconds. Contracts and certificates refer to real time, so a shift is only allowed
/// in leagues for demonstrations.
///
/// # Errors
/// `CONFIG_INVALID` in any other league, and errors of the trust bundle.
pub fn clock_offset(config: &ConnectorConfig) -> Result<i64, Refusal> {
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
fn wall_time() -> UtcTimestamp {
    let micros = match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros())
            .map(i64::wrapping_neg)
            .unwrap_or(i64::MIN),
    };
    UtcTimestamp::from_micros(micros).unwrap_or(UtcTimestamp::EARLIEST)
}
