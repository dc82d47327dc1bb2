//! `valid`: dates in the zone of the dataset, or instants.

use super::LocatedTerms;
use super::file_reader::PolicyFileReader;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::ErrorCode;
use hansa_policy::term::Term;
use hansa_toml_reader::TomlValue;
use jiff::ToSpan as _;

/// First and last instant; `until` includes its day.
pub(super) fn read(
    reader: &PolicyFileReader<'_>,
    valid: Option<&TomlValue<'_>>,
    terms: &mut LocatedTerms,
) -> (Option<UtcTimestamp>, Option<UtcTimestamp>) {
    let Some(valid) = valid else {
        return (None, None);
    };
    let Some(table) = valid.table_with(&["from", "until"]) else {
        return (None, None);
    };
    let from = table
        .get("from")
        .and_then(|value| instant(reader, value, ValidityEdge::From));
    let until = table
        .get("until")
        .and_then(|value| instant(reader, value, ValidityEdge::Until));
    if let (Some(from), Some(until)) = (from, until)
        && from >= until
    {
        let sentence = format!("the policy is valid from {from} until {until}, which is never");
        valid.problem(ErrorCode::PolicyContradiction, sentence);
    }
    if let (Some(from), Some(value)) = (from, table.get("from")) {
        terms.add(value, Term::NotBefore(from));
    }
    if let (Some(until), Some(value)) = (until, table.get("until")) {
        terms.add(value, Term::NotAfter(until));
    }
    (from, until)
}

/// An instant, or the first one of a day.
pub(super) fn first(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<UtcTimestamp> {
    instant(reader, value, ValidityEdge::From)
}

/// An instant, or the first one after a day.
pub(super) fn last(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<UtcTimestamp> {
    instant(reader, value, ValidityEdge::Until)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ValidityEdge {
    From,
    Until,
}

fn instant(
    reader: &PolicyFileReader<'_>,
    value: &TomlValue<'_>,
    edge: ValidityEdge,
) -> Option<UtcTimestamp> {
    let written = match (value.node.as_datetime(), value.node.as_str()) {
        (Some(datetime), _) => datetime.to_string(),
        (None, Some(text)) => text.to_owned(),
        (None, None) => {
            value.ill_typed("a date such as 2026-01-31");
            return None;
        }
    };
    let found = match written.parse::<jiff::civil::Date>() {
        Ok(date) if written.len() == 10 => start_of(date, edge, &reader.dataset.zone),
        _ => written.parse::<jiff::Timestamp>().ok(),
    };
    let time = found.and_then(|stamp| UtcTimestamp::from_micros(stamp.as_microsecond()).ok());
    if time.is_none() {
        value.problem(
            ErrorCode::TermIllTyped,
            format!(
                "`{written}` is neither a date such as 2026-01-31 (in {}) nor an instant such as 2026-01-31T12:00:00Z",
                reader.dataset.zone
            ),
        );
    }
    time
}

/// The first instant of the day, or for `until` that of the day after.
fn start_of(date: jiff::civil::Date, edge: ValidityEdge, zone: &str) -> Option<jiff::Timestamp> {
    let date = match edge {
        ValidityEdge::From => date,
        ValidityEdge::Until => date.checked_add(1.day()).ok()?,
    };
    let zone = jiff::tz::TimeZone::get(zone).ok()?;
    Some(date.to_zoned(zone).ok()?.timestamp())
}
