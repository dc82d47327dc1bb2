//! The storage on disk: the one place where "recorded" becomes "survives a loss of power".

use crate::log_segment::LogSegment;
use hansa_audit_log::digest::{Digest, IncrementalDigest};
use hansa_audit_log::storage::{LogStorage, StorageError};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The last segment of a log, open for appending.
#[derive(Debug)]
pub(super) struct SegmentStorage {
    folder: PathBuf,
    segment: LogSegment,
    file: File,
    length: u64,
    pub(super) appender: Box<dyn FrameAppender>,
}

/// The way in which frames come to the end of a segment. A test takes one that fails on command.
pub(super) trait FrameAppender: std::fmt::Debug + Send + Sync {
    /// Writes frames behind what the file holds, and makes them durable.
    fn append(&mut self, file: &mut File, frames: &[u8]) -> io::Result<()>;
}

/// Frames are written and synced.
#[derive(Debug)]
struct SyncedAppender;

impl FrameAppender for SyncedAppender {
    fn append(&mut self, file: &mut File, frames: &[u8]) -> io::Result<()> {
        file.write_all(frames).and_then(|()| file.sync_data())
    }
}

/// Room in a file that the disk has given already: frames stand one behind the other from its beginning.
#[derive(Debug)]
pub(super) struct PreallocatedStorage {
    file: File,
    used: u64,
    size: u64,
}

impl PreallocatedStorage {
    /// All of it, empty.
    pub(super) const fn new(file: File, size: u64) -> Self {
        Self {
            file,
            used: 0,
            size,
        }
    }
}

/// A storage that keeps nothing, for what is only rehearsed.
pub(super) struct NullStorage;

impl LogStorage for NullStorage {
    fn append(&mut self, _frames: &[u8]) -> Result<(), StorageError> {
        Ok(())
    }
}

impl SegmentStorage {
    /// Goes on with `segment`, which is created if it is not there.
    pub(super) fn open(folder: &Path, segment: LogSegment) -> io::Result<Self> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&segment.path)?;
        // The name of a new file is durable only when its folder is.
        File::open(folder)?.sync_all()?;
        let length = file.metadata()?.len();
        Ok(Self {
            folder: folder.to_path_buf(),
            segment,
            file,
            length,
            appender: Box::new(SyncedAppender),
        })
    }

    /// Cuts off what stands behind `length`.
    pub(super) fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        self.length = length;
        Ok(())
    }

    /// Makes durable what the file holds.
    pub(super) fn sync_file(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// The file's name.
    pub(super) fn name(&self) -> String {
        self.segment.name()
    }

    /// Writes what stands behind `from` once more and syncs it, over a descriptor that has seen no failure.
    ///
    /// After a failed sync the system can show bytes that never came to the disk, and takes them for written.
    pub(super) fn write_again(&mut self, from: u64) -> io::Result<()> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&self.segment.path)?;
        let left = usize::try_from(self.length.saturating_sub(from)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; left];
        file.read_exact_at(&mut bytes, from)?;
        file.write_all_at(&bytes, from)?;
        file.sync_all()
    }

    /// Begins a new segment with the record `first`; gives the name and the digest of the one that ends.
    pub(super) fn rotate(&mut self, first: u64) -> io::Result<(LogSegment, String, Digest)> {
        let digest = digest_of(&self.segment.path)?;
        let name = self.segment.name();
        let next = Self::open(&self.folder, LogSegment::new(&self.folder, first))?;
        self.file = next.file;
        self.length = next.length;
        self.segment = next.segment;
        Ok((self.segment.clone(), name, digest))
    }
}

/// DOOR: `Ok` says that the frames survive a loss of power, which only the kernel and the disk can promise.
///
/// A failed write or sync is never tried again on the same descriptor: the kernel may have dropped the pages and would
/// report success. Beyond a file-size limit a write fails only in a process that ignores SIGXFSZ, as the binary does.
impl LogStorage for SegmentStorage {
    fn append(&mut self, frames: &[u8]) -> Result<(), StorageError> {
        self.appender
            .append(&mut self.file, frames)
            .map_err(|error| StorageError {
                reason: error.to_string(),
                full: hansa_files::is_full(&error),
            })?;
        self.length += u64::try_from(frames.len()).unwrap_or_default();
        Ok(())
    }
}

/// DOOR: as that of the log, over another descriptor that has seen no failure.
impl LogStorage for PreallocatedStorage {
    fn append(&mut self, frames: &[u8]) -> Result<(), StorageError> {
        let length = u64::try_from(frames.len()).unwrap_or(u64::MAX);
        let end = self.used.saturating_add(length);
        if end > self.size {
            return Err(StorageError {
                reason: "the reserve is used up".to_owned(),
                full: true,
            });
        }
        self.file
            .write_all_at(frames, self.used)
            .and_then(|()| self.file.sync_data())
            .map_err(|error| StorageError {
                reason: error.to_string(),
                full: hansa_files::is_full(&error),
            })?;
        self.used = end;
        Ok(())
    }
}

fn digest_of(path: &Path) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut running = IncrementalDigest::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let length = file.read(&mut buffer)?;
        match buffer.get(..length) {
            Some([]) | None => return Ok(running.finish()),
            Some(bytes) => running.update(bytes),
        }
    }
}
