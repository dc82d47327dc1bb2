//! `[audit]`: how long decisions are kept in the log, what stands beside it, and whom a forked log keeps out.

use crate::config::reader::ConfigSection;
use crate::config::unit::seconds;
use hansa_audit_store::retention::LEAST_DAYS;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::time::Duration;

const DAY: u64 = 86_400;

/// `[audit]`
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetentionConfig {
    /// The texts of questions; nothing is kept of them where this is nothing.
    pub(crate) sql: Duration,
    /// The records of single questions.
    pub(crate) decisions: Duration,
    /// Whether a participant whose log has forked is dealt with no more until it has stated how that came about.
    pub(crate) refuses_forked: bool,
}

/// Reads it.
pub(super) fn read(
    mut section: ConfigSection<'_, '_>,
    faults: &mut Vec<Refusal>,
) -> RetentionConfig {
    let sql = section
        .measured("sql", seconds, "a time such as 90d", faults)
        .unwrap_or(Duration::from_secs(90 * DAY));
    let decisions = section
        .measured("decisions", seconds, "a time such as 10y", faults)
        .unwrap_or(Duration::from_secs(10 * 365 * DAY));
    let forked = section.one_of("forked_logs", [("answer", false), ("refuse", true)], faults);
    if decisions < Duration::from_secs(LEAST_DAYS * DAY) {
        let sentence =
            format!("decisions are kept for {LEAST_DAYS} days at least: so far back quotas count");
        let line = section.line();
        faults.push(section.problem(ErrorCode::ConfigInvalid, sentence, line, "decisions"));
    }
    section.finish(faults);
    RetentionConfig {
        sql,
        decisions,
        refuses_forked: forked.unwrap_or(false),
    }
}
