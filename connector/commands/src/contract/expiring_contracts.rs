//! Contracts that end soon, as a list and as a calendar (iCalendar, RFC 5545).

use hansa_audit_log::time::UtcTimestamp;
use hansa_node::contract::notice::DAYS;
use hansa_policy::contract::{Agreement, ContractStatus};
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};

const DAY: i64 = 86_400_000_000;

/// The instant that lies so far ahead: `90d`, or a number of days.
///
/// # Errors
/// `USAGE` for anything else.
pub(super) fn parse_horizon(now: UtcTimestamp, text: &str) -> Result<UtcTimestamp, Refusal> {
    let days: u32 = text
        .strip_suffix('d')
        .unwrap_or(text)
        .parse()
        .map_err(|cause| {
            Refusal::new(
                ErrorCode::UsageWrong,
                format!("`{text}` is no number of days such as 90d"),
            )
            .caused_by(cause)
        })?;
    Ok(now.plus_micros(DAY.saturating_mul(i64::from(days))))
}

/// True if a contract that is over from an instant on can be used, or will be, and is over by then.
pub(super) fn ends_by(
    over_from: UtcTimestamp,
    status: ContractStatus,
    horizon: UtcTimestamp,
) -> bool {
    matches!(status, ContractStatus::InForce | ContractStatus::NotYet) && over_from <= horizon
}

/// A contract with its end.
pub(super) struct ContractExpiry<'a> {
    pub(super) contract: ContractId,
    pub(super) agreement: &'a Agreement,
    /// The other party.
    pub(super) with: String,
    /// The first instant at which it is over: by its own date, or a withdrawal.
    pub(super) over_from: UtcTimestamp,
}

/// The ends of contracts as a calendar: one event each, with reminders before it.
pub(super) fn render_calendar(contracts: &[ContractExpiry<'_>], now: UtcTimestamp) -> String {
    let mut lines = vec![
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//Hansa//contracts//EN".to_owned(),
    ];
    for ContractExpiry {
        contract: id,
        agreement,
        with,
        over_from,
    } in contracts
    {
        let what = format!(
            "Contract {} with {with} on {} ends",
            id.to_short_text(),
            agreement.dataset.id.name
        );
        lines.extend([
            "BEGIN:VEVENT".to_owned(),
            format!("UID:{id}@{}", agreement.provider.id.domain()),
            format!("DTSTAMP:{}", calendar_stamp(now)),
            format!("DTSTART:{}", calendar_stamp(*over_from)),
            format!("SUMMARY:{}", escape_text(&what)),
        ]);
        for days in DAYS {
            lines.extend([
                "BEGIN:VALARM".to_owned(),
                "ACTION:DISPLAY".to_owned(),
                format!("TRIGGER:-P{days}D"),
                format!("DESCRIPTION:{}", escape_text(&what)),
                "END:VALARM".to_owned(),
            ]);
        }
        lines.push("END:VEVENT".to_owned());
    }
    lines.push("END:VCALENDAR".to_owned());
    let mut text = String::new();
    for line in lines {
        text.push_str(&fold_line(&line));
        text.push_str("\r\n");
    }
    text
}

/// `20271201T000000Z`; what lies between two seconds is cut.
fn calendar_stamp(time: UtcTimestamp) -> String {
    let whole = UtcTimestamp::from_micros(
        time.micros()
            .div_euclid(1_000_000)
            .saturating_mul(1_000_000),
    )
    .unwrap_or(UtcTimestamp::EARLIEST);
    whole
        .to_string()
        .chars()
        .filter(|character| !matches!(character, '-' | ':'))
        .collect()
}

/// Section 3.3.11: commas, semicolons, backslashes and line breaks are escaped.
fn escape_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | ';' | ',' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
    out
}

/// Section 3.1: a line has at most 75 octets; what is longer goes on in the next one after a blank.
fn fold_line(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut octets = 0;
    for character in line.chars() {
        let length = character.len_utf8();
        if octets + length > 75 {
            out.push_str("\r\n ");
            octets = 1;
        }
        out.push(character);
        octets += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_short_and_text_is_escaped() {
        assert_eq!(escape_text("a, b; c\\d\ne"), "a\\, b\\; c\\\\d\\ne");
        let long = fold_line(&format!("SUMMARY:{}", "ü".repeat(100)));
        assert!(long.split("\r\n").all(|line| line.len() <= 75));
        assert_eq!(long.replace("\r\n ", "").chars().count(), 108);
        assert_eq!(
            calendar_stamp("2027-12-01T00:00:00.5Z".parse().unwrap()),
            "20271201T000000Z"
        );
    }

    #[test]
    fn a_horizon_is_a_number_of_days() {
        let now: UtcTimestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let then = parse_horizon(now, "90d").unwrap();
        assert_eq!(then.to_string(), "2026-04-01T00:00:00Z");
        assert_eq!(parse_horizon(now, "90").unwrap(), then);
        assert!(parse_horizon(now, "soon").is_err());
    }
}
