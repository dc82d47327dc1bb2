//! Time stamps of heads: tokens (RFC 3161) of an authority outside the league, in the file `time-stamps` beside the heads.
//!
//! Each line contains one signed head and the token over its note. Tokens are not judged here: the caller has judged a token before
//! storing it, and a verifier of a copy judges it under its own trust anchors. The file is derived evidence like the heads; the log
//! is complete without it.

use crate::writer::append_whole;
use crate::{AuditLog, log_dir};
use hansa_audit_log::json::serialized::{from_json, to_json};
use hansa_audit_log::json::{JsonLimits, parse_json, to_canonical_bytes};
use hansa_audit_log::note::{SignedHead, base64};
use hansa_policy::refusal::Refusal;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Name of the file.
pub(super) const TIME_STAMPS: &str = "time-stamps";

/// Limits of a line: a token with its signatures and certificates, and a head.
const LINE: JsonLimits = JsonLimits {
    bytes: 256 * 1024,
    depth: 2,
};

/// A head, and the token over its note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StampedHead {
    /// Signed head.
    pub head: SignedHead,
    /// The token, in DER.
    #[serde(with = "base64")]
    pub token: Vec<u8>,
}

/// Content of the file, as far as it can be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct TimeStampHistory {
    /// Time stamps in the order of the heads' sizes.
    pub(super) stamps: Vec<StampedHead>,
    /// Number of complete lines that can't be read.
    pub(super) unreadable: usize,
}

impl StampedHead {
    fn to_line(&self) -> Vec<u8> {
        let mut line = to_canonical_bytes(&to_json(self));
        line.push(b'\n');
        line
    }

    fn read(line: &[u8]) -> Option<Self> {
        from_json(&parse_json(line, LINE).ok()?).ok()
    }
}

/// Reads the time stamps in the folder of a log. A last line without an end is incomplete and skipped.
pub(super) fn time_stamps(folder: &Path) -> io::Result<TimeStampHistory> {
    let bytes = match std::fs::read(folder.join(TIME_STAMPS)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        read => read?,
    };
    let mut history = TimeStampHistory::default();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(line) = line.strip_suffix(b"\n") else {
            continue;
        };
        match StampedHead::read(line) {
            Some(stamped) => history.stamps.push(stamped),
            None => history.unreadable += 1,
        }
    }
    history
        .stamps
        .sort_by_key(|stamped| stamped.head.checkpoint.size);
    Ok(history)
}

impl AuditLog {
    /// Stores the time stamp of a head durably. One caller at a time.
    ///
    /// # Errors
    /// `EVIDENCE_UNAVAILABLE` or `DISK_FULL` when it can't be written.
    pub fn keep_time_stamp(&self, stamped: &StampedHead) -> Result<(), Refusal> {
        let path = self.folder().join(TIME_STAMPS);
        let keep = || -> io::Result<()> {
            let file = OpenOptions::new()
                .read(true)
                .append(true)
                .create(true)
                .mode(0o600)
                .open(&path)?;
            cut_incomplete_line(&file)?;
            append_whole(&file, &stamped.to_line())?;
            file.sync_all()
        };
        keep().map_err(|error| log_dir::unavailable_log_refusal(&path, &error))
    }

    /// Stored time stamps in the order of the heads' sizes. Unreadable lines are left out; `audit verify` reports them.
    ///
    /// # Errors
    /// `EVIDENCE_UNAVAILABLE` when the file can't be read.
    pub fn time_stamps(&self) -> Result<Vec<StampedHead>, Refusal> {
        let path = self.folder().join(TIME_STAMPS);
        let history = time_stamps(self.folder())
            .map_err(|error| log_dir::unavailable_log_refusal(&path, &error))?;
        Ok(history.stamps)
    }
}

/// Cuts off a line that a crash left incomplete.
fn cut_incomplete_line(mut file: &File) -> io::Result<()> {
    let mut last = [0];
    match file.seek(SeekFrom::End(-1)) {
        // An empty file has no last line.
        Err(_) => return Ok(()),
        Ok(_) => file.read_exact(&mut last)?,
    }
    if last == *b"\n" {
        return Ok(());
    }
    file.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let whole = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end.saturating_add(1));
    file.set_len(u64::try_from(whole).unwrap_or(u64::MAX))
}
