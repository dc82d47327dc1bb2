//! The segments of a feed: which files came with which publication, and what a snapshot holds of them since one, or up to an instant.

use hansa_audit_log::digest::Digest;
use hansa_catalog::feed::{DatasetFeed, FeedSegment};
use serde::{Deserialize, Serialize};

/// What a feed consists of, in the order in which it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FeedSegments {
    /// How its rows are read and prepared; those of another recipe are not of the same feed.
    pub recipe: Digest,
    /// One for each publication, at least one; it may have brought no rows.
    pub list: Vec<SegmentFiles>,
}

/// The files of one segment: so many after those of the segments before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SegmentFiles {
    /// What is told of it.
    pub segment: FeedSegment,
    /// The digest of the content of each of its files.
    pub content: Vec<Digest>,
    /// The source files that it was made of.
    pub sources: Vec<SegmentSourceFile>,
}

/// A source file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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
    pub(super) fn files(&self, segments: usize) -> usize {
        let first = self.list.iter().take(segments);
        first.map(|stretch| stretch.content.len()).sum()
    }
}
