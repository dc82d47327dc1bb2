//! What a snapshot has become since an earlier publication of its dataset, and what it was at an instant.

use crate::snapshot::Snapshot;
use crate::snapshot::segments::SegmentFiles;
use hansa_audit_log::time::UtcTimestamp;
use std::path::PathBuf;

/// What a snapshot has become since an earlier publication of its dataset.
#[derive(Debug)]
pub enum SnapshotChange {
    /// Nothing: it is that publication.
    Same,
    /// These rows came, and nothing else is another.
    Grown(Box<Snapshot>),
    /// Another dataset, or nobody can say.
    Another,
}

impl Snapshot {
    /// What came after the publication of that label.
    #[must_use]
    pub fn since(&self, label: &str) -> SnapshotChange {
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
        let kept = segments.files(at.saturating_add(1));
        let files = self.files.iter().skip(kept).cloned().collect();
        SnapshotChange::Grown(Box::new(self.with_files(files)))
    }

    /// The dataset as it was published at `at`; none where nobody can say.
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
        // Before its first segment there was no such dataset: whoever asks is not told that it was empty.
        let files = (come > 0).then(|| segments.files(come))?;
        Some(self.with_files(self.files.iter().take(files).cloned().collect()))
    }

    /// The dataset as it would be without rows.
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
