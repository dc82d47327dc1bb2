//! `[clock]`: shift of the clock, for tests over months in a league for demonstrations.

use crate::config::reader::ConfigSection;
use crate::config::unit::parse_shift;
use hansa_policy::refusal::ErrorCode;

/// `[clock] offset`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClockOffset {
    /// Text of the value; empty if absent.
    pub text: String,
    /// Shift in microseconds.
    pub micros: i64,
    /// Line in the file.
    pub(crate) line: u64,
}

/// Reads the section.
pub(super) fn read_clock_offset(section: ConfigSection<'_>) -> ClockOffset {
    let offset = section.value("offset").and_then(|value| {
        let text = value.text()?;
        let micros = match text.is_empty() {
            true => Some(0),
            false => parse_shift(&text),
        };
        if micros.is_none() {
            let sentence =
                format!("`{text}` is not a time such as +8d or -90m, of ten years at most");
            value.add_problem(ErrorCode::ConfigInvalid, sentence);
        }
        Some(ClockOffset {
            micros: micros?,
            line: value.line(),
            text,
        })
    });
    section.finish();
    offset.unwrap_or_default()
}
