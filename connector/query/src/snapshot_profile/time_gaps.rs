//! Gaps between the instants of a time column.

use crate::release::workspace::release_refusal;
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_schema::DataType;
use datafusion::dataframe::DataFrame;
use datafusion_common::Column;
use datafusion_expr::{cast, col};
use futures::StreamExt as _;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::{ColumnType, DatasetColumn};
use hansa_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most different distances between two instants. A column with more of them has no usual distance.
const MOST_DISTANCES: usize = 10_000;

const MICROS_A_DAY: i64 = 86_400_000_000;

/// Gaps between the instants of a time column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeGaps {
    /// Name of the column.
    pub column: String,
    /// Usual distance between two instants: the most frequent one, in seconds.
    pub usual_seconds: i64,
    /// Number of distances that are longer.
    pub gaps: u64,
    /// Instant before the longest gap; none without a gap.
    pub longest_from: Option<String>,
    /// Instant behind the longest gap.
    pub longest_to: Option<String>,
}

impl TimeGaps {
    /// Gaps as numbers alone.
    #[must_use]
    pub(super) fn without_instants(self) -> Self {
        Self {
            longest_from: None,
            longest_to: None,
            ..self
        }
    }
}

/// Distances between successive instants.
#[derive(Default)]
struct DistanceCounts {
    counts: BTreeMap<i64, u64>,
    before: Option<i64>,
    /// Instant before the longest distance.
    longest_from: i64,
    /// Longest distance.
    longest: i64,
}

impl DistanceCounts {
    /// Adds the next instant. Gives `false` where there are too many different distances.
    fn add_instant(&mut self, instant: i64) -> bool {
        if let Some(before) = self.before.replace(instant) {
            let distance = instant.saturating_sub(before);
            if distance > self.longest {
                self.longest = distance;
                self.longest_from = before;
            }
            let count = self.counts.entry(distance).or_default();
            *count = count.saturating_add(1);
        }
        self.counts.len() <= MOST_DISTANCES
    }

    /// Most frequent distance; the shortest of several.
    fn usual_distance(&self) -> Option<i64> {
        let mut usual: Option<(i64, u64)> = None;
        for (distance, count) in &self.counts {
            if usual.is_none_or(|(_, most)| *count > most) {
                usual = Some((*distance, *count));
            }
        }
        usual.map(|(distance, _)| distance)
    }
}

/// Gaps of a time column; none for fewer than two instants, or for instants without a usual distance.
pub(super) async fn find_time_gaps(
    rows: DataFrame,
    column: &DatasetColumn,
) -> Result<Option<TimeGaps>, Refusal> {
    // A date is a number of days, an instant one of microseconds.
    let unit = match column.kind {
        ColumnType::Date => MICROS_A_DAY,
        _ => 1,
    };
    let value = cast(
        col(Column::from_name(column.name.as_str())),
        whole_number(column.kind),
    );
    let frame = rows
        .select(vec![cast(value, DataType::Int64).alias("at")])
        .and_then(|frame| frame.filter(col("at").is_not_null()))
        .and_then(DataFrame::distinct)
        .and_then(|frame| frame.sort(vec![col("at").sort(true, false)]))
        .map_err(|fault| release_refusal(&fault))?;
    let mut batches = frame
        .execute_stream()
        .await
        .map_err(|fault| release_refusal(&fault))?;
    let mut distances = DistanceCounts::default();
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(|fault| release_refusal(&fault))?;
        let instants = batch.column_by_name("at");
        let instants = instants.and_then(|column| column.as_primitive_opt::<Int64Type>());
        for instant in instants.into_iter().flatten().flatten() {
            if !distances.add_instant(instant.saturating_mul(unit)) {
                return Ok(None);
            }
        }
    }
    let Some(usual) = distances.usual_distance() else {
        return Ok(None);
    };
    let longer = distances.counts.iter();
    let longer = longer.filter(|(distance, _)| **distance > usual);
    let gaps = longer.fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
    let text = |micros: i64| {
        let instant = UtcTimestamp::from_micros(micros).ok()?.to_string();
        // A date has no time of day.
        let letters = if unit == 1 { instant.len() } else { 10 };
        Some(instant.chars().take(letters).collect::<String>())
    };
    let has_gap = gaps > 0;
    let end = distances.longest_from.saturating_add(distances.longest);
    Ok(Some(TimeGaps {
        column: column.name.to_string(),
        usual_seconds: usual.div_euclid(1_000_000),
        gaps,
        longest_from: text(distances.longest_from).filter(|_| has_gap),
        longest_to: text(end).filter(|_| has_gap),
    }))
}

/// Type of whole numbers to which a time column is cast first.
const fn whole_number(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Date => DataType::Int32,
        _ => DataType::Int64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distances(instants: &[i64]) -> DistanceCounts {
        let mut distances = DistanceCounts::default();
        for instant in instants {
            assert!(distances.add_instant(*instant));
        }
        distances
    }

    #[test]
    fn the_usual_distance_is_the_most_frequent_one() {
        let hours = distances(&[0, 1, 2, 3, 10, 11]);
        assert_eq!(hours.usual_distance(), Some(1));
        assert_eq!((hours.longest_from, hours.longest), (3, 7));
        assert_eq!(distances(&[0, 1, 3]).usual_distance(), Some(1));
        assert_eq!(distances(&[5]).usual_distance(), None);
    }

    #[test]
    fn instants_without_a_pattern_have_no_usual_distance() {
        let mut distances = DistanceCounts::default();
        let mut at = 0;
        let last = (1..=20_000).find(|distance| {
            at += distance;
            !distances.add_instant(at)
        });
        assert_eq!(last, Some(10_002));
    }
}
