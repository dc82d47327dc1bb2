//! Term 7: questions are answered in certain hours of the week only, exact over changes of civil time.

use super::odrl::right_operand;
use super::rule::{
    AdmissionCheck, AdmissionContext, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader,
    OdrlWriter, TermRule, TermSpec,
};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;
use hansa_audit_log::time::{UtcTimestamp, civil_time};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// Hours as a term, written like `Mo-Fr 06:00-20:00 Europe/Berlin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoursTerm {
    /// Days of the week, Monday first.
    days: [bool; 7],
    /// First minute of the day, from 0.
    from: u16,
    /// Minute of the day after the last one, up to 1440.
    until: u16,
    /// IANA name of the zone.
    zone: String,
}

const DAYS: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];

/// Minutes of a week and a day, as a bound of the search: the next opening is nearer.
const AHEAD: i64 = 8 * 24 * 60;

pub(super) static HOURS: TermSpec = TermSpec {
    numbers: &[7],
    name: "hours",
    position: OdrlPosition::Permission,
    operand: "h:weekly",
    operators: &["eq"],
    executed: &[EnforcementPoint::Admission],
    codes: &[ErrorCode::OutsideHours],
    nature: DemandKind::Use,
    hides_rows: false,
    remedy: "ask again when the next hours begin, which the refusal names",
    test: "open_and_closed",
};

impl HoursTerm {
    /// Days of the week, Monday first.
    #[must_use]
    pub const fn days(&self) -> [bool; 7] {
        self.days
    }

    /// First minute of the day, and the minute after the last one, up to 1440.
    #[must_use]
    pub const fn minutes(&self) -> (u16, u16) {
        (self.from, self.until)
    }

    /// IANA name of the zone.
    #[must_use]
    pub fn zone(&self) -> &str {
        &self.zone
    }

    pub(super) fn open(&self, now: UtcTimestamp) -> bool {
        civil_time(now, &self.zone).is_some_and(|civil| {
            let day = self.days.get(usize::from(civil.weekday)).copied();
            day == Some(true) && (self.from..self.until).contains(&civil.minute)
        })
    }

    /// True if the hours are open at `now`, or this can't be decided.
    pub(super) fn may_be_open(&self, now: UtcTimestamp) -> bool {
        self.open(now) || civil_time(now, &self.zone).is_none()
    }

    /// First instant at which the hours are open again.
    pub(super) fn next(&self, now: UtcTimestamp) -> Option<UtcTimestamp> {
        const MINUTE: i64 = 60_000_000;
        let start =
            UtcTimestamp::from_micros(now.micros().div_euclid(MINUTE).saturating_mul(MINUTE))
                .ok()?;
        (1..=AHEAD)
            .map(|minutes| start.plus_micros(minutes.saturating_mul(MINUTE)))
            .find(|instant| self.open(*instant))
    }

    fn is_within(&self, other: &Self) -> bool {
        let days = self.days.iter().zip(other.days);
        self.zone == other.zone
            && days.into_iter().all(|(mine, theirs)| !*mine || theirs)
            && self.from >= other.from
            && self.until <= other.until
    }
}

impl TermRule for HoursTerm {
    fn spec(&self) -> &'static TermSpec {
        &HOURS
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        right_operand(Json::from_display(self))
    }

    fn to_canonical_json(&self) -> Json {
        Json::from_display(self)
    }

    fn admission_check(&self) -> Option<AdmissionCheck> {
        Some(AdmissionCheck::Window)
    }

    fn admit(&self, to: &AdmissionContext<'_>) -> Result<(), Refusal> {
        if self.open(to.now) {
            return Ok(());
        }
        let refusal = Refusal::new(
            ErrorCode::OutsideHours,
            format!("questions are answered at {self} only"),
        );
        Err(match self.next(to.now) {
            Some(next) => refusal.with_help(format!("ask again from {next} on")),
            None => refusal,
        })
    }
}

impl HoursTerm {
    /// Comparison with other hours; less is tighter.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        super::tightness_order::order_from_inclusion(self.is_within(other), other.is_within(self))
    }
}

/// Reads the ODRL form.
pub(super) fn read_hours(form: &mut OdrlReader<'_>) -> Result<HoursTerm, Refusal> {
    let text = form.read_text("rightOperand")?;
    match text.parse::<HoursTerm>() {
        Ok(hours) if hours.to_string() == text => Ok(hours),
        _ => Err(form.malformed_refusal(format!(
            "`{text}` is not written like Mo-Fr 06:00-20:00 Europe/Berlin"
        ))),
    }
}

