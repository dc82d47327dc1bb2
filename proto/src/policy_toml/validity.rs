//! `valid`: dates in the zone of the dataset, or instants.

use super::file_reader::{LocatedTerms, PolicyFileReader};
use super::value_form::ValueForm;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::ErrorCode;
use hansa_policy::term::Term;
use hansa_toml_reader::TomlValue;
use jiff::ToSpan as _;

/// Refuses a policy that is never valid.
pub(super) fn check_validity(valid: &TomlValue<'_>, terms: &LocatedTerms) {
    let from = terms.find(not_before);
    let until = terms.find(not_after);
    if let (Some(from), Some(until)) = (from, until)
        && from >= until
    {
        let sentence = format!("the policy is valid from {from} until {until}, which is never");
        valid.add_problem(ErrorCode::PolicyContradiction, sentence);
    }
}

/// The first instant in force, of a term about it.
pub(super) fn not_before(term: &Term) -> Option<UtcTimestamp> {
    match term {
        Term::NotBefore(from) => Some(*from),
        _ => None,
    }
}

/// The first instant no longer in force, of a term about it.
pub(super) fn not_after(term: &Term) -> Option<UtcTimestamp> {
    match term {
        Term::NotAfter(until) => Some(*until),
        _ => None,
    }
}

/// An instant, or the first one of a day.
pub(super) type FirstInstant = Instant<false>;

/// An instant, or the first one after a day.
pub(super) type EndInstant = Instant<true>;

/// An instant, or a day with its begin or its end.
pub(super) struct Instant<const IS_END: bool>;

impl<const IS_END: bool> ValueForm<UtcTimestamp> for Instant<IS_END> {
    fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<UtcTimestamp> {
        let written = match (value.node.as_datetime(), value.node.as_str()) {
            (Some(datetime), _) => datetime.to_string(),
            (None, Some(text)) => text.to_owned(),
            (None, None) => {
                value.ill_typed("a date such as 2026-01-31");
                return None;
            }
        };
        let found = match written.parse::<jiff::civil::Date>() {
            Ok(date) if written.len() == 10 => start_of(date, IS_END, &reader.dataset.zone),
            _ => written.parse::<jiff::Timestamp>().ok(),
        };
        let time = found.and_then(|stamp| UtcTimestamp::from_micros(stamp.as_microsecond()).ok());
        if time.is_none() {
            value.add_problem(
            ErrorCode::TermIllTyped,
            format!(
                "`{written}` is neither a date such as 2026-01-31 (in {}) nor an instant such as 2026-01-31T12:00:00Z",
                reader.dataset.zone
            ),
        );
        }
        time
    }

    fn write(value: &UtcTimestamp) -> Option<String> {
        Some(value.to_string())
    }
}

/// The first instant of the day, or of the day after.
fn start_of(date: jiff::civil::Date, is_end: bool, zone: &str) -> Option<jiff::Timestamp> {
    let date = date.checked_add(i32::from(is_end).days()).ok()?;
    let zone = jiff::tz::TimeZone::get(zone).ok()?;
    Some(date.to_zoned(zone).ok()?.timestamp())
}
