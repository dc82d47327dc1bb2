//! The lines of a bundle.

use crate::documents::{DocumentKind, SignedDocument};
use crate::export::FORMAT;
use crate::filter::RecordFilter;
use hansa_audit_log::digest::{Digest, IncrementalDigest};
use hansa_audit_log::json::strict_object::{StrictObject, StrictObjectError};
use hansa_audit_log::json::{Json, JsonLimits, canonical, parse};
use hansa_audit_log::note::{NoteKey, SignedHead, base64};
use hansa_policy::refusal::Refusal;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

/// A record with its proof, a header with many keys, or a trust bundle.
const LINE: JsonLimits = JsonLimits {
    bytes: 32 * 1024 * 1024,
    depth: 34,
};

/// The first line.
pub(super) struct BundleHeader {
    pub(super) keys: Vec<NoteKey>,
    pub(super) head: SignedHead,
    /// What was chosen; a whole log has none.
    pub(super) choice: Option<RecordFilter>,
    pub(super) records: u64,
}

/// A later line.
pub(super) enum BundleLine {
    /// A record.
    Record(BundleRecord),
    /// A document that records name.
    Paper(SignedDocument),
    /// A head.
    Head(Box<BundleHead>),
    /// The last one.
    End(BundleEnd),
}

/// A head, as it stands in a bundle.
pub(super) struct BundleHead {
    pub(super) head: SignedHead,
    /// The proof that the log went on from there, in a part.
    pub(super) consistency: Vec<Digest>,
    /// The token over the note of the head.
    pub(super) time_stamp: Option<Vec<u8>>,
}

/// A record, as it stands in a bundle.
pub(super) struct BundleRecord {
    pub(super) index: u64,
    /// The leaf hash, in a whole log.
    pub(super) leaf: Option<Digest>,
    /// The inclusion proof, in a part.
    pub(super) proof: Vec<Digest>,
    pub(super) record: Vec<u8>,
}

/// What the last line counts, and the digest of all lines before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BundleEnd {
    pub(super) records: u64,
    pub(super) documents: u64,
    pub(super) heads: u64,
    pub(super) sum: Digest,
}

/// The complete lines of a file.
pub(super) struct BundleLineReader {
    file: BufReader<File>,
    path: PathBuf,
    pub(super) torn: bool,
    sum: IncrementalDigest,
    /// The digest of all lines before the last one that was read.
    pub(super) before: Digest,
}

impl BundleLineReader {
    pub(super) fn open(path: &Path) -> Result<Self, Refusal> {
        let file = File::open(path).map_err(|error| hansa_files::unreadable(path, &error))?;
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
        // What is longer than lines may be has no end here, and is reported as torn.
        let most = u64::try_from(LINE.bytes).unwrap_or(u64::MAX);
        (&mut self.file)
            .take(most)
            .read_until(b'\n', &mut line)
            .map_err(|error| hansa_files::unreadable(&self.path, &error))?;
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
}

/// Why a first line is none.
pub(super) enum BundleHeaderError {
    /// It is of another version of the format.
    Version(String),
    /// It can't be read.
    Unreadable,
}

/// The members of a line that is in its one spelling.
fn members(line: &[u8]) -> Option<StrictObject> {
    let json = parse(line, LINE).ok()?;
    (canonical(&json) == line).then_some(())?;
    StrictObject::plain(json).ok()
}

pub(super) fn header(line: &[u8]) -> Result<BundleHeader, BundleHeaderError> {
    let mut fields = members(line).ok_or(BundleHeaderError::Unreadable)?;
    let format = fields
        .text("hansa")
        .map_err(|_| BundleHeaderError::Unreadable)?;
    if format != FORMAT {
        return Err(BundleHeaderError::Version(format));
    }
    let read = |fields: &mut StrictObject| -> Result<Option<BundleHeader>, StrictObjectError> {
        let keys = fields.list("keys")?;
        let keys: Option<Vec<NoteKey>> =
            keys.iter().map(|key| key.as_text()?.parse().ok()).collect();
        let head = fields.text("head")?.parse().ok();
        let choice = match fields.take("choice")? {
            Json::Null => Some(None),
            object => RecordFilter::from_json(object).map(Some),
        };
        let records = fields.count("records")?;
        Ok(keys
            .zip(head)
            .zip(choice)
            .map(|((keys, head), choice)| BundleHeader {
                keys,
                head,
                choice,
                records,
            }))
    };
    let header = read(&mut fields).ok().flatten();
    header
        .filter(|_| fields.finish().is_ok())
        .ok_or(BundleHeaderError::Unreadable)
}

/// A line behind the first one, of a part or of a whole log; `None` if it is nothing that is known.
pub(super) fn line(bytes: &[u8], is_part: bool) -> Option<BundleLine> {
    let mut fields = members(bytes)?;
    let line = if let Some(end) = fields.optional("end") {
        BundleLine::End(ending(end)?)
    } else if let Some(kind) = fields.optional("paper") {
        BundleLine::Paper(SignedDocument {
            kind: DocumentKind::from_name(kind.as_text()?)?,
            name: fields.text("name").ok()?,
            text: match fields.take("text").ok()? {
                Json::Null => None,
                Json::Text(text) => Some(text),
                _ => return None,
            },
        })
    } else if let Some(head) = fields.optional("head") {
        BundleLine::Head(Box::new(BundleHead {
            head: head.as_text()?.parse().ok()?,
            consistency: match is_part {
                true => hashes(&mut fields, "consistency")?,
                false => Vec::new(),
            },
            time_stamp: match fields.text_or_null("time_stamp").ok()? {
                None => None,
                Some(token) => Some(base64::decode(&token)?),
            },
        }))
    } else {
        BundleLine::Record(BundleRecord {
            index: fields.count("index").ok()?,
            record: canonical(&fields.take("record").ok()?),
            leaf: match is_part {
                true => None,
                false => Some(fields.parse_text("leaf").ok()?),
            },
            proof: match is_part {
                true => hashes(&mut fields, "proof")?,
                false => Vec::new(),
            },
        })
    };
    fields.finish().ok()?;
    Some(line)
}

fn hashes(fields: &mut StrictObject, name: &str) -> Option<Vec<Digest>> {
    let list = fields.list(name).ok()?;
    list.iter()
        .map(|step| step.as_text()?.parse().ok())
        .collect()
}

fn ending(json: Json) -> Option<BundleEnd> {
    let mut fields = StrictObject::plain(json).ok()?;
    let end = BundleEnd {
        records: fields.count("records").ok()?,
        documents: fields.count("papers").ok()?,
        heads: fields.count("heads").ok()?,
        sum: fields.parse_text("sha256").ok()?,
    };
    fields.finish().ok()?;
    Some(end)
}
