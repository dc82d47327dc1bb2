//! `[audit]`: how long what stands beside the log is kept.

use crate::config::reader::Section;
use crate::config::unit::seconds;
use policy::refusal::Refusal;
use std::time::Duration;

/// `[audit]`
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keeping {
    /// The texts of questions; nothing is kept of them where this is nothing.
    pub(crate) sql: Duration,
}

/// Reads it.
pub(super) fn read(mut section: Section<'_, '_>, faults: &mut Vec<Refusal>) -> Keeping {
    let sql = section
        .measured("sql", seconds, "a time such as 90d", faults)
        .unwrap_or(Duration::from_secs(90 * 86_400));
    section.finish(faults);
    Keeping { sql }
}
