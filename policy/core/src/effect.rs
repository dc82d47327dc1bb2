//! Effects of a decision on a dataset: the closed set that enforcement and the query engine implement.

use crate::id::{ClauseId, ContractId, ParticipantId, SqlIdentifier};
use crate::row_filter::RowFilter;
use crate::value::area::{BoundingBox, PublishedAreaTerm};
use crate::value::cell::CellSize;
use crate::value::column::{LookupTerm, MaskValue};
use crate::value::cube::{CountingUnit, CubeFunction, DominanceTerm, ReleaseTerm};
use crate::value::privacy_budget::PrivacyBudgetTerm;
use crate::value::time::TimeBucketWidth;
use hansa_audit_log::time::{UtcTimestamp, keeps_hours};
use serde::{Deserialize, Serialize};

/// One effect on a dataset, with its clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Clause that demands the effect.
    pub clause: ClauseId,
    /// Kind of the effect.
    pub kind: EffectKind,
}

/// Kind of an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EffectKind {
    /// Removes rows for which the filter is not true. The placeholder `{{consumer}}` is already replaced.
    KeepRows(RowFilter),
    /// Removes rows whose point lies outside the box or is NULL.
    KeepInside {
        /// Column of the longitude.
        lon: SqlIdentifier,
        /// Column of the latitude.
        lat: SqlIdentifier,
        /// Bounding box.
        bounds: BoundingBox,
    },
    /// Removes rows whose point lies outside a published area or is NULL.
    KeepWithin(PublishedAreaTerm),
    /// Removes rows whose event is at or after the instant, or is NULL. In a cube, removes buckets that end after the instant.
    KeepBefore {
        /// Column with the time of the event.
        column: SqlIdentifier,
        /// Instant of the limit.
        before: UtcTimestamp,
    },
    /// Removes columns that are not listed.
    ShowColumns(Vec<SqlIdentifier>),
    /// Removes the listed columns.
    HideColumns(Vec<SqlIdentifier>),
    /// Replaces the values of a column by a mask.
    MaskColumn {
        /// Column to be masked.
        column: SqlIdentifier,
        /// Replacement value.
        mask: MaskValue,
    },
    /// Replaces the values of a column by a keyed hash: HMAC-SHA-256 cut to 128 bits, in hexadecimal digits.
    Pseudonymise {
        /// Column to be hashed.
        column: SqlIdentifier,
        /// Consumer. Each consumer has its own key, so that rows of different consumers can't be joined over the column.
        consumer: ParticipantId,
        /// First version of the contract. Each contract has its own key.
        contract: Option<ContractId>,
        /// Number of the key; another number gives another key.
        epoch: u32,
    },
    /// Shortens the values of a column to their first characters.
    Shorten {
        /// Column to be shortened.
        column: SqlIdentifier,
        /// Number of code points.
        length: u32,
    },
    /// Replaces the values of a column by the lower edge of their band.
    Band {
        /// Column to be replaced.
        column: SqlIdentifier,
        /// Lower edges, ascending, as decimal text.
        edges: Vec<String>,
    },
    /// Replaces the values of a column by a level of a published table; NULL for values that the table does not contain.
    LookUp(LookupTerm),
    /// Rounds the times of a column down to the start of their bucket.
    CoarsenTime {
        /// Column of times.
        column: SqlIdentifier,
        /// Width of the bucket.
        bucket: TimeBucketWidth,
        /// IANA zone of the buckets; absent: UTC.
        zone: Option<String>,
    },
    /// Replaces two columns of degrees by one column with the cell of a grid. NULL where there is no cell.
    CoarsenPlace {
        /// Column of the longitude.
        lon: SqlIdentifier,
        /// Column of the latitude.
        lat: SqlIdentifier,
        /// Name of the new column.
        cell: SqlIdentifier,
        /// Size of the grid's cells.
        size: CellSize,
    },
    /// Replaces the rows by a protected cube.
    AggregateOnly(Cube),
}

/// Protected cube of an aggregate-only contract: one cell for each combination of dimension values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cube {
    /// Name of the grid.
    pub grid: String,
    /// Columns for grouping and filtering.
    pub dimensions: Vec<CubeDimension>,
    /// Columns that can be aggregated.
    pub measures: Vec<SqlIdentifier>,
    /// Permitted aggregate functions.
    pub functions: Vec<CubeFunction>,
    /// Lowest number of units in a shown cell, and in each of its measures; 1 without a clause about it.
    pub at_least: u32,
    /// Unit that is counted for `at_least`.
    pub unit: CountingUnit,
    /// Dominance rules: a measure of a cell is withheld where few units dominate it.
    pub dominance: Vec<DominanceTerm>,
    /// Release of the cells; absent: they are computed for each question.
    pub release: Option<ReleaseTerm>,
    /// Noise on the cells and the limit of what it may disclose about a unit. With noise, cells are not exact.
    pub budget: Option<Box<PrivacyBudgetTerm>>,
    /// Base to whose multiples counts are rounded; absent: exact counts.
    pub base: Option<u32>,
}

