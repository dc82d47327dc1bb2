//! The file of signed heads, and the word in the lock file that it is whole.
//!
//! A head may be shown before the disk holds it: it says nothing but what the records say, and Ed25519 gives the same bytes each time. So no
//! answer waits for a sync of its head. A start that finds no word of an orderly end signs over each size behind the last head that is
//! left, and every head that was shown is among those. The file is synced now and then, so that there are few of them.

use hansa_audit_log::note::SignedHead;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The bytes behind the last sync that bring about the next one: a part of what a start reads of the end of the file.
const SYNC_BYTES: usize = 32 * 1024;

/// The records behind the last head that was synced which bring about the next sync: over so many a start signs in a moment.
const SYNC_RECORDS: u64 = 4096;

/// The word in the lock file that the writer has ended and that the disk holds all heads.
const ENDED: &[u8] = b"ended\n";

/// The file of heads, open for appending.
#[derive(Debug)]
pub(super) struct HeadFile {
    path: PathBuf,
    /// Absent after a failure: a descriptor that has seen one is not used again.
    file: Option<File>,
    /// The length that a sync has confirmed, and the size of the last head there.
    synced: u64,
    synced_size: u64,
    /// The notes behind that, and the size of the last one.
    unsynced: Vec<u8>,
    newest_size: u64,
}

impl HeadFile {
    /// Goes on behind the head over `size` records, with which the file ends.
    pub(super) fn open(path: &Path, size: u64) -> io::Result<Self> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
        file.sync_all()?;
        let synced = file.metadata()?.len();
        // The name of a new file is durable only when its folder is.
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

    /// Writes a head behind the others, and with it those that could not be written before. It is synced at once only where much
    /// is not, or nothing ever was: a file without any head is one that was emptied.
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

    /// Writes everything that no sync has confirmed, over a descriptor that has seen no failure.
    ///
    /// After a failed sync the system can show bytes that never came to the disk, and after a failed write there is a part of a note.
    fn write_unsynced(&self) -> io::Result<File> {
        let mut file = OpenOptions::new().append(true).open(&self.path)?;
        file.set_len(self.synced)?;
        file.write_all(&self.unsynced)?;
        Ok(file)
    }
}

/// An orderly end of the run before: every head that it showed is in the file.
pub(super) fn has_ended(lock: &File) -> io::Result<bool> {
    Ok(lock.metadata()?.len() > 0)
}

/// Takes the word of the run before away, durably: of what is signed from now on it says nothing.
pub(super) fn begin_run(lock: &File) -> io::Result<()> {
    if !has_ended(lock)? {
        return Ok(());
    }
    lock.set_len(0)?;
    lock.sync_all()
}

/// Says that the run has ended and that the disk holds every head that it showed.
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
        // The first one, and then one in more than a hundred.
        assert_eq!(syncs[0], 1);
        assert!(syncs.windows(2).all(|pair| pair[1] - pair[0] > 100));
        assert!(syncs.len() > 2, "{syncs:?}");
        // One head over many records is enough.
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
        // One that takes everything, and whose sync fails.
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
