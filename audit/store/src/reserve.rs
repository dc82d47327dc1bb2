//! The reserve: room that the disk has given already, for what must be said when it gives no more.
//!
//! A file of fixed size in the log's folder, zeros while nothing has happened. When the log can't be written any more, what
//! stopped it is recorded there, and how many were refused since: a small log under an origin of its own. The next start
//! takes it into the log (`recovery.rs`) and empties it. A file system that copies on every write keeps no such
//! promise; there the low-water mark is what helps.

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

/// Its name in the log's folder.
pub const FILE: &str = "reserve";

/// The largest reserve that is read: more than any that is made.
const MOST: u64 = 1 << 30;

/// The reserve of a log that is open for writing.
#[derive(Debug)]
pub(super) struct LogReserve {
    ledger: Ledger<PreallocatedStorage>,
}

/// What a run of the program left in the reserve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReserveContents {
    /// The records, in order; the first one says what stopped the log.
    pub(super) records: Vec<Record>,
    /// The digest over their bytes, by which the log names what it has taken in.
    pub(super) digest: Digest,
    /// Bytes behind them that are no record: one that was being written.
    pub(super) rest: u64,
}

impl ReserveContents {
    /// The record of the stop, where it could be written.
    pub(super) fn stop(&self) -> Option<StopRecord> {
        let first = self.records.first()?;
        match first.read_body() {
            Ok(RecordBody::Upkeep(UpkeepBody::Stop(stop))) => Some(*stop),
            Ok(_) | Err(_) => None,
        }
    }

    /// What stopped the log, in words.
    pub(super) fn reason(&self) -> String {
        let reason = self.stop().and_then(|stop| stop.reason);
        reason.unwrap_or_else(|| "nobody could say why".to_owned())
    }
}

impl LogReserve {
    /// The reserve in `folder`, made if it is not there. It must be empty: [`reserve_contents`] was taken in before.
    ///
    /// # Errors
    /// When the disk does not give so much.
    pub(super) fn open(folder: &Path, origin: &str, size: u64, boot: &str) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(folder.join(FILE))?;
        if file.metadata()?.len() < size {
            allocate(&file, size)?;
            file.sync_all()?;
            File::open(folder)?.sync_all()?;
        }
        let storage = PreallocatedStorage::new(file, size);
        let chain = ChainState::new(&reserve_origin(origin));
        Ok(Self {
            ledger: Ledger::open(storage, chain, boot),
        })
    }

    /// Records something here; when this returns, it survives a loss of power.
    ///
    /// # Errors
    /// When the reserve is used up or broken, too.
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

/// Has the disk give `size` bytes to the file; zeros are written where the file system can't promise them.
fn allocate(file: &File, size: u64) -> io::Result<()> {
    match fs4::FileExt::allocate(file, size) {
        Err(error) if error.kind() == ErrorKind::Unsupported => zeros(file, size),
        given => given,
    }
}

fn zeros(file: &File, length: u64) -> io::Result<()> {
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

/// Whether the file at `path` is a reserve that holds nothing, so that copies can do without it.
#[must_use]
pub fn is_empty(path: &Path) -> bool {
    let mut first = [0_u8; 1];
    let read = |file: File| file.read_at(&mut first, 0);
    path.file_name().is_some_and(|name| name == FILE)
        && File::open(path).and_then(read).is_ok()
        && first == [0]
}

/// What the reserve in `folder` of the log `origin` holds; nothing where it is empty or not there.
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
            .and_then(|line| chain.accept(line).ok())
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

/// Empties the reserve, after what it held was recorded.
pub(super) fn empty(folder: &Path) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(folder.join(FILE))?;
    // The room stays given: it is overwritten, not cut off.
    let length = file.metadata()?.len();
    zeros(&file, length)?;
    file.sync_all()
}
