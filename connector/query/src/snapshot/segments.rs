//! The segments of a feed: which files came with which publication, and what a snapshot holds of them since one, or up to an instant.

use crate::snapshot::Snapshot;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::feed::{DatasetFeed, FeedSegment};
use std::path::PathBuf;

/// What a feed consists of, in the order in which it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedSegments {
    /// How its rows are read and prepared; those of another recipe are not of the same feed.
    pub recipe: Digest,
    /// One for each publication, at least one; it may have brought no rows.
    pub list: Vec<SegmentFiles>,
}

/// The files of one segment: so many after those of the segments before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentFiles {
    /// What is told of it.
    pub segment: FeedSegment,
    /// The digest of the content of each of its files.
    pub content: Vec<Digest>,
    /// The source files that it was made of.
    pub sources: Vec<SegmentSourceFile>,
}

/// A source file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentSourceFile {
    /// Its name, as it is shown.
    pub name: String,
    /// The digest of its content, of its name and of how it was read.
    pub key: Digest,
    /// The digest of its content.
    pub content: Digest,
}

impl FeedSegments {
    /// The digests of all files, in order.
    #[must_use]
    pub fn content(&self) -> Vec<Digest> {
        let all = self.list.iter().flat_map(|stretch| &stretch.content);
        all.copied().collect()
    }

    /// What the catalogue says of them.
    #[must_use]
    pub fn feed(&self) -> DatasetFeed {
        DatasetFeed {
            segments: u64::try_from(self.list.len()).unwrap_or(u64::MAX),
            newest: self.list.last().map(|stretch| stretch.segment.clone()),
        }
    }

    /// How many files the first so many segments have.
    fn files(&self, segments: usize) -> usize {
        let first = self.list.iter().take(segments);
        first.map(|stretch| stretch.content.len()).sum()
    }
}

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
