//! Snapshot of the connector that a worker reads. The worker changes and removes nothing.

use crate::in_place_data::InPlaceLocation;
use crate::in_place_data::discovery::snapshot_digest;
use crate::snapshot::Snapshot;
use crate::snapshot::checked_block_cache::CheckedBlockCache;
use crate::snapshot::checked_files::CheckedFiles;
use crate::snapshot::dataset_dir::{self, DatasetDir};
use crate::snapshot::manifest::Manifest;
use hansa_audit_log::digest::Digest;
use hansa_policy::id::DatasetId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::Path;

/// Opens the snapshot with this version and digest below the state folder. Its files are verified; verified blocks are cached in
/// `memory`. Files in place are opened as in the connector.
///
/// # Errors
/// `WORKER_DIFFERS` if the snapshot is missing, incomplete or another one; `STATE_BROKEN` if its manifest can't be read.
pub fn open_borrowed_snapshot(
    state: &Path,
    dataset: &DatasetId,
    version: &str,
    digest: Digest,
    memory: &CheckedBlockCache,
) -> Result<Snapshot, Refusal> {
    let refused = |what: &str| {
        let sentence = format!("the snapshot {version} of `{}` {what}", dataset.name);
        Refusal::new(ErrorCode::WorkerDiffers, sentence)
            .with_help("let the worker read the state folder of its connector")
    };
    // The version becomes part of a path.
    let plain = |letter: char| letter.is_ascii_alphanumeric() || ['.', '-'].contains(&letter);
    if version.starts_with('.') || !version.chars().all(plain) {
        return Err(refused("has no such name"));
    }
    let directory = DatasetDir::new(state, &dataset.name);
    let manifest = dataset_dir::of_version(&directory, version)?;
    let manifest = manifest.ok_or_else(|| refused("is not where the worker looks for it"))?;
    // The digest covers names, sizes and entity tags of files in place.
    let in_place = match &manifest.in_place {
        None => true,
        Some(InPlaceLocation::Parquet(files)) => {
            snapshot_digest(&manifest.dataset, files.digest()) == digest
        }
        Some(InPlaceLocation::Postgres(_)) => false,
    };
    if manifest.dataset.id != *dataset || manifest.digest != digest || !in_place {
        return Err(refused("is another one here"));
    }
    let folder = dataset_dir::version_folder(&directory, version);
    let files = dataset_dir::complete_files(&manifest, &folder)
        .ok_or_else(|| refused("is not whole here"))?;
    let Manifest {
        dataset,
        digest,
        blocks,
        in_place,
        ..
    } = manifest;
    let checked = CheckedFiles::of_snapshot(&dataset, files, digest, blocks, memory.clone());
    Ok(Snapshot::from_checked_files(dataset, checked, digest).with_stays(in_place))
}
