//! Civil days, which begin at midnight in a time zone.

use hansa_audit_log::time::UtcTimestamp;

/// Returns the first instant of a day in a zone.
pub fn begin_day(day: jiff::civil::Date, zone: &str) -> Option<UtcTimestamp> {
    let zone = jiff::tz::TimeZone::get(zone).ok()?;
    let begun = day.to_zoned(zone).ok()?.timestamp();
    UtcTimestamp::from_micros(begun.as_microsecond()).ok()
}

/// Parses a day such as `2026-12-01`.
pub fn read_day(text: &str) -> Option<jiff::civil::Date> {
    let is_day = text.len() == "2026-12-01".len();
    is_day.then(|| text.parse().ok())?
}

/// Returns the first instant of the day that contains an instant.
pub fn begin_today(now: UtcTimestamp, zone: &str) -> Option<UtcTimestamp> {
    let in_zone = jiff::tz::TimeZone::get(zone).ok()?;
    let local = jiff::Timestamp::from_microsecond(now.micros())
        .ok()?
        .to_zoned(in_zone);
    begin_day(local.date(), zone)
}

/// Returns the day in a zone that contains an instant, with its first instant.
pub fn day_of(instant: UtcTimestamp, zone: &str) -> Option<(jiff::civil::Date, UtcTimestamp)> {
    let in_zone = jiff::tz::TimeZone::get(zone).ok()?;
    let local = jiff::Timestamp::from_microsecond(instant.micros())
        .ok()?
        .to_zoned(in_zone);
    Some((local.date(), begin_day(local.date(), zone)?))
}

/// Returns the first day of the month that contains an instant.
pub fn first_day_of_month(now: UtcTimestamp, zone: &str) -> Option<jiff::civil::Date> {
    let in_zone = jiff::tz::TimeZone::get(zone).ok()?;
    let local = jiff::Timestamp::from_microsecond(now.micros())
        .ok()?
        .to_zoned(in_zone);
    Some(local.date().first_of_month())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_of_its_zone() {
        let now: UtcTimestamp = "2019-03-02T04:30:00Z".parse().unwrap();
        for (zone, begun) in [
            ("America/New_York", "2019-03-01T05:00:00Z"),
            ("UTC", "2019-03-02T00:00:00Z"),
            ("Europe/Berlin", "2019-03-01T23:00:00Z"),
        ] {
            assert_eq!(begin_today(now, zone).unwrap().to_string(), begun);
        }
        assert_eq!(begin_today(now, "Nowhere"), None);
        let (day, begun) = day_of(now, "America/New_York").unwrap();
        assert_eq!(day.to_string(), "2019-03-01");
        assert_eq!(begun.to_string(), "2019-03-01T05:00:00Z");
        let late: UtcTimestamp = "2026-11-30T23:30:00Z".parse().unwrap();
        for (zone, first) in [("UTC", "2026-11-01"), ("Europe/Berlin", "2026-12-01")] {
            assert_eq!(first_day_of_month(late, zone).unwrap().to_string(), first);
        }
        // A day that begins at one o'clock, because the clocks go forward at midnight.
        let day = read_day("2019-03-31").unwrap();
        let begun = begin_day(day, "Asia/Beirut").unwrap();
        assert_eq!(begun.to_string(), "2019-03-30T22:00:00Z");
        assert_eq!(read_day("2019-3-1"), None);
    }
}
