//! `[audit]`: retention of decisions and question texts, time stamps of log heads, and the treatment of forked logs.

use crate::config::reader::ConfigSection;
use crate::config::time_stamp;
use crate::config::time_stamp::TimeStampConfig;
use crate::config::unit::parse_duration;
use hansa_audit_store::retention::LEAST_DAYS;
use std::path::Path;
use std::time::Duration;

const DAY: u64 = 86_400;

/// `[audit]`
#[derive(Debug, Clone, Copy)]
pub struct RetentionConfig {
    /// Retention of question texts. With zero, no text is kept.
    pub sql: Duration,
    /// Retention of the records of single questions.
    pub decisions: Duration,
    /// True if a participant with a forked log is refused until it has explained the fork.
    pub(crate) refuses_forked: bool,
}

/// Reads the section.
pub(super) fn read_audit_config(
    section: ConfigSection<'_>,
    folder: &Path,
) -> (RetentionConfig, Option<TimeStampConfig>) {
    let sql = section
        .parse_with("sql", parse_duration, "a time such as 90d")
        .unwrap_or(Duration::from_secs(90 * DAY));
    let decisions = section
        .parse_with("decisions", parse_duration, "a time such as 10y")
        .unwrap_or(Duration::from_secs(10 * 365 * DAY));
    let forked = section.word("forked_logs", &[("answer", false), ("refuse", true)]);
    if decisions < Duration::from_secs(LEAST_DAYS * DAY) {
        let sentence =
            format!("decisions are kept for {LEAST_DAYS} days at least: so far back quotas count");
        section.report_problem("decisions", sentence);
    }
    let time_stamp = time_stamp::read_time_stamp_config(section.section("time_stamp"), folder);
    section.finish();
    let retention = RetentionConfig {
        sql,
        decisions,
        refuses_forked: forked.unwrap_or(false),
    };
    (retention, time_stamp)
}
