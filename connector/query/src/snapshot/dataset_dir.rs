//! Layout of snapshots on disk: `datasets/NAME/{current.json, snapshots/VERSION/, parsed/}` below the state folder. Folders are
//! created under a temporary name, made durable, and renamed.

use crate::snapshot::block_digests::FileDigests;
use crate::snapshot::manifest::{self, Manifest};
use hansa_audit_log::digest::{Digest, IncrementalDigest};
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::Dataset;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Folder of one dataset.
#[derive(Debug, Clone)]
pub struct DatasetDir {
    folder: PathBuf,
}

impl DatasetDir {
    /// Folder of the dataset with this name.
    #[must_use]
    pub fn new(state: &Path, dataset: &SqlIdentifier) -> Self {
        Self {
            folder: state.join("datasets").join(dataset.as_str()),
        }
    }

    /// Folder of the cached rows of source files.
    #[must_use]
    pub fn parsed_rows(&self) -> PathBuf {
        self.folder.join("parsed")
    }

    /// Folder of the released cells.
    #[must_use]
    pub fn releases(&self) -> PathBuf {
        self.folder.join("releases")
    }

    fn snapshots(&self) -> PathBuf {
        self.folder.join("snapshots")
    }

    fn pointer_path(&self) -> PathBuf {
        self.folder.join("current.json")
    }
}

/// Creates the folders of a dataset.
///
/// # Errors
/// `STATE_BROKEN`, `DISK_FULL`.
pub fn create_folders(dataset_dir: &DatasetDir) -> Result<(), Refusal> {
    for folder in [dataset_dir.parsed_rows(), dataset_dir.snapshots()] {
        std::fs::create_dir_all(&folder).map_err(|error| disk_refusal(&folder, &error))?;
    }
    Ok(())
}

/// Creates a temporary folder, which is removed unless it is admitted.
///
/// # Errors
/// `STATE_BROKEN`, `DISK_FULL`.
pub fn create_staging_folder(dataset_dir: &DatasetDir) -> Result<TempDir, Refusal> {
    tempfile::Builder::new()
        .prefix(STAGING)
        .tempdir_in(&dataset_dir.folder)
        .map_err(|error| disk_refusal(&dataset_dir.folder, &error))
}

/// Label of the next snapshot: the day in UTC, and a number above all earlier ones of that day on disk and in the log. A label
/// therefore never names two snapshots, even after a restore from a backup.
///
/// # Errors
/// `STATE_BROKEN` if the pointer can't be read.
pub fn next_version(
    dataset_dir: &DatasetDir,
    now: UtcTimestamp,
    logged: Option<&str>,
) -> Result<String, Refusal> {
    let day: String = now.to_string().chars().take(10).collect();
    let last = read_pointer(dataset_dir)?
        .map(|pointer| pointer.last)
        .unwrap_or_default();
    let of_today = |label: &str| {
        let number = label.strip_prefix(&day)?.strip_prefix('.')?;
        let number = number.strip_suffix(LIVE).unwrap_or(number);
        number.parse::<u64>().ok()
    };
    let number = of_today(&last).max(logged.and_then(of_today)).unwrap_or(0);
    Ok(format!("{day}.{}", number.saturating_add(1)))
}

/// Writes the manifest of a snapshot into its folder.
///
/// # Errors
/// `STATE_BROKEN`, `DISK_FULL`.
pub fn write_manifest(folder: &Path, manifest: &Manifest) -> Result<(), Refusal> {
    write_whole(&folder.join(MANIFEST), &manifest::to_bytes(manifest))
}

/// Renames a finished folder to its version, and updates the pointer.
///
/// # Errors
/// `STATE_BROKEN`, `DISK_FULL`.
pub fn admit_folder(
    dataset_dir: &DatasetDir,
    version: &str,
    folder: TempDir,
) -> Result<PathBuf, Refusal> {
    let target = dataset_dir.snapshots().join(version);
    sync_folder(folder.path())?;
    let taken = read_pointer(dataset_dir)?.and_then(|pointer| pointer.version);
    if taken.is_some_and(|taken| taken == version) && target.join(MANIFEST).exists() {
        return Err(Refusal::new(
            ErrorCode::StateBroken,
            format!("another publication took the label {version} meanwhile"),
        )
        .with_help("publish again"));
    }
    // A folder with this name has no pointer: the power failed between the two steps.
    if target.exists() {
        std::fs::remove_dir_all(&target).map_err(|error| disk_refusal(&target, &error))?;
    }
    let from = folder.keep();
    std::fs::rename(&from, &target).map_err(|error| disk_refusal(&target, &error))?;
    sync_folder(&dataset_dir.snapshots())?;
    write_pointer(dataset_dir, Some(version), version)?;
    Ok(target)
}

