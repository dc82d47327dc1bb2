//! Reader of durable records during writing.

use crate::AuditLog;
use crate::index::LogIndex;
use crate::log_dir::{self, RecordOffset};
use crate::log_segment;
use hansa_audit_log::record::{EXPIRED, Record};
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_log::tree::leaf_hash;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::sync::Arc;

/// Records of a log from an index on, up to the durable ones at the start of reading. Records past their retention are skipped.
#[derive(Debug)]
pub struct LogReader {
    index: Arc<LogIndex>,
    next: u64,
    end: u64,
    open: Option<(RecordOffset, BufReader<File>)>,
}

/// Content at the place of a record.
pub(super) enum StoredLine {
    /// Bytes of the record.
    Record(Vec<u8>),
    /// The retention of the record has ended.
    Expired,
}

impl AuditLog {
    /// Reader of the records from index `from` on, up to the present number of durable records.
    #[must_use]
    pub fn read(&self, from: u64) -> LogReader {
        LogReader::new(Arc::clone(&self.inner.index), from)
    }

    /// Reader of the records from index `from` on, up to the one before `to`.
    #[must_use]
    pub fn read_between(&self, from: u64, to: u64) -> LogReader {
        let mut reader = self.read(from);
        reader.end = reader.end.min(to);
        reader
    }

    /// Place of the first record that was not made before an instant; the number of records where there is none.
    ///
    /// The times of records never decrease, so only a few of them are read.
    ///
    /// # Errors
    /// As [`AuditLog::get`].
    pub fn first_since(&self, instant: UtcTimestamp) -> Result<u64, Refusal> {
        let (mut before, mut since) = (0, self.size());
        while before < since {
            let middle = before.midpoint(since);
            // A record past its retention is skipped: the next one that is there is no older.
            match self.read(middle).next().transpose()? {
                Some(record) if record.at < instant => before = middle.saturating_add(1),
                Some(_) | None => since = middle,
            }
        }
        Ok(since)
    }

    /// Record at `index`.
    ///
    /// # Errors
    /// `EVIDENCE_UNAVAILABLE` when the record can't be read, `EVIDENCE_BROKEN` when its bytes were changed, `EVIDENCE_EXPIRED` when
    /// it is past its retention.
    pub fn get(&self, index: u64) -> Result<Option<Record>, Refusal> {
        self.read(index).into_record()
    }

    /// Place before which records are archived; 0 where none is.
    #[must_use]
    pub fn archived_before(&self) -> u64 {
        self.inner.index.archived_before()
    }

    /// Place before which some records are past their retention, so that only their leaf hashes are kept; 0 where none is.
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

    /// Bytes of the next record, after a comparison with the leaf hash in memory, or the note that its retention has ended.
    pub(super) fn next_line(&mut self) -> Option<Result<StoredLine, Refusal>> {
        if self.next >= self.end {
            return None;
        }
        let mut read = self.read_line();
        if read.is_err() && self.next < self.index.expired_before() {
            // The file may have been rewritten meanwhile, without expired records.
            self.index.forget_offsets(self.next);
            self.open = None;
            read = self.read_line();
        }
        match read {
            Ok(_) => self.next += 1,
            Err(_) => self.next = self.end,
        }
        Some(read)
    }

    fn read_line(&mut self) -> Result<StoredLine, Refusal> {
        let number = self.next;
        let unreadable = |error| log_dir::unavailable_log_refusal(self.index.folder(), &error);
        let found = self.index.find_record(number).map_err(unreadable)?;
        let (record_offset, segment) =
            found.ok_or_else(|| not_here(number, self.index.folder()))?;
        let failed = |error| log_dir::unavailable_log_refusal(&segment.path, &error);
        let mut lines = match self.open.take() {
            Some((at, lines)) if at == record_offset => lines,
            // The segment may have been archived meanwhile.
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
        if !expired && self.index.read_tree(|tree| tree.leaf(number)) != Some(leaf_hash(&line)) {
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

    /// Record at exactly the place of the reader.
    pub(super) fn into_record(mut self) -> Result<Option<Record>, Refusal> {
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
        format!("record {index} of the log has reached the end of its retention; only its leaf hash is kept"),
    )
    .with_help("to see what was erased, when and why: hansa audit list --outcome expire")
}

fn not_here(index: u64, folder: &std::path::Path) -> Refusal {
    Refusal::new(
        ErrorCode::EvidenceIncomplete,
        format!("record {index} of the log is archived, and the archive is missing"),
    )
    .with_help(format!(
        "put it back as `{}`, or a link to it",
        folder.join(log_segment::ARCHIVE).display()
    ))
}
