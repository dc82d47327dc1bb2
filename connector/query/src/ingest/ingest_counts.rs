//! What was read, and what was not: the publication record's figures.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The figures of one file, or of all files of a dataset together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngestCounts {
    /// Rows that the source holds, after wide became long.
    pub rows: u64,
    /// Rows left out because a value of them can't be read.
    pub bad_rows: u64,
    /// Unreadable values by column.
    pub bad: BTreeMap<String, UnreadableValues>,
    /// Values that are missing at the source, by column.
    pub missing: BTreeMap<String, u64>,
    /// Local times that occur twice, by column; one of the two was taken as declared.
    pub ambiguous: BTreeMap<String, u64>,
    /// Local times that do not occur, by column; moved as declared.
    pub gaps: BTreeMap<String, u64>,
    /// Other things that were met, such as a feature without a geometry.
    pub met: BTreeMap<String, u64>,
    /// Columns of the source that the dataset does not take.
    pub unused: BTreeSet<String>,
    /// Optional columns that a file lacks.
    pub absent: BTreeSet<String>,
}

/// The unreadable values of one column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadableValues {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub samples: Vec<UnreadableValue>,
}

/// One unreadable value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadableValue {
    /// The file, relative to the configuration.
    pub file: String,
    /// Line from 1.
    pub line: u64,
    /// What stands there, shortened.
    pub text: String,
    /// Why it can't be read.
    pub why: String,
}

impl IngestCounts {
    /// Counts an unreadable value.
    pub fn bad(&mut self, column: &str, file: &str, line: u64, text: &str, why: &str) {
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

    /// Adds the figures of another file.
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
                step(mine, column, *count);
            }
        }
        self.unused.extend(other.unused.iter().cloned());
        self.absent.extend(other.absent.iter().cloned());
    }

    /// The share of rows that can't be read.
    #[must_use]
    pub fn bad_share(&self) -> f64 {
        if self.rows == 0 {
            return 0.0;
        }
        float(self.bad_rows) / float(self.rows)
    }
}

/// Adds to a named count.
pub fn step(counts: &mut BTreeMap<String, u64>, name: &str, by: u64) {
    match counts.get_mut(name) {
        Some(count) => *count = count.saturating_add(by),
        None => {
            counts.insert(name.to_owned(), by);
        }
    }
}

#[expect(clippy::as_conversions, reason = "a share needs no more than 53 bits")]
const fn float(count: u64) -> f64 {
    count as f64
}

/// Broken lines below the last row of a file, which are counted among those of [`ROW`].
pub const BELOW_ROWS: &str = "line below the last row that is no row";

/// Stands in the place of a column for rows whose fields can't be told apart.
pub const ROW: &str = "(row)";

/// How many unreadable values of a column are shown.
pub const SAMPLES: usize = 5;
