//! The segments of a feed as they lie on disk.

use crate::snapshot::segments::{FeedSegments, SegmentFiles, SegmentSourceFile};
use hansa_audit_log::digest::Digest;
use hansa_catalog::feed::FeedSegment;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FeedSegmentsJson {
    recipe: String,
    list: Vec<SegmentFilesJson>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SegmentFilesJson {
    version: String,
    arrived: String,
    rows: u64,
    digest: String,
    time_span: Option<(String, String)>,
    content: Vec<String>,
    /// Name, key and content.
    sources: Vec<(String, String, String)>,
}

impl FeedSegmentsJson {
    pub(super) fn of(segments: &FeedSegments) -> Self {
        let FeedSegments { recipe, list } = segments;
        Self {
            recipe: recipe.to_string(),
            list: list.iter().map(SegmentFilesJson::of).collect(),
        }
    }

    /// None where anything in it is not as it was written.
    pub(super) fn back(self) -> Option<FeedSegments> {
        let list: Option<Vec<SegmentFiles>> =
            self.list.into_iter().map(SegmentFilesJson::back).collect();
        Some(FeedSegments {
            recipe: self.recipe.parse().ok()?,
            list: list?,
        })
    }
}

impl SegmentFilesJson {
    fn of(stretch: &SegmentFiles) -> Self {
        let SegmentFiles {
            segment,
            content,
            sources,
        } = stretch;
        let FeedSegment {
            version,
            arrived,
            rows,
            digest,
            time_span,
        } = segment;
        let sources = sources.iter();
        Self {
            version: version.clone(),
            arrived: arrived.to_string(),
            rows: *rows,
            digest: digest.to_string(),
            time_span: time_span.map(|(first, last)| (first.to_string(), last.to_string())),
            content: content.iter().map(ToString::to_string).collect(),
            sources: sources
                .map(|SegmentSourceFile { name, key, content }| {
                    (name.clone(), key.to_string(), content.to_string())
                })
                .collect(),
        }
    }

    fn back(self) -> Option<SegmentFiles> {
        let time_span = match self.time_span {
            None => None,
            Some((first, last)) => Some((first.parse().ok()?, last.parse().ok()?)),
        };
        let content = self.content.iter().map(|digest| digest.parse().ok());
        let content: Option<Vec<Digest>> = content.collect();
        let sources = self.sources.into_iter();
        let sources: Option<Vec<SegmentSourceFile>> = sources
            .map(|(name, key, content)| {
                Some(SegmentSourceFile {
                    name,
                    key: key.parse().ok()?,
                    content: content.parse().ok()?,
                })
            })
            .collect();
        Some(SegmentFiles {
            segment: FeedSegment {
                version: self.version,
                arrived: self.arrived.parse().ok()?,
                rows: self.rows,
                digest: self.digest.parse().ok()?,
                time_span,
            },
            content: content?,
            sources: sources?,
        })
    }
}