impl fmt::Display for HoursTerm {
    /// Writes the shortest notation: neighbouring days as ranges.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        let mut run: Option<(usize, usize)> = None;
        let close = |run: (usize, usize), parts: &mut Vec<String>| {
            let name = |at: usize| DAYS.get(at).copied().unwrap_or_default();
            parts.push(match run {
                (first, last) if first == last => name(first).to_owned(),
                (first, last) => format!("{}-{}", name(first), name(last)),
            });
        };
        for (at, open) in self.days.iter().enumerate() {
            run = match (run, open) {
                (Some((first, _)), true) => Some((first, at)),
                (None, true) => Some((at, at)),
                (Some(ended), false) => {
                    close(ended, &mut parts);
                    None
                }
                (None, false) => None,
            };
        }
        if let Some(ended) = run {
            close(ended, &mut parts);
        }
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        write!(
            f,
            "{} {}-{} {}",
            parts.join(","),
            clock(self.from),
            clock(self.until),
            self.zone
        )
    }
}

/// Error of a text that is not like `Mo-Fr 06:00-20:00 Europe/Berlin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("hours are written like Mo-Fr 06:00-20:00 Europe/Berlin")]
pub struct HoursTermError;

impl FromStr for HoursTerm {
    type Err = HoursTermError;

    fn from_str(text: &str) -> Result<Self, HoursTermError> {
        let mut words = text.split(' ');
        let (Some(days), Some(times), Some(zone), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(HoursTermError);
        };
        let (from, until) = times.split_once('-').ok_or(HoursTermError)?;
        let hours = Self {
            days: parse_weekdays(days)?,
            from: parse_minute(from)?,
            until: parse_minute(until)?,
            zone: zone.to_owned(),
        };
        let sensible = hours.from < hours.until && hansa_audit_log::time::is_zone(zone);
        if sensible {
            Ok(hours)
        } else {
            Err(HoursTermError)
        }
    }
}

fn parse_weekdays(text: &str) -> Result<[bool; 7], HoursTermError> {
    let day = |name: &str| {
        DAYS.iter()
            .position(|known| *known == name)
            .ok_or(HoursTermError)
    };
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        if first > last {
            return Err(HoursTermError);
        }
        for (at, open) in days.iter_mut().enumerate() {
            *open |= (first..=last).contains(&at);
        }
    }
    Ok(days)
}

fn parse_minute(text: &str) -> Result<u16, HoursTermError> {
    let (hour, minute) = text.split_once(':').ok_or(HoursTermError)?;
    let two = |text: &str| -> Result<u16, HoursTermError> {
        if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            text.parse().map_err(|_| HoursTermError)
        } else {
            Err(HoursTermError)
        }
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    let total = hour.saturating_mul(60).saturating_add(minute);
    if minute < 60 && total <= 1440 {
        Ok(total)
    } else {
        Err(HoursTermError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: &str, now: &str) -> Result<(), Refusal> {
        let hours: HoursTerm = hours.parse().unwrap();
        crate::fixture::with_admission_context(now, |admission| hours.admit(admission))
    }

    #[test]
    fn open_and_closed() {
        let office = "Mo-Fr 06:00-20:00 Europe/Berlin";
        // A Friday in summer time, two hours ahead of UTC.
        assert!(at(office, "2026-07-17T04:00:00Z").is_ok());
        assert!(at(office, "2026-07-17T17:59:59Z").is_ok());
        let closed = at(office, "2026-07-17T18:00:00Z").unwrap_err();
        assert_eq!(closed.code, ErrorCode::OutsideHours);
        // Monday morning.
        assert_eq!(closed.help, ["ask again from 2026-07-20T04:00:00Z on"]);
        // In winter the same hour begins an hour later by UTC.
        assert!(at(office, "2026-12-18T04:30:00Z").is_err());
        assert!(at(office, "2026-12-18T05:00:00Z").is_ok());
        assert!(at("Su 00:00-24:00 UTC", "2026-07-19T23:59:59Z").is_ok());
    }

    #[test]
    fn spellings() {
        let shortest = |text: &str| text.parse::<HoursTerm>().map(|hours| hours.to_string());
        assert_eq!(
            shortest("Mo,Tu,We,Sa 06:00-20:00 UTC").as_deref(),
            Ok("Mo-We,Sa 06:00-20:00 UTC")
        );
        for bad in [
            "",
            "Mo 06:00-20:00",
            "Mo 6:00-20:00 UTC",
            "Mo 20:00-06:00 UTC",
            "Fr-Mo 06:00-20:00 UTC",
            "Mo 06:00-24:01 UTC",
            "Mo 06:60-20:00 UTC",
            "Mo 06:00-20:00 Mars",
            "Mo  06:00-20:00 UTC",
        ] {
            assert!(bad.parse::<HoursTerm>().is_err(), "{bad}");
        }
    }
}
