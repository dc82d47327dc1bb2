//! Lines of a bundle.

use crate::bundle_line::{BundleEnd, BundleHeader, EndLine, FORM, HeadLine, RecordLine};
use crate::documents::SignedDocument;
use hansa_audit_log::digest::{Digest, IncrementalDigest};
use hansa_audit_log::json::serialized::{from_form, from_json};
use hansa_audit_log::json::{Json, JsonLimits, parse_json, to_canonical_bytes};
use hansa_policy::refusal::Refusal;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

/// Limits of a line: a record with its proof, a header with many keys, or a trust bundle.
const LINE: JsonLimits = JsonLimits {
    bytes: 32 * 1024 * 1024,
    depth: 34,
};

/// A later line.
pub(super) enum BundleLine {
    /// Record of the log.
    Record(BundleRecord),
    /// Document that records name.
    Document(SignedDocument),
    /// A head.
    Head(Box<HeadLine>),
    /// The last one.
    End(BundleEnd),
}

/// A record with its place and proof.
pub(super) struct BundleRecord {
    pub(super) line: RecordLine,
    pub(super) record: Vec<u8>,
}

/// The complete lines of a file.
pub(super) struct BundleLineReader {
    file: BufReader<File>,
    path: PathBuf,
    pub(super) torn: bool,
    sum: IncrementalDigest,
    /// Digest of all lines before the last one that was read.
    pub(super) before: Digest,
}

impl BundleLineReader {
    pub(super) fn open(path: &Path) -> Result<Self, Refusal> {
        let file =
            File::open(path).map_err(|error| hansa_files::unreadable_file_refusal(path, &error))?;
        Ok(Self {
            file: BufReader::new(file),
            path: path.to_path_buf(),
            torn: false,
            sum: IncrementalDigest::new(),
            before: Digest::of(&[]),
        })
    }

    pub(super) fn next_line(&mut self) -> Result<Option<Vec<u8>>, Refusal> {
        let mut line = Vec::new();
        // A line above the limit is reported as incomplete.
        let most = u64::try_from(LINE.bytes).unwrap_or(u64::MAX);
        (&mut self.file)
            .take(most)
            .read_until(b'\n', &mut line)
            .map_err(|error| hansa_files::unreadable_file_refusal(&self.path, &error))?;
        if line.is_empty() {
            return Ok(None);
        }
        self.before = self.sum.clone().finish();
        self.sum.update(&line);
        if line.pop_if(|last| *last == b'\n').is_none() {
            self.torn = true;
            return Ok(None);
        }
        Ok(Some(line))
    }

    /// Digest of the whole file, as this reader has read it. What is behind the last line that was read is read here.
    pub(super) fn read_digest(mut self) -> Result<Digest, Refusal> {
        loop {
            let bytes = self
                .file
                .fill_buf()
                .map_err(|error| hansa_files::unreadable_file_refusal(&self.path, &error))?;
            if bytes.is_empty() {
                return Ok(self.sum.finish());
            }
            self.sum.update(bytes);
            let read = bytes.len();
            self.file.consume(read);
        }
    }
}

/// Error of a first line.
pub(super) enum BundleHeaderError {
    /// The bundle has another version of the format.
    Version(String),
    /// The line can't be parsed.
    Unreadable,
}

/// A line that is in its one spelling, as JSON.
fn parse_canonical(line: &[u8]) -> Option<Json> {
    let json = parse_json(line, LINE).ok()?;
    (to_canonical_bytes(&json) == line).then_some(json)
}

pub(super) fn read_header(line: &[u8]) -> Result<BundleHeader, BundleHeaderError> {
    let json = parse_canonical(line).ok_or(BundleHeaderError::Unreadable)?;
    match json.get("hansa").and_then(Json::as_text) {
        Some(FORM) => from_form(FORM, &json).map_err(|_| BundleHeaderError::Unreadable),
        Some(other) => Err(BundleHeaderError::Version(other.to_owned())),
        None => Err(BundleHeaderError::Unreadable),
    }
}

/// A line behind the first one, of a part or of a whole log; `None` if it is nothing that is known.
pub(super) fn read_line(bytes: &[u8], is_part: bool) -> Option<BundleLine> {
    let json = parse_canonical(bytes)?;
    if json.get("end").is_some() {
        let line: EndLine = from_json(&json).ok()?;
        return Some(BundleLine::End(line.end));
    }
    if json.get("document").is_some() {
        return from_json(&json).ok().map(BundleLine::Document);
    }
    if json.get("head").is_some() {
        let line: HeadLine = from_json(&json).ok()?;
        let is_whole = line.consistency.is_some() == is_part;
        return is_whole.then(|| BundleLine::Head(Box::new(line)));
    }
    // A record is large, and is read behind its proof.
    let Json::Object(mut members) = json else {
        return None;
    };
    let record = to_canonical_bytes(&members.remove("record")?);
    let line: RecordLine = from_json(&Json::Object(members)).ok()?;
    let is_whole = line.leaf.is_some() != is_part && line.proof.is_some() == is_part;
    is_whole.then_some(BundleLine::Record(BundleRecord { line, record }))
}
