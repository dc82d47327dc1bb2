//! Checking a bundle.

use super::{Found, Report, incomplete};
use crate::audit::choice::Choice;
use crate::audit::export::FORMAT;
use evidence::digest::Digest;
use evidence::json::fields::{FieldFault, Fields};
use evidence::json::{Json, Limits, canonical, parse};
use evidence::note::{NoteKey, SignedHead};
use evidence::record::Record;
use evidence::tree::{check_inclusion, leaf_hash};
use evidence::verify::{Fault, What};
use policy::refusal::Refusal;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// A record with its proof, or a header with many keys.
const LINE: Limits = Limits {
    bytes: 1024 * 1024,
    depth: 34,
};

/// The first line.
struct Header {
    keys: Vec<NoteKey>,
    head: SignedHead,
    /// What was chosen; a whole log has none.
    choice: Option<Choice>,
    records: u64,
}

/// A line of a record.
struct Line {
    index: u64,
    leaf: Option<Digest>,
    proof: Vec<Digest>,
    record: Vec<u8>,
}

pub(super) fn verify(
    path: &Path,
    newest: Option<&SignedHead>,
    each: &mut dyn FnMut(&Record),
) -> Result<Report, Refusal> {
    let mut lines = Lines::open(path)?;
    let header = lines
        .next_line()?
        .and_then(|line| header(&line))
        .ok_or_else(|| {
            incomplete(
                path,
                "this is no bundle of a log: its first line can't be read",
            )
        })?;
    let mut found = Found::new(path, header.keys.clone(), newest, each)?;
    found.log.clone_from(&header.head.checkpoint.origin);
    found.take_heads(vec![header.head.clone()]);
    match &header.choice {
        None => whole(path, lines, &header, found),
        Some(choice) => part(path, lines, &header, choice, found),
    }
}

/// A whole log: its leaf hashes first, then record by record as in a folder.
fn whole(
    path: &Path,
    mut lines: Lines,
    header: &Header,
    mut found: Found<'_>,
) -> Result<Report, Refusal> {
    let mut leaves = Vec::new();
    let mut again = Lines::open(path)?;
    again.next_line()?;
    while let Some(line) = again.next_line()? {
        // Of a line that can't be read the leaf hash is lost, and with it those of all that follow.
        match record_line(&line).and_then(|line| line.leaf) {
            Some(leaf) => leaves.push(leaf),
            None => break,
        }
    }
    let mut verifier = found.verifier(leaves);
    while let Some(line) = lines.next_line()? {
        let read = record_line(&line);
        let says = read.as_ref().map(|line| line.index);
        // What is no line of a bundle is no record either, and is named as one that is damaged.
        let bytes = read.map_or(line, |line| line.record);
        if let Some(record) = verifier.push(&bytes) {
            found.see(&record);
            if says != Some(record.seq) {
                let damaged = format!("the line of record {} has another number", record.seq);
                found.damaged.push(damaged);
            }
        }
        if verifier.is_settled() {
            break;
        }
    }
    let torn = lines.torn;
    let mut report = found.report(verifier, torn);
    if report.fault.is_none() && report.records != header.records {
        report.damaged.push(format!(
            "the bundle says {} records and has {}",
            header.records, report.records
        ));
    }
    Ok(report)
}

