//! Difference of a snapshot to an earlier publication of its dataset, and its state at an earlier time.

use crate::snapshot::Snapshot;
use crate::snapshot::segments::SegmentFiles;
use hansa_audit_log::time::UtcTimestamp;
use std::path::PathBuf;

/// Difference of a snapshot to an earlier publication.
#[derive(Debug)]
pub enum SnapshotChange {
    /// No difference.
    Same,
    /// Additional rows and no other change.
    Grown(Box<Snapshot>),
    /// Another dataset, or an unknown difference.
    Another,
}

impl Snapshot {
    /// Difference to the publication with this label.
    #[must_use]
    pub fn compare_with_label(&self, label: &str) -> SnapshotChange {
        if self.in_place.is_some() {
            return SnapshotChange::Another;
        }
        if self.dataset.version == label {
            return SnapshotChange::Same;
        }
        let Some(segments) = &self.segments else {
            return SnapshotChange::Another;
        };
        let mut list = segments.list.iter();
        let Some(at) = list.position(|stretch| stretch.segment.version == label) else {
            return SnapshotChange::Another;
        };
        let kept = segments.file_count(at.saturating_add(1));
        let files = self.files.iter().skip(kept).cloned().collect();
        SnapshotChange::Grown(Box::new(self.with_files(files)))
    }

    /// State of the dataset at `at`; `None` if it is unknown.
    #[must_use]
    pub fn as_of(&self, at: UtcTimestamp) -> Option<Self> {
        if self.in_place.is_some() {
            return None;
        }
        if self.dataset.published_at <= at {
            return Some(self.clone());
        }
        let segments = self.segments.as_ref()?;
        let come = |stretch: &&SegmentFiles| stretch.segment.arrived <= at;
        let come = segments.list.iter().take_while(come).count();
        // The dataset did not exist before its first segment, so the result is not an empty dataset.
        let files = (come > 0).then(|| segments.file_count(come))?;
        Some(self.with_files(self.files.iter().take(files).cloned().collect()))
    }

    /// Dataset without rows.
    #[must_use]
    pub fn without_rows(&self) -> Self {
        self.with_files(Vec::new())
    }

    fn with_files(&self, files: Vec<PathBuf>) -> Self {
        Self {
            files,
            ..self.clone()
        }
    }
}
