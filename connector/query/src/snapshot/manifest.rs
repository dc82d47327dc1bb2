//! What lies beside the files of a snapshot: its entry, its digest, and what it was made of.

use crate::in_place_data::InPlaceLocation;
use crate::snapshot::block_digests::BlockDigests;
use crate::snapshot::segments::FeedSegments;
use crate::snapshot::self_digest;
use hansa_audit_log::digest::Digest;
use hansa_catalog::dataset::Dataset;
use serde::{Deserialize, Serialize};

/// A snapshot as it lies on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// The catalogue entry.
    pub dataset: Dataset,
    /// Names of its files, in order.
    pub files: Vec<String>,
    /// The digest of its rows.
    pub digest: Digest,
    /// The digest of everything that it was made of.
    pub inputs: Digest,
    /// Where its rows stay, if it has no files.
    pub in_place: Option<InPlaceLocation>,
    /// What it consists of, if it only grows.
    pub segments: Option<FeedSegments>,
    /// The digests of the blocks of each file, in order.
    pub blocks: Vec<BlockDigests>,
}

/// The file of a manifest.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestFile<M> {
    format: String,
    manifest: M,
    /// The digest of all else.
    sum: String,
}

const FORMAT: &str = "hansa-snapshot/1";

/// As JSON.
#[must_use]
pub fn to_bytes(manifest: &Manifest) -> Vec<u8> {
    let file = ManifestFile {
        format: FORMAT.to_owned(),
        manifest,
        sum: self_digest::blank(),
    };
    self_digest::insert_digest(serde_json::to_vec_pretty(&file).unwrap_or_default())
}

/// From JSON; `None` where anything in it is not as it was written.
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