impl Cube {
    /// True if counts of distinct units in the differing cells of both cubes disclose how many units are in several cells.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let same = self.refines(other) && other.refines(self);
        self.permits(CubeFunction::Units)
            && other.permits(CubeFunction::Units)
            && (!same || self.unit != other.unit)
    }

    /// Columns of the cells that belong to a measure: count, sum and, where variances are permitted, the sum of squared deviations
    /// from the mean.
    #[must_use]
    pub fn numbers_of(&self, measure: &SqlIdentifier) -> Vec<String> {
        let mut names = vec![format!("cnt_{measure}"), format!("sum_{measure}")];
        if self.permits(CubeFunction::Variance) {
            names.push(format!("dev_{measure}"));
        }
        names
    }

    /// True if variances are permitted, and those that would disclose single values are withheld. Groups that may contain one unit
    /// only need no such protection.
    #[must_use]
    pub fn withholds_variances(&self) -> bool {
        self.permits(CubeFunction::Variance) && self.at_least > 1
    }

    /// True if the function is permitted on the cells.
    #[must_use]
    pub fn permits(&self, function: CubeFunction) -> bool {
        self.functions.contains(&function)
    }

    /// True if every cell of `other` is a union of cells of this cube, or could be: this cube has the same or finer dimensions.
    #[must_use]
    pub fn refines(&self, other: &Self) -> bool {
        other.dimensions.iter().all(|coarse| {
            self.dimensions.iter().any(|fine| {
                // A dimension without a bucket has the resolution of its column: instants or days.
                let made_of = |coarse: TimeBucketWidth| {
                    fine.bucket.is_none_or(|fine| coarse.is_made_of(fine))
                };
                fine.column == coarse.column
                    && (fine == coarse
                        || (fine.begins_with(coarse) && coarse.bucket.is_some_and(made_of)))
            })
        })
    }
}

/// A dimension of a cube.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CubeDimension {
    /// Column of the dimension.
    pub column: SqlIdentifier,
    /// Bucket of a time column.
    pub bucket: Option<TimeBucketWidth>,
    /// IANA zone in which the buckets begin; absent: UTC.
    pub zone: Option<String>,
}

impl CubeDimension {
    /// True if zones allow the buckets to begin together with coarser ones of `other`. Buckets shorter than a day begin in UTC in
    /// any zone.
    fn begins_with(&self, other: &Self) -> bool {
        let is_short = |one: &Self| one.bucket.is_some_and(|width| width < TimeBucketWidth::Day);
        let zone = |one: &Self| one.zone.clone().unwrap_or_else(|| "UTC".to_owned());
        zone(self) == zone(other)
            || is_short(other)
            || (is_short(self) && keeps_hours(&zone(other)))
    }

    /// Zone in which days of the column begin: that of its buckets, or UTC for day buckets without a zone. For shorter buckets
    /// without a zone, `otherwise`.
    #[must_use]
    pub fn day_zone<'a>(&'a self, otherwise: &'a str) -> &'a str {
        match (&self.zone, self.bucket) {
            (Some(zone), _) => zone,
            (None, Some(bucket)) if bucket >= TimeBucketWidth::Day => "UTC",
            (None, _) => otherwise,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_bucket_is_the_finest() {
        let by = |bucket| Cube {
            grid: String::new(),
            dimensions: vec![CubeDimension {
                column: "at".parse().unwrap(),
                bucket,
                zone: None,
            }],
            measures: Vec::new(),
            functions: Vec::new(),
            at_least: 1,
            unit: CountingUnit::Rows,
            dominance: Vec::new(),
            release: None,
            budget: None,
            base: None,
        };
        for bucket in [
            TimeBucketWidth::QuarterHour,
            TimeBucketWidth::Hour,
            TimeBucketWidth::Day,
            TimeBucketWidth::Week,
        ] {
            assert!(by(None).refines(&by(Some(bucket))), "{bucket:?}");
            assert!(!by(Some(bucket)).refines(&by(None)), "{bucket:?}");
        }
        assert!(by(None).refines(&by(None)));
        // Hours begin in every zone with hours of UTC, and days of a zone are made of hours. Days of different zones do not nest.
        let in_zone = |bucket, zone: &str| {
            let mut cube = by(Some(bucket));
            for dimension in &mut cube.dimensions {
                dimension.zone = Some(zone.to_owned());
            }
            cube
        };
        let (hour, day) = (TimeBucketWidth::Hour, TimeBucketWidth::Day);
        let (york, kolkata) = ("America/New_York", "Asia/Kolkata");
        assert!(by(Some(hour)).refines(&in_zone(hour, york)));
        assert!(by(Some(hour)).refines(&in_zone(day, york)));
        assert!(!by(Some(hour)).refines(&in_zone(day, kolkata)));
        assert!(!by(Some(day)).refines(&in_zone(day, york)));
        assert_eq!(in_zone(day, york).dimensions[0].day_zone("UTC"), york);
        assert_eq!(by(Some(day)).dimensions[0].day_zone(york), "UTC");
        assert_eq!(by(Some(hour)).dimensions[0].day_zone(york), york);
    }
}
