//! Manifest of a snapshot: its entry, its digest, and its inputs.

use crate::in_place_data::InPlaceLocation;
use crate::snapshot::block_digests::BlockDigests;
use crate::snapshot::segments::FeedSegments;
use crate::snapshot::self_digest;
use hansa_audit_log::digest::Digest;
use hansa_catalog::dataset::Dataset;
use serde::{Deserialize, Serialize};

/// Snapshot in its form on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// Catalogue entry.
    pub dataset: Dataset,
    /// File names, in order.
    pub files: Vec<String>,
    /// Digest of the rows.
    pub digest: Digest,
    /// Digest of all inputs.
    pub inputs: Digest,
    /// Location of the rows in place, if the snapshot has no files.
    pub in_place: Option<InPlaceLocation>,
    /// Segments of a feed.
    pub segments: Option<FeedSegments>,
    /// Block digests of each file, in order.
    pub blocks: Vec<BlockDigests>,
}

/// File format of a manifest.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestFile<M> {
    format: String,
    manifest: M,
    /// Digest of the other content.
    sum: String,
}

const FORMAT: &str = "hansa-snapshot/1";

/// Encodes a manifest as JSON.
#[must_use]
pub fn to_bytes(manifest: &Manifest) -> Vec<u8> {
    let file = ManifestFile {
        format: FORMAT.to_owned(),
        manifest,
        sum: self_digest::blank_digest(),
    };
    self_digest::insert_digest(serde_json::to_vec_pretty(&file).unwrap_or_default())
}

/// Decodes a manifest from JSON. Returns `None` if any byte was changed.
#[must_use]
pub fn from_bytes(bytes: &[u8]) -> Option<Manifest> {
    let file: ManifestFile<Manifest> = serde_json::from_slice(bytes).ok()?;
    let manifest = file.manifest;
    let feed = manifest.segments.as_ref().map(FeedSegments::feed);
    let fits = file.format == FORMAT
        && self_digest::is_whole(bytes, &file.sum)
        && manifest.blocks.len() == manifest.files.len()
        && manifest.dataset.feed == feed;
    fits.then_some(manifest)
}
