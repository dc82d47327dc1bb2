//! Widths of time buckets, and periods of quotas.

use hansa_audit_log::day_zone::DayZone;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The width of a time bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeBucketWidth {
    /// 15 minutes.
    QuarterHour,
    /// One hour.
    Hour,
    /// One calendar day.
    Day,
    /// One ISO week, from Monday.
    Week,
    /// One calendar month.
    Month,
    /// One calendar year.
    Year,
}

impl TimeBucketWidth {
    /// All widths with their names in configuration and documents.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("quarter-hour", Self::QuarterHour),
        ("hour", Self::Hour),
        ("day", Self::Day),
        ("week", Self::Week),
        ("month", Self::Month),
        ("year", Self::Year),
    ];
}

/// All widths as durations (XML Schema).
pub const WIDTHS: [(&str, TimeBucketWidth); 6] = [
    ("PT15M", TimeBucketWidth::QuarterHour),
    ("PT1H", TimeBucketWidth::Hour),
    ("P1D", TimeBucketWidth::Day),
    ("P7D", TimeBucketWidth::Week),
    ("P1M", TimeBucketWidth::Month),
    ("P1Y", TimeBucketWidth::Year),
];

impl TimeBucketWidth {
    /// All widths, the finest first.
    pub const ALL: [Self; 6] = [
        Self::QuarterHour,
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Year,
    ];

    /// Width in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QuarterHour => "quarter hour",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// True if every bucket of this width is a union of whole buckets of `finer`, both in the same zone.
    ///
    /// Weeks and months overlap. Quarter hours make whole hours and days, since the offset of every zone in use is a multiple of a
    /// quarter hour. Hours make whole days only in zones with offsets of whole hours, so days are counted in the zone in which the
    /// grid is registered.
    #[must_use]
    pub const fn is_made_of(self, finer: Self) -> bool {
        match self {
            Self::QuarterHour => matches!(finer, Self::QuarterHour),
            Self::Hour => matches!(finer, Self::QuarterHour | Self::Hour),
            Self::Day => matches!(finer, Self::QuarterHour | Self::Hour | Self::Day),
            Self::Week => matches!(
                finer,
                Self::QuarterHour | Self::Hour | Self::Day | Self::Week
            ),
            Self::Month => matches!(
                finer,
                Self::QuarterHour | Self::Hour | Self::Day | Self::Month
            ),
            Self::Year => matches!(
                finer,
                Self::QuarterHour | Self::Hour | Self::Day | Self::Month | Self::Year
            ),
        }
    }
}

/// Limit of a count that starts anew in each period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodQuota {
    /// Largest count in one period.
    pub max: u64,
    /// Period of the count.
    pub per: QuotaPeriod,
}

/// Period of a quota. Periods follow each other without a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuotaPeriod {
    /// 3,600 seconds, counted from the contract's `notBefore`.
    Hour,
    /// Whole days of a zone, of 23, 24 or 25 hours each. Periods of several days are counted from the day of the contract's
    /// `notBefore`.
    Days {
        /// Number of days.
        count: QuotaDays,
        /// Zone in which the days begin.
        zone: DayZone,
    },
}

/// Number of days in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum QuotaDays {
    /// One day.
    One,
    /// Seven days.
    Seven,
    /// Thirty days.
    Thirty,
}

impl QuotaDays {
    /// All numbers, the smallest first.
    pub const ALL: [Self; 3] = [Self::One, Self::Seven, Self::Thirty];

    /// Number of days.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::One => 1,
            Self::Seven => 7,
            Self::Thirty => 30,
        }
    }
}

impl QuotaPeriod {
    /// All periods with their days in a zone, the hour last.
    #[must_use]
    pub fn list_periods(zone: &DayZone) -> [Self; 4] {
        let [day, week, month] = QuotaDays::ALL.map(|count| Self::Days {
            count,
            zone: zone.clone(),
        });
        [day, week, month, Self::Hour]
    }

    /// Number of days; none for an hour.
    #[must_use]
    pub const fn days(&self) -> Option<QuotaDays> {
        match self {
            Self::Hour => None,
            Self::Days { count, .. } => Some(*count),
        }
    }

    /// Zone of the days; none for an hour.
    #[must_use]
    pub const fn zone(&self) -> Option<&DayZone> {
        match self {
            Self::Hour => None,
            Self::Days { zone, .. } => Some(zone),
        }
    }

    /// Name of the period in words.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Days { count, .. } => match count {
                QuotaDays::One => "day",
                QuotaDays::Seven => "week",
                QuotaDays::Thirty => "30 days",
            },
        }
    }
}

impl fmt::Display for QuotaPeriod {
    /// Name of the period with the zone of its days: `day (Europe/Berlin)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        match self.zone() {
            Some(zone) => write!(f, " ({zone})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(coarse: TimeBucketWidth, finer: &[TimeBucketWidth]) {
        let got: Vec<TimeBucketWidth> = TimeBucketWidth::ALL
            .into_iter()
            .filter(|fine| coarse.is_made_of(*fine))
            .collect();
        assert_eq!(got, finer, "{coarse:?}");
    }

    #[test]
    fn documents_and_configuration_name_alike() {
        use crate::value::cube::LateDataPolicy;
        use hansa_audit_log::json::Json;
        use hansa_audit_log::json::serialized::to_json;
        for (name, width) in TimeBucketWidth::NAMES {
            assert_eq!(to_json(&width), Json::from_display(name));
        }
        for (name, late) in LateDataPolicy::ALL {
            assert_eq!(to_json(&late), Json::from_display(name));
        }
    }

    #[test]
    fn buckets_nest() {
        use TimeBucketWidth::{Day, Hour, Month, QuarterHour, Week, Year};
        check(QuarterHour, &[QuarterHour]);
        check(Hour, &[QuarterHour, Hour]);
        check(Day, &[QuarterHour, Hour, Day]);
        check(Week, &[QuarterHour, Hour, Day, Week]);
        check(Month, &[QuarterHour, Hour, Day, Month]);
        check(Year, &[QuarterHour, Hour, Day, Month, Year]);
    }
}
