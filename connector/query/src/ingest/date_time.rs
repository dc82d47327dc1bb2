//! Parsing of dates and times in files, and conversion of civil times to UTC.

use crate::ingest::config::{AmbiguousTimeRule, MissingTimeRule};
use jiff::civil;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

/// Date and time of day as written, possibly with an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenDateTime {
    /// Microseconds since 1970-01-01 00:00 on the clock of the text.
    pub micros: i64,
    /// Offset from UTC in seconds, if written.
    pub offset: Option<i32>,
}

impl WrittenDateTime {
    /// Days since 1970-01-01. The time 24:00 belongs to the next day.
    #[must_use]
    pub fn day(self) -> i32 {
        i32::try_from(self.micros.div_euclid(DAY_US)).unwrap_or_default()
    }
}

/// Accepted format: `%Y %m %d %H %M %S`, `%y` (a two-digit year from 1969 to 2068, as in POSIX), `%f` (an optional fraction), `%z`
/// (an offset or Z), `%b` and `%a` (English names of months and weekdays). Other characters stand for themselves. `%H` accepts 24,
/// the end of the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateTimeFormat {
    items: Vec<DateTimeFormatItem>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DateTimeFormatItem {
    Year,
    ShortYear,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Fraction,
    Offset,
    MonthName,
    WeekdayName,
    Letter(char),
}

impl DateTimeFormat {
    /// Parses a format.
    ///
    /// # Errors
    /// The unknown or missing element.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut items = Vec::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            if letter != '%' {
                items.push(DateTimeFormatItem::Letter(letter));
                continue;
            }
            items.push(match letters.next() {
                Some('Y') => DateTimeFormatItem::Year,
                Some('y') => DateTimeFormatItem::ShortYear,
                Some('m') => DateTimeFormatItem::Month,
                Some('d') => DateTimeFormatItem::Day,
                Some('H') => DateTimeFormatItem::Hour,
                Some('M') => DateTimeFormatItem::Minute,
                Some('S') => DateTimeFormatItem::Second,
                Some('f') => DateTimeFormatItem::Fraction,
                Some('z') => DateTimeFormatItem::Offset,
                Some('b') => DateTimeFormatItem::MonthName,
                Some('a') => DateTimeFormatItem::WeekdayName,
                Some('%') => DateTimeFormatItem::Letter('%'),
                Some(other) => {
                    return Err(format!(
                        "%{other} is none of %Y %y %m %d %H %M %S %f %z %b %a"
                    ));
                }
                None => return Err("it ends in %".to_owned()),
            });
        }
        let month = items.contains(&DateTimeFormatItem::Month)
            || items.contains(&DateTimeFormatItem::MonthName);
        let year = items.contains(&DateTimeFormatItem::Year)
            || items.contains(&DateTimeFormatItem::ShortYear);
        if !year || !month || !items.contains(&DateTimeFormatItem::Day) {
            return Err("it lacks the year, the month or the day".to_owned());
        }
        Ok(Self { items })
    }

    /// Reads a text in this format. Returns `None` if the text does not match.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<WrittenDateTime> {
        let mut rest = text.trim();
        let (mut year, mut month, mut day) = (0_i16, 0_i8, 0_i8);
        let (mut hour, mut minute, mut second, mut fraction) = (0_i64, 0_i64, 0_i64, 0_i64);
        let mut offset = None;
        for item in &self.items {
            match item {
                DateTimeFormatItem::Year => {
                    year = i16::try_from(take_digits(&mut rest, 4, 4)?).ok()?
                }
                DateTimeFormatItem::ShortYear => {
                    let of_century = i16::try_from(take_digits(&mut rest, 2, 2)?).ok()?;
                    let century = if of_century < FIRST_OF_1900 {
                        2000
                    } else {
                        1900
                    };
                    year = of_century.checked_add(century)?;
                }
                DateTimeFormatItem::Month => {
                    month = i8::try_from(take_digits(&mut rest, 1, 2)?).ok()?
                }
                DateTimeFormatItem::Day => {
                    day = i8::try_from(take_digits(&mut rest, 1, 2)?).ok()?
                }
                DateTimeFormatItem::Hour => hour = take_digits(&mut rest, 1, 2)?,
                DateTimeFormatItem::Minute => minute = take_digits(&mut rest, 1, 2)?,
                DateTimeFormatItem::Second => second = take_digits(&mut rest, 1, 2)?,
                DateTimeFormatItem::Fraction => fraction = fraction_us(&mut rest)?,
                DateTimeFormatItem::Offset => offset = Some(offset_s(&mut rest)?),
                DateTimeFormatItem::MonthName => {
                    month = i8::try_from(take_name(&mut rest, &MONTHS)?)
                        .ok()?
                        .checked_add(1)?;
                }
                DateTimeFormatItem::WeekdayName => {
                    take_name(&mut rest, &WEEKDAYS)?;
                }
                DateTimeFormatItem::Letter(letter) => rest = rest.strip_prefix(*letter)?,
            }
        }
        let of_day = hour * HOUR_US + minute * MINUTE_US + second * 1_000_000 + fraction;
        if !rest.is_empty() || minute > 59 || second > 59 || of_day > DAY_US {
            return None;
        }
        let date = civil::Date::new(year, month, day).ok()?;
        Some(WrittenDateTime {
            micros: i64::from(epoch_day(date)) * DAY_US + of_day,
            offset,
        })
    }
}