/// Removes the pointer to the published snapshot. The next version still gets a new label.
///
/// # Errors
/// `STATE_BROKEN`, `DISK_FULL`.
pub fn remove_pointer(dataset_dir: &DatasetDir) -> Result<(), Refusal> {
    match read_pointer(dataset_dir)? {
        Some(pointer) => write_pointer(dataset_dir, None, &pointer.last),
        None => Ok(()),
    }
}

/// Manifest of the published snapshot.
///
/// # Errors
/// `STATE_BROKEN` if it can't be read.
pub fn read_published_manifest(dataset_dir: &DatasetDir) -> Result<Option<Manifest>, Refusal> {
    let version = read_pointer(dataset_dir)?.and_then(|pointer| pointer.version);
    version.map_or(Ok(None), |version| of_version(dataset_dir, &version))
}

/// Manifest of a published or retained snapshot.
///
/// # Errors
/// `STATE_BROKEN` if it can't be read.
pub fn of_version(dataset_dir: &DatasetDir, version: &str) -> Result<Option<Manifest>, Refusal> {
    let path = dataset_dir.snapshots().join(version).join(MANIFEST);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        // After the removal of a damaged folder, an operator can publish again.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(disk_refusal(&path, &error)),
    };
    let manifest = manifest::from_bytes(&text).ok_or_else(|| {
        Refusal::new(
            ErrorCode::SnapshotDamaged,
            format!("`{}` is not as it was written", path.display()),
        )
        .with_help("publish the dataset anew: hansa dataset publish")
    })?;
    Ok(Some(manifest))
}

/// Files of a snapshot in its folder, in order, if their total size is the published one. The list is empty for a dataset in place.
#[must_use]
pub fn complete_files(manifest: &Manifest, folder: &Path) -> Option<Vec<PathBuf>> {
    let files = manifest.files.iter().map(|file| folder.join(file));
    let files: Vec<PathBuf> = files.collect();
    let size = |file: &PathBuf| std::fs::metadata(file).map_or(0, |found| found.len());
    let bytes: u64 = files.iter().map(size).sum();
    (manifest.in_place.is_some() || bytes == manifest.dataset.bytes).then_some(files)
}

/// Digests of the files, and their total size in bytes.
///
/// # Errors
/// `FILE_MISSING` if a file can't be read.
pub fn digest_files(files: &[PathBuf]) -> Result<(Vec<FileDigests>, u64), Refusal> {
    let mut all = Vec::with_capacity(files.len());
    let mut bytes = 0_u64;
    for file in files {
        let found = FileDigests::of(file).map_err(|error| {
            let sentence = format!("`{}` can't be read: {error}", file.display());
            Refusal::new(ErrorCode::FileMissing, sentence)
        })?;
        bytes = bytes.saturating_add(found.blocks.size());
        all.push(found);
    }
    Ok((all, bytes))
}

/// Digest of a snapshot whose files have these contents, in order.
#[must_use]
pub fn digest_of(dataset: &Dataset, content: &[Digest]) -> Digest {
    digest_under(dataset.schema_digest(), content)
}

/// Digest of a snapshot with this schema digest whose files have these contents, in order.
#[must_use]
pub fn digest_under(schema: Digest, content: &[Digest]) -> Digest {
    let mut whole = IncrementalDigest::default();
    whole.update(b"snapshot/1\n");
    whole.update(schema.as_bytes());
    for content in content {
        whole.update(content.as_bytes());
    }
    whole.finish()
}

/// Creates a hard link to a file, or a copy if the file system has no hard links. Neither file is changed later.
///
/// # Errors
/// `STATE_BROKEN`, `DISK_FULL`.
pub fn link_file(from: &Path, to: &Path) -> Result<(), Refusal> {
    if std::fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    let copied = std::fs::copy(from, to).and_then(|_| File::open(to)?.sync_all());
    copied.map_err(|error| disk_refusal(to, &error))
}

/// Folder of a version.
#[must_use]
pub fn version_folder(dataset_dir: &DatasetDir, version: &str) -> PathBuf {
    dataset_dir.snapshots().join(version)
}

/// Replaced snapshot that is retained for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplacedSnapshot {
    /// Version of the snapshot.
    pub version: String,
    /// Time of its replacement.
    pub since: UtcTimestamp,
}

