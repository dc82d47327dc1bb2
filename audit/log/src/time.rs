//! Instants. Functions get the present instant as an argument; only the binary reads the clock.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Instant in UTC, in microseconds since 1970-01-01T00:00:00Z; displayed as RFC 3339 with `Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcTimestamp(i64);

impl UtcTimestamp {
    /// Earliest instant.
    pub const EARLIEST: Self = Self(-377_705_023_201_000_000);

    /// First instant of 1970, from which microseconds are counted.
    pub const EPOCH: Self = Self(0);

    /// Latest instant.
    pub const LATEST: Self = Self(253_402_207_200_000_000);

    /// Instant from microseconds since the epoch.
    ///
    /// # Errors
    /// When the instant lies outside the years -9999 to 9999.
    pub fn from_micros(micros: i64) -> Result<Self, TimestampParseError> {
        jiff::Timestamp::from_microsecond(micros).map_err(|_| TimestampParseError)?;
        Ok(Self(micros))
    }

    /// Parses the canonical form of instants in the years 1 to 9999: UTC, and a fraction without trailing zeros. Others are left to
    /// [`str::parse`].
    pub(crate) fn from_canonical_bytes(text: &[u8]) -> Option<Self> {
        let (moment, rest) = text.split_first_chunk::<19>()?;
        let [
            y0,
            y1,
            y2,
            y3,
            b'-',
            m0,
            m1,
            b'-',
            d0,
            d1,
            b'T',
            h0,
            h1,
            b':',
            i0,
            i1,
            b':',
            s0,
            s1,
        ] = *moment
        else {
            return None;
        };
        let number = |digits: &[u8]| {
            digits.iter().try_fold(0_i64, |number, digit| {
                let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
                Some(number * 10 + digit)
            })
        };
        let (year, month, day) = (
            number(&[y0, y1, y2, y3])?,
            number(&[m0, m1])?,
            number(&[d0, d1])?,
        );
        let (hour, minute, second) = (number(&[h0, h1])?, number(&[i0, i1])?, number(&[s0, s1])?);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let longest = match month {
            2 => 28 + i64::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        if year < 1 || !(1..=longest).contains(&day) || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let fraction = match rest {
            b"Z" => 0,
            [b'.', digits @ .., b'Z'] if (1..=6).contains(&digits.len()) => {
                if digits.last() == Some(&b'0') {
                    return None;
                }
                let missing = u32::try_from(6 - digits.len()).ok()?;
                number(digits)? * 10_i64.pow(missing)
            }
            _ => return None,
        };
        // Days since 1970-01-01, with years that begin in March.
        let (year, month) = if month > 2 {
            (year, month - 3)
        } else {
            (year - 1, month + 9)
        };
        let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day
            - 1
            - 719_468;
        let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
        Some(Self(seconds * 1_000_000 + fraction))
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Instant moved by `micros`, clamped to the representable years.
    #[must_use]
    pub fn plus_micros(self, micros: i64) -> Self {
        let moved = self.0.saturating_add(micros);
        Self(moved.clamp(Self::EARLIEST.0, Self::LATEST.0))
    }
}

/// Reading of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockReading {
    /// Wall clock, which people can set.
    pub wall: UtcTimestamp,
    /// Nanoseconds of a monotonic clock, since an arbitrary start.
    pub mono_ns: u64,
}

/// Clock as a value. Made once by the binary (a door) or by a test, and passed to all code that needs the time.
pub type Clock = Arc<dyn Fn() -> ClockReading + Send + Sync>;

impl fmt::Display for UtcTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(stamp) => write!(f, "{stamp}"),
            Err(_) => write!(f, "{}us", self.0),
        }
    }
}

crate::serialize_as_text!(UtcTimestamp);

impl FromStr for UtcTimestamp {
    type Err = TimestampParseError;

    fn from_str(text: &str) -> Result<Self, TimestampParseError> {
        if !text.ends_with('Z') {
            return Err(TimestampParseError);
        }
        let stamp: jiff::Timestamp = text.parse().map_err(|_| TimestampParseError)?;
        // The parser accepts the complete last second of its range, the conversion only its first microsecond.
        Self::from_micros(stamp.as_microsecond())
    }
}

/// True if `name` is the exact name of a time zone in the IANA database of this program.
#[must_use]
pub fn is_zone(name: &str) -> bool {
    jiff::tz::TimeZone::get(name).is_ok_and(|zone| zone.iana_name() == Some(name))
}

/// True if the hours of the zone have begun together with UTC hours since 1970, and do so in the future by its rules.
#[must_use]
pub fn keeps_hours(name: &str) -> bool {
    let whole = |offset: jiff::tz::Offset| offset.seconds().checked_rem(3600) == Some(0);
    let Ok(zone) = jiff::tz::TimeZone::get(name) else {
        return false;
    };
    let start = jiff::Timestamp::UNIX_EPOCH;
    // Summer time rules repeat, so two centuries are enough.
    let mut changes = zone.following(start).take(400);
    whole(zone.to_offset(start)) && changes.all(|change| whole(change.offset()))
}

/// Civil time of a zone at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CivilTime {
    /// Day of the week, Monday being 0.
    pub weekday: u8,
    /// Minute of the day, from 0 to 1439.
    pub minute: u16,
}

/// Weekday and minute in a zone, exact over changes of its civil time; none for an unknown zone.
#[must_use]
pub fn civil_time(time: UtcTimestamp, zone: &str) -> Option<CivilTime> {
    let zone = jiff::tz::TimeZone::get(zone).ok()?;
    let local = jiff::Timestamp::from_microsecond(time.0)
        .ok()?
        .to_zoned(zone);
    let (hour, minute) = (
        u16::try_from(local.hour()).ok()?,
        u16::try_from(local.minute()).ok()?,
    );
    Some(CivilTime {
        weekday: u8::try_from(local.weekday().to_monday_zero_offset()).ok()?,
        minute: hour.saturating_mul(60).saturating_add(minute),
    })
}

/// Error of a text that is not an RFC 3339 instant in UTC, or lies outside the representable years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an instant is written like 2026-12-01T00:00:00Z")]
pub struct TimestampParseError;

#[cfg(test)]
mod tests {
    use super::UtcTimestamp;

    #[test]
    fn the_first_and_the_last_instant_can_be_written_and_read() {
        for time in [
            UtcTimestamp::EARLIEST,
            UtcTimestamp::LATEST,
            UtcTimestamp::LATEST.plus_micros(1),
            UtcTimestamp::EARLIEST.plus_micros(-1),
            UtcTimestamp::LATEST.plus_micros(i64::MAX),
        ] {
            assert_eq!(time.to_string().parse(), Ok(time));
            assert_eq!(UtcTimestamp::from_micros(time.micros()), Ok(time));
        }
        assert!("9999-12-30T22:00:00.5Z".parse::<UtcTimestamp>().is_err());
        assert!(UtcTimestamp::from_micros(UtcTimestamp::LATEST.micros() + 1).is_err());
    }
}
