//! File of signed heads, and the mark in the lock file that it is complete.
//!
//! A head may be shown before it is durable: it contains only what the records determine, and an Ed25519 signature of equal bytes
//! is equal. So no answer waits for a sync of its head. A start without the mark of an orderly end signs a head for each size after
//! the last stored one; every shown head is among these. The file is synced from time to time, so that there are few of them.

use hansa_audit_log::note::SignedHead;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Number of unsynced bytes that causes a sync. It bounds the part of the file that a start reads.
const SYNC_BYTES: usize = 32 * 1024;

/// Number of records after the last synced head that causes a sync. A start signs this number of heads in a moment.
const SYNC_RECORDS: u64 = 4096;

/// Mark in the lock file: the writer has ended, and all heads are durable.
const ENDED: &[u8] = b"ended\n";

/// File of heads, open for appending.
#[derive(Debug)]
pub(super) struct HeadFile {
    path: PathBuf,
    /// Open file; absent after a failure, since a descriptor with a failed sync is never used again.
    file: Option<File>,
    /// Synced length of the file, and the size of the last head in it.
    synced: u64,
    synced_size: u64,
    /// Unsynced notes, and the size of the last one.
    unsynced: Vec<u8>,
    newest_size: u64,
}

impl HeadFile {
    /// Opens the file at its end, after the head over `size` records.
    pub(super) fn open(path: &Path, size: u64) -> io::Result<Self> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
        file.sync_all()?;
        let synced = file.metadata()?.len();
        // The name of a new file is durable only after a sync of its folder.
        if let Some(folder) = path.parent().filter(|_| synced == 0) {
            File::open(folder)?.sync_all()?;
        }
        Ok(Self {
            path: path.to_path_buf(),
            synced,
            file: Some(file),
            synced_size: size,
            unsynced: Vec::new(),
            newest_size: size,
        })
    }

    /// Appends a head, with earlier ones that could not be written. It is synced at once only if much is unsynced, or nothing was
    /// ever synced: a file without heads would look like one that was emptied.
    pub(super) fn keep_head(&mut self, head: &SignedHead) -> io::Result<()> {
        let note = format!("{head}\n").into_bytes();
        self.unsynced.extend(&note);
        self.newest_size = head.checkpoint.size;
        let file = match self.file.take() {
            Some(mut file) => {
                file.write_all(&note)?;
                file
            }
            None => self.write_unsynced()?,
        };
        self.file = Some(file);
        let records = self.newest_size.saturating_sub(self.synced_size);
        if self.synced == 0 || self.unsynced.len() >= SYNC_BYTES || records >= SYNC_RECORDS {
            self.sync_heads()?;
        }
        Ok(())
    }

    /// Makes all heads durable.
    pub(super) fn sync_heads(&mut self) -> io::Result<()> {
        if self.unsynced.is_empty() {
            return Ok(());
        }
        let file = match self.file.take() {
            Some(file) => file,
            None => self.write_unsynced()?,
        };
        file.sync_data()?;
        self.file = Some(file);
        self.synced += u64::try_from(self.unsynced.len()).unwrap_or_default();
        self.synced_size = self.newest_size;
        self.unsynced.clear();
        Ok(())
    }

    /// Writes all unsynced bytes over a new descriptor.
    ///
    /// After a failed sync the system may return bytes that never reached the disk, and after a failed write the file contains a
    /// partial note.
    fn write_unsynced(&self) -> io::Result<File> {
        let mut file = OpenOptions::new().append(true).open(&self.path)?;
        file.set_len(self.synced)?;
        file.write_all(&self.unsynced)?;
        Ok(file)
    }
}

/// True after an orderly end of the preceding run: every shown head is in the file.
pub(super) fn has_ended(lock: &File) -> io::Result<bool> {
    Ok(lock.metadata()?.len() > 0)
}

