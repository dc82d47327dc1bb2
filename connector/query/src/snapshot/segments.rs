//! Segments of a feed: the files of each publication, and the files of a snapshot since a publication or up to a time.

use hansa_audit_log::digest::Digest;
use hansa_catalog::feed::{DatasetFeed, FeedSegment};
use serde::{Deserialize, Serialize};

/// Segments of a feed, in order of publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FeedSegments {
    /// Recipe by which rows are read and prepared. Rows of another recipe do not belong to this feed.
    pub recipe: Digest,
    /// Segments, one for each publication and at least one. A segment may be empty.
    pub list: Vec<SegmentFiles>,
}

/// Files of one segment, which follow those of the previous segments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SegmentFiles {
    /// Description of the segment.
    pub segment: FeedSegment,
    /// Content digest of each file.
    pub content: Vec<Digest>,
    /// Source files of the segment.
    pub sources: Vec<SegmentSourceFile>,
}

/// Source file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SegmentSourceFile {
    /// Display name.
    pub name: String,
    /// Digest over content, name and recipe.
    pub key: Digest,
    /// Content digest.
    pub content: Digest,
}

impl FeedSegments {
    /// Content digests of all files, in order.
    #[must_use]
    pub fn content(&self) -> Vec<Digest> {
        let all = self.list.iter().flat_map(|stretch| &stretch.content);
        all.copied().collect()
    }

    /// Description for the catalogue.
    #[must_use]
    pub fn feed(&self) -> DatasetFeed {
        DatasetFeed {
            segments: u64::try_from(self.list.len()).unwrap_or(u64::MAX),
            newest: self.list.last().map(|stretch| stretch.segment.clone()),
        }
    }

    /// Number of files in the first `segments` segments.
    pub(super) fn file_count(&self, segments: usize) -> usize {
        let first = self.list.iter().take(segments);
        first.map(|stretch| stretch.content.len()).sum()
    }
}
