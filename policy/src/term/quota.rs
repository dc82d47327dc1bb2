//! Terms 26, 27, 28 and 31: counts in each period, and rows of one answer.

use super::contradiction;
use crate::refusal::Refusal;
use crate::term::{Period, Quota};
use evidence::time::Time;

/// The slot of `period` in which `now` lies, counted from `from` in UTC: its start, and the start of the next.
///
/// Slots are half open and of fixed length, so that no two overlap and none is reopened by a change of civil time.
#[must_use]
pub fn slot(period: Period, from: Time, now: Time) -> (Time, Time) {
    let length = i128::from(period.micros());
    let number = (i128::from(now.micros()) - i128::from(from.micros())).div_euclid(length);
    let offset = |number: i128| {
        let micros = number.saturating_mul(length);
        let micros = i64::try_from(micros).unwrap_or(if micros < 0 { i64::MIN } else { i64::MAX });
        from.plus_micros(micros)
    };
    (offset(number), offset(number.saturating_add(1)))
}

pub(super) fn rule(quota: Quota) -> Result<(), Refusal> {
    rule_rows(quota.max)
}

pub(super) fn rule_rows(most: u64) -> Result<(), Refusal> {
    if most == 0 {
        return Err(contradiction("a limit of 0 permits nothing"));
    }
    Ok(())
}

pub(super) fn plain(quota: Quota, what: &str) -> String {
    format!(
        "at most {} {what} each {}",
        grouped(quota.max),
        quota.per.as_str()
    )
}

pub(super) fn plain_bytes(quota: Quota) -> String {
    let size = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")]
        .into_iter()
        .find(|(unit, _)| quota.max >= *unit && quota.max.is_multiple_of(*unit))
        .map_or_else(
            || format!("{} bytes", grouped(quota.max)),
            |(unit, name)| format!("{} {name}", grouped(quota.max / unit)),
        );
    format!("at most {size} each {}", quota.per.as_str())
}

pub(super) fn plain_rows(rows: u64) -> String {
    format!("at most {} rows in one answer", grouped(rows))
}

impl Period {
    /// Every period, the shortest first.
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::ThirtyDays];

    /// Its length in microseconds.
    #[must_use]
    pub const fn micros(self) -> i64 {
        const HOUR: i64 = 3_600_000_000;
        match self {
            Self::Hour => HOUR,
            Self::Day => 24 * HOUR,
            Self::Week => 7 * 24 * HOUR,
            Self::ThirtyDays => 30 * 24 * HOUR,
        }
    }

    /// Its name in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::ThirtyDays => "30 days",
        }
    }
}

/// `10,000`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(period: Period, from: &str, now: &str, expect: (&str, &str)) {
        let (start, end) = slot(period, from.parse().unwrap(), now.parse().unwrap());
        assert_eq!(
            (start.to_string(), end.to_string()),
            (expect.0.to_owned(), expect.1.to_owned())
        );
    }

    #[test]
    fn slots_are_counted_from_the_first_instant() {
        let from = "2026-03-28T10:30:00Z";
        check(
            Period::Day,
            from,
            "2026-03-28T10:30:00Z",
            (from, "2026-03-29T10:30:00Z"),
        );
        check(
            Period::Day,
            from,
            "2026-03-29T10:29:59.999999Z",
            (from, "2026-03-29T10:30:00Z"),
        );
        check(
            Period::Day,
            from,
            "2026-03-29T10:30:00Z",
            ("2026-03-29T10:30:00Z", "2026-03-30T10:30:00Z"),
        );
        check(
            Period::Hour,
            from,
            "2026-03-28T12:00:00Z",
            ("2026-03-28T11:30:00Z", "2026-03-28T12:30:00Z"),
        );
        check(
            Period::ThirtyDays,
            from,
            "2026-04-28T00:00:00Z",
            ("2026-04-27T10:30:00Z", "2026-05-27T10:30:00Z"),
        );
        check(
            Period::Day,
            from,
            "2026-03-28T10:00:00Z",
            ("2026-03-27T10:30:00Z", from),
        );
    }

    #[test]
    fn slots_never_overlap_and_leave_no_gap() {
        let mut seed = 7_u64;
        let mut next = || {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            i64::try_from(seed >> 16).unwrap()
        };
        for _ in 0..2_000 {
            let from = Time::from_micros(next()).unwrap();
            let now = Time::from_micros(next()).unwrap();
            for period in Period::ALL {
                let (start, end) = slot(period, from, now);
                assert!(start <= now && now < end);
                assert_eq!(end.micros() - start.micros(), period.micros());
                assert_eq!(slot(period, from, start), (start, end));
                assert_eq!(slot(period, from, end).0, end);
            }
        }
    }

    #[test]
    fn edges_of_time_do_not_panic() {
        for from in [Time::EARLIEST, Time::LATEST] {
            for now in [Time::EARLIEST, Time::LATEST] {
                for period in Period::ALL {
                    let (start, end) = slot(period, from, now);
                    assert!(start <= end);
                }
            }
        }
    }

    #[test]
    fn sentences() {
        let day = |max| Quota {
            max,
            per: Period::Day,
        };
        assert_eq!(plain(day(10_000), "rows"), "at most 10,000 rows each day");
        assert_eq!(plain_bytes(day(5_000_000)), "at most 5 MB each day");
        assert_eq!(plain_bytes(day(1_234)), "at most 1,234 bytes each day");
    }
}