/// Removes the mark of the preceding run, durably, before further heads are signed.
pub(super) fn begin_run(lock: &File) -> io::Result<()> {
    if !has_ended(lock)? {
        return Ok(());
    }
    lock.set_len(0)?;
    lock.sync_all()
}

/// Writes the mark of an orderly end: every shown head is durable.
pub(super) fn end_run(mut lock: &File) -> io::Result<()> {
    lock.write_all(ENDED)?;
    lock.sync_all()
}

#[cfg(test)]
mod tests {
    use super::{HeadFile, SYNC_BYTES, SYNC_RECORDS};
    use crate::tests::TestLogDir;
    use hansa_audit_log::digest::Digest;
    use hansa_audit_log::note::{Checkpoint, NoteSigner as _, SignedHead};
    use std::fs::{File, OpenOptions};
    use std::path::Path;

    fn head(log_dir: &TestLogDir, size: u64) -> SignedHead {
        let checkpoint = Checkpoint {
            origin: log_dir.key.key().name,
            size,
            root: Digest::of(&size.to_be_bytes()),
        };
        SignedHead::sign(checkpoint, log_dir.key.as_ref()).unwrap()
    }

    fn sizes(path: &Path) -> Vec<u64> {
        let text = std::fs::read_to_string(path).unwrap();
        let heads = hansa_audit_log::note::read_all(&text).unwrap();
        heads.iter().map(|head| head.checkpoint.size).collect()
    }

    #[test]
    fn few_heads_cost_no_sync_and_many_are_never_without_one() {
        let log_dir = TestLogDir::new();
        let path = log_dir.dir.path().join("heads");
        let mut heads = HeadFile::open(&path, 0).unwrap();
        let mut syncs = Vec::new();
        for size in 1..=500 {
            let before = heads.synced;
            heads.keep_head(&head(&log_dir, size)).unwrap();
            assert!(heads.unsynced.len() < SYNC_BYTES);
            if heads.synced > before {
                syncs.push(size);
            }
        }
        // The first head is synced, and then fewer than one in a hundred.
        assert_eq!(syncs[0], 1);
        assert!(syncs.windows(2).all(|pair| pair[1] - pair[0] > 100));
        assert!(syncs.len() > 2, "{syncs:?}");
        // One head over many records causes a sync.
        let far = heads.synced_size + SYNC_RECORDS;
        heads.keep_head(&head(&log_dir, far - 1)).unwrap();
        assert!(heads.synced_size < far - 1);
        heads.keep_head(&head(&log_dir, far)).unwrap();
        assert_eq!((heads.synced_size, heads.unsynced.len()), (far, 0));
        assert_eq!(heads.synced, std::fs::metadata(&path).unwrap().len());
    }

    #[test]
    fn what_could_not_be_written_comes_with_the_next_head() {
        let log_dir = TestLogDir::new();
        let path = log_dir.dir.path().join("heads");
        let mut heads = HeadFile::open(&path, 0).unwrap();
        heads.keep_head(&head(&log_dir, 1)).unwrap();
        heads.keep_head(&head(&log_dir, 2)).unwrap();
        // A descriptor that can't write.
        heads.file = Some(File::open(&path).unwrap());
        heads.keep_head(&head(&log_dir, 3)).unwrap_err();
        assert_eq!(sizes(&path), [1, 2]);
        heads.keep_head(&head(&log_dir, 4)).unwrap();
        assert_eq!(sizes(&path), [1, 2, 3, 4]);
        // A descriptor that accepts all bytes and whose sync fails.
        let null = OpenOptions::new().append(true).open("/dev/null").unwrap();
        heads.file = Some(null);
        heads.keep_head(&head(&log_dir, 5)).unwrap();
        heads.sync_heads().unwrap_err();
        assert_eq!(heads.synced_size, 1);
        heads.sync_heads().unwrap();
        assert_eq!(heads.synced_size, 5);
        assert_eq!(sizes(&path), [1, 2, 3, 4, 5]);
    }
}
