//! Reading durable records while others are written.

use crate::AuditLog;
use crate::index::LogIndex;
use crate::log_dir::{self, RecordOffset};
use crate::log_segment;
use hansa_audit_log::record::{EXPIRED, Record};
use hansa_audit_log::tree::leaf_hash;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::sync::Arc;

/// The records of a log from an index on, up to what was durable when reading began. Those that are past their retention are
/// passed over.
#[derive(Debug)]
pub struct LogReader {
    index: Arc<LogIndex>,
    next: u64,
    end: u64,
    open: Option<(RecordOffset, BufReader<File>)>,
}

/// What stands in the place of a record.
pub(super) enum StoredLine {
    /// Its bytes.
    Record(Vec<u8>),
    /// Its retention is over.
    Expired,
}

impl AuditLog {
    /// The records from the index `from` on, as many as are durable now.
    #[must_use]
    pub fn read(&self, from: u64) -> LogReader {
        LogReader::new(Arc::clone(&self.inner.index), from)
    }

    /// The record at `index`.
    ///
    /// # Errors
    /// `EVIDENCE_UNAVAILABLE` when it can't be read, `EVIDENCE_BROKEN` when it is no longer what was written,
    /// `EVIDENCE_EXPIRED` when it is past its retention.
    pub fn get(&self, index: u64) -> Result<Option<Record>, Refusal> {
        self.read(index).exactly()
    }

    /// The records before this one went to the archive. 0 where none did.
    #[must_use]
    pub fn archived_before(&self) -> u64 {
        self.inner.index.archived_before()
    }

    /// Of the records before this one some are past their retention: their leaf hashes alone are kept. 0 where none is.
    #[must_use]
    pub fn expired_before(&self) -> u64 {
        self.inner.index.expired_before()
    }
}

impl LogReader {
    pub(super) fn new(index: Arc<LogIndex>, from: u64) -> Self {
        let end = index.size();
        Self {
            index,
            next: from,
            end,
            open: None,
        }
    }

    /// The bytes of the next record, compared with the leaf hash in memory; or that they are kept no longer.
    pub(super) fn next_line(&mut self) -> Option<Result<StoredLine, Refusal>> {
        if self.next >= self.end {
            return None;
        }
        let mut read = self.line();
        if read.is_err() && self.next < self.index.expired_before() {
            // The file may just have been written anew, without what is kept no longer.
            self.index.forget(self.next);
            self.open = None;
            read = self.line();
        }
        match read {
            Ok(_) => self.next += 1,
            Err(_) => self.next = self.end,
        }
        Some(read)
    }

    fn line(&mut self) -> Result<StoredLine, Refusal> {
        let number = self.next;
        let unreadable = |error| log_dir::unavailable(self.index.folder(), &error);
        let found = self.index.place(number).map_err(unreadable)?;
        let (record_offset, segment) =
            found.ok_or_else(|| not_here(number, self.index.folder()))?;
        let failed = |error| log_dir::unavailable(&segment.path, &error);
        let mut lines = match self.open.take() {
            Some((at, lines)) if at == record_offset => lines,
            // It may just have gone to the archive.
            _ => match segment.open_at(record_offset.offset) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return Err(not_here(number, self.index.folder()));
                }
                opened => opened.map_err(failed)?,
            },
        };
        let mut line = Vec::new();
        let length = lines.read_until(b'\n', &mut line).map_err(failed)?;
        line.pop_if(|last| *last == b'\n');
        let expired = line == EXPIRED && number < self.index.expired_before();
        if !expired && self.index.tree(|tree| tree.leaf(number)) != Some(leaf_hash(&line)) {
            return Err(edited_record_refusal(number));
        }
        let offset = record_offset.offset + u64::try_from(length).unwrap_or_default();
        self.open = Some((
            RecordOffset {
                offset,
                ..record_offset
            },
            lines,
        ));
        Ok(if expired {
            StoredLine::Expired
        } else {
            StoredLine::Record(line)
        })
    }

    /// The record at the place of the reader, and no other.
    pub(super) fn exactly(mut self) -> Result<Option<Record>, Refusal> {
        let number = self.next;
        match self.next_line().transpose()? {
            None => Ok(None),
            Some(StoredLine::Expired) => Err(expired_record_refusal(number)),
            Some(StoredLine::Record(bytes)) => Record::from_bytes(&bytes)
                .map(Some)
                .map_err(|cause| edited_record_refusal(number).caused_by(cause)),
        }
    }
}

impl Iterator for LogReader {
    type Item = Result<Record, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let number = self.next;
            match self.next_line()? {
                Ok(StoredLine::Expired) => {}
                Ok(StoredLine::Record(bytes)) => {
                    return Some(
                        Record::from_bytes(&bytes)
                            .map_err(|cause| edited_record_refusal(number).caused_by(cause)),
                    );
                }
                Err(refusal) => return Some(Err(refusal)),
            }
        }
    }
}

fn edited_record_refusal(index: u64) -> Refusal {
    Refusal::new(
        ErrorCode::EvidenceBroken,
        format!("record {index} of the log was edited"),
    )
}

fn expired_record_refusal(index: u64) -> Refusal {
    Refusal::new(
        ErrorCode::EvidenceExpired,
        format!("record {index} of the log is past its retention; its leaf hash is kept"),
    )
    .with_help("what was erased, when and why: hansa audit list --outcome expire")
}

fn not_here(index: u64, folder: &std::path::Path) -> Refusal {
    Refusal::new(
        ErrorCode::EvidenceIncomplete,
        format!("record {index} of the log is archived, and the archive is not here"),
    )
    .with_help(format!(
        "put it back as `{}`, or a link to it",
        folder.join(log_segment::ARCHIVE).display()
    ))
}
