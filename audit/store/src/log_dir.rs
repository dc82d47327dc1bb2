//! Files in a log's folder.

use super::log_segment::LogSegment;
use super::reserve;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::note::{NoteKey, SignedHead, read_all};
use hansa_audit_log::record::{EXPIRED, Record};
use hansa_audit_log::verifier::{LogVerifier, VerifiedLine};
use hansa_policy::refusal::{ErrorCode, Refusal};
use line_reader::LineReader;
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

mod line_reader;

pub(super) const HEADS: &str = "heads";
pub(super) const KEY: &str = "key";
pub(super) const LEAVES: &str = "leaves";
pub(super) const LOCK: &str = "lock";

/// Public note keys of a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct NoteKeySet {
    /// Readable keys, the newest last.
    pub(super) known: Vec<NoteKey>,
    /// Number of lines that can't be read.
    pub(super) unreadable: usize,
}

/// Reads the public note keys of the log.
pub(super) fn read_keys(folder: &Path) -> io::Result<NoteKeySet> {
    let bytes = absent_is_empty(std::fs::read(folder.join(KEY)))?;
    let text = String::from_utf8_lossy(&bytes);
    let known: Vec<NoteKey> = text.lines().filter_map(|line| line.parse().ok()).collect();
    let unreadable = text.lines().count() - known.len();
    Ok(NoteKeySet { known, unreadable })
}

/// Signed heads of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeadHistory {
    /// Heads in the order of signing.
    pub(super) heads: Vec<SignedHead>,
    /// True if an incomplete head follows them.
    pub(super) rest: bool,
}

/// Reads the signed heads. The inner error is the number of the first head that can't be read.
pub(super) fn read_head_history(folder: &Path) -> io::Result<Result<HeadHistory, usize>> {
    let text = absent_is_empty(std::fs::read(folder.join(HEADS)))?;
    // Invalid UTF-8 makes only its own note unreadable.
    Ok(read_all(&String::from_utf8_lossy(&text)).map(|heads| {
        let whole: usize = heads.iter().map(|head| head.to_string().len() + 1).sum();
        HeadHistory {
            rest: whole != text.len(),
            heads,
        }
    }))
}

/// End of the file of heads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewestHead {
    /// Last complete head.
    pub(super) head: Option<SignedHead>,
    /// Number of bytes of an incomplete head after it.
    pub(super) rest: u64,
}

/// Size of the part at the end of the file of heads that is read, bytes; one head has some 250 bytes.
const HEADS_END: u64 = 64 * 1024;

/// Reads the newest head. The inner error means that it can't be read.
pub(super) fn newest_head(folder: &Path, origin: &str) -> io::Result<Result<NewestHead, ()>> {
    let none = NewestHead {
        head: None,
        rest: 0,
    };
    let mut file = match File::open(folder.join(HEADS)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Ok(none)),
        opened => opened?,
    };
    let start = file.metadata()?.len().saturating_sub(HEADS_END);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    // From the middle of the file on, the first complete head follows an empty line and begins with the origin.
    let border = format!("\n\n{origin}\n");
    let from = match start {
        0 => Some(0),
        _ => bytes
            .windows(border.len())
            .position(|window| window == border.as_bytes())
            .map(|at| at + 2),
    };
    let Some(end) = from.and_then(|from| bytes.get(from..)) else {
        return Ok(Err(()));
    };
    // Heads are not synced one by one, so a loss of power can leave zeros after the synced ones.
    let length = end.len();
    let written = end.iter().position(|byte| *byte == 0).unwrap_or(length);
    let end = end.get(..written).unwrap_or(end);
    let text = match std::str::from_utf8(end) {
        Ok(text) => text,
        // The last character is incomplete.
        Err(fault) if fault.error_len().is_none() => end
            .get(..fault.valid_up_to())
            .and_then(|whole| std::str::from_utf8(whole).ok())
            .unwrap_or_default(),
        Err(_) => return Ok(Err(())),
    };
    let Ok(heads) = read_all(text) else {
        return Ok(Err(()));
    };
    let whole: usize = heads.iter().map(|head| head.to_string().len() + 1).sum();
    let rest = u64::try_from(length.saturating_sub(whole)).unwrap_or_default();
    let head = heads.into_iter().next_back();
    Ok(Ok(NewestHead { head, rest }))
}

