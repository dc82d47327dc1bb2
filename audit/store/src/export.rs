//! Export of a log, or of a part of it, as a bundle or as CSV.
//!
//! A bundle is one text file: a line that names the log, its keys and a signed head; one line for each record; then the documents
//! that the records name, the heads, and a last line with the counts. An export of a whole log contains its leaf hashes and all its
//! heads. A part contains the inclusion proof of each record, and the heads that its receipts name, each with a consistency proof.
//! A head has its time stamp, or null where it has none; a part has the first time-stamped head after each of its records. In a
//! whole log a record past its retention is null, and its leaf hash stays. [`super::offline::verify_copy`] checks either kind without
//! configuration. A part can't prove that it is complete; the two parties of a contract can, by comparing their parts.

use crate::bundle_line::{
    BundleEnd, BundleHeader, EndLine, FORM, HeadLine, RecordLine, TimeStampToken,
};
use crate::documents::{
    DocumentKind, DocumentStore, ReferencedDocuments, SignedDocument, head_of_receipt,
};
use crate::filter::{COLUMNS, RecordFilter, record_cells};
use crate::time_stamps::StampedHead;
use crate::{AuditLog, log_dir};
use hansa_audit_log::digest::{Digest, IncrementalDigest};
use hansa_audit_log::json::serialized::{to_form, to_json};
use hansa_audit_log::json::{Json, to_canonical_bytes};
use hansa_audit_log::note::SignedHead;
use hansa_audit_log::record::Record;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

/// Writes the records under `head` that are chosen, with the documents that they name; gives the number of records.
///
/// # Errors
/// `EVIDENCE_UNAVAILABLE` or `EVIDENCE_BROKEN` when the log can't be read, `FILE_MISSING` when `out` can't be written.
pub fn write_bundle(
    log: &AuditLog,
    head: &SignedHead,
    choice: &RecordFilter,
    documents: &dyn DocumentStore,
    out: &mut dyn Write,
) -> Result<u64, Refusal> {
    let size = head.checkpoint.size;
    let records = || {
        log.read(0)
            .take_while(move |record| record.as_ref().map_or(true, |one| one.seq < size))
    };
    let (mut count, mut named) = (0, ReferencedDocuments::new());
    let mut stamps = StampChoice::new(log.time_stamps()?, size, choice.is_everything());
    let mut chooser = choice.selector();
    for record in records() {
        let record = record?;
        let body = crate::read_body(&record)?;
        if chooser.selects_record(&record, &body) {
            count += 1;
            named.add_record_documents(&body);
            stamps.add_record(record.seq);
        }
    }
    let out = &mut DigestWriter {
        out,
        sum: IncrementalDigest::new(),
    };
    let whole = choice.is_everything();
    let lines = if whole { size } else { count };
    write_line(out, &bundle_header(log, head, choice, lines)?)?;
    let (mut chooser, mut next) = (choice.selector(), 0);
    for record in records() {
        let record = record?;
        if whole {
            write_expired(log, next..record.seq, out)?;
            next = record.seq.saturating_add(1);
        }
        if !whole && !chooser.selects_record(&record, &crate::read_body(&record)?) {
            continue;
        }
        let proof = || log.inclusion_proof(record.seq, size).unwrap_or_default();
        let line = RecordLine {
            index: record.seq,
            leaf: whole.then(|| log.leaf(record.seq)).flatten(),
            proof: (!whole).then(proof),
        };
        write_record(out, &line, record.to_json())?;
    }
    if whole {
        write_expired(log, next..size, out)?;
    }
    if !whole {
        named.leave_out(DocumentKind::Restriction);
    }
    let (written, receipts) = write_documents(&named, documents, out)?;
    let heads = write_heads(
        log,
        head,
        choice,
        HeadSelection {
            named: &receipts,
            stamped: stamps.into_stamped_heads(),
        },
        out,
    )?;
    let end = BundleEnd {
        records: lines,
        documents: written,
        heads,
        sum: out.sum.clone().finish(),
    };
    write_line(out, &to_json(&EndLine { end }))?;
    out.flush()
        .map_err(|error| unwritable_export_refusal(&error))?;
    Ok(count)
}

