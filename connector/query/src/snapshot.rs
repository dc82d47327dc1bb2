//! An immutable, versioned snapshot of a dataset: Parquet files that nobody changes.

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

/// A published snapshot, pinned for as long as somebody holds it or a clone of it.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The catalogue entry that was published with it.
    pub dataset: Dataset,
    /// Its Parquet files in order, with exactly the entry's columns.
    pub files: Vec<PathBuf>,
    /// What these, and those beside them, must hold: they are read through it.
    pub checked: Arc<CheckedFiles>,
    /// Over the names, sizes and digests of the files and the schema: which rows exactly.
    pub digest: Digest,
    /// The cells that are released of the dataset, of this and of earlier snapshots.
    pub released: Arc<ReleasedCells>,
    /// Where its rows stay, if it has no files.
    pub in_place: Option<Arc<InPlaceDataset>>,
    /// What it consists of, if it only grows.
    pub segments: Option<Arc<FeedSegments>>,
    folder: Option<Arc<SnapshotFolder>>,
}

impl Snapshot {
    /// A snapshot over files that somebody else keeps, as they are when they are first read; nothing is deleted when it ends.
    #[must_use]
    pub fn of_files(dataset: Dataset, files: Vec<PathBuf>, digest: Digest) -> Self {
        let checked = CheckedFiles::as_found(files.clone());
        Self::from_checked_files(dataset, checked, digest)
    }

    /// A snapshot over files that somebody else keeps, of which it is known what they hold.
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

    /// A snapshot that owns its folder: once retired, the folder goes with its last holder.
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

    /// The same, whose good blocks are remembered there.
    #[must_use]
    pub(crate) fn remembered_in(mut self, memory: &CheckedBlockCache) -> Self {
        self.checked = Arc::new(self.checked.remembered_in(memory.clone()));
        self
    }

    /// The same with other releases.
    #[must_use]
    pub fn with_released(mut self, released: ReleasedCells) -> Self {
        self.released = Arc::new(released);
        self
    }

    /// The same with rows that stay where they are.
    #[must_use]
    pub fn with_stays(mut self, in_place: Option<InPlaceLocation>) -> Self {
        self.in_place = in_place.map(|in_place| Arc::new(InPlaceDataset::new(in_place)));
        self
    }

    /// Whether its rows lie in files, copied or in place, and not in a database.
    #[must_use]
    pub fn is_in_files(&self) -> bool {
        let table = self.in_place.as_ref();
        table.is_none_or(|in_place| in_place.stays().table().is_none())
    }

    /// The same, as one that only grows.
    #[must_use]
    pub fn with_segments(mut self, segments: Option<FeedSegments>) -> Self {
        self.segments = segments.map(Arc::new);
        self
    }

    /// Lets the folder go as soon as nobody holds the snapshot any more.
    pub fn retire(&self) {
        if let Some(folder) = &self.folder {
            folder.retired.store(true, Ordering::Release);
        }
    }

    /// Reads every file and holds it against what was published, those of released cells too. Blocks.
    ///
    /// # Errors
    /// `SNAPSHOT_DAMAGED` where they are not the files that were published.
    pub fn verify(&self) -> Result<(), Refusal> {
        self.released.check()?;
        // Rows in place are held against what was published whenever they are read.
        if self.in_place.is_some() {
            return Ok(());
        }
        self.checked.check()
    }

    /// That none of its files is known to be damaged.
    ///
    /// # Errors
    /// `SNAPSHOT_DAMAGED`.
    pub fn damage(&self) -> Result<(), Refusal> {
        self.checked.damage()?;
        self.released.damage()
    }

    /// The folder of its files, where it owns one.
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

/// The folder of a snapshot, removed when it was retired and its last holder is gone.
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
