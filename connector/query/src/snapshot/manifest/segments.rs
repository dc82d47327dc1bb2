//! The segments of a feed as they lie on disk.

use crate::snapshot::segments::{Segments, Source, Stretch};
use hansa_audit_log::digest::Digest;
use hansa_catalog::feed::Segment;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SegmentsShape {
    recipe: String,
    list: Vec<StretchShape>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StretchShape {
    version: String,
    arrived: String,
    rows: u64,
    digest: String,
    time_span: Option<(String, String)>,
    content: Vec<String>,
    /// Name, key and content.
    sources: Vec<(String, String, String)>,
}

impl SegmentsShape {
    pub(super) fn of(segments: &Segments) -> Self {
        let Segments { recipe, list } = segments;
        Self {
            recipe: recipe.to_string(),
            list: list.iter().map(StretchShape::of).collect(),
        }
    }

    /// None where anything in it is not as it was written.
    pub(super) fn back(self) -> Option<Segments> {
        let list: Option<Vec<Stretch>> = self.list.into_iter().map(StretchShape::back).collect();
        Some(Segments {
            recipe: self.recipe.parse().ok()?,
            list: list?,
        })
    }
}

impl StretchShape {
    fn of(stretch: &Stretch) -> Self {
        let Stretch {
            segment,
            content,
            sources,
        } = stretch;
        let Segment {
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
                .map(|Source { name, key, content }| {
                    (name.clone(), key.to_string(), content.to_string())
                })
                .collect(),
        }
    }

    fn back(self) -> Option<Stretch> {
        let time_span = match self.time_span {
            None => None,
            Some((first, last)) => Some((first.parse().ok()?, last.parse().ok()?)),
        };
        let content = self.content.iter().map(|digest| digest.parse().ok());
        let content: Option<Vec<Digest>> = content.collect();
        let sources = self.sources.into_iter();
        let sources: Option<Vec<Source>> = sources
            .map(|(name, key, content)| {
                Some(Source {
                    name,
                    key: key.parse().ok()?,
                    content: content.parse().ok()?,
                })
            })
            .collect();
        Some(Stretch {
            segment: Segment {
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
