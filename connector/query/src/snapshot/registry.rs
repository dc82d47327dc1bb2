//! Registry of a participant's published snapshots. A new question reads the current ones, and running questions keep theirs.

use crate::release;
use crate::snapshot::Snapshot;
use crate::snapshot::checked_block_cache::CheckedBlockCache;
use crate::snapshot::checked_files::{CheckedFiles, not_as_published};
use crate::snapshot::dataset_dir::{self, DatasetDir, ReplacedSnapshot};
use crate::snapshot::manifest::Manifest;
use crate::snapshot::released_cells::ReleasedCells;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{DatasetId, ParticipantId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Snapshots by dataset. A question pins the set as a whole.
pub type SnapshotSet = BTreeMap<DatasetId, Arc<Snapshot>>;

/// Registry of published snapshots. A held snapshot keeps its files until the last clone is dropped.
#[derive(Debug)]
pub struct SnapshotRegistry {
    state: PathBuf,
    owner: ParticipantId,
    now: Mutex<Arc<SnapshotSet>>,
    /// Snapshots that were replaced since the start of the process and are retained.
    old: Mutex<Vec<Arc<Snapshot>>>,
    damaged: Mutex<BTreeMap<SqlIdentifier, Refusal>>,
    /// Cache of verified blocks since the start of the process.
    memory: CheckedBlockCache,
    publishing: Mutex<()>,
}

impl SnapshotRegistry {
    /// Opens the published snapshots below the state folder and removes remains of a crash. Also returns a refusal for each
    /// unreadable snapshot; the others can be used.
    #[must_use]
    pub fn open(state: &Path, owner: &ParticipantId) -> (Self, Vec<Refusal>) {
        Self::open_keeping(state, owner, &|_| None)
    }

    /// Opens the snapshots as [`SnapshotRegistry::open`] does, but retains replaced ones of some datasets. One that a crash left is
    /// retained from the time that `since` returns.
    #[must_use]
    pub fn open_keeping(
        state: &Path,
        owner: &ParticipantId,
        since: &dyn Fn(&SqlIdentifier) -> Option<UtcTimestamp>,
    ) -> (Self, Vec<Refusal>) {
        let mut holdings = SnapshotSet::new();
        let mut damaged = BTreeMap::new();
        let mut cells = Vec::new();
        let memory = CheckedBlockCache::default();
        let entries = std::fs::read_dir(state.join("datasets"))
            .into_iter()
            .flatten()
            .flatten();
        for entry in entries {
            let Some(name) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse::<SqlIdentifier>().ok())
            else {
                continue;
            };
            match load_published_snapshot(state, owner, &name, since(&name)) {
                Ok(None) => {}
                Ok(Some((snapshot, fault))) => {
                    cells.extend(fault);
                    let snapshot = snapshot.with_block_cache(&memory);
                    holdings.insert(snapshot.dataset.id.clone(), Arc::new(snapshot));
                }
                Err(refusal) => {
                    damaged.insert(name, refusal);
                }
            }
        }
        let faults = damaged.values().cloned().chain(cells).collect();
        let registry = Self {
            state: state.to_owned(),
            owner: owner.clone(),
            now: Mutex::new(Arc::new(holdings)),
            old: Mutex::default(),
            damaged: Mutex::new(damaged),
            memory,
            publishing: Mutex::new(()),
        };
        (registry, faults)
    }

    /// Datasets whose published snapshot is unreadable or damaged, with the reason, until they are published again.
    #[must_use]
    pub fn damaged_datasets(&self) -> BTreeMap<SqlIdentifier, Refusal> {
        let at_start = self.damaged.lock();
        let mut damaged = at_start.clone();
        drop(at_start);
        for (id, snapshot) in self.holdings().iter() {
            if let Err(damage) = snapshot.check_damage() {
                damaged.entry(id.name.clone()).or_insert(damage);
            }
        }
        damaged
    }

    /// Reads and verifies a published snapshot completely, with its manifest and its released cells. Questions do not verify its
    /// blocks again, and a damaged snapshot is not read any more. Returns the snapshot, or `None` if there is none. The function
    /// blocks.
    ///
    /// # Errors
    /// `SNAPSHOT_DAMAGED`, or an error of the disk.
    pub fn check(&self, dataset: &SqlIdentifier) -> Result<Option<Arc<Snapshot>>, Refusal> {
        let id = DatasetId {
            owner: self.owner.clone(),
            name: dataset.clone(),
        };
        let Some(snapshot) = self.holdings().get(&id).cloned() else {
            let damaged = self.damaged.lock();
            return damaged.get(dataset).cloned().map_or(Ok(None), Err);
        };
        snapshot.verify()?;
        if snapshot.folder().is_none() {
            return Ok(Some(snapshot));
        }
        let directory = DatasetDir::new(&self.state, dataset);
        let manifest = dataset_dir::of_version(&directory, &snapshot.dataset.version)?;
        let fits = |manifest: &Manifest| {
            manifest.dataset == snapshot.dataset && manifest.digest == snapshot.digest
        };
        if !manifest.as_ref().is_some_and(fits) {
            return Err(not_as_published(&snapshot.dataset));
        }
        Ok(Some(snapshot))
    }

    /// Currently published snapshots.
    #[must_use]
    pub fn holdings(&self) -> Arc<SnapshotSet> {
        Arc::clone(&self.now.lock())
    }

    /// Waits until no other publication is running, since each publication builds on the previous one.
    pub fn publication_lock(&self) -> MutexGuard<'_, ()> {
        self.publishing.lock()
    }

    /// Publishes a committed snapshot for all new questions. The replaced snapshot is removed with its last reader, or retained
    /// from `kept` on.
    pub fn put_snapshot(&self, snapshot: Snapshot, kept: Option<UtcTimestamp>) -> Arc<Snapshot> {
        let snapshot = Arc::new(snapshot.with_block_cache(&self.memory));
        let id = snapshot.dataset.id.clone();
        let mut damaged = self.damaged.lock();
        damaged.remove(&id.name);
        drop(damaged);
        let before = self.change(|holdings| holdings.insert(id, Arc::clone(&snapshot)));
        if let Some(before) = before {
            let keeps = kept.zip(before.folder()).is_some_and(|(since, folder)| {
                dataset_dir::record_replacement(folder, since).is_ok()
            });
            if keeps {
                self.old.lock().push(before);
            } else {
                before.retire();
            }
        }
        snapshot
    }

    /// Replaced snapshots of a dataset that are retained, the oldest first.
    #[must_use]
    pub fn retained_snapshots(&self, dataset: &SqlIdentifier) -> Vec<ReplacedSnapshot> {
        dataset_dir::replaced_snapshots(&DatasetDir::new(&self.state, dataset))
    }

    /// Datasets with a folder on disk.
    #[must_use]
    pub fn names(&self) -> Vec<SqlIdentifier> {
        let entries = std::fs::read_dir(self.state.join("datasets"));
        let names = entries.into_iter().flatten().flatten();
        let names = names.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        names.collect()
    }

    /// Removes a retained snapshot, at once or with its last reader.
    ///
    /// # Errors
    /// `STATE_BROKEN`.
    pub fn forget(&self, dataset: &SqlIdentifier, version: &str) -> Result<(), Refusal> {
        let folder = dataset_dir::version_folder(&DatasetDir::new(&self.state, dataset), version);
        let mut old = self.old.lock();
        if let Some(at) = old
            .iter()
            .position(|one| one.folder() == Some(folder.as_path()))
        {
            old.swap_remove(at).retire();
            return Ok(());
        }
        drop(old);
        // The snapshot was replaced before this process started, so it has no reader.
        std::fs::remove_dir_all(&folder).map_err(|error| dataset_dir::disk_refusal(&folder, &error))
    }

    /// Publishes other released cells of a dataset for all new questions.
    pub fn put_released_cells(&self, dataset: &DatasetId, released: ReleasedCells) {
        self.change(|holdings| {
            if let Some(held) = holdings.get_mut(dataset) {
                *held = Arc::new(Snapshot::clone(held).with_released(released));
            }
        });
    }

    /// Withdraws a snapshot, whose files are removed with its last reader. Returns `None` if it is not the published one.
    ///
    /// # Errors
    /// `DATASET_NOT_PUBLISHED` if no such snapshot is published; `STATE_BROKEN`, `DISK_FULL`.
    pub fn withdraw(
        &self,
        dataset: &SqlIdentifier,
        version: &str,
    ) -> Result<Arc<Snapshot>, Refusal> {
        let id = DatasetId {
            owner: self.owner.clone(),
            name: dataset.clone(),
        };
        let holdings = self.holdings();
        let published = holdings.get(&id);
        let Some(published) = published.filter(|snapshot| snapshot.dataset.version == version)
        else {
            let refusal = Refusal::new(
                ErrorCode::DatasetNotPublished,
                format!("no snapshot {version} of `{dataset}` is published"),
            );
            return Err(match published {
                Some(other) => refusal.with_help(format!("published is {}", other.dataset.version)),
                None => refusal,
            });
        };
        dataset_dir::remove_pointer(&DatasetDir::new(&self.state, dataset))?;
        self.change(|holdings| holdings.remove(&id));
        published.retire();
        Ok(Arc::clone(published))
    }

    fn change<T>(&self, change: impl FnOnce(&mut SnapshotSet) -> T) -> T {
        let mut now = self.now.lock();
        let mut next = SnapshotSet::clone(&now);
        let result = change(&mut next);
        *now = Arc::new(next);
        result
    }
}

