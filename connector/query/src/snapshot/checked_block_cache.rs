//! Cache of verified blocks for the lifetime of this process, by file identity.

use crate::snapshot::block_digests::BlockDigests;
use hansa_audit_log::digest::Digest;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fs::File;
use std::io::Result;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Identity of a file: position on the disk, size, modification time and change time. A program can set the modification time back,
/// but not the change time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FileIdentity {
    device: u64,
    inode: u64,
    size: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

impl FileIdentity {
    /// Identity of an open file.
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

    /// Checks that nobody has written to the file, as far as its times show. A new hard link, as made by a growing feed, changes
    /// the change time but not the content.
    pub(crate) fn is_written_as(&self, other: &Self) -> bool {
        let without = |of: &Self| Self {
            changed: (0, 0),
            ..*of
        };
        without(self) == without(other)
    }

    /// Size in bytes.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }
}

/// Verified blocks of one file.
#[derive(Debug)]
pub(crate) struct CheckedBlocks(Vec<AtomicU64>);

impl CheckedBlocks {
    fn with_block_count(count: usize) -> Self {
        let words = std::iter::repeat_with(AtomicU64::default);
        Self(words.take(count.div_ceil(64)).collect())
    }

    fn place(&self, block: u64) -> Option<(&AtomicU64, u64)> {
        let word = self.0.get(usize::try_from(block / 64).ok()?)?;
        Some((word, 1 << (block % 64)))
    }

    /// Checks that a block was verified.
    pub(crate) fn has_block(&self, block: u64) -> bool {
        let found = self.place(block);
        found.is_some_and(|(word, bit)| word.load(Ordering::Acquire) & bit != 0)
    }

    /// Marks a block as verified.
    pub(crate) fn mark_block(&self, block: u64) {
        if let Some((word, bit)) = self.place(block) {
            word.fetch_or(bit, Ordering::Release);
        }
    }

    /// Marks all blocks as verified.
    pub(crate) fn mark_all(&self) {
        for word in &self.0 {
            word.store(u64::MAX, Ordering::Release);
        }
    }
}

/// Cache shared by all readers.
#[derive(Debug, Clone, Default)]
pub struct CheckedBlockCache(Arc<Mutex<CheckedBlockEntries>>);

/// Entries by file and by the name of its block digests.
type CheckedBlockEntries = HashMap<(FileIdentity, Digest), Arc<CheckedBlocks>>;

impl CheckedBlockCache {
    /// Verified blocks of a file with these digests.
    pub(crate) fn checked_blocks(
        &self,
        file: FileIdentity,
        blocks: &BlockDigests,
    ) -> Arc<CheckedBlocks> {
        let key = (file, blocks.name());
        let mut all = self.0.lock();
        if all.len() >= MOST {
            // Entries without current readers are removed; their files are verified again.
            all.retain(|_, seen| Arc::strong_count(seen) > 1);
        }
        let seen = all.entry(key);
        Arc::clone(
            seen.or_insert_with(|| Arc::new(CheckedBlocks::with_block_count(blocks.count()))),
        )
    }
}

/// Maximum number of files in the cache.
const MOST: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(path: &std::path::Path) -> FileIdentity {
        FileIdentity::of(&File::open(path).unwrap()).unwrap()
    }

    /// Waits for the next tick of the file system's clock.
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
        // The file is verified again, since a new link can't be distinguished from a change.
        assert_ne!(after, before);
        later();
        std::fs::write(&path, b"two").unwrap();
        assert!(!identity(&path).is_written_as(&before));
    }
}
