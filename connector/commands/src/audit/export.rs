//! `hansa audit export`: records as a table, or as a bundle that can be checked anywhere.

mod documents;
mod parquet_table;

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::audit::arguments::AuditFilter;
use crate::audit::expiry_notice::tell_expired;
use crate::audit::{record_filter, sign_current_head};
use crate::cli::command_report::{CommandReport, serialize_path};
use hansa_audit_log::note::SignedHead;
use hansa_audit_store::export;
use hansa_audit_store::filter::RecordFilter;
use hansa_node::participant::Connector;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Writes the records to `output`; its ending decides how.
pub(super) async fn write_export(
    connector: &Arc<Connector>,
    output: PathBuf,
    filter: AuditFilter,
    out: &EventSink,
) -> CommandResult {
    tell_expired(connector, out).await;
    let head = sign_current_head(&connector.records).await?;
    let (inner, path) = (Arc::clone(connector), output.clone());
    let count = run_blocking(move || write_records(&inner, &path, &filter, &head)).await?;
    out.send_report(&RecordExport {
        file: output,
        records: count,
    })
    .await?;
    Ok(0)
}

/// File of exported records.
#[derive(Debug, Serialize)]
struct RecordExport {
    #[serde(serialize_with = "serialize_path")]
    file: PathBuf,
    records: u64,
}

impl CommandReport for RecordExport {
    fn to_text(&self) -> String {
        let file = self.file.display();
        let written = format!("{} records written to {file}", self.records);
        match ExportFormat::of(&self.file) {
            ExportFormat::Bundle => format!(
                "{written}\njudge them anywhere, without configuration: hansa-verify check {file}"
            ),
            ExportFormat::Csv | ExportFormat::Parquet => written,
        }
    }
}

/// Writes the whole log as tiles into the folder `output`.
pub(super) async fn write_tiles(
    connector: &Arc<Connector>,
    output: PathBuf,
    filter: AuditFilter,
    out: &EventSink,
) -> CommandResult {
    if filter != AuditFilter::default() {
        return Err(Refusal::new(
            ErrorCode::UsageWrong,
            "tiles hold the whole log, not a part of it",
        )
        .with_help("remove the filters, or write a bundle")
        .into());
    }
    let head = sign_current_head(&connector.records).await?;
    let (inner, path) = (Arc::clone(connector), output.clone());
    let count = run_blocking(move || {
        hansa_audit_store::tiles::write_tiles(&inner.records.log, &head, &path)
    })
    .await?;
    out.send_report(&TileExport {
        file: output,
        records: count,
    })
    .await?;
    Ok(0)
}

/// Folder of tiles with the whole log.
#[derive(Debug, Serialize)]
struct TileExport {
    #[serde(serialize_with = "serialize_path")]
    file: PathBuf,
    records: u64,
}

impl CommandReport for TileExport {
    fn to_text(&self) -> String {
        format!(
            "{} records written to {} as tiles; `checkpoint` is the signed head, `key` the key",
            self.records,
            self.file.display()
        )
    }
}

/// What an export is for.
#[derive(Debug)]
enum ExportFormat {
    Csv,
    Parquet,
    Bundle,
}

impl ExportFormat {
    fn of(path: &Path) -> Self {
        match path.extension().and_then(OsStr::to_str) {
            Some("csv") => Self::Csv,
            Some("parquet") => Self::Parquet,
            Some(_) | None => Self::Bundle,
        }
    }
}

/// Writes a bundle of the records of a filter for a browser.
pub(crate) fn write_bundle_to(
    connector: &Connector,
    filter: &AuditFilter,
    head: &SignedHead,
    out: &mut dyn Write,
) -> Result<u64, Refusal> {
    let choice = record_filter::resolve_filter(connector, filter)?;
    write_chosen_bundle(connector, &choice, head, out)
}

fn write_chosen_bundle(
    connector: &Connector,
    choice: &RecordFilter,
    head: &SignedHead,
    out: &mut dyn Write,
) -> Result<u64, Refusal> {
    let signed_documents = documents::ExportDocuments::load(connector)?;
    export::write_bundle(&connector.records.log, head, choice, &signed_documents, out)
}

/// Checks that the names and instants of a filter mean something.
///
/// # Errors
/// The refusal of a name or an instant that means nothing.
pub(crate) fn check_filter(connector: &Connector, filter: &AuditFilter) -> Result<(), Refusal> {
    record_filter::resolve_filter(connector, filter).map(|_| ())
}

fn write_records(
    connector: &Connector,
    path: &Path,
    filter: &AuditFilter,
    head: &SignedHead,
) -> Result<u64, Refusal> {
    if filter.last.is_some() {
        return Err(Refusal::new(
            ErrorCode::UsageWrong,
            "an export holds all records that the other filters let through",
        )
        .with_help("remove --last, or choose with --from and --to"));
    }
    let choice = record_filter::resolve_filter(connector, filter)?;
    let file =
        File::create(path).map_err(|fault| hansa_files::unwritable_file_refusal(path, &fault))?;
    let mut file = BufWriter::new(file);
    let mut chooser = choice.selector();
    let records = connector.records.log.read(0).filter_map(|record| {
        let record = record.and_then(|record| {
            let body = hansa_audit_store::read_body(&record)?;
            Ok(chooser.selects_record(&record, &body).then_some(record))
        });
        record.transpose()
    });
    match ExportFormat::of(path) {
        ExportFormat::Csv => export::write_csv(records, &mut file),
        ExportFormat::Parquet => parquet_table::write_record_table(records, file, path),
        ExportFormat::Bundle => write_chosen_bundle(connector, &choice, head, &mut file),
    }
}