/// Writer that computes the digest of all bytes. It distinguishes an incomplete or damaged copy from a forged one.
struct DigestWriter<'a> {
    out: &'a mut dyn Write,
    sum: IncrementalDigest,
}

impl Write for DigestWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.sum.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

/// Writes the lines of records past their retention, up to the next existing record.
fn write_expired(
    log: &AuditLog,
    indexes: std::ops::Range<u64>,
    out: &mut dyn Write,
) -> Result<(), Refusal> {
    for index in indexes {
        let line = RecordLine {
            index,
            leaf: log.leaf(index),
            proof: None,
        };
        write_record(out, &line, Json::Null)?;
    }
    Ok(())
}

fn write_record(out: &mut dyn Write, line: &RecordLine, record: Json) -> Result<(), Refusal> {
    let mut line = to_json(line);
    if let Json::Object(members) = &mut line {
        members.insert("record".to_owned(), record);
    }
    write_line(out, &line)
}

fn bundle_header(
    log: &AuditLog,
    head: &SignedHead,
    choice: &RecordFilter,
    count: u64,
) -> Result<Json, Refusal> {
    let keys = log_dir::read_keys(log.folder())
        .map_err(|error| log_dir::unavailable_log_refusal(log.folder(), &error))?;
    let header = BundleHeader {
        keys: keys.known,
        head: head.clone(),
        choice: (!choice.is_everything()).then(|| choice.clone()),
        records: count,
    };
    Ok(to_form(FORM, &header))
}

/// Writes the trust bundle and the documents, and returns their number and the heads that receipts name.
fn write_documents(
    named: &ReferencedDocuments,
    documents: &dyn DocumentStore,
    out: &mut dyn Write,
) -> Result<(u64, BTreeSet<Digest>), Refusal> {
    let mut heads = BTreeSet::new();
    let (name, trust) = documents.trust_bundle();
    write_document(DocumentKind::Trust, &name, Some(trust), out)?;
    let mut count = 1;
    for (kind, name) in named.iter() {
        let text = documents.document(kind, name)?;
        if kind == DocumentKind::Receipt {
            heads.extend(text.as_deref().and_then(head_of_receipt));
        }
        write_document(kind, name, text, out)?;
        count += 1;
    }
    Ok((count, heads))
}

fn write_document(
    kind: DocumentKind,
    name: &str,
    bytes: Option<Vec<u8>>,
    out: &mut dyn Write,
) -> Result<(), Refusal> {
    let text = bytes.map(String::from_utf8).transpose().map_err(|cause| {
        Refusal::new(
            ErrorCode::StateBroken,
            format!(
                "the {} `{name}` differs from what was written",
                kind.as_str()
            ),
        )
        .caused_by(cause)
    })?;
    let document = SignedDocument {
        kind,
        name: name.to_owned(),
        text,
    };
    write_line(out, &to_json(&document))
}

/// Heads that a part of a log contains.
struct HeadSelection<'a> {
    /// Digests of the heads that its documents name.
    named: &'a BTreeSet<Digest>,
    /// Heads with a time stamp.
    stamped: Vec<StampedHead>,
}

/// Writes the heads with at most as many records as `newest`; for a part only the selected heads, each with its proof.
/// Returns their number.
fn write_heads(
    log: &AuditLog,
    newest: &SignedHead,
    choice: &RecordFilter,
    selected: HeadSelection<'_>,
    out: &mut dyn Write,
) -> Result<u64, Refusal> {
    let size = newest.checkpoint.size;
    let path = log.folder();
    let heads = log_dir::read_head_history(path)
        .map_err(|error| log_dir::unavailable_log_refusal(path, &error))?;
    let heads = heads.map_err(|number| {
        Refusal::new(
            ErrorCode::EvidenceBroken,
            format!("head {number} of the log can't be read"),
        )
    })?;
    let whole = choice.is_everything();
    let mut tokens: BTreeMap<Digest, StampedHead> = selected
        .stamped
        .into_iter()
        .map(|stamped| (stamped.head.note_digest(), stamped))
        .collect();
    let mut count = 0;
    let mut write = |head: &SignedHead, token: Option<StampedHead>| {
        let proof = || log.consistency_proof(head.checkpoint.size, size);
        let line = HeadLine {
            head: head.clone(),
            time_stamp: token.map(|stamped| TimeStampToken(stamped.token)),
            consistency: (!whole).then(|| proof().unwrap_or_default()),
        };
        count += 1;
        write_line(out, &to_json(&line))
    };
    for head in heads.heads {
        let token = tokens.remove(&head.note_digest());
        let is_chosen = whole || token.is_some() || selected.named.contains(&head.digest());
        if head.checkpoint.size <= size && is_chosen {
            write(&head, token)?;
        }
    }
    // Time stamps of heads that were signed and are missing in the file of heads.
    for stamped in tokens.into_values() {
        write(&stamped.head.clone(), Some(stamped))?;
    }
    Ok(count)
}

