//! Taking a log, or a part of it, out of the house.
//!
//! A bundle is one text file: a line that names the log, its keys and a signed head, then one line for each record. A
//! whole log carries its leaf hashes, a part the inclusion proof of each record. [`super::offline::verify`] checks
//! either without configuration. A part can't show that it is complete; the two parties of a contract can, by comparing
//! theirs.

use crate::audit::choice::{COLUMNS, Choice, cells};
use crate::audit::{Log, folder};
use evidence::json::{Json, canonical};
use evidence::note::SignedHead;
use evidence::record::Record;
use policy::refusal::{Code, Refusal};
use std::io::Write;

/// The first member of a bundle's first line.
pub(super) const FORMAT: &str = "bundle/1";

/// Writes the records under `head` that are chosen; gives their number.
///
/// # Errors
/// `EVIDENCE_UNAVAILABLE` or `EVIDENCE_BROKEN` when the log can't be read, `FILE_MISSING` when `out` can't be written.
pub fn bundle(
    log: &Log,
    head: &SignedHead,
    choice: &Choice,
    out: &mut dyn Write,
) -> Result<u64, Refusal> {
    let size = head.checkpoint.size;
    let records = || {
        log.read(0)
            .take(usize::try_from(size).unwrap_or(usize::MAX))
    };
    let mut count = 0;
    let mut chooser = choice.chooser();
    for record in records() {
        count += u64::from(chooser.takes(&record?));
    }
    let keys =
        folder::keys(log.folder()).map_err(|error| folder::unavailable(log.folder(), &error))?;
    write_line(
        out,
        &Json::object([
            ("hansa", Json::text(FORMAT)),
            (
                "keys",
                Json::List(keys.known.iter().map(Json::text).collect()),
            ),
            ("head", Json::text(head)),
            (
                "choice",
                if choice.is_everything() {
                    Json::Null
                } else {
                    choice.to_json()
                },
            ),
            ("records", Json::count(count)),
        ]),
    )?;
    let mut chooser = choice.chooser();
    for record in records() {
        let record = record?;
        let beside = if choice.is_everything() {
            ("leaf", log.leaf(record.seq).map_or(Json::Null, Json::text))
        } else if chooser.takes(&record) {
            let proof = log.inclusion(record.seq, size).unwrap_or_default();
            ("proof", Json::List(proof.iter().map(Json::text).collect()))
        } else {
            continue;
        };
        let index = Json::count(record.seq);
        write_line(
            out,
            &Json::object([("index", index), beside, ("record", record.to_json())]),
        )?;
    }
    out.flush().map_err(|error| unwritable(&error))?;
    Ok(count)
}

/// Writes records as CSV (RFC 4180) with a header; gives their number.
///
/// # Errors
/// The first error of `records`, or `FILE_MISSING` when `out` can't be written.
pub fn csv(
    records: impl Iterator<Item = Result<Record, Refusal>>,
    out: &mut dyn Write,
) -> Result<u64, Refusal> {
    write_row(out, &COLUMNS)?;
    let mut count = 0;
    for record in records {
        write_row(out, &cells(&record?))?;
        count += 1;
    }
    out.flush().map_err(|error| unwritable(&error))?;
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
    writeln!(out, "{}", quoted.join(",")).map_err(|error| unwritable(&error))
}

fn write_line(out: &mut dyn Write, line: &Json) -> Result<(), Refusal> {
    let mut bytes = canonical(line);
    bytes.push(b'\n');
    out.write_all(&bytes).map_err(|error| unwritable(&error))
}

fn unwritable(error: &std::io::Error) -> Refusal {
    let code = if crate::files::is_full(error) {
        Code::DiskFull
    } else {
        Code::FileMissing
    };
    Refusal::new(code, format!("the export can't be written: {error}"))
}
