//! Segments: the files with the records, in the log's folder and in its archive.

use hansa_audit_log::record::Record;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// File of records.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LogSegment {
    /// Index of its first record, as in its name.
    pub(super) first: u64,
    /// Path of the file.
    pub(super) path: PathBuf,
}

impl LogSegment {
    pub(super) fn new(folder: &Path, first: u64) -> Self {
        Self {
            first,
            path: folder.join(format!("records-{first:012}.jsonl")),
        }
    }

    pub(super) fn name(&self) -> String {
        self.path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    }

    pub(super) fn open_at(&self, offset: u64) -> io::Result<BufReader<File>> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(BufReader::with_capacity(64 * 1024, file))
    }
}

/// Segments of a folder, in order.
pub(super) fn list_segments(folder: &Path) -> io::Result<Vec<LogSegment>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let first = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.strip_prefix("records-")?.strip_suffix(".jsonl"))
            .and_then(|first| first.parse().ok());
        if let Some(first) = first {
            found.push(LogSegment { first, path });
        }
    }
    found.sort();
    Ok(found)
}

/// Folder of archived segments; it may be a link to another disk.
pub(super) const ARCHIVE: &str = "archive";

/// All segments of the log, in order, archived or not. If a segment is in both places, the one outside the archive.
pub(super) fn all_segments(folder: &Path) -> io::Result<Vec<LogSegment>> {
    let mut all = list_segments(folder)?;
    let archived = match list_segments(&folder.join(ARCHIVE)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        found => found?,
    };
    let known: Vec<u64> = all.iter().map(|segment| segment.first).collect();
    all.extend(
        archived
            .into_iter()
            .filter(|segment| !known.contains(&segment.first)),
    );
    all.sort();
    Ok(all)
}

/// First record of a segment.
pub(super) fn first_record(segment: &LogSegment) -> io::Result<Option<Record>> {
    let mut line = Vec::new();
    segment.open_at(0)?.read_until(b'\n', &mut line)?;
    line.pop_if(|last| *last == b'\n');
    Ok(Record::from_bytes(&line)
        .ok()
        .filter(|record| record.seq == segment.first))
}

/// Offsets of the records in a sealed segment.
pub(super) fn read_offsets(segment: &LogSegment) -> io::Result<Vec<u64>> {
    let (mut lines, mut line) = (segment.open_at(0)?, Vec::new());
    let (mut offsets, mut at) = (Vec::new(), 0);
    loop {
        line.clear();
        match lines.read_until(b'\n', &mut line)? {
            0 => return Ok(offsets),
            length => {
                offsets.push(at);
                at += u64::try_from(length).unwrap_or_default();
            }
        }
    }
}
