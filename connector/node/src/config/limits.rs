//! `[limits]`: resources of one question, and the number of concurrent questions.

use crate::config::machine::MachineResources;
use crate::config::reader::ConfigSection;
use crate::config::unit::{parse_bytes, parse_duration};
use std::time::Duration;

/// `[limits]`: resources of one question, and the number of concurrent questions.
#[derive(Debug, Clone, Copy)]
pub struct LimitsConfig {
    /// Bytes of memory for one question.
    pub(crate) memory: u64,
    /// Bytes of memory for all questions together.
    pub memory_of_all: u64,
    /// Cores for all questions together. Each question takes the free ones.
    pub cores: usize,
    /// Bytes of spill for one question.
    pub(crate) spill: u64,
    /// Time for one question.
    pub(crate) timeout: Duration,
    /// Time for running answers to complete during a shutdown.
    pub drain: Duration,
    /// Questions at once.
    pub concurrent: usize,
    /// Free bytes that the disk of the log must have. With less, no question is answered.
    pub reserve: u64,
    /// Bytes of disk reserved for the log, for records that must be written even if the disk is full.
    pub(crate) spare: u64,
    /// Size in bytes at which the log begins a new file.
    pub(crate) segment: u64,
}

/// Reads the section.
///
/// By default, all questions have 60 percent of the memory of `machine`, and one question half of that.
pub(super) fn read_limits_config(
    section: ConfigSection<'_>,
    machine: MachineResources,
) -> LimitsConfig {
    let measure = |key: &'static str| section.parse_with(key, parse_bytes, "a size such as 512 MB");
    let size = |key: &'static str, default: u64| measure(key).unwrap_or(default);
    let fall_back = |key: &'static str, value: u64, from: &str| {
        section.note_default(key, in_megabytes(value), from);
        value
    };
    let memory = measure("memory");
    let memory_of_all = measure("memory_of_all").unwrap_or_else(|| {
        let share = whole_megabytes(machine.memory / 10 * 6);
        let from = format!("60 % of the machine's {}", in_megabytes(machine.memory));
        fall_back(
            "memory_of_all",
            share.max(memory.unwrap_or_default()),
            &from,
        )
    });
    let memory = memory.unwrap_or_else(|| {
        let half = whole_megabytes(memory_of_all / 2);
        fall_back("memory", half, "half of limits.memory_of_all")
    });
    if memory > memory_of_all {
        let all = in_megabytes(memory_of_all);
        section.report_problem(
            "memory",
            format!("one question would have more than all of them may, which is {all}"),
        );
    }
    let cores = match section.number("cores") {
        Some(0) => {
            section.report_problem("cores", "a question needs a core");
            1
        }
        Some(cores) => usize::try_from(cores).unwrap_or(usize::MAX),
        None => {
            section.note_default("cores", machine.cores.to_string(), "all of the machine");
            machine.cores
        }
    };
    let spill = size("spill", 4 << 30);
    let reserve = size("reserve", 64 << 20);
    let spare = size("spare", 16 << 20);
    let segment = size("segment", 64 << 20).max(4096);
    let timeout = section
        .parse_with("timeout", parse_duration, "a time such as 120s or 5m")
        .unwrap_or(Duration::from_secs(120));
    let drain = section
        .parse_with("drain", parse_duration, "a time such as 10s or 1m")
        .unwrap_or(Duration::from_secs(10));
    let concurrent = section.number("concurrent").unwrap_or(16);
    section.finish();
    LimitsConfig {
        memory,
        memory_of_all,
        cores,
        spill,
        timeout,
        drain,
        concurrent: usize::try_from(concurrent).unwrap_or(16).max(1),
        reserve,
        spare,
        segment,
    }
}

/// Rounds down to whole megabytes, so that the shown value is the effective one.
const fn whole_megabytes(bytes: u64) -> u64 {
    let whole = bytes / 1_000_000 * 1_000_000;
    if whole == 0 { bytes } else { whole }
}

fn in_megabytes(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}