/// Formats of ISO 8601 that are accepted if no format is declared.
#[must_use]
pub fn iso_formats(with_time: bool) -> Vec<DateTimeFormat> {
    let spellings: &[&str] = if with_time {
        &[
            "%Y-%m-%d %H:%M:%S%f",
            "%Y-%m-%dT%H:%M:%S%f",
            "%Y-%m-%dT%H:%M:%S%f%z",
            "%Y-%m-%d %H:%M:%S%f%z",
            "%Y-%m-%d %H:%M",
            "%Y-%m-%dT%H:%M",
            "%Y-%m-%dT%H:%M%z",
            "%Y-%m-%d %H:%M%z",
        ]
    } else {
        &["%Y-%m-%d"]
    };
    spellings
        .iter()
        .filter_map(|text| DateTimeFormat::parse(text).ok())
        .collect()
}

/// Time zone by its IANA name.
#[must_use]
pub fn find_zone(name: &str) -> Option<TimeZone> {
    if !name.contains('/') && name != "UTC" && name != "GMT" {
        return None;
    }
    TimeZone::get(name).ok()
}

/// Resolution of a local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalTimeResolution {
    /// Unambiguous: the time names one instant.
    Nothing,
    /// Ambiguous: the time occurs twice, and one instant was chosen.
    Ambiguous,
    /// Missing: the time does not occur and was moved forward.
    Missing,
}

/// Instant of a civil time, in microseconds since 1970 in UTC.
///
/// # Errors
/// The reason why the declared rules give no instant.
pub fn resolve_instant(
    civil: WrittenDateTime,
    zone: &TimeZone,
    ambiguous: AmbiguousTimeRule,
    missing: MissingTimeRule,
) -> Result<(i64, LocalTimeResolution), &'static str> {
    if let Some(offset) = civil.offset {
        return Ok((
            civil.micros - i64::from(offset) * 1_000_000,
            LocalTimeResolution::Nothing,
        ));
    }
    let clock = to_civil_datetime(civil.micros).ok_or(OUTSIDE_CALENDAR)?;
    let (offset, decided) = match zone.to_ambiguous_timestamp(clock).offset() {
        AmbiguousOffset::Unambiguous { offset } => (offset, LocalTimeResolution::Nothing),
        AmbiguousOffset::Fold { before, after } => match ambiguous {
            // The caller resolves the time by the order of the rows.
            AmbiguousTimeRule::First | AmbiguousTimeRule::Sequence => {
                (before, LocalTimeResolution::Ambiguous)
            }
            AmbiguousTimeRule::Second => (after, LocalTimeResolution::Ambiguous),
            AmbiguousTimeRule::Refuse => {
                return Err(
                    "this local time occurs twice, and the column declares no `ambiguous`: sequence where the rows are in order, first or second",
                );
            }
        },
        AmbiguousOffset::Gap { before, .. } => match missing {
            MissingTimeRule::Forward => (before, LocalTimeResolution::Missing),
            MissingTimeRule::Refuse => {
                return Err("this local time does not occur, and the column declares no `gap`");
            }
        },
    };
    Ok((civil.micros - offset_us(offset), decided))
}