/// Reads the leaf hashes, as far as they were written.
pub(super) fn read_leaves(folder: &Path) -> io::Result<Vec<Digest>> {
    let bytes = absent_is_empty(std::fs::read(folder.join(LEAVES)))?;
    let (whole, _) = bytes.as_chunks::<32>();
    Ok(whole
        .iter()
        // A file that was not synced before a loss of power can end in zeros.
        .take_while(|leaf| **leaf != [0; 32])
        .map(|leaf| Digest::from_bytes(*leaf))
        .collect())
}

fn absent_is_empty<T: Default>(read: io::Result<T>) -> io::Result<T> {
    match read {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(T::default()),
        other => other,
    }
}

/// Position of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordOffset {
    /// Number of its segment, from 0.
    pub(super) segment: usize,
    /// Position of its first byte in the segment.
    pub(super) offset: u64,
}

/// Bytes at the end of the log without a line break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TrailingBytes {
    pub(super) offset: RecordOffset,
    pub(super) bytes: Vec<u8>,
    /// True at the end of the last segment, where a crash may have left the bytes.
    pub(super) at_end: bool,
}

/// Content at the place of a record.
pub(super) enum LogSlot<'a, 'l> {
    /// Record that is present and good.
    Good(&'a VerifiedLine<'l>),
    /// Place and leaf hash of a record past its retention.
    Expired(u64, Digest),
}

/// Pushes every line of the segments into `verifier` until its result is final; good records are passed to `each`.
pub(super) fn verify_segments(
    segments: &[LogSegment],
    verifier: &mut LogVerifier,
    mut each: impl FnMut(&LogSlot<'_, '_>, RecordOffset),
) -> io::Result<Option<TrailingBytes>> {
    for (number, segment) in segments.iter().enumerate() {
        let mut lines = LineReader::of(File::open(&segment.path)?);
        let mut offset = RecordOffset {
            segment: number,
            offset: 0,
        };
        while let Some((line, is_whole)) = lines.next()? {
            if !is_whole {
                return Ok(Some(TrailingBytes {
                    offset,
                    bytes: line.to_vec(),
                    at_end: number + 1 == segments.len(),
                }));
            }
            if line == EXPIRED {
                let index = verifier.chain().next();
                if let Some(leaf) = verifier.skip_record() {
                    each(&LogSlot::Expired(index, leaf), offset);
                }
            } else if let Some(good) = verifier.check_line(line) {
                each(&LogSlot::Good(&good), offset);
            }
            if verifier.is_settled() {
                return Ok(None);
            }
            offset.offset += u64::try_from(line.len() + 1).unwrap_or_default();
        }
    }
    Ok(None)
}

/// Refusal for a part of the log that can't be read or written.
pub(super) fn unavailable_log_refusal(path: &Path, error: &io::Error) -> Refusal {
    let code = if hansa_files::is_full(error) {
        ErrorCode::DiskFull
    } else {
        ErrorCode::EvidenceUnavailable
    };
    Refusal::new(code, format!("the log at `{}`: {error}", path.display())).with_place(
        path.display().to_string(),
        None,
        None,
    )
}

/// True if the last record may be incomplete: a connector has this log open, or was stopped while writing. An incomplete record was
/// never confirmed, and the next start cuts it off.
pub(super) fn may_be_torn(path: &Path, log: &str) -> bool {
    is_being_written(path) || reserve::reserve_contents(path, log).is_ok_and(|held| held.is_some())
}

fn is_being_written(path: &Path) -> bool {
    File::open(path.join(LOCK))
        .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Origin in the first record, for a log without a key.
pub(super) fn first_log(segments: &[LogSegment]) -> String {
    let read = || {
        let text = std::fs::read_to_string(&segments.first()?.path).ok()?;
        let record = Record::from_bytes(text.lines().next()?.as_bytes()).ok()?;
        Some(record.log)
    };
    read().unwrap_or_default()
}
