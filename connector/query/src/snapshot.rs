//! Immutable, versioned snapshot of a dataset in Parquet files.

pub mod block_digests;
pub mod borrowed_snapshot;
pub mod change;
pub mod checked_block_cache;
pub mod checked_files;
pub(crate) mod checked_store;
pub mod dataset_dir;
pub mod manifest;
pub mod registry;
pub mod released_cells;
pub mod segments;
pub(crate) mod self_digest;

use crate::in_place_data::{InPlaceDataset, InPlaceLocation};
use crate::snapshot::released_cells::ReleasedCells;
use checked_block_cache::CheckedBlockCache;
use checked_files::CheckedFiles;
use hansa_audit_log::digest::Digest;
use hansa_catalog::dataset::Dataset;
use hansa_policy::refusal::Refusal;
use segments::FeedSegments;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Published snapshot. Its files stay as long as a clone is held.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Catalogue entry of the publication.
    pub dataset: Dataset,
    /// Parquet files in order, with exactly the entry's columns.
    pub files: Vec<PathBuf>,
    /// Expected content of all files, through which they are read.
    pub checked: Arc<CheckedFiles>,
    /// Digest over the schema and the names, sizes and digests of the files, which identifies the rows.
    pub digest: Digest,
    /// Released cells of the dataset, from this and earlier snapshots.
    pub released: Arc<ReleasedCells>,
    /// Dataset in place, if the snapshot has no files.
    pub in_place: Option<Arc<InPlaceDataset>>,
    /// Segments of a feed.
    pub segments: Option<Arc<FeedSegments>>,
    folder: Option<Arc<SnapshotFolder>>,
}

impl Snapshot {
    /// Creates a snapshot over files owned by the caller. Their content is fixed by the first read, and nothing is deleted on drop.
    #[must_use]
    pub fn of_files(dataset: Dataset, files: Vec<PathBuf>, digest: Digest) -> Self {
        let checked = CheckedFiles::as_found(files.clone());
        Self::from_checked_files(dataset, checked, digest)
    }

    /// Creates a snapshot over files owned by the caller, with known content.
    #[must_use]
    pub(crate) fn from_checked_files(
        dataset: Dataset,
        checked: CheckedFiles,
        digest: Digest,
    ) -> Self {
        Self {
            dataset,
            files: checked.paths().to_vec(),
            checked: Arc::new(checked),
            digest,
            released: Arc::default(),
            in_place: None,
            segments: None,
            folder: None,
        }
    }

    /// Creates a snapshot that owns its folder. After retirement the folder is removed with the last holder.
    #[must_use]
    pub(crate) fn in_folder(
        dataset: Dataset,
        checked: CheckedFiles,
        digest: Digest,
        folder: PathBuf,
    ) -> Self {
        Self {
            folder: Some(Arc::new(SnapshotFolder {
                path: folder,
                retired: AtomicBool::new(false),
            })),
            ..Self::from_checked_files(dataset, checked, digest)
        }
    }

    /// Sets the cache of verified blocks.
    #[must_use]
    pub(crate) fn with_block_cache(mut self, memory: &CheckedBlockCache) -> Self {
        self.checked = Arc::new(self.checked.with_block_cache(memory.clone()));
        self
    }

    /// Replaces the released cells.
    #[must_use]
    pub fn with_released(mut self, released: ReleasedCells) -> Self {
        self.released = Arc::new(released);
        self
    }

    /// Sets the location of the rows in place.
    #[must_use]
    pub fn with_stays(mut self, in_place: Option<InPlaceLocation>) -> Self {
        self.in_place = in_place.map(|in_place| Arc::new(InPlaceDataset::new(in_place)));
        self
    }

    /// Checks that the rows are in files, copied or in place, and not in a database.
    #[must_use]
    pub fn is_in_files(&self) -> bool {
        let table = self.in_place.as_ref();
        table.is_none_or(|in_place| in_place.location().table().is_none())
    }

    /// Sets the segments of a feed.
    #[must_use]
    pub fn with_segments(mut self, segments: Option<FeedSegments>) -> Self {
        self.segments = segments.map(Arc::new);
        self
    }

    /// Folder that the snapshot owns; none for files of the caller.
    #[must_use]
    pub(crate) fn folder_path(&self) -> Option<&Path> {
        self.folder.as_ref().map(|folder| folder.path.as_path())
    }

    /// Marks the folder for removal when the last holder drops the snapshot.
    pub fn retire(&self) {
        if let Some(folder) = &self.folder {
            folder.retired.store(true, Ordering::Release);
        }
    }

    /// Reads and verifies every file, including those of released cells. The function blocks.
    ///
    /// # Errors
    /// `SNAPSHOT_DAMAGED` if a file differs from the published one.
    pub fn verify(&self) -> Result<(), Refusal> {
        self.released.check()?;
        // Files in place are verified whenever they are read.
        if self.in_place.is_some() {
            return Ok(());
        }
        self.checked.check()
    }

    /// Checks that no file is known to be damaged.
    ///
    /// # Errors
    /// `SNAPSHOT_DAMAGED`.
    pub fn check_damage(&self) -> Result<(), Refusal> {
        self.checked.check_damage()?;
        self.released.check_damage()
    }

    /// Folder of the files, if the snapshot owns one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref().map(|folder| folder.path.as_path())
    }
}

impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        self.dataset == other.dataset && self.files == other.files && self.digest == other.digest
    }
}

/// Folder of a snapshot. It is removed with the last holder if the snapshot was retired.
#[derive(Debug)]
struct SnapshotFolder {
    path: PathBuf,
    retired: AtomicBool,
}

impl Drop for SnapshotFolder {
    fn drop(&mut self) {
        if self.retired.load(Ordering::Acquire)
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            tracing::warn!(
                name: "snapshot.not_removed",
                folder = %self.path.display(),
                %error,
                "a retired snapshot stays on disk"
            );
        }
    }
}
