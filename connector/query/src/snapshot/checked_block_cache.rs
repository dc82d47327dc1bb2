//! What this process remembers of files that were good: which blocks of which file, as long as it is that file.

use crate::snapshot::block_digests::BlockDigests;
use hansa_audit_log::digest::Digest;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fs::File;
use std::io::Result;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What tells a file from another one: where it lies, its size, when it was written, and when anything of it was changed. The time of
/// writing can be set back by whoever writes; that of the last change can't.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FileIdentity {
    device: u64,
    inode: u64,
    size: u64,
    written: (i64, i64),
    changed: (i64, i64),
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
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }

    /// Whether nobody has written into it in between, as far as times tell. A further link to it, as one that a feed makes when it
    /// grows, changes it and writes nothing.
    pub(crate) fn is_written_as(&self, other: &Self) -> bool {
        let without = |of: &Self| Self {
            changed: (0, 0),
            ..*of
        };
        without(self) == without(other)
    }

    /// Its bytes.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }
}

/// The blocks of one file that were good.
#[derive(Debug)]
pub(crate) struct CheckedBlocks(Vec<AtomicU64>);

impl CheckedBlocks {
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
pub struct CheckedBlockCache(Arc<Mutex<CheckedBlockEntries>>);

/// By the file and what names the digests of its blocks.
type CheckedBlockEntries = HashMap<(FileIdentity, Digest), Arc<CheckedBlocks>>;

impl CheckedBlockCache {
    /// What was seen of a file with these digests.
    pub(crate) fn checked_blocks(
        &self,
        file: FileIdentity,
        blocks: &BlockDigests,
    ) -> Arc<CheckedBlocks> {
        let key = (file, blocks.name());
        let mut all = self.0.lock();
        if all.len() >= MOST {
            // Files that nobody reads at this moment; they are looked at once more.
            all.retain(|_, seen| Arc::strong_count(seen) > 1);
        }
        let seen = all.entry(key);
        Arc::clone(seen.or_insert_with(|| Arc::new(CheckedBlocks::none(blocks.count()))))
    }
}

/// So many files are remembered.
const MOST: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(path: &std::path::Path) -> FileIdentity {
        FileIdentity::of(&File::open(path).unwrap()).unwrap()
    }

    /// Waits until the clock of the file system has gone on.
    fn later() {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }

    #[test]
    fn a_file_whose_time_of_writing_was_set_back_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"one").unwrap();
        let before = identity(&path);
        let written = std::fs::metadata(&path).unwrap().modified().unwrap();
        later();
        std::fs::write(&path, b"two").unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(written).unwrap();
        drop(file);
        let after = identity(&path);
        assert!(after.is_written_as(&before));
        assert_ne!(after, before);
    }

    #[test]
    fn a_link_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"one").unwrap();
        let before = identity(&path);
        later();
        std::fs::hard_link(&path, folder.path().join("b")).unwrap();
        let after = identity(&path);
        assert!(after.is_written_as(&before));
        // It is read once more, since nobody knows that it was a link.
        assert_ne!(after, before);
        later();
        std::fs::write(&path, b"two").unwrap();
        assert!(!identity(&path).is_written_as(&before));
    }
}
