//! The lines of a bundle.

use crate::choice::Choice;
use crate::export::{EXPIRES, FORMAT};
use crate::papers::{Paper, PaperKind};
use hansa_audit_log::digest::{Digest, Running};
use hansa_audit_log::json::fields::{FieldFault, Fields};
use hansa_audit_log::json::{Json, Limits, canonical, parse};
use hansa_audit_log::note::{NoteKey, SignedHead};
use hansa_policy::refusal::Refusal;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

/// A record with its proof, a header with many keys, or a trust bundle.
const LINE: Limits = Limits {
    bytes: 32 * 1024 * 1024,
    depth: 34,
};

/// The first line.
pub(super) struct Header {
    pub(super) keys: Vec<NoteKey>,
    pub(super) head: SignedHead,
    /// What was chosen; a whole log has none.
    pub(super) choice: Option<Choice>,
    pub(super) records: u64,
    /// Whether records may be past their retention.
    pub(super) expires: bool,
}

/// A later line.
pub(super) enum Line {
    /// A record.
    Record(RecordLine),
    /// A paper that records name.
    Paper(Paper),
    /// A head, and the proof that the log went on from there.
    Head(Box<SignedHead>, Vec<Digest>),
    /// The last one.
    End(End),
}

/// A record, as it stands in a bundle.
pub(super) struct RecordLine {
    pub(super) index: u64,
    pub(super) leaf: Option<Digest>,
    pub(super) proof: Vec<Digest>,
    pub(super) record: Vec<u8>,
}

/// What the last line counts, and the digest of all lines before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub(super) records: u64,
    pub(super) papers: u64,
    pub(super) heads: u64,
    pub(super) sum: Digest,
}

/// The complete lines of a file.
pub(super) struct Lines {
    file: BufReader<File>,
    path: PathBuf,
    pub(super) torn: bool,
    sum: Running,
    /// The digest of all lines before the last one that was read.
    pub(super) before: Digest,
}

impl Lines {
    pub(super) fn open(path: &Path) -> Result<Self, Refusal> {
        let file = File::open(path).map_err(|error| hansa_files::unreadable(path, &error))?;
        Ok(Self {
            file: BufReader::new(file),
            path: path.to_path_buf(),
            torn: false,
            sum: Running::new(),
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
pub(super) enum NoHeader {
    /// It is of another version of the format.
    Version(String),
    /// It can't be read.
    Unreadable,
}

/// The members of a line that is in its one spelling.
fn members(line: &[u8]) -> Option<Fields> {
    let json = parse(line, LINE).ok()?;
    (canonical(&json) == line).then_some(())?;
    Fields::of(json).ok()
}

pub(super) fn header(line: &[u8]) -> Result<Header, NoHeader> {
    let mut fields = members(line).ok_or(NoHeader::Unreadable)?;
    let format = fields.text("hansa").map_err(|_| NoHeader::Unreadable)?;
    if ![FORMAT, EXPIRES].contains(&format.as_str()) {
        return Err(NoHeader::Version(format));
    }
    let read = |fields: &mut Fields| -> Result<Option<Header>, FieldFault> {
        let keys = fields.list("keys")?;
        let keys: Option<Vec<NoteKey>> =
            keys.iter().map(|key| key.as_text()?.parse().ok()).collect();
        let head = fields.text("head")?.parse().ok();
        let choice = match fields.take("choice")? {
            Json::Null => Some(None),
            object => Choice::from_json(object).map(Some),
        };
        let records = fields.count("records")?;
        Ok(keys
            .zip(head)
            .zip(choice)
            .map(|((keys, head), choice)| Header {
                keys,
                head,
                choice,
                records,
                expires: format == EXPIRES,
            }))
    };
    let header = read(&mut fields).ok().flatten();
    header
        .filter(|_| fields.finish().is_ok())
        .ok_or(NoHeader::Unreadable)
}

/// A line behind the first one; `None` if it is nothing that is known.
pub(super) fn line(bytes: &[u8]) -> Option<Line> {
    let mut fields = members(bytes)?;
    let line = if let Some(end) = fields.optional("end") {
        Line::End(ending(end)?)
    } else if let Some(kind) = fields.optional("paper") {
        Line::Paper(Paper {
            kind: PaperKind::named(kind.as_text()?)?,
            name: fields.text("name").ok()?,
            text: match fields.take("text").ok()? {
                Json::Null => None,
                Json::Text(text) => Some(text),
                _ => return None,
            },
        })
    } else if let Some(head) = fields.optional("head") {
        let head = head.as_text()?.parse().ok()?;
        Line::Head(Box::new(head), hashes(fields.optional("consistency"))?)
    } else {
        Line::Record(RecordLine {
            index: fields.count("index").ok()?,
            record: canonical(&fields.take("record").ok()?),
            leaf: match fields.optional("leaf") {
                None => None,
                Some(leaf) => Some(leaf.as_text()?.parse().ok()?),
            },
            proof: hashes(fields.optional("proof"))?,
        })
    };
    fields.finish().ok()?;
    Some(line)
}

fn hashes(list: Option<Json>) -> Option<Vec<Digest>> {
    let Some(list) = list else {
        return Some(Vec::new());
    };
    list.as_list()?
        .iter()
        .map(|step| step.as_text()?.parse().ok())
        .collect()
}

fn ending(json: Json) -> Option<End> {
    let mut fields = Fields::of(json).ok()?;
    let end = End {
        records: fields.count("records").ok()?,
        papers: fields.count("papers").ok()?,
        heads: fields.count("heads").ok()?,
        sum: fields.digest("sha256").ok()?,
    };
    fields.finish().ok()?;
    Some(end)
}
