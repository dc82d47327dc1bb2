//! The closed set of things that a decision can do to a dataset: all that enforcement and the query engine understand.

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

/// One thing done to a dataset, with the clause that demands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The clause.
    pub clause: ClauseId,
    /// What is done.
    pub kind: EffectKind,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EffectKind {
    /// Rows for which this is not true do not exist. No `{{consumer}}` is left in it.
    KeepRows(RowFilter),
    /// Rows whose point lies outside, or is NULL, do not exist.
    KeepInside {
        /// Column of the longitude.
        lon: SqlIdentifier,
        /// Column of the latitude.
        lat: SqlIdentifier,
        /// The box.
        bounds: BoundingBox,
    },
    /// Rows whose point lies outside a published area, or is NULL, do not exist.
    KeepWithin(PublishedAreaTerm),
    /// Rows do not exist whose event was at this instant or later, or has none; of a cube, buckets do not exist that were
    /// not over by then.
    KeepBefore {
        /// Column of the event.
        column: SqlIdentifier,
        /// The instant.
        before: UtcTimestamp,
    },
    /// Columns that are not listed do not exist.
    ShowColumns(Vec<SqlIdentifier>),
    /// Columns that are listed do not exist.
    HideColumns(Vec<SqlIdentifier>),
    /// The column shows this instead.
    MaskColumn {
        /// The column.
        column: SqlIdentifier,
        /// What it shows.
        mask: MaskValue,
    },
    /// The column shows a keyed hash: HMAC-SHA-256 cut to 128 bits, in hexadecimal digits.
    Pseudonymise {
        /// The column.
        column: SqlIdentifier,
        /// For whom: nobody else's rows can be joined over it.
        consumer: ParticipantId,
        /// Under which contract, by its first version: nor can those of another contract.
        contract: Option<ContractId>,
        /// Another number is another key.
        epoch: u32,
    },
    /// The column shows its first characters.
    Shorten {
        /// The column.
        column: SqlIdentifier,
        /// How many code points.
        length: u32,
    },
    /// The column shows the lower edge of its band.
    Band {
        /// The column.
        column: SqlIdentifier,
        /// The lower edges, ascending, as decimal text.
        edges: Vec<String>,
    },
    /// The column shows a level of a published table; NULL for what that does not know.
    LookUp(LookupTerm),
    /// The column is floored to its bucket.
    CoarsenTime {
        /// The column.
        column: SqlIdentifier,
        /// The width.
        bucket: TimeBucketWidth,
        /// IANA zone; absent: UTC.
        zone: Option<String>,
    },
    /// Two columns of degrees do not exist; one that holds the cell of a grid does. NULL where there is no cell.
    CoarsenPlace {
        /// Column of the longitude.
        lon: SqlIdentifier,
        /// Column of the latitude.
        lat: SqlIdentifier,
        /// The column that is there instead.
        cell: SqlIdentifier,
        /// Of which grid.
        size: CellSize,
    },
    /// Rows do not exist; the protected cube does.
    AggregateOnly(Cube),
}

/// The protected cube of an aggregate-only contract: one cell for each combination of dimension values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cube {
    /// The grid's name.
    pub grid: String,
    /// What one can group and filter by.
    pub dimensions: Vec<CubeDimension>,
    /// The columns that can be aggregated.
    pub measures: Vec<SqlIdentifier>,
    /// The aggregates allowed.
    pub functions: Vec<CubeFunction>,
    /// A cell, and each measure in it, exists only with at least so many units; 1 if no clause says more.
    pub at_least: u32,
    /// What is counted for that.
    pub unit: CountingUnit,
    /// Where a measure of a cell is absent since few units dominate it.
    pub dominance: Vec<DominanceTerm>,
    /// How its cells are released; computed anew for each question where no clause says so.
    pub release: Option<ReleaseTerm>,
    /// Noise on its cells, and what it may tell of a unit: then they are no exact ones.
    pub budget: Option<Box<PrivacyBudgetTerm>>,
    /// The number of whose multiples its counts are; exact where it is absent.
    pub base: Option<u32>,
}

impl Cube {
    /// Whether the numbers of different units in the cells of both, which are not the same cells, tell how many units are in
    /// several of them.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let same = self.refines(other) && other.refines(self);
        self.permits(CubeFunction::Units)
            && other.permits(CubeFunction::Units)
            && (!same || self.unit != other.unit)
    }

    /// The columns of its cells that hold a measure: how many values there are, their sum, and where a variance is
    /// permitted the sum of the squares of what each is from their mean.
    #[must_use]
    pub fn numbers_of(&self, measure: &SqlIdentifier) -> Vec<String> {
        let mut names = vec![format!("cnt_{measure}"), format!("sum_{measure}")];
        if self.permits(CubeFunction::Variance) {
            names.push(format!("dev_{measure}"));
        }
        names
    }

    /// Whether variances are told, and those that would tell single values withheld: of groups that may be of one nothing is
    /// left to withhold.
    #[must_use]
    pub fn withholds_variances(&self) -> bool {
        self.permits(CubeFunction::Variance) && self.at_least > 1
    }

    /// Whether a function is permitted of its cells.
    #[must_use]
    pub fn permits(&self, function: CubeFunction) -> bool {
        self.functions.contains(&function)
    }

    /// Whether every cell of `other` is a union of whole cells of this one, or could be: the same or finer dimensions.
    #[must_use]
    pub fn refines(&self, other: &Self) -> bool {
        other.dimensions.iter().all(|coarse| {
            self.dimensions.iter().any(|fine| {
                // What has no bucket is as fine as the column is: single instants, or days.
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
    /// The column.
    pub column: SqlIdentifier,
    /// For a time column: its bucket.
    pub bucket: Option<TimeBucketWidth>,
    /// IANA zone in which the bucket begins; absent: UTC.
    pub zone: Option<String>,
}

impl CubeDimension {
    /// True if its buckets and coarser ones of `other` begin together as far as zones go. Buckets shorter than a day begin in UTC whatever
    /// the zone.
    fn begins_with(&self, other: &Self) -> bool {
        let is_short = |one: &Self| one.bucket.is_some_and(|width| width < TimeBucketWidth::Day);
        let zone = |one: &Self| one.zone.clone().unwrap_or_else(|| "UTC".to_owned());
        zone(self) == zone(other)
            || is_short(other)
            || (is_short(self) && keeps_hours(&zone(other)))
    }

    /// The zone in which days of its column begin: that of its buckets, which is UTC for days that name none. Shorter buckets that name
    /// none leave it to `otherwise`.
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
        // Hours begin everywhere with those of UTC, days of a zone are made of them, and days of two zones are not made of each other.
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
