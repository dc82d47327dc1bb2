//! The report of a publication: what was read, and what changes.

use crate::ingest::ingest_counts::IngestCounts;
use hansa_catalog::dataset::DatasetColumn;
use hansa_policy::id::DatasetId;
use std::collections::BTreeMap;

/// What a publication did or would do.
#[derive(Debug, Clone, PartialEq)]
pub struct PublicationReport {
    /// The dataset.
    pub dataset: DatasetId,
    /// Files of the source.
    pub files: usize,
    /// Files that were read anew; the others were known.
    pub files_read: usize,
    /// What was read and what was not, over all files.
    pub counts: IngestCounts,
    /// Rows of the snapshot.
    pub rows: u64,
    /// Of a feed: rows that came with this publication.
    pub arrived: Option<u64>,
    /// Rows of the snapshot without a value, by column: missing at the source, or made so by `prepare`.
    pub nulls: BTreeMap<String, u64>,
    /// Rows of the snapshot that is published now.
    pub rows_before: Option<u64>,
    /// How the schema differs from the published one; empty where it does not.
    pub schema_changes: Vec<String>,
}

/// How one list of columns differs from another, a sentence each.
#[must_use]
pub fn schema_changes(before: &[DatasetColumn], after: &[DatasetColumn]) -> Vec<String> {
    let mut changes = Vec::new();
    for old in before {
        match after.iter().find(|new| new.name == old.name) {
            None => changes.push(format!("column `{}` goes", old.name)),
            Some(new) => {
                if new.kind != old.kind {
                    changes.push(format!(
                        "column `{}` changes from {} to {}",
                        old.name, old.kind, new.kind
                    ));
                }
                if new.nullable != old.nullable {
                    let may = if new.nullable {
                        "may now lack"
                    } else {
                        "always has"
                    };
                    changes.push(format!("column `{}` {may} a value", old.name));
                }
            }
        }
    }
    for new in after {
        if !before.iter().any(|old| old.name == new.name) {
            changes.push(format!("column `{}` comes, {}", new.name, new.kind));
        }
    }
    let kept = |list: &[DatasetColumn], other: &[DatasetColumn]| -> Vec<String> {
        list.iter()
            .filter(|column| other.iter().any(|that| that.name == column.name))
            .map(|column| column.name.to_string())
            .collect()
    };
    if kept(before, after) != kept(after, before) {
        changes.push("the order of the columns changes".to_owned());
    }
    changes
}
