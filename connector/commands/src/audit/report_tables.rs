//! `hansa audit affected`, `breach`, `recipients`, `received` and `processing`: the questions of an auditor, as tables.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::audit::expiry_notice::tell_expired;
use crate::audit::processing_record;
use crate::audit::record_filter::{
    dataset_id, parse_instant, resolve_contract, resolve_participant,
};
use crate::cli::command_report::report_json;
use crate::cli::output::render_table;
use crate::contract::contract_lookup;
use hansa_audit_log::digest::Digest;
use hansa_audit_store::export;
use hansa_audit_store::history::AuditHistory;
use hansa_audit_store::history::publication::PublishedSnapshot;
use hansa_audit_store::report_table::affected_answers::AffectedQuery;
use hansa_audit_store::report_table::received::ReceivedScope;
use hansa_audit_store::report_table::received_collection::{ReceivedCollection, ReceivedTable};
use hansa_audit_store::report_table::{self, BreachScope, ReportCell, ReportTable};
use hansa_node::log::record_keeping::RecordKeeping;
use hansa_node::participant::Connector;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::contract::seal::SealCertificates;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::envelope;
use serde::{Serialize, Serializer};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Answers of a table of received data, all of which are in memory.
const MOST_ANSWERS: usize = 50_000;

/// What is asked.
#[derive(Debug)]
pub(super) enum AuditReportRequest {
    /// Which answers used a snapshot, or its files since they were last known to be good.
    Affected { snapshot: String, since_good: bool },
    /// What left under a contract, or a key, in a time.
    Breach {
        key: Option<String>,
        contract: Option<String>,
        from: Option<String>,
        to: Option<String>,
    },
    /// Who received a dataset.
    Recipients(String),
    /// Who received what, under which clauses.
    Received(ReceivedNames),
    /// The record of processing.
    Processing,
}

/// Bounds of the received data, as a person names them.
#[derive(Debug)]
pub(super) struct ReceivedNames {
    pub(super) participant: Option<String>,
    pub(super) dataset: Option<String>,
    pub(super) contract: Option<String>,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
}

/// Answers it, and writes the table to `output` as well.
pub(super) async fn write_report_table(
    connector: &Arc<Connector>,
    asked: AuditReportRequest,
    output: Option<PathBuf>,
    out: &EventSink,
) -> CommandResult {
    tell_expired(connector, out).await;
    let inner = Arc::clone(connector);
    let file = output.clone();
    let report = run_blocking(move || {
        let report = build_report(&inner, &asked)?;
        match (&file, &report.notice) {
            (None, _) => {}
            (Some(file), None) => save_table(&report.table, file)?,
            // A file has no place for the notice.
            (Some(_), Some(notice)) => {
                let refusal = Refusal::new(ErrorCode::ResultTooLarge, notice.clone());
                return Err(refusal.with_help("write a file for each of several shorter ranges"));
            }
        }
        Ok(report)
    })
    .await?;
    let BuiltReport {
        table: report_table,
        text: reported,
        notice,
    } = report;
    if let Some(notice) = notice {
        out.send_notice(notice).await;
    }
    let mut rows = Vec::new();
    for row in &report_table.rows {
        let line = ReportLine::of(&report_table, row);
        out.send_object(report_json(&line), "").await?;
        rows.push(row.iter().map(ReportCell::to_text).collect());
    }
    let mut text = reported;
    if !rows.is_empty() {
        let header: Vec<String> = report_table
            .columns
            .iter()
            .map(|name| column_heading(name))
            .collect();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        text = format!("{}\n{text}", render_table(&header, &rows));
    }
    if let Some(file) = output {
        text.push_str(&format!("\nwritten to {}", file.display()));
    }
    out.send_text(text).await?;
    Ok(0)
}

/// Table, with a line about it.
struct BuiltReport {
    table: ReportTable,
    text: String,
    /// Note about rows that the table lacks.
    notice: Option<String>,
}

fn build_report(connector: &Connector, asked: &AuditReportRequest) -> Result<BuiltReport, Refusal> {
    let own = connector.id();
    let own = own.as_str();
    let (table, text) = match asked {
        AuditReportRequest::Affected {
            snapshot,
            since_good,
        } => {
            let history = load_history(connector)?;
            report_affected_answers(connector, &history, own, snapshot, *since_good)?
        }
        AuditReportRequest::Breach {
            key,
            contract,
            from,
            to,
        } => {
            let history = load_history(connector)?;
            let mut scope = BreachScope {
                from: from
                    .as_deref()
                    .map(|from| parse_instant(connector, from))
                    .transpose()?,
                to: to
                    .as_deref()
                    .map(|to| parse_instant(connector, to))
                    .transpose()?,
                ..BreachScope::default()
            };
            if let Some(contract) = contract {
                let id = contract_lookup::contract_by_prefix(connector, contract)?;
                scope.contracts.insert(id.to_string());
            }
            if let Some(key) = key {
                by_key(connector, &history, key, &mut scope)?;
            }
            let table = report_table::breach_table(&history, own, &scope);
            let text = format!(
                "{} answers, of which something left or may have left",
                table.rows.len()
            );
            (table, text)
        }
        AuditReportRequest::Recipients(named) => {
            let history = load_history(connector)?;
            let table =
                report_table::recipients_table(&history, own, &dataset_id(connector, named)?);
            let text = format!("{} recipients of `{named}`", table.rows.len());
            (table, text)
        }
        AuditReportRequest::Received(named) => return report_received(connector, own, named),
        AuditReportRequest::Processing => {
            let history = load_history(connector)?;
            let table = processing_record::build_processing_table(connector, &history)?;
            let text = format!("{} contracts", table.rows.len());
            (table, text)
        }
    };
    Ok(BuiltReport {
        table,
        text,
        notice: None,
    })
}

