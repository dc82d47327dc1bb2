//! Taking a log, or the part of it that concerns one contract, out of the house.
//!
//! A bundle is one text file: a line that names the log, its keys and a signed head, then one line for each record. A
//! whole log carries its leaf hashes, a part the inclusion proof of each record. [`super::offline::verify`] checks
//! either without configuration. A part can't show that it is complete; the two parties of the contract can, by
//! comparing theirs.

use crate::audit::{Log, folder};
use evidence::json::{Json, canonical};
use evidence::note::SignedHead;
use evidence::record::Record;
use policy::refusal::{Code, Refusal};
use std::collections::BTreeSet;
use std::io::Write;

/// The first member of a bundle's first line.
pub(super) const FORMAT: &str = "bundle/1";

/// Writes the records under `head`, all or those that concern `contract`; gives their number.
///
/// # Errors
/// `EVIDENCE_UNAVAILABLE` or `EVIDENCE_BROKEN` when the log can't be read, `FILE_MISSING` when `out` can't be written.
pub fn bundle(
    log: &Log,
    head: &SignedHead,
    contract: Option<&str>,
    out: &mut dyn Write,
) -> Result<u64, Refusal> {
    let size = head.checkpoint.size;
    let chosen = match contract {
        None => None,
        Some(contract) => Some(concerning(log, size, contract)?),
    };
    let count = chosen.as_ref().map_or(size, |chosen| {
        u64::try_from(chosen.len()).unwrap_or_default()
    });
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
            ("contract", contract.map_or(Json::Null, Json::text)),
            ("records", Json::count(count)),
        ]),
    )?;
    for record in log
        .read(0)
        .take(usize::try_from(size).unwrap_or(usize::MAX))
    {
        let record = record?;
        let beside = match &chosen {
            None => ("leaf", log.leaf(record.seq).map_or(Json::Null, Json::text)),
            Some(chosen) if !chosen.contains(&record.seq) => continue,
            Some(_) => {
                let proof = log.inclusion(record.seq, size).unwrap_or_default();
                ("proof", Json::List(proof.iter().map(Json::text).collect()))
            }
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

/// The records that name the contract, and those of the requests that did.
fn concerning(log: &Log, size: u64, contract: &str) -> Result<BTreeSet<u64>, Refusal> {
    let (mut chosen, mut requests) = (BTreeSet::new(), BTreeSet::new());
    for record in log
        .read(0)
        .take(usize::try_from(size).unwrap_or(usize::MAX))
    {
        let record = record?;
        let request = record.body.get("request_id").and_then(Json::as_text);
        let opened = record.body.get("opened").and_then(Json::as_count);
        let named = names(&record.body, contract);
        if let Some(request) = request.filter(|_| named) {
            requests.insert(request.to_owned());
        }
        if named
            || request.is_some_and(|request| requests.contains(request))
            || opened.is_some_and(|opened| chosen.contains(&opened))
        {
            chosen.insert(record.seq);
        }
    }
    Ok(chosen)
}

/// Whether a record's body names the contract.
pub(super) fn names(body: &Json, contract: &str) -> bool {
    let is = |value: &Json| value.as_text() == Some(contract);
    body.get("contract").is_some_and(is)
        || body
            .get("contracts")
            .and_then(Json::as_list)
            .is_some_and(|contracts| contracts.iter().any(is))
}

/// The columns of a table of records: what most records have, and the whole body in the last one.
const COLUMNS: [&str; 7] = [
    "request_id",
    "peer",
    "contract",
    "code",
    "outcome",
    "rows",
    "bytes",
];

/// Writes records as CSV (RFC 4180) with a header; gives their number.
///
/// # Errors
/// The first error of `records`, or `FILE_MISSING` when `out` can't be written.
pub fn csv(
    records: impl Iterator<Item = Result<Record, Refusal>>,
    out: &mut dyn Write,
) -> Result<u64, Refusal> {
    let mut header = vec!["seq".to_owned(), "t".to_owned(), "type".to_owned()];
    header.extend(COLUMNS.map(str::to_owned));
    header.push("body".to_owned());
    write_row(out, &header)?;
    let mut count = 0;
    for record in records {
        let record = record?;
        let mut row = vec![
            record.seq.to_string(),
            record.at.to_string(),
            record.kind.clone(),
        ];
        row.extend(COLUMNS.map(|column| cell(&record.body, column)));
        row.push(String::from_utf8_lossy(&canonical(&record.body)).into_owned());
        write_row(out, &row)?;
        count += 1;
    }
    out.flush().map_err(|error| unwritable(&error))?;
    Ok(count)
}

fn cell(body: &Json, column: &str) -> String {
    match body.get(column) {
        Some(Json::Text(text)) => text.clone(),
        Some(Json::Int(number)) => number.to_string(),
        Some(Json::Bool(value)) => value.to_string(),
        Some(Json::Null | Json::List(_) | Json::Object(_)) => String::new(),
        None if column == "contract" => body
            .get("contracts")
            .and_then(Json::as_list)
            .map(|all| {
                all.iter()
                    .filter_map(Json::as_text)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .unwrap_or_default(),
        None => String::new(),
    }
}

fn write_row(out: &mut dyn Write, cells: &[String]) -> Result<(), Refusal> {
    let quoted: Vec<String> = cells
        .iter()
        .map(|cell| {
            if cell.contains([',', '"', '\n', '\r']) {
                format!("\"{}\"", cell.replace('"', "\"\""))
            } else {
                cell.clone()
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
