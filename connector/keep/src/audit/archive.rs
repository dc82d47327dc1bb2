//! Moving sealed segments out of the way: to the folder `archive`, which may be a link to another disk. What stays are the
//! leaf hashes of all records, so that every old proof can still be made and checked.

use crate::audit::Log;
use crate::audit::folder::{self, ARCHIVE, LEAVES, Segment};
use evidence::digest::Digest;
use evidence::json::Json;
use evidence::ledger::{Entry, Evidence};
use evidence::tree::leaf_hash;
use evidence::verify::Good;
use policy::refusal::{Code, Refusal};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// What was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The file's name.
    pub name: String,
    /// Its first record.
    pub first: u64,
    /// The record after its last one.
    pub end: u64,
    /// The digest of its bytes, as the first record of the next segment has it.
    pub sha256: Digest,
}

/// The record of segments that go to the archive.
#[derive(Debug)]
struct Archived(Vec<Moved>);

impl Evidence for Archived {
    fn entry(&self) -> Entry {
        let segments = self.0.iter().map(|moved| {
            Json::object([
                ("segment", Json::text(&moved.name)),
                ("first", Json::count(moved.first)),
                ("end", Json::count(moved.end)),
                ("sha256", Json::text(moved.sha256)),
            ])
        });
        Entry {
            kind: KIND,
            body: Json::object([("segments", Json::List(segments.collect()))]),
        }
    }
}

/// Up to which record this one says that the log was archived; 0 where it does not speak of it.
pub(super) fn archived_before(good: &Good<'_>) -> u64 {
    let read = || {
        let body = good.record()?.body;
        if good.kind == KIND {
            let segments = body.get("segments")?.as_list()?;
            return segments.last()?.get("end")?.as_count();
        }
        body.get(BEFORE)?.as_count()
    };
    let speaks = matches!(&*good.kind, KIND | "segment");
    speaks.then(read).flatten().unwrap_or_default()
}

/// The type of the record.
const KIND: &str = "archive";

/// The member by which the first record of a segment says the same.
pub(super) const BEFORE: &str = "archived_before";

/// The most segments of one run: they stand in one record.
const MOST: usize = 200;

/// Moves the sealed segments but the newest `keep`: each is copied, checked against the hash tree, recorded, and only then
/// taken away here. Blocks.
///
/// # Errors
/// `EVIDENCE_BROKEN` when a segment is no longer what was written, `DISK_FULL` or `EVIDENCE_UNAVAILABLE` when the archive or
/// the log can't be written; then everything stays where it is.
pub fn archive(log: &Log, keep: usize) -> Result<Vec<Moved>, Refusal> {
    let path = log.folder();
    let failed = |error: io::Error| folder::unavailable(path, &error);
    // The hashes must stand without the records from now on.
    File::open(path.join(LEAVES))
        .and_then(|leaves| leaves.sync_all())
        .map_err(failed)?;
    let here = folder::segments(path).map_err(failed)?;
    let sealed = here.len().saturating_sub(1).saturating_sub(keep).min(MOST);
    let to = path.join(ARCHIVE);
    crate::files::folder(&to)?;
    let mut moved = Vec::new();
    for pair in here.windows(2).take(sealed) {
        if let [segment, next] = pair {
            moved.push(copy(log, segment, next, &to)?);
        }
    }
    if moved.is_empty() {
        return Ok(moved);
    }
    File::open(&to)
        .and_then(|to| to.sync_all())
        .map_err(failed)?;
    let _durable = log
        .record_blocking(Archived(moved.clone()))
        .map_err(|unwritable| crate::audit::refusal(&unwritable))?;
    log.moved_to(&to, moved.len());
    for segment in here.iter().take(moved.len()) {
        std::fs::remove_file(&segment.path).map_err(failed)?;
    }
    Ok(moved)
}

/// Copies a segment, line by line, as the hash tree has it.
fn copy(log: &Log, segment: &Segment, next: &Segment, to: &Path) -> Result<Moved, Refusal> {
    let failed = |error: io::Error| folder::unavailable(&segment.path, &error);
    let bytes = std::fs::read(&segment.path).map_err(failed)?;
    let mut end = segment.first;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let leaf = line.strip_suffix(b"\n").map(leaf_hash);
        if leaf.is_none() || log.leaf(end) != leaf {
            let sentence = format!("record {end} of the log was edited");
            return Err(Refusal::new(Code::EvidenceBroken, sentence));
        }
        end += 1;
    }
    if end != next.first {
        let sentence = format!("record {end} of the log is missing");
        return Err(Refusal::new(Code::EvidenceBroken, sentence));
    }
    let place = to.join(segment.name());
    let beside = to.join(format!("{}.new", segment.name()));
    let written = File::create(&beside)
        .and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&beside, &place));
    written.map_err(|error| crate::files::unwritable(&place, &error))?;
    Ok(Moved {
        name: segment.name(),
        first: segment.first,
        end,
        sha256: Digest::of(&bytes),
    })
}
