//! `valid`: dates in the zone of the dataset, or instants.

use super::Terms;
use super::sheet::{Sheet, Value};
use hansa_audit_log::time::Time;
use hansa_policy::refusal::Code;
use hansa_policy::term::Term;
use jiff::ToSpan as _;

/// First and last instant; `until` includes its day.
pub(super) fn read(
    sheet: &mut Sheet<'_>,
    valid: Option<&Value<'_>>,
    terms: &mut Terms,
) -> (Option<Time>, Option<Time>) {
    let Some(valid) = valid else {
        return (None, None);
    };
    let Some(table) = sheet.table(valid, Some(&["from", "until"])) else {
        return (None, None);
    };
    let from = table
        .get("from")
        .and_then(|value| instant(sheet, value, Edge::From));
    let until = table
        .get("until")
        .and_then(|value| instant(sheet, value, Edge::Until));
    if let (Some(from), Some(until)) = (from, until)
        && from >= until
    {
        sheet.problem(
            &valid.at,
            Code::PolicyContradiction,
            format!("the policy is valid from {from} until {until}, which is never"),
        );
    }
    if let (Some(from), Some(value)) = (from, table.get("from")) {
        terms.add(&value.at, Term::NotBefore(from));
    }
    if let (Some(until), Some(value)) = (until, table.get("until")) {
        terms.add(&value.at, Term::NotAfter(until));
    }
    (from, until)
}

/// An instant, or the first one of a day.
pub(super) fn first(sheet: &mut Sheet<'_>, value: &Value<'_>) -> Option<Time> {
    instant(sheet, value, Edge::From)
}

/// An instant, or the first one after a day.
pub(super) fn last(sheet: &mut Sheet<'_>, value: &Value<'_>) -> Option<Time> {
    instant(sheet, value, Edge::Until)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    From,
    Until,
}

fn instant(sheet: &mut Sheet<'_>, value: &Value<'_>, edge: Edge) -> Option<Time> {
    let written = match (value.node.as_datetime(), value.node.as_str()) {
        (Some(datetime), _) => datetime.to_string(),
        (None, Some(text)) => text.to_owned(),
        (None, None) => {
            sheet.ill_typed(value, "a date such as 2026-01-31");
            return None;
        }
    };
    let found = match written.parse::<jiff::civil::Date>() {
        Ok(date) if written.len() == 10 => start_of(date, edge, &sheet.dataset.zone),
        _ => written.parse::<jiff::Timestamp>().ok(),
    };
    let time = found.and_then(|stamp| Time::from_micros(stamp.as_microsecond()).ok());
    if time.is_none() {
        sheet.problem(
            &value.at,
            Code::TermIllTyped,
            format!(
                "`{written}` is neither a date such as 2026-01-31 (in {}) nor an instant such as 2026-01-31T12:00:00Z",
                sheet.dataset.zone
            ),
        );
    }
    time
}

/// The first instant of the day, or for `until` that of the day after.
fn start_of(date: jiff::civil::Date, edge: Edge, zone: &str) -> Option<jiff::Timestamp> {
    let date = match edge {
        Edge::From => date,
        Edge::Until => date.checked_add(1.day()).ok()?,
    };
    let zone = jiff::tz::TimeZone::get(zone).ok()?;
    Some(date.to_zoned(zone).ok()?.timestamp())
}
