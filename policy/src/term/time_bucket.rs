//! Term 14: an instant or a date is floored to its bucket.

use crate::effect::What;
use crate::id::Name;
use crate::refusal::{Code, Refusal};
use crate::term::Bucket;

pub(super) fn rule(column: &Name, bucket: Bucket, zone: Option<&str>) -> Result<What, Refusal> {
    check_zone(zone)?;
    Ok(What::CoarsenTime {
        column: column.clone(),
        bucket,
        zone: zone.map(str::to_owned),
    })
}

/// A zone is written with its exact IANA name.
pub(super) fn check_zone(zone: Option<&str>) -> Result<(), Refusal> {
    let Some(zone) = zone else {
        return Ok(());
    };
    if evidence::time::is_zone(zone) {
        Ok(())
    } else {
        Err(
            Refusal::new(Code::TermIllTyped, format!("`{zone}` is no time zone"))
                .with_help("write an IANA name such as Europe/Berlin"),
        )
    }
}

pub(super) fn plain(column: &Name, bucket: Bucket, zone: Option<&str>) -> String {
    format!(
        "{column} is rounded down to the {} ({})",
        bucket.as_str(),
        zone.unwrap_or("UTC")
    )
}

impl Bucket {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(coarse: Bucket, finer: &[Bucket]) {
        let got: Vec<Bucket> = Bucket::ALL
            .into_iter()
            .filter(|fine| coarse.is_made_of(*fine))
            .collect();
        assert_eq!(got, finer, "{coarse:?}");
    }

    #[test]
    fn zones_have_their_exact_names() {
        for good in ["Europe/Berlin", "UTC", "America/Toronto"] {
            assert!(check_zone(Some(good)).is_ok(), "{good}");
        }
        for bad in ["", "europe/berlin", "CEST", "Europe/Münster", "+01:00", "'"] {
            assert!(check_zone(Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn buckets_nest() {
        use Bucket::{Day, Hour, Month, QuarterHour, Week, Year};
        check(QuarterHour, &[QuarterHour]);
        check(Hour, &[QuarterHour, Hour]);
        check(Day, &[QuarterHour, Hour, Day]);
        check(Week, &[QuarterHour, Hour, Day, Week]);
        check(Month, &[QuarterHour, Hour, Day, Month]);
        check(Year, &[QuarterHour, Hour, Day, Month, Year]);
    }
}
