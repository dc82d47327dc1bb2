//! Storage on disk: the only code that makes records survive a loss of power.

use crate::log_segment::LogSegment;
use hansa_audit_log::digest::{Digest, IncrementalDigest};
use hansa_audit_log::storage::{LogStorage, StorageError};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Last segment of a log, open for appending.
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

/// Preallocated file; frames stand one after another from its beginning.
#[derive(Debug)]
pub(super) struct PreallocatedStorage {
    file: File,
    used: u64,
    size: u64,
}

impl PreallocatedStorage {
    /// Storage over the whole file, empty.
    pub(super) const fn new(file: File, size: u64) -> Self {
        Self {
            file,
            used: 0,
            size,
        }
    }
}

/// Storage that keeps nothing, for dry runs.
pub(super) struct NullStorage;

impl LogStorage for NullStorage {
    fn append(&mut self, _frames: &[u8]) -> Result<(), StorageError> {
        Ok(())
    }
}

impl SegmentStorage {
    /// Opens `segment` at its end, and creates it if it does not exist.
    pub(super) fn open(folder: &Path, segment: LogSegment) -> io::Result<Self> {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&segment.path)?;
        // The name of a new file is durable only after a sync of its folder.
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

    /// Cuts off the bytes after `length`.
    pub(super) fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)?;
        self.length = length;
        Ok(())
    }

    /// Syncs the content of the file.
    pub(super) fn sync_file(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// Name of the file.
    pub(super) fn name(&self) -> String {
        self.segment.name()
    }

    /// Writes the bytes after `from` again and syncs them, over a new descriptor.
    ///
    /// After a failed sync the system may return bytes that never reached the disk, and may treat them as written.
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

    /// Begins a new segment with the record `first`. Returns the new segment, and the name and the digest of the ended one.
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

/// DOOR: `Ok` states that the frames survive a loss of power, which only the kernel and the disk can promise.
///
/// A failed write or sync is never repeated on the same descriptor: the kernel may have dropped the pages and would report success.
/// Beyond a file-size limit a write fails only in a process that ignores SIGXFSZ, as the binary does.
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

/// DOOR: like that of the log, over another descriptor without a failure.
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
