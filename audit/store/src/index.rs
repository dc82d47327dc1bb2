//! Index shared by readers and writer: the tree, the places of records, and the newest head, over durable records alone.

use crate::log_dir::RecordOffset;
use crate::log_segment::{self, LogSegment};
use crate::steady_clock::SteadyClock;
use hansa_audit_log::ledger::{LedgerError, RecordLeaf};
use hansa_audit_log::note::{Checkpoint, SignedHead};
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_log::tree::MerkleTree;
use parking_lot::{RwLock, RwLockWriteGuard};
use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) struct LogIndex {
    folder: PathBuf,
    origin: String,
    clock: Arc<SteadyClock>,
    state: RwLock<LogIndexState>,
}

/// State of the index, 72 bytes for each record. The offsets of records before `begin` are looked up when they are read.
#[derive(Debug)]
pub(super) struct LogIndexState {
    pub(super) tree: MerkleTree,
    /// First record of `offsets`: the first one that the opening has read.
    pub(super) begin: u64,
    pub(super) offsets: Vec<u64>,
    /// Offsets of older segments that were read since, by first record.
    pub(super) older: BTreeMap<u64, Arc<Vec<u64>>>,
    /// Place before which some records are past their retention.
    pub(super) expired: u64,
    pub(super) segments: Vec<LogSegment>,
    pub(super) head: SignedHead,
    pub(super) broken: Option<LedgerError>,
    pub(super) syncs: (u64, u64),
    pub(super) last: UtcTimestamp,
}

impl LogIndexState {
    /// Adds newly durable records; the first stands at `offset` of the last segment.
    pub(super) fn add(&mut self, leaves: &[RecordLeaf], mut offset: u64) {
        for leaf in leaves {
            self.tree.push(leaf.hash);
            self.offsets.push(offset);
            offset += u64::try_from(leaf.frame).unwrap_or_default();
        }
    }
}

impl LogIndexState {
    /// Notes that the oldest `count` segments outside `archive` are now in it.
    pub(super) fn note_archived_segments(&mut self, archive: &Path, count: usize) {
        let here = self.segments.iter_mut();
        let here = here.filter(|segment| segment.path.parent() != Some(archive));
        for segment in here.take(count) {
            segment.path = archive.join(segment.name());
        }
    }
}

impl LogIndex {
    pub(super) const fn new(
        folder: PathBuf,
        origin: String,
        clock: Arc<SteadyClock>,
        state: LogIndexState,
    ) -> Self {
        Self {
            folder,
            origin,
            clock,
            state: RwLock::new(state),
        }
    }

    pub(super) fn lock_state(&self) -> RwLockWriteGuard<'_, LogIndexState> {
        self.state.write()
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn size(&self) -> u64 {
        self.state.read().tree.size()
    }

    pub(super) fn head(&self) -> SignedHead {
        self.state.read().head.clone()
    }

    pub(super) fn checkpoint(&self) -> Checkpoint {
        let state = self.state.read();
        let size = state.tree.size();
        Checkpoint {
            origin: self.origin.clone(),
            size,
            root: state.tree.root(size).unwrap_or(state.head.checkpoint.root),
        }
    }

    pub(super) fn read_tree<T>(&self, ask: impl FnOnce(&MerkleTree) -> T) -> T {
        ask(&self.state.read().tree)
    }

    pub(super) fn sync_counts(&self) -> (u64, u64) {
        self.state.read().syncs
    }

    pub(super) fn now(&self) -> UtcTimestamp {
        let last = self.state.read().last;
        self.clock.read().wall.max(last)
    }

    pub(super) fn clock(&self) -> &SteadyClock {
        &self.clock
    }

    pub(super) fn ledger_error(&self) -> Option<LedgerError> {
        self.state.read().broken.clone()
    }

    /// Place of the first record that is not archived.
    pub(super) fn archived_before(&self) -> u64 {
        let state = self.state.read();
        let here = |segment: &&LogSegment| segment.path.parent() == Some(self.folder.as_path());
        state
            .segments
            .iter()
            .find(here)
            .map_or(0, |segment| segment.first)
    }

    /// Place before which some records are past their retention.
    pub(super) fn expired_before(&self) -> u64 {
        self.state.read().expired
    }

    /// Notes that records before `end` may be gone.
    pub(super) fn note_expiry(&self, end: u64) {
        let mut state = self.lock_state();
        state.expired = state.expired.max(end);
    }

    /// Files of the log, in order.
    pub(super) fn segments(&self) -> Vec<LogSegment> {
        self.state.read().segments.clone()
    }

    /// Replaces the file of the records up to `end` by `replace`, and forgets the offsets in it.
    pub(super) fn replace_segment(
        &self,
        segment: &LogSegment,
        end: u64,
        replace: impl FnOnce() -> std::io::Result<()>,
    ) -> std::io::Result<()> {
        let mut state = self.lock_state();
        replace()?;
        state.older.remove(&segment.first);
        let read = usize::try_from(end.saturating_sub(state.begin)).unwrap_or(usize::MAX);
        let read = read.min(state.offsets.len());
        state.offsets.drain(..read);
        state.begin = state.begin.max(end);
        Ok(())
    }

    /// Forgets the offsets of the segment that contains this record.
    pub(super) fn forget_offsets(&self, index: u64) {
        let mut state = self.lock_state();
        let after = state.segments.partition_point(|s| s.first <= index);
        let first = after.checked_sub(1);
        if let Some(first) = first.and_then(|n| state.segments.get(n).map(|s| s.first)) {
            state.older.remove(&first);
        }
    }

    /// Offset of the record at `index` and its segment; none where the segment is missing here.
    pub(super) fn find_record(
        &self,
        index: u64,
    ) -> std::io::Result<Option<(RecordOffset, LogSegment)>> {
        let state = self.state.read();
        let after = state.segments.partition_point(|s| s.first <= index);
        let number = after.checked_sub(1);
        let Some((number, segment)) =
            number.and_then(|n| Some((n, state.segments.get(n)?.clone())))
        else {
            return Ok(None);
        };
        let at = |offsets: &[u64], first: u64| {
            let offset = offsets.get(usize::try_from(index.checked_sub(first)?).ok()?)?;
            let record_offset = RecordOffset {
                segment: number,
                offset: *offset,
            };
            Some((record_offset, segment.clone()))
        };
        if index >= state.begin {
            return Ok(at(&state.offsets, state.begin));
        }
        let known = state.older.get(&segment.first).cloned();
        drop(state);
        let offsets = match known {
            Some(known) => known,
            None => {
                let found = match log_segment::read_offsets(&segment) {
                    Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                    found => Arc::new(found?),
                };
                let mut state = self.lock_state();
                state.older.insert(segment.first, Arc::clone(&found));
                found
            }
        };
        Ok(at(&offsets, segment.first))
    }
}

impl fmt::Debug for LogIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogIndex")
            .field("folder", &self.folder)
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}