fn report_received(
    connector: &Connector,
    own: &str,
    named: &ReceivedNames,
) -> Result<BuiltReport, Refusal> {
    let read_instant = |written: &Option<String>| {
        let instant = written.as_deref();
        instant
            .map(|written| parse_instant(connector, written))
            .transpose()
    };
    let recipient = named.participant.as_deref();
    let recipient = recipient.map(|named| resolve_participant(connector, named));
    let dataset = named.dataset.as_deref();
    let dataset = dataset.map(|named| dataset_id(connector, named));
    let contract = named.contract.as_deref();
    let contract = contract.map(|named| resolve_contract(connector, named));
    let scope = ReceivedScope {
        recipient: recipient.transpose()?.map(|id| id.to_string()),
        dataset: dataset.transpose()?,
        contract: contract.transpose()?.map(|id| id.to_string()),
        from: read_instant(&named.from)?,
        to: read_instant(&named.to)?,
    };
    let ReceivedTable { table, cut } = tabulate_answers(connector, own, scope)?;
    let text = match table.rows.len() {
        0 => "nobody else received anything",
        _ => {
            "each answer counts once in the sum; hansa contract show CONTRACT says its clauses in words"
        }
    };
    let notice = cut.map(|cut| {
        format!(
            "CUT: the range has more than {MOST_ANSWERS} answers; those from {cut} on are in no line and no sum: --from {cut}"
        )
    });
    Ok(BuiltReport {
        table,
        text: text.to_owned(),
        notice,
    })
}

/// Table of the answers within a scope: the log is read from its first instant on, and no other questions are kept.
fn tabulate_answers(
    connector: &Connector,
    own: &str,
    scope: ReceivedScope,
) -> Result<ReceivedTable, Refusal> {
    let log = &connector.records.log;
    let begin = scope.from.map_or(Ok(0), |from| log.first_since(from))?;
    let mut collection = ReceivedCollection::new(own, scope, MOST_ANSWERS);
    for record in log.read(begin) {
        let record = record?;
        if ReceivedCollection::is_wanted(&record.kind) {
            let body = hansa_audit_store::read_body(&record)?;
            collection.add_record(&record, body);
        }
    }
    Ok(collection.tabulate())
}

/// What the whole log tells.
pub(super) fn load_history(connector: &Connector) -> Result<AuditHistory, Refusal> {
    let mut history = AuditHistory::new();
    for record in connector.records.log.read(0) {
        let record = record?;
        let body = hansa_audit_store::read_body(&record)?;
        history.add_record(&record, body);
    }
    Ok(history)
}

/// The dataset and the snapshot of that name, which must have been published.
pub(super) fn find_snapshot<'a>(
    connector: &Connector,
    history: &'a AuditHistory,
    named: &str,
) -> Result<&'a PublishedSnapshot, Refusal> {
    let (dataset, version) = named.split_once('@').ok_or_else(|| {
        Refusal::new(
            ErrorCode::UsageWrong,
            format!("`{named}` names no snapshot"),
        )
        .with_help(
            "write the dataset, an @ and the snapshot: hansa audit affected bikes@2026-05-01.1",
        )
    })?;
    let dataset = dataset_id(connector, dataset)?;
    let of_dataset = || {
        history
            .published
            .iter()
            .filter(|one| one.dataset == dataset)
    };
    if let Some(known) = of_dataset().find(|one| one.version == version) {
        return Ok(known);
    }
    let versions: Vec<&str> = of_dataset().map(|one| one.version.as_str()).collect();
    let refusal = Refusal::new(
        ErrorCode::DatasetNotPublished,
        format!("no snapshot `{version}` of `{dataset}` was ever published"),
    );
    Err(if versions.is_empty() {
        refusal
    } else {
        refusal.with_help(format!("there were {}", versions.join(", ")))
    })
}

