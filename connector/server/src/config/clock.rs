//! `[clock]`: how far the clock is moved, for tests of months in a league that is for a show.

use crate::config::reader::ConfigSection;
use crate::config::unit::shift;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// `[clock] offset`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ClockOffset {
    /// As it was written; empty when it was not.
    pub(crate) text: String,
    /// The same in microseconds.
    pub(crate) micros: i64,
    /// Where it stands in the file.
    pub(crate) line: u64,
}

/// Reads it.
pub(super) fn read(mut section: ConfigSection<'_, '_>, faults: &mut Vec<Refusal>) -> ClockOffset {
    let (text, line) = section.text_at("offset", faults).unwrap_or_default();
    let micros = match text.is_empty() {
        true => Some(0),
        false => shift(&text),
    };
    if micros.is_none() {
        faults.push(section.problem(
            ErrorCode::ConfigInvalid,
            format!("`{text}` is not a time such as +8d or -90m, of ten years at most"),
            line,
            "offset",
        ));
    }
    section.finish(faults);
    ClockOffset {
        text,
        micros: micros.unwrap_or_default(),
        line,
    }
}