/// Replaced snapshots that are retained, the oldest first.
#[must_use]
pub fn replaced_snapshots(dataset_dir: &DatasetDir) -> Vec<ReplacedSnapshot> {
    let entries = std::fs::read_dir(dataset_dir.snapshots());
    let entries = entries.into_iter().flatten().flatten();
    let mut old: Vec<ReplacedSnapshot> = entries
        .filter_map(|entry| {
            let since = std::fs::read_to_string(entry.path().join(REPLACED)).ok()?;
            Some(ReplacedSnapshot {
                version: entry.file_name().to_str()?.to_owned(),
                since: since.trim().parse().ok()?,
            })
        })
        .collect();
    old.sort_by(|one, other| (one.since, &one.version).cmp(&(other.since, &other.version)));
    old
}

/// Records the time of a snapshot's replacement.
///
/// # Errors
/// `STATE_BROKEN`, `DISK_FULL`.
pub fn record_replacement(folder: &Path, since: UtcTimestamp) -> Result<(), Refusal> {
    write_whole(&folder.join(REPLACED), since.to_string().as_bytes())
}

/// Removes snapshots and unfinished folders that a crash left, after which they have no readers. If replaced snapshots are
/// retained, a left one is retained from `since` on; others expire by their recorded time alone.
pub fn sweep_snapshots(dataset_dir: &DatasetDir, keep: Option<&str>, since: Option<UtcTimestamp>) {
    let remove = |folder: PathBuf, doomed: &dyn Fn(&str) -> bool| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        for entry in entries {
            if entry.file_name().to_str().is_some_and(doomed) {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    };
    remove(dataset_dir.snapshots(), &|name| {
        let path = dataset_dir.snapshots().join(name);
        if Some(name) == keep || path.join(REPLACED).exists() {
            return false;
        }
        // A folder without a manifest was never complete.
        let whole = path.join(MANIFEST).exists();
        !since.is_some_and(|since| whole && record_replacement(&path, since).is_ok())
    });
    remove(dataset_dir.folder.clone(), &|name| {
        name.starts_with(STAGING)
    });
}

/// Writes a file atomically.
///
/// # Errors
/// `STATE_BROKEN`, `DISK_FULL`.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    let aside = path.with_extension("unfinished");
    let write = || {
        let mut file = File::create(&aside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&aside, path)
    };
    write().map_err(|error| disk_refusal(path, &error))
}

/// Refusal of a disk error, for the operator.
#[must_use]
pub fn disk_refusal(path: &Path, error: &std::io::Error) -> Refusal {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    if matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge) {
        return Refusal::new(
            ErrorCode::DiskFull,
            format!("the disk is full while writing `{}`", path.display()),
        );
    }
    Refusal::new(
        ErrorCode::StateBroken,
        format!("`{}`: {error}", path.display()),
    )
}

/// Refusal of an error of the Parquet writer, as in [`disk_refusal`].
#[must_use]
pub fn broken_parquet(path: &Path, error: &parquet::errors::ParquetError) -> Refusal {
    read_failure(path, error)
}

/// Refusal of an error of the Arrow library, as in [`disk_refusal`].
#[must_use]
pub fn broken_arrow(path: &Path, error: &arrow_schema::ArrowError) -> Refusal {
    read_failure(path, error)
}

fn read_failure(path: &Path, error: &(dyn std::error::Error + 'static)) -> Refusal {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return disk_refusal(path, error);
        }
        next = error.source();
    }
    Refusal::new(
        ErrorCode::StateBroken,
        format!("`{}`: {error}", path.display()),
    )
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct CurrentPointer {
    version: Option<String>,
    last: String,
}

fn read_pointer(dataset_dir: &DatasetDir) -> Result<Option<CurrentPointer>, Refusal> {
    let path = dataset_dir.pointer_path();
    match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| {
            Refusal::new(
                ErrorCode::StateBroken,
                format!("`{}`: {error}", path.display()),
            )
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(disk_refusal(&path, &error)),
    }
}

fn write_pointer(
    dataset_dir: &DatasetDir,
    version: Option<&str>,
    last: &str,
) -> Result<(), Refusal> {
    let pointer = CurrentPointer {
        version: version.map(str::to_owned),
        last: last.to_owned(),
    };
    let text = serde_json::to_vec_pretty(&pointer).unwrap_or_default();
    write_whole(&dataset_dir.pointer_path(), &text)?;
    sync_folder(&dataset_dir.folder)
}

/// Makes the entries of a folder durable.
///
/// # Errors
/// `STATE_BROKEN`, `DISK_FULL`.
pub fn sync_folder(folder: &Path) -> Result<(), Refusal> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| disk_refusal(folder, &error))
}

const MANIFEST: &str = "manifest.json";

/// File in the folder of a replaced snapshot that is retained.
const REPLACED: &str = "replaced";

/// Suffix of the label of a publication whose rows are read in their current state.
pub const LIVE: &str = "-live";

/// Prefix of the names of unfinished folders.
pub const STAGING: &str = "staging-";
