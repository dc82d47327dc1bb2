//! Reserve: preallocated space for records when the disk takes no more.
//!
//! A file of fixed size in the log's folder, filled with zeros in normal operation. When the log can't be written any more, the
//! reserve records the cause and the later refusals: a small log with its own origin. The next start merges it into the log
//! (`recovery.rs`) and empties it. A copy-on-write file system does not guarantee that the space can be overwritten; there the
//! low-water mark helps.

use crate::segment_storage::PreallocatedStorage;
use crate::writer::job::InternalRecord;
use hansa_audit_log::chain::ChainState;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::{Ledger, LedgerError, RecordMetadata};
use hansa_audit_log::record::Record;
use hansa_audit_log::record::body::{RecordBody, UpkeepBody};
use hansa_audit_log::record::upkeep::StopRecord;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Name in the log's folder.
pub const FILE: &str = "reserve";

/// Largest reserve that is read, bytes; larger than any that is created.
const MOST: u64 = 1 << 30;

/// Reserve of a log that is open for writing.
#[derive(Debug)]
pub(super) struct LogReserve {
    ledger: Ledger<PreallocatedStorage>,
}

/// Content of the reserve left by an earlier run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReserveContents {
    /// Records in order; the first one states the cause of the stop.
    pub(super) records: Vec<Record>,
    /// Digest of their bytes, by which the log names the merged reserve.
    pub(super) digest: Digest,
    /// Number of bytes of an incomplete record after them.
    pub(super) rest: u64,
}

impl ReserveContents {
    /// Record of the stop, where it could be written.
    pub(super) fn stop_record(&self) -> Option<StopRecord> {
        let first = self.records.first()?;
        match first.read_body() {
            Ok(RecordBody::Upkeep(UpkeepBody::Stop(stop))) => Some(*stop),
            Ok(_) | Err(_) => None,
        }
    }

    /// Cause of the stop in words.
    pub(super) fn stop_reason(&self) -> String {
        let reason = self.stop_record().and_then(|stop| stop.reason);
        reason.unwrap_or_else(|| "nobody could say why".to_owned())
    }
}

impl LogReserve {
    /// Opens the reserve in `folder`, and creates it if it does not exist. It must be empty: [`reserve_contents`] was merged
    /// before.
    ///
    /// # Errors
    /// When the disk has not enough space.
    pub(super) fn open(folder: &Path, origin: &str, size: u64, boot: &str) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(folder.join(FILE))?;
        if file.metadata()?.len() < size {
            allocate_space(&file, size)?;
            file.sync_all()?;
            File::open(folder)?.sync_all()?;
        }
        let storage = PreallocatedStorage::new(file, size);
        let chain = ChainState::new(&reserve_origin(origin));
        Ok(Self {
            ledger: Ledger::open(storage, chain, boot),
        })
    }

    /// Records a value in the reserve. On return the record survives a loss of power.
    ///
    /// # Errors
    /// When the reserve is used up or has failed too.
    pub(super) fn record(
        &mut self,
        own: InternalRecord,
        stamp: RecordMetadata,
    ) -> Result<(), LedgerError> {
        self.ledger.record(own, stamp).map(drop)
    }
}

fn reserve_origin(origin: &str) -> String {
    format!("{origin}/reserve")
}

/// Allocates `size` bytes for the file; writes zeros where the file system has no allocation call.
fn allocate_space(file: &File, size: u64) -> io::Result<()> {
    match fs4::FileExt::allocate(file, size) {
        Err(error) if error.kind() == ErrorKind::Unsupported => write_zeros(file, size),
        given => given,
    }
}

fn write_zeros(file: &File, length: u64) -> io::Result<()> {
    let block = vec![0; 64 * 1024];
    let (mut at, mut writer) = (0, PositionedWriter { file, at: 0 });
    while at < length {
        let part = usize::try_from(length - at).unwrap_or(usize::MAX);
        let part = block.get(..part).unwrap_or(&block);
        writer.write_all(part)?;
        at += u64::try_from(part.len()).unwrap_or_default();
    }
    Ok(())
}

struct PositionedWriter<'a> {
    file: &'a File,
    at: u64,
}

impl io::Write for PositionedWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write_at(bytes, self.at)?;
        self.at += u64::try_from(written).unwrap_or_default();
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// True if the file at `path` is an empty reserve, which copies may leave out.
#[must_use]
pub fn is_empty(path: &Path) -> bool {
    let mut first = [0_u8; 1];
    let read = |file: File| file.read_at(&mut first, 0);
    path.file_name().is_some_and(|name| name == FILE)
        && File::open(path).and_then(read).is_ok()
        && first == [0]
}

/// Content of the reserve in `folder` of the log `origin`; none where it is empty or missing.
pub(super) fn reserve_contents(folder: &Path, origin: &str) -> io::Result<Option<ReserveContents>> {
    let file = match File::open(folder.join(FILE)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut bytes = Vec::new();
    let mut first = [0_u8; 1];
    if file.read_at(&mut first, 0)? == 0 || first == [0] {
        return Ok(None);
    }
    file.take(MOST).read_to_end(&mut bytes)?;
    let end = bytes.iter().position(|byte| *byte == 0);
    bytes.truncate(end.unwrap_or(bytes.len()));
    let mut chain = ChainState::new(&reserve_origin(origin));
    let (mut records, mut whole) = (Vec::new(), 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(record) = line
            .strip_suffix(b"\n")
            .and_then(|line| chain.accept_record(line).ok())
        else {
            break;
        };
        records.push(record);
        whole += line.len();
    }
    let rest = u64::try_from(bytes.len().saturating_sub(whole)).unwrap_or(u64::MAX);
    bytes.truncate(whole);
    Ok(Some(ReserveContents {
        records,
        digest: Digest::of(&bytes),
        rest,
    }))
}

/// Empties the reserve, after its content was recorded.
pub(super) fn empty_reserve(folder: &Path) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(folder.join(FILE))?;
    // Overwritten and not truncated, so that the space stays allocated.
    let length = file.metadata()?.len();
    write_zeros(&file, length)?;
    file.sync_all()
}