/// A part: each record with its own proof.
fn part(
    path: &Path,
    mut lines: Lines,
    header: &Header,
    choice: &Choice,
    mut found: Found<'_>,
) -> Result<Report, Refusal> {
    let checkpoint = &header.head.checkpoint;
    let (mut count, mut next, mut fault) = (0, 0, None);
    let mut chooser = choice.chooser();
    while let Some(line) = lines.next_line()? {
        let Some(line) = record_line(&line) else {
            fault = Some(Fault {
                index: next,
                what: What::Unproved,
            });
            break;
        };
        let leaf = leaf_hash(&line.record);
        let size = checkpoint.size;
        let record = Record::from_bytes(&line.record)
            .ok()
            .filter(|record| record.seq == line.index && record.log == checkpoint.origin)
            .filter(|_| line.index >= next)
            .filter(|_| check_inclusion(line.index, size, leaf, &line.proof, checkpoint.root));
        let Some(record) = record else {
            let index = line.index;
            fault = Some(Fault {
                index,
                what: What::Unproved,
            });
            break;
        };
        found.see(&record);
        if !chooser.takes(&record) && choice.is_evident() {
            let foreign = format!("record {} is not one that was chosen", record.seq);
            found.damaged.push(foreign);
        }
        next = line.index + 1;
        count += 1;
    }
    if fault.is_none() && (count != header.records || lines.torn) {
        let sentence = format!("the bundle says {} records and has {count}", header.records);
        return Err(incomplete(path, &sentence));
    }
    found
        .unseen
        .push("a part can't show that no record was left out".to_owned());
    Ok(Report {
        log: found.log,
        records: count,
        covered: if found.heads.is_empty() { 0 } else { count },
        head: found.heads.into_iter().next(),
        keys: found.keys,
        span: found.span,
        contract: choice.contract.map(|contract| contract.to_string()),
        fault,
        damaged: found.damaged,
        unseen: found.unseen,
    })
}

/// The complete lines of a file.
struct Lines {
    file: BufReader<File>,
    path: std::path::PathBuf,
    torn: bool,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, Refusal> {
        let file = File::open(path).map_err(|error| crate::files::unreadable(path, &error))?;
        Ok(Self {
            file: BufReader::new(file),
            path: path.to_path_buf(),
            torn: false,
        })
    }

    fn next_line(&mut self) -> Result<Option<Vec<u8>>, Refusal> {
        let mut line = Vec::new();
        self.file
            .read_until(b'\n', &mut line)
            .map_err(|error| crate::files::unreadable(&self.path, &error))?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.pop_if(|last| *last == b'\n').is_none() {
            self.torn = true;
            return Ok(None);
        }
        Ok(Some(line))
    }
}

/// The members of a line that is in its one spelling.
fn members(line: &[u8]) -> Option<Fields> {
    let json = parse(line, LINE).ok()?;
    (canonical(&json) == line).then_some(())?;
    Fields::of(json).ok()
}

fn header(line: &[u8]) -> Option<Header> {
    let mut fields = members(line)?;
    let read = |fields: &mut Fields| -> Result<Option<Header>, FieldFault> {
        let format = fields.text("hansa")?;
        let keys = fields.list("keys")?;
        let keys: Option<Vec<NoteKey>> =
            keys.iter().map(|key| key.as_text()?.parse().ok()).collect();
        let head = fields.text("head")?.parse().ok();
        let choice = match fields.take("choice")? {
            Json::Null => Some(None),
            object => Choice::from_json(object).map(Some),
        };
        let records = fields.count("records")?;
        let header = keys
            .zip(head)
            .zip(choice)
            .map(|((keys, head), choice)| Header {
                keys,
                head,
                choice,
                records,
            });
        Ok(header.filter(|_| format == FORMAT))
    };
    let header = read(&mut fields).ok()??;
    fields.finish().ok()?;
    Some(header)
}

fn record_line(line: &[u8]) -> Option<Line> {
    let mut fields = members(line)?;
    let index = fields.count("index").ok()?;
    let record = canonical(&fields.take("record").ok()?);
    let leaf = match fields.optional("leaf") {
        None => None,
        Some(leaf) => Some(leaf.as_text()?.parse().ok()?),
    };
    let proof = match fields.optional("proof") {
        None => Vec::new(),
        Some(proof) => proof
            .as_list()?
            .iter()
            .map(|step| step.as_text()?.parse().ok())
            .collect::<Option<Vec<Digest>>>()?,
    };
    fields.finish().ok()?;
    Some(Line {
        index,
        leaf,
        proof,
        record,
    })
}
