//! Civil days: they begin at midnight in a time zone, and have 23 or 25 hours where its clock changes.

use crate::time::{UtcTimestamp, is_zone};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Time zone in which days are counted.
///
/// Every instant lies in exactly one day. If the clock is put back across midnight, the new day continues. If it is put forward
/// across midnight, the day begins with its first existing time.
#[derive(Clone)]
pub struct DayZone {
    name: Arc<str>,
    zone: jiff::tz::TimeZone,
}

/// Error of a name that is not an exact name of a zone in the IANA database of this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time zone is written like Europe/Berlin")]
pub struct DayZoneError;

impl DayZone {
    /// Zone UTC.
    #[must_use]
    pub fn utc() -> Self {
        Self {
            name: "UTC".into(),
            zone: jiff::tz::TimeZone::UTC,
        }
    }

    /// IANA name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// Number of the day of an instant, counted from 1970-01-01 in the zone.
    #[must_use]
    pub fn number_day(&self, at: UtcTimestamp) -> i64 {
        let Ok(stamp) = jiff::Timestamp::from_microsecond(at.micros()) else {
            // Every value of this type is in the range of the other one.
            return at.micros().div_euclid(DAY);
        };
        let date = self.zone.to_datetime(stamp).date();
        let number = EPOCH.duration_until(date).as_hours() / 24;
        // Around a clock change the civil date may repeat, or begin after midnight.
        if at < self.begin_day(number) {
            return number.saturating_sub(1);
        }
        if at >= self.begin_day(number.saturating_add(1)) {
            return number.saturating_add(1);
        }
        number
    }

    /// First instant of a day. Outside the supported range, the first or last supported instant.
    #[must_use]
    pub fn begin_day(&self, number: i64) -> UtcTimestamp {
        let begun = jiff::Span::new()
            .try_days(number)
            .and_then(|days| EPOCH.checked_add(days))
            .and_then(|date| {
                self.zone
                    .to_timestamp(date.to_datetime(jiff::civil::Time::midnight()))
            })
            .map(|begun| begun.as_microsecond());
        match begun {
            Ok(micros) => UtcTimestamp::EPOCH.plus_micros(micros),
            Err(_) if number < 0 => UtcTimestamp::EARLIEST,
            Err(_) => UtcTimestamp::LATEST,
        }
    }
}

const EPOCH: jiff::civil::Date = jiff::civil::date(1970, 1, 1);

const DAY: i64 = 24 * 3_600_000_000;

impl fmt::Debug for DayZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DayZone({})", self.name)
    }
}

impl fmt::Display for DayZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl PartialEq for DayZone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for DayZone {}

impl FromStr for DayZone {
    type Err = DayZoneError;

    fn from_str(text: &str) -> Result<Self, DayZoneError> {
        match jiff::tz::TimeZone::get(text) {
            Ok(zone) if is_zone(text) => Ok(Self {
                name: text.into(),
                zone,
            }),
            _ => Err(DayZoneError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY, DayZone, DayZoneError};
    use crate::time::UtcTimestamp;

    fn zone(name: &str) -> DayZone {
        name.parse().unwrap()
    }

    /// First instant of the day of an instant, and first instant of the next day.
    fn day_of(name: &str, at: &str) -> [String; 2] {
        let number = zone(name).number_day(at.parse().unwrap());
        [number, number + 1].map(|number| zone(name).begin_day(number).to_string())
    }

    #[test]
    fn days_have_23_24_or_25_hours() {
        for (name, at, day) in [
            (
                "Europe/Berlin",
                "2026-03-29T12:00:00Z",
                ["2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"],
            ),
            (
                "Europe/Berlin",
                "2026-03-28T22:59:59.999999Z",
                ["2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z"],
            ),
            (
                "Europe/Berlin",
                "2026-10-25T22:59:59Z",
                ["2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"],
            ),
            (
                "UTC",
                "2026-03-29T12:00:00Z",
                ["2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z"],
            ),
            (
                "Asia/Kolkata",
                "2026-03-29T18:29:59Z",
                ["2026-03-28T18:30:00Z", "2026-03-29T18:30:00Z"],
            ),
            // The day begins at one o'clock, since the clock goes forward at midnight.
            (
                "Asia/Beirut",
                "2019-03-30T22:00:00Z",
                ["2019-03-30T22:00:00Z", "2019-03-31T21:00:00Z"],
            ),
            // The clock went back from 00:01 to 23:01, after the day had begun.
            (
                "America/St_Johns",
                "2010-11-07T03:00:00Z",
                ["2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z"],
            ),
            // The zone skipped 30 December.
            (
                "Pacific/Apia",
                "2011-12-30T10:00:00Z",
                ["2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"],
            ),
        ] {
            assert_eq!(day_of(name, at), day, "{name} at {at}");
        }
    }

    #[test]
    fn every_instant_lies_in_one_day() {
        let mut seed = 11_u64;
        let mut next = || {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            i64::try_from(seed >> 16).unwrap()
        };
        // Two centuries, in microseconds.
        let span = 200 * 366 * DAY;
        for name in [
            "UTC",
            "Europe/Berlin",
            "America/St_Johns",
            "America/Sao_Paulo",
            "Australia/Lord_Howe",
            "Asia/Kathmandu",
            "Asia/Beirut",
            "Pacific/Apia",
            "Africa/Monrovia",
        ] {
            let zone = zone(name);
            for _ in 0..2_000 {
                let at = UtcTimestamp::EPOCH.plus_micros(next().rem_euclid(span) - span / 2);
                let number = zone.number_day(at);
                let (begun, over) = (zone.begin_day(number), zone.begin_day(number + 1));
                assert!(begun <= at && at < over, "{name} at {at}");
                assert_eq!(zone.number_day(begun), number, "{name} at {at}");
                assert_eq!(
                    zone.number_day(over.plus_micros(-1)),
                    number,
                    "{name} at {at}"
                );
            }
        }
    }

    #[test]
    fn edges_of_time_do_not_panic() {
        for zone in [
            DayZone::utc(),
            zone("Pacific/Kiritimati"),
            zone("Pacific/Pago_Pago"),
        ] {
            for at in [UtcTimestamp::EARLIEST, UtcTimestamp::LATEST] {
                let number = zone.number_day(at);
                assert!(zone.begin_day(number) <= zone.begin_day(number + 1));
            }
            assert_eq!(zone.begin_day(i64::MIN), UtcTimestamp::EARLIEST);
            assert_eq!(zone.begin_day(i64::MAX), UtcTimestamp::LATEST);
        }
    }

    #[test]
    fn zones_have_their_exact_names() {
        for name in ["UTC", "Europe/Berlin", "Asia/Kolkata"] {
            assert_eq!(zone(name).as_str(), name);
        }
        for name in ["", "europe/berlin", "Nowhere", "+02:00"] {
            assert_eq!(name.parse::<DayZone>(), Err(DayZoneError), "{name}");
        }
        assert_eq!(DayZone::utc(), zone("UTC"));
        assert_ne!(zone("Europe/Berlin"), zone("Europe/Paris"));
    }
}
