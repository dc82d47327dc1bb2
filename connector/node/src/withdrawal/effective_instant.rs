//! Instant of a withdrawal, as a person gives it.

use crate::process::civil_day;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Reads an instant, or a day, which means its first instant in `zone`. Without a zone, a day is refused.
///
/// # Errors
/// `USAGE`
pub fn read_instant(text: &str, zone: Option<&str>) -> Result<UtcTimestamp, Refusal> {
    let found = match (civil_day::read_day(text), zone) {
        (Some(day), Some(zone)) => civil_day::begin_day(day, zone),
        (Some(_), None) => {
            let sentence = format!("the day `{text}` begins at another instant in each zone");
            return Err(Refusal::new(ErrorCode::UsageWrong, sentence)
                .with_help(format!("give the instant: --from {text}T00:00:00+01:00")));
        }
        (None, _) => text
            .parse::<jiff::Timestamp>()
            .ok()
            .and_then(|at| UtcTimestamp::from_micros(at.as_microsecond()).ok()),
    };
    found.ok_or_else(|| {
        let sentence = format!("`{text}` is neither a day nor an instant");
        Refusal::new(ErrorCode::UsageWrong, sentence)
            .with_help("such as --from 2027-01-01, or --from 2027-01-01T00:00:00+01:00")
    })
}

/// Refuses a past instant, and one after the end of the contract.
///
/// # Errors
/// `USAGE`
pub fn check_instant(
    from: UtcTimestamp,
    now: UtcTimestamp,
    over_from: UtcTimestamp,
) -> Result<(), Refusal> {
    if from <= now {
        let sentence = format!("{from} has passed");
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence)
            .with_help("without --from it ends at once"));
    }
    if from >= over_from {
        let sentence = format!("the contract already ends on {over_from}");
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence)
            .with_help("give an earlier --from, or none to end it at once"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_in_the_zone() {
        let begins = |text: &str, zone: &str| read_instant(text, Some(zone)).unwrap().to_string();
        for (text, zone, instant) in [
            ("2027-01-01", "America/New_York", "2027-01-01T05:00:00Z"),
            ("2027-01-01", "Europe/Berlin", "2026-12-31T23:00:00Z"),
            ("2027-01-01", "UTC", "2027-01-01T00:00:00Z"),
            ("2027-01-01T00:00:00+01:00", "UTC", "2026-12-31T23:00:00Z"),
        ] {
            assert_eq!(begins(text, zone), instant);
        }
    }

    #[test]
    fn what_says_too_little_is_refused() {
        let code = |text: &str, zone| read_instant(text, zone).unwrap_err().code;
        assert_eq!(code("2027-01-01", None), ErrorCode::UsageWrong);
        for text in [
            "tomorrow",
            "2027-13-01",
            "2027-01-01T00:00:00",
            "2027-1-1",
            "",
        ] {
            assert_eq!(code(text, Some("UTC")), ErrorCode::UsageWrong, "{text}");
        }
    }

    #[test]
    fn an_instant_that_ends_nothing_is_refused() {
        let at = |text: &str| text.parse::<UtcTimestamp>().unwrap();
        let (now, over) = (at("2026-06-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
        assert!(check_instant(at("2026-06-01T00:00:01Z"), now, over).is_ok());
        for text in [
            "2026-05-01T00:00:00Z",
            "2026-06-01T00:00:00Z",
            "2027-01-01T00:00:00Z",
        ] {
            assert!(check_instant(at(text), now, over).is_err(), "{text}");
        }
    }
}
