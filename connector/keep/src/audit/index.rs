//! What readers share with the writer: the tree, the places of the records, and the newest head. Durable records alone.

use crate::audit::folder::{Place, Segment};
use evidence::ledger::{Leaf, Unwritable};
use evidence::note::{Checkpoint, SignedHead};
use evidence::time::{Clock, Time};
use evidence::tree::Tree;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

pub(super) struct Index {
    folder: PathBuf,
    origin: String,
    clock: Clock,
    state: RwLock<State>,
}

/// 72 bytes for each record: the tree and the place.
#[derive(Debug)]
pub(super) struct State {
    pub(super) tree: Tree,
    pub(super) offsets: Vec<u64>,
    pub(super) segments: Vec<Segment>,
    pub(super) head: SignedHead,
    pub(super) broken: Option<Unwritable>,
    pub(super) syncs: (u64, u64),
    pub(super) last: Time,
    pub(super) clock_trusted: bool,
}

impl State {
    /// Adds records that are durable now; the first stands at `offset` of the last segment.
    pub(super) fn add(&mut self, leaves: &[Leaf], mut offset: u64) {
        for leaf in leaves {
            self.tree.push(leaf.hash);
            self.offsets.push(offset);
            offset += u64::try_from(leaf.frame).unwrap_or_default();
        }
    }
}

impl Index {
    pub(super) const fn new(folder: PathBuf, origin: String, clock: Clock, state: State) -> Self {
        Self {
            folder,
            origin,
            clock,
            state: RwLock::new(state),
        }
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn change(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn size(&self) -> u64 {
        self.state().tree.size()
    }

    pub(super) fn head(&self) -> SignedHead {
        self.state().head.clone()
    }

    pub(super) fn checkpoint(&self) -> Checkpoint {
        let state = self.state();
        let size = state.tree.size();
        Checkpoint {
            origin: self.origin.clone(),
            size,
            root: state.tree.root(size).unwrap_or(state.head.checkpoint.root),
        }
    }

    pub(super) fn tree<T>(&self, ask: impl FnOnce(&Tree) -> T) -> T {
        ask(&self.state().tree)
    }

    pub(super) fn syncs(&self) -> (u64, u64) {
        self.state().syncs
    }

    pub(super) fn now(&self) -> Time {
        let last = self.state().last;
        (self.clock)().wall.max(last)
    }

    pub(super) fn is_clock_trusted(&self) -> bool {
        self.state().clock_trusted
    }

    pub(super) fn broken(&self) -> Option<Unwritable> {
        self.state().broken.clone()
    }

    /// Where the record at `index` stands, and in which segment.
    pub(super) fn place(&self, index: u64) -> Option<(Place, Segment)> {
        let state = self.state();
        let offset = *state.offsets.get(usize::try_from(index).ok()?)?;
        let after = state.segments.partition_point(|s| s.first <= index);
        let segment = after.checked_sub(1)?;
        let place = Place { segment, offset };
        Some((place, state.segments.get(segment)?.clone()))
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index")
            .field("folder", &self.folder)
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}
