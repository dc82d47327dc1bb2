//! Widths of time buckets, and periods in which things are counted.

/// The width of a time bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// The widths, as durations (XML Schema).
pub const WIDTHS: [(&str, TimeBucketWidth); 6] = [
    ("PT15M", TimeBucketWidth::QuarterHour),
    ("PT1H", TimeBucketWidth::Hour),
    ("P1D", TimeBucketWidth::Day),
    ("P7D", TimeBucketWidth::Week),
    ("P1M", TimeBucketWidth::Month),
    ("P1Y", TimeBucketWidth::Year),
];

impl TimeBucketWidth {
    /// Every bucket, the finest first.
    pub const ALL: [Self; 6] = [
        Self::QuarterHour,
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Year,
    ];

    /// The bucket in words.
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

    /// Whether every bucket of this width is a union of whole buckets of `finer`, both in the same zone.
    ///
    /// Weeks and months cut each other. Quarter hours make whole hours and days since every zone's offset in use is a
    /// multiple of a quarter hour; hours make whole days only where offsets are whole hours, which is why a day is
    /// counted in the zone in which the grid is registered.
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

/// A count that starts anew in each period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeriodQuota {
    /// The most in one period.
    pub max: u64,
    /// The period.
    pub per: QuotaPeriod,
}

/// A fixed slot of time, counted in UTC from the contract's `notBefore`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum QuotaPeriod {
    /// 3,600 seconds.
    Hour,
    /// 86,400 seconds.
    Day,
    /// Seven days.
    Week,
    /// Thirty days.
    ThirtyDays,
}

impl QuotaPeriod {
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
