//! The grid of a dataset as it lies on disk.

use crate::snapshot::bucket_names::{bucket_named, name_of_bucket, word_of};
use hansa_catalog::dataset::{GridDimension, RegisteredGrid};
use hansa_policy::value::cube::{LateDataPolicy, ReleaseTerm};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GridJson {
    id: String,
    dimensions: Vec<(String, Option<String>, Option<String>)>,
    /// Column, period, and what becomes of late rows.
    #[serde(default)]
    release: Option<(String, String, String)>,
}

impl GridJson {
    pub(super) fn of(grid: &RegisteredGrid) -> Self {
        let dimensions = grid.dimensions.iter().map(|dimension| {
            let GridDimension {
                column,
                bucket,
                zone,
            } = dimension;
            (
                column.to_string(),
                bucket.and_then(name_of_bucket),
                zone.clone(),
            )
        });
        Self {
            id: grid.id.clone(),
            dimensions: dimensions.collect(),
            release: grid.release.as_ref().and_then(|release| {
                let ReleaseTerm {
                    column,
                    every,
                    late,
                } = release;
                let late = word_of(&LateDataPolicy::ALL, *late)?;
                Some((column.to_string(), name_of_bucket(*every)?, late))
            }),
        }
    }

    /// None where anything in it is not as it was written.
    pub(super) fn back(self) -> Option<RegisteredGrid> {
        let mut dimensions = Vec::new();
        for (column, bucket, zone) in self.dimensions {
            let bucket = match bucket {
                None => None,
                Some(word) => Some(bucket_named(&word)?),
            };
            dimensions.push(GridDimension {
                column: column.parse().ok()?,
                bucket,
                zone,
            });
        }
        let release = match self.release {
            None => None,
            Some((column, every, late)) => Some(ReleaseTerm {
                column: column.parse().ok()?,
                every: bucket_named(&every)?,
                late: LateDataPolicy::ALL
                    .iter()
                    .find(|(known, _)| *known == late)?
                    .1,
            }),
        };
        Some(RegisteredGrid {
            id: self.id,
            dimensions,
            release,
        })
    }
}
