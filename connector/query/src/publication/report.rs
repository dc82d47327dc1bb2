//! Report of a publication: counts and changes.

use crate::ingest::ingest_counts::IngestCounts;
use hansa_catalog::dataset::DatasetColumn;
use hansa_policy::id::DatasetId;
use std::collections::BTreeMap;

/// Report of a publication or of a dry run.
#[derive(Debug, Clone, PartialEq)]
pub struct PublicationReport {
    /// Id of the dataset.
    pub dataset: DatasetId,
    /// Number of source files.
    pub files: usize,
    /// Number of files that were read. The rows of the others were cached.
    pub files_read: usize,
    /// Counts over all files.
    pub counts: IngestCounts,
    /// Rows of the snapshot.
    pub rows: u64,
    /// New rows of a feed.
    pub arrived: Option<u64>,
    /// Number of NULLs in the snapshot, by column, from the source or from `prepare`.
    pub nulls: BTreeMap<String, u64>,
    /// Rows of the currently published snapshot.
    pub rows_before: Option<u64>,
    /// Differences to the published schema; empty if there are none.
    pub schema_changes: Vec<String>,
}

/// Differences between two lists of columns, one sentence each.
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