/// Local date of an instant, in days since 1970-01-01.
#[must_use]
pub fn local_day(micros: i64, zone: &TimeZone) -> Option<i32> {
    let stamp = jiff::Timestamp::from_microsecond(micros).ok()?;
    let local = micros.checked_add(offset_us(zone.to_offset(stamp)))?;
    i32::try_from(local.div_euclid(DAY_US)).ok()
}

/// Start of a local day.
#[must_use]
pub fn start_of_day(day: i32, zone: &TimeZone) -> Option<i64> {
    let clock = to_civil_datetime(i64::from(day) * DAY_US)?;
    let stamp = zone.to_ambiguous_timestamp(clock).compatible().ok()?;
    Some(stamp.as_microsecond())
}

/// Day in ISO 8601.
pub(crate) fn day_shown(day: i32) -> String {
    let found = to_civil_datetime(i64::from(day) * DAY_US).map(|clock| clock.date().to_string());
    found.unwrap_or_else(|| format!("day {day} since 1970-01-01"))
}

/// Civil time in ISO 8601.
pub(crate) fn civil_shown(micros: i64) -> String {
    let found = to_civil_datetime(micros).map(|clock| clock.to_string());
    found.unwrap_or_else(|| format!("{micros} us since 1970-01-01"))
}

fn to_civil_datetime(micros: i64) -> Option<civil::DateTime> {
    let stamp = jiff::Timestamp::from_microsecond(micros).ok()?;
    Some(Offset::UTC.to_datetime(stamp))
}

fn offset_us(offset: Offset) -> i64 {
    i64::from(offset.seconds()) * 1_000_000
}

/// Days since 1970-01-01 of a calendar date.
fn epoch_day(date: civil::Date) -> i32 {
    let (year, month) = (i32::from(date.year()), i32::from(date.month()));
    // The year starts at 1 March here, so that a leap day is its last day.
    let shifted = if month > 2 { year } else { year - 1 };
    let of_era = shifted.rem_euclid(400);
    let month = (month + 9) % 12;
    let of_year = (153 * month + 2) / 5 + i32::from(date.day()) - 1;
    shifted.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn take_digits(rest: &mut &str, least: usize, most: usize) -> Option<i64> {
    let count = rest
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count();
    if count < least {
        return None;
    }
    let (number, after) = rest.split_at_checked(count)?;
    *rest = after;
    number.parse().ok()
}

fn fraction_us(rest: &mut &str) -> Option<i64> {
    let Some(after) = rest.strip_prefix(['.', ',']) else {
        return Some(0);
    };
    let count = after.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=9).contains(&count) {
        return None;
    }
    let (number, after) = after.split_at_checked(count)?;
    *rest = after;
    let micros: String = number.chars().chain("000000".chars()).take(6).collect();
    micros.parse().ok()
}

fn offset_s(rest: &mut &str) -> Option<i32> {
    if let Some(after) = rest.strip_prefix(['Z', 'z']) {
        *rest = after;
        return Some(0);
    }
    let (sign, mut after) = match (rest.strip_prefix('+'), rest.strip_prefix('-')) {
        (Some(after), _) => (1, after),
        (_, Some(after)) => (-1, after),
        (None, None) => return None,
    };
    let hours = take_digits(&mut after, 2, 2)?;
    after = after.strip_prefix(':').unwrap_or(after);
    let minutes = take_digits(&mut after, 2, 2).unwrap_or(0);
    *rest = after;
    if hours > 25 || minutes > 59 {
        return None;
    }
    i32::try_from(sign * (hours * 3600 + minutes * 60)).ok()
}

fn take_name(rest: &mut &str, names: &[&str]) -> Option<usize> {
    let count = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (word, after) = rest.split_at_checked(count)?;
    let short = word.get(..3)?;
    *rest = after;
    names
        .iter()
        .position(|name| name.eq_ignore_ascii_case(short))
}

/// First two-digit year that lies in the 20th century.
const FIRST_OF_1900: i16 = 69;

/// Reason for an instant outside the supported range.
pub(super) const OUTSIDE_CALENDAR: &str = "the time lies outside the calendar of instants, which is from -9999-01-02T01:59:59Z to \
     9999-12-30T22:00:00Z; where it stands for no end, say nulls = [\"…\"] with its text, or type = \"date\", which takes 9999-12-31";

/// Number of microseconds in a day.
pub const DAY_US: i64 = 24 * HOUR_US;

const HOUR_US: i64 = 60 * MINUTE_US;

const MINUTE_US: i64 = 60_000_000;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