/// Time stamps that an export needs: for a part, the first one after each of its records.
struct StampChoice {
    stamps: Vec<StampedHead>,
    whole: bool,
    needed: BTreeSet<usize>,
}

impl StampChoice {
    fn new(mut stamps: Vec<StampedHead>, size: u64, whole: bool) -> Self {
        stamps.retain(|stamped| stamped.head.checkpoint.size <= size);
        Self {
            stamps,
            whole,
            needed: BTreeSet::new(),
        }
    }

    /// Takes an exported record.
    fn add_record(&mut self, index: u64) {
        let first = |stamped: &StampedHead| stamped.head.checkpoint.size <= index;
        self.needed.insert(self.stamps.partition_point(first));
    }

    fn into_stamped_heads(self) -> Vec<StampedHead> {
        let (whole, needed) = (self.whole, self.needed);
        self.stamps
            .into_iter()
            .enumerate()
            .filter(|(number, _)| whole || needed.contains(number))
            .map(|(_, stamped)| stamped)
            .collect()
    }
}

/// Writes records as CSV (RFC 4180) with a header, and returns their number.
///
/// # Errors
/// The first error of `records`, or `FILE_MISSING` when `out` can't be written.
pub fn write_csv(
    records: impl Iterator<Item = Result<Record, Refusal>>,
    out: &mut dyn Write,
) -> Result<u64, Refusal> {
    write_csv_rows(
        &COLUMNS,
        records.map(|record| record.map(|record| record_cells(&record))),
        out,
    )
}

/// Writes a header and rows as CSV (RFC 4180), and returns the number of rows.
///
/// # Errors
/// The first error of `rows`, or `FILE_MISSING` when `out` can't be written.
pub fn write_csv_rows<R: AsRef<[String]>>(
    header: &[&str],
    rows: impl Iterator<Item = Result<R, Refusal>>,
    out: &mut dyn Write,
) -> Result<u64, Refusal> {
    write_row(out, header)?;
    let mut count = 0;
    for row in rows {
        write_row(out, row?.as_ref())?;
        count += 1;
    }
    out.flush()
        .map_err(|error| unwritable_export_refusal(&error))?;
    Ok(count)
}

fn write_row(out: &mut dyn Write, cells: &[impl AsRef<str>]) -> Result<(), Refusal> {
    let quoted: Vec<String> = cells
        .iter()
        .map(|cell| {
            let cell = cell.as_ref();
            if cell.contains([',', '"', '\n', '\r']) {
                format!("\"{}\"", cell.replace('"', "\"\""))
            } else {
                cell.to_owned()
            }
        })
        .collect();
    writeln!(out, "{}", quoted.join(",")).map_err(|error| unwritable_export_refusal(&error))
}

fn write_line(out: &mut dyn Write, line: &Json) -> Result<(), Refusal> {
    let mut bytes = to_canonical_bytes(line);
    bytes.push(b'\n');
    out.write_all(&bytes)
        .map_err(|error| unwritable_export_refusal(&error))
}

pub(super) fn unwritable_export_refusal(error: &std::io::Error) -> Refusal {
    let code = if hansa_files::is_full(error) {
        ErrorCode::DiskFull
    } else {
        ErrorCode::FileMissing
    };
    Refusal::new(code, format!("the export can't be written: {error}"))
}