/// Published snapshot of one dataset, if it is complete, and the fault of its released cells. Its rows can be read without them.
fn load_published_snapshot(
    state: &Path,
    owner: &ParticipantId,
    name: &SqlIdentifier,
    since: Option<UtcTimestamp>,
) -> Result<Option<(Snapshot, Option<Refusal>)>, Refusal> {
    let directory = DatasetDir::new(state, name);
    let published = dataset_dir::read_published_manifest(&directory)?;
    let version = published
        .as_ref()
        .map(|manifest| manifest.dataset.version.clone());
    dataset_dir::sweep_snapshots(&directory, version.as_deref(), since);
    let Some(manifest) = published else {
        return Ok(None);
    };
    if manifest.dataset.id.owner != *owner || manifest.dataset.id.name != *name {
        return Err(Refusal::new(
            ErrorCode::StateBroken,
            format!("the snapshot in `{name}` is of {}", manifest.dataset.id),
        ));
    }
    let folder = dataset_dir::version_folder(&directory, &manifest.dataset.version);
    let files = dataset_dir::complete_files(&manifest, &folder).ok_or_else(|| {
        let version = &manifest.dataset.version;
        tracing::error!(name: "snapshot.damaged", %version, folder = %folder.display(), "files are missing or have other sizes");
        not_as_published(&manifest.dataset)
    })?;
    let opened = release::sweep_releases(state, name)
        .and_then(|()| release::open_released_cells(state, &manifest.dataset));
    let (released, fault) = match opened {
        Ok(released) => (released, None),
        Err(fault) => (ReleasedCells::default(), Some(fault)),
    };
    let Manifest {
        dataset,
        digest,
        in_place,
        segments,
        blocks,
        ..
    } = manifest;
    let memory = CheckedBlockCache::default();
    let checked = CheckedFiles::of_snapshot(&dataset, files, digest, blocks, memory);
    let snapshot = Snapshot::in_folder(dataset, checked, digest, folder)
        .with_released(released)
        .with_stays(in_place)
        .with_segments(segments);
    Ok(Some((snapshot, fault)))
}