fn report_affected_answers(
    connector: &Connector,
    history: &AuditHistory,
    own: &str,
    named: &str,
    since_good: bool,
) -> Result<(ReportTable, String), Refusal> {
    let known = find_snapshot(connector, history, named)?;
    let recalled = affected_query(history, known, since_good);
    let table = report_table::affected_answers::affected_answers_table(history, own, recalled);
    let unreported = table
        .rows
        .iter()
        .filter(|row| row.last() == Some(&ReportCell::Text("no".to_owned())));
    let to: BTreeSet<String> = unreported
        .filter_map(|row| row.get(3).map(ReportCell::to_text))
        .collect();
    let mut reported = match recalled.since {
        None => format!("{} answers used {named}", table.rows.len()),
        Some(at) => format!(
            "{} answers read the files of {named} since it was known to be good on {at}",
            table.rows.len()
        ),
    };
    if to.is_empty() && !table.rows.is_empty() {
        reported.push_str("; whom they went to was told");
    }
    if !to.is_empty() {
        let names: Vec<&str> = to.iter().map(String::as_str).collect();
        reported.push_str(&format!("; to be told: {}", names.join(", ")));
    }
    if let Some(found) = known.damaged {
        reported.push_str(&format!("\nits files were found damaged on {found}"));
        if let Some(good) = history.known_good(&known.dataset, &known.version) {
            reported.push_str(&format!(", and were good on {good}: --since-good"));
        }
    }
    if let Some((at, reason)) = &known.withdrawn {
        reported.push_str(&format!("\nit was withdrawn on {at}: {reason}"));
    }
    Ok((table, reported))
}

/// The answers that are looked for.
pub(super) fn affected_query<'a>(
    history: &AuditHistory,
    known: &'a PublishedSnapshot,
    since_good: bool,
) -> AffectedQuery<'a> {
    let good = history.known_good(&known.dataset, &known.version);
    AffectedQuery {
        dataset: &known.dataset,
        version: &known.version,
        since: since_good.then(|| good.unwrap_or(known.at)),
    }
}

/// A key is the certificate of a connection (SHA-256); or a key that signs, by its thumbprint, or a certificate of a seal
/// (SHA-256): then all contracts that name it, or that it has signed.
fn by_key(
    connector: &Connector,
    history: &AuditHistory,
    key: &str,
    scope: &mut BreachScope,
) -> Result<(), Refusal> {
    if history
        .questions
        .iter()
        .any(|question| question.certificate.as_deref() == Some(key))
    {
        scope.certificate = Some(key.to_owned());
        return Ok(());
    }
    let mut signed = Vec::new();
    for (id, agreement, _) in contract_lookup::held_contracts(connector) {
        if agreement.is_signed_with(key) || has_signed(&connector.records, id, key)? {
            signed.push(id.to_string());
        }
    }
    if signed.is_empty() {
        return Err(Refusal::new(
            ErrorCode::UsageWrong,
            format!("`{key}` is neither a certificate that asked here nor a key or seal that signed a contract"),
        )
        .with_help("a certificate is named by its SHA-256, a signing key by its thumbprint, as `hansa contract show` says"));
    }
    scope.contracts.extend(signed);
    Ok(())
}

/// Whether a signature under a contract was made by this key, or under a seal with this certificate: contract keys and seals
/// stand in no agreement.
fn has_signed(records: &RecordKeeping, contract: ContractId, key: &str) -> Result<bool, Refusal> {
    let bytes = records.documents.read_contract(contract)?;
    let signed = envelope::parse_any_contract(&bytes)?;
    Ok(signed.signatures.iter().any(|signature| {
        let mut chain = signature.seal.iter().flat_map(SealCertificates::chain);
        signature.kid == key || chain.any(|one| Digest::of(one).to_string() == key)
    }))
}

fn save_table(table: &ReportTable, file: &Path) -> Result<(), Refusal> {
    let out =
        File::create(file).map_err(|fault| hansa_files::unwritable_file_refusal(file, &fault))?;
    let rows = table
        .rows
        .iter()
        .map(|row| Ok(row.iter().map(ReportCell::to_text).collect::<Vec<_>>()));
    export::write_csv_rows(table.columns, rows, &mut BufWriter::new(out)).map(|_| ())
}

/// Row of a table for programs: its cells by the names of their columns.
#[derive(Debug)]
pub(super) struct ReportLine<'a> {
    columns: &'static [&'static str],
    cells: &'a [ReportCell],
}

impl<'a> ReportLine<'a> {
    /// A row of the table.
    pub(super) const fn of(table: &ReportTable, row: &'a [ReportCell]) -> Self {
        Self {
            columns: table.columns,
            cells: row,
        }
    }
}

impl Serialize for ReportLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let values = self.cells.iter().map(CellValue::of);
        serializer.collect_map(self.columns.iter().zip(values))
    }
}

/// Cell of a table for programs.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum CellValue<'a> {
    Text(&'a str),
    Count(u64),
    AtMost { at_most: u64 },
    Unknown,
}

impl<'a> CellValue<'a> {
    fn of(cell: &'a ReportCell) -> Self {
        match cell {
            ReportCell::Text(text) => Self::Text(text),
            ReportCell::Count(count) => Self::Count(*count),
            ReportCell::AtMost(most) => Self::AtMost { at_most: *most },
            ReportCell::Unknown => Self::Unknown,
        }
    }
}

pub(super) fn column_heading(name: &str) -> String {
    name.replace('_', " ").to_uppercase()
}
