//! What this process remembers of files that were good: which blocks of which file, as long as it is that file.

use crate::snapshot::block_digests::BlockDigests;
use evidence::digest::Digest;
use std::collections::HashMap;
use std::fs::File;
use std::io::Result;
use std::os::unix::fs::MetadataExt as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What tells a file from another one: where it lies, its size, and when it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FileIdentity {
    device: u64,
    inode: u64,
    size: u64,
    written: (i64, i64),
}

impl FileIdentity {
    /// That of an open file.
    pub(crate) fn of(file: &File) -> Result<Self> {
        let found = file.metadata()?;
        Ok(Self {
            device: found.dev(),
            inode: found.ino(),
            size: found.size(),
            written: (found.mtime(), found.mtime_nsec()),
        })
    }

    /// Its bytes.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }
}

/// The blocks of one file that were good.
#[derive(Debug)]
pub(crate) struct SeenBlocks(Vec<AtomicU64>);

impl SeenBlocks {
    fn none(count: usize) -> Self {
        let words = std::iter::repeat_with(AtomicU64::default);
        Self(words.take(count.div_ceil(64)).collect())
    }

    fn place(&self, block: u64) -> Option<(&AtomicU64, u64)> {
        let word = self.0.get(usize::try_from(block / 64).ok()?)?;
        Some((word, 1 << (block % 64)))
    }

    /// Whether it was.
    pub(crate) fn has(&self, block: u64) -> bool {
        let found = self.place(block);
        found.is_some_and(|(word, bit)| word.load(Ordering::Acquire) & bit != 0)
    }

    /// It was good.
    pub(crate) fn mark(&self, block: u64) {
        if let Some((word, bit)) = self.place(block) {
            word.fetch_or(bit, Ordering::Release);
        }
    }

    /// All were.
    pub(crate) fn mark_all(&self) {
        for word in &self.0 {
            word.store(u64::MAX, Ordering::Release);
        }
    }
}

/// What is remembered, shared by all who read.
#[derive(Debug, Clone, Default)]
pub struct CheckMemory(Arc<Mutex<Remembered>>);

#[derive(Debug, Default)]
struct Remembered {
    /// By the file and what names the digests of its blocks.
    seen: HashMap<(FileIdentity, Digest), Arc<SeenBlocks>>,
    /// The digests of snapshots whose manifest has none, by the digest of the snapshot.
    learned: HashMap<Digest, Arc<Vec<BlockDigests>>>,
}

impl CheckMemory {
    /// What was seen of a file with these digests.
    pub(crate) fn seen(&self, file: FileIdentity, blocks: &BlockDigests) -> Arc<SeenBlocks> {
        let key = (file, blocks.name());
        let mut all = self.all();
        if all.seen.len() >= MOST {
            // Files that nobody reads at this moment; they are looked at once more.
            all.seen.retain(|_, seen| Arc::strong_count(seen) > 1);
        }
        let seen = all.seen.entry(key);
        Arc::clone(seen.or_insert_with(|| Arc::new(SeenBlocks::none(blocks.count()))))
    }

    /// What was made of a snapshot without digests of blocks.
    pub(crate) fn learned(&self, snapshot: Digest) -> Option<Arc<Vec<BlockDigests>>> {
        self.all().learned.get(&snapshot).cloned()
    }

    /// Remembers it.
    pub(crate) fn learn(&self, snapshot: Digest, blocks: &Arc<Vec<BlockDigests>>) {
        let mut all = self.all();
        if all.learned.len() >= MOST {
            all.learned.clear();
        }
        all.learned.insert(snapshot, Arc::clone(blocks));
    }

    fn all(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// So many files are remembered.
const MOST: usize = 65_536;
