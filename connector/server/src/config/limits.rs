//! `[limits]`: what one question may use, and how many run at once.

use crate::config::reader::ConfigSection;
use crate::config::unit::{bytes, seconds};
use std::time::Duration;

/// `[limits]`: of one question, and how many run at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LimitsConfig {
    /// Bytes of memory for one question.
    pub(crate) memory: u64,
    /// Bytes of spill for one question.
    pub(crate) spill: u64,
    /// Time for one question.
    pub(crate) timeout: Duration,
    /// The time that answers have to end by themselves when the connector is stopped.
    pub(crate) drain: Duration,
    /// Questions at once.
    pub(crate) concurrent: usize,
    /// Bytes that must be free on the disk of the log, or nothing is answered.
    pub(crate) reserve: u64,
    /// Bytes that the disk gives the log beforehand, for what must be said when it is full all the same.
    pub(crate) spare: u64,
    /// Bytes after which another file of the log is begun.
    pub(crate) segment: u64,
}

/// Reads them.
pub(super) fn read(section: ConfigSection<'_>) -> LimitsConfig {
    let size = |key: &'static str, default: u64| {
        section
            .measured(key, bytes, "a size such as 512 MB")
            .unwrap_or(default)
    };
    let memory = size("memory", 512 << 20);
    let spill = size("spill", 4 << 30);
    let reserve = size("reserve", 64 << 20);
    let spare = size("spare", 16 << 20);
    let segment = size("segment", 64 << 20).max(4096);
    let timeout = section
        .measured("timeout", seconds, "a time such as 120s or 5m")
        .unwrap_or(Duration::from_secs(120));
    let drain = section
        .measured("drain", seconds, "a time such as 10s or 1m")
        .unwrap_or(Duration::from_secs(10));
    let concurrent = section.number("concurrent").unwrap_or(16);
    section.finish();
    LimitsConfig {
        memory,
        spill,
        timeout,
        drain,
        concurrent: usize::try_from(concurrent).unwrap_or(16).max(1),
        reserve,
        spare,
        segment,
    }
}
