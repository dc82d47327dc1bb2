//! Counts of read and unreadable rows and values, for the publication record.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Counts of one file, or of all files of a dataset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngestCounts {
    /// Number of rows in the source, after the unpivot.
    pub rows: u64,
    /// Number of rows that were left out because a value can't be read.
    pub bad_rows: u64,
    /// Unreadable values by column.
    pub bad: BTreeMap<String, UnreadableValues>,
    /// Number of values missing in the source, by column.
    pub missing: BTreeMap<String, u64>,
    /// Number of local times that occur twice, by column. One of the two instants was chosen as declared.
    pub ambiguous: BTreeMap<String, u64>,
    /// Number of local times that do not occur, by column. They were moved as declared.
    pub gaps: BTreeMap<String, u64>,
    /// Number of other findings, such as a feature without a geometry.
    pub met: BTreeMap<String, u64>,
    /// Source columns that the dataset does not use.
    pub unused: BTreeSet<String>,
    /// Optional columns that a file lacks.
    pub absent: BTreeSet<String>,
}

/// Unreadable values of one column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadableValues {
    /// Number of values.
    pub count: u64,
    /// First values.
    pub samples: Vec<UnreadableValue>,
}

/// Unreadable value with its position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadableValue {
    /// File, relative to the configuration.
    pub file: String,
    /// Line number, from 1.
    pub line: u64,
    /// Text of the value, shortened.
    pub text: String,
    /// Reason.
    pub why: String,
}

impl IngestCounts {
    /// Counts an unreadable value.
    pub fn count_unreadable_value(
        &mut self,
        column: &str,
        file: &str,
        line: u64,
        text: &str,
        why: &str,
    ) {
        let bad = match self.bad.get_mut(column) {
            Some(bad) => bad,
            None => self.bad.entry(column.to_owned()).or_default(),
        };
        bad.count = bad.count.saturating_add(1);
        if bad.samples.len() < SAMPLES {
            bad.samples.push(UnreadableValue {
                file: file.to_owned(),
                line,
                text: text.chars().take(60).collect(),
                why: why.to_owned(),
            });
        }
    }

    /// Adds the counts of another file.
    pub fn add(&mut self, other: &Self) {
        self.rows = self.rows.saturating_add(other.rows);
        self.bad_rows = self.bad_rows.saturating_add(other.bad_rows);
        for (column, bad) in &other.bad {
            let mine = self.bad.entry(column.clone()).or_default();
            mine.count = mine.count.saturating_add(bad.count);
            let room = SAMPLES.saturating_sub(mine.samples.len());
            mine.samples.extend(bad.samples.iter().take(room).cloned());
        }
        for (mine, theirs) in [
            (&mut self.missing, &other.missing),
            (&mut self.ambiguous, &other.ambiguous),
            (&mut self.gaps, &other.gaps),
            (&mut self.met, &other.met),
        ] {
            for (column, count) in theirs {
                increase_count(mine, column, *count);
            }
        }
        self.unused.extend(other.unused.iter().cloned());
        self.absent.extend(other.absent.iter().cloned());
    }

    /// Share of unreadable rows.
    #[must_use]
    pub fn bad_share(&self) -> f64 {
        if self.rows == 0 {
            return 0.0;
        }
        count_to_float(self.bad_rows) / count_to_float(self.rows)
    }
}

/// Adds `by` to a named count.
pub fn increase_count(counts: &mut BTreeMap<String, u64>, name: &str, by: u64) {
    match counts.get_mut(name) {
        Some(count) => *count = count.saturating_add(by),
        None => {
            counts.insert(name.to_owned(), by);
        }
    }
}

#[expect(clippy::as_conversions, reason = "a share needs no more than 53 bits")]
const fn count_to_float(count: u64) -> f64 {
    count as f64
}

/// Name of the count of unreadable lines below the last row of a file. They are also counted under [`ROW`].
pub const BELOW_ROWS: &str = "line below the last row that is no row";

/// Pseudo-column for rows without distinguishable fields.
pub const ROW: &str = "(row)";

/// Number of unreadable values that are shown for a column.
pub const SAMPLES: usize = 5;
