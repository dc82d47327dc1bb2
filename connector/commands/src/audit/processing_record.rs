//! `hansa audit processing`: the record of processing activities, with the fields of Article 30(1) of Regulation (EU) 2016/679 as far
//! as contracts, catalogue, log and configuration have them.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::audit::arguments::ProcessingFormat;
use crate::audit::report_tables::{ReportLine, column_heading, load_history};
use crate::cli::command_report::report_json;
use crate::conformance::page_text::table_cell;
use crate::contract::contract_lookup;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::export;
use hansa_audit_store::history::AuditHistory;
use hansa_audit_store::report_table::{
    self, ControllerDetails, DataCategories, GENERAL_MEASURES, ProcessingContext, ReportCell,
    ReportTable, RetentionPeriods,
};
use hansa_catalog::dataset::Dataset;
use hansa_catalog::entry_redaction::shown_columns;
use hansa_node::participant::Connector;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::contract::Agreement;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::ingest::config::DatasetConfig;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Words with which a field begins that nobody has stated.
const NOT_STATED: &str = "not stated";

/// Columns of the table that say the same of every contract: the head of the document has them once.
const OF_THE_CONTROLLER: [&str; 6] = [
    "controller",
    "contact",
    "representative",
    "data_protection_officer",
    "decisions_kept",
    "texts_kept",
];

/// Writes the record as a document.
pub(super) async fn write_processing_record(
    connector: &Arc<Connector>,
    format: ProcessingFormat,
    out: &EventSink,
) -> CommandResult {
    let inner = Arc::clone(connector);
    let (context, table) = run_blocking(move || {
        let history = load_history(&inner)?;
        Ok((
            read_processing_context(&inner)?,
            build_processing_table(&inner, &history)?,
        ))
    })
    .await?;
    let data = report_json(&ProcessingRecord::of(connector, &context, &table));
    let text = match format {
        ProcessingFormat::Md => render_markdown(connector, &context, &table),
        ProcessingFormat::Csv => render_csv(&table)?,
        ProcessingFormat::Json => serde_json::to_string_pretty(&data).unwrap_or_default(),
    };
    out.send_document(data, text).await?;
    Ok(0)
}

/// The record as a table, one row for each contract.
///
/// # Errors
/// When the configuration of datasets can't be read.
pub(super) fn build_processing_table(
    connector: &Connector,
    history: &AuditHistory,
) -> Result<ReportTable, Refusal> {
    let own = connector.id();
    let contracts = contract_lookup::held_contracts(connector);
    let context = read_processing_context(connector)?;
    Ok(report_table::processing_table(
        history,
        own.as_str(),
        &contracts,
        &context,
    ))
}

/// What configuration and catalogue say of it.
fn read_processing_context(connector: &Connector) -> Result<ProcessingContext, Refusal> {
    let config = connector.config();
    let participant = &config.participant;
    let configured = hansa_node::dataset::publication::read_configured_datasets(connector)
        .map_err(crate::admin::command_result::combined_refusal)?;
    let datasets: BTreeMap<String, Dataset> = connector.datasets.catalog(|catalog| {
        let datasets = catalog.datasets();
        datasets
            .map(|dataset| (dataset.id.to_string(), dataset.clone()))
            .collect()
    });
    let mut categories = BTreeMap::new();
    for (id, agreement, _) in contract_lookup::held_contracts(connector) {
        let dataset = datasets.get(&agreement.dataset.id.to_string());
        if let Some(dataset) = dataset.filter(|dataset| dataset.personal) {
            let mut configs = configured.iter();
            let config = configs.find(|config| config.name == dataset.id.name);
            categories.insert(id, data_categories(dataset, &agreement, config));
        }
    }
    Ok(ProcessingContext {
        controller: ControllerDetails {
            name: format!("{} ({})", participant.name, participant.id),
            contact: participant.contact.clone(),
            representative: participant.representative.clone(),
            data_protection_officer: participant.data_protection_officer.clone(),
        },
        times: describe_retention_periods(connector),
        categories,
    })
}

/// Whose data a contract is about, and which of them it shows.
fn data_categories(
    dataset: &Dataset,
    agreement: &Agreement,
    config: Option<&DatasetConfig>,
) -> DataCategories {
    let columns: Vec<String> = shown_columns(dataset, &agreement.clauses)
        .iter()
        .filter(|shown| shown.column.personal)
        .map(|shown| match shown.is_plain {
            true => shown.column.name.to_string(),
            false => format!("{} (not its own values)", shown.column.name),
        })
        .collect();
    let is_marked = dataset.columns.iter().any(|column| column.personal);
    DataCategories {
        data_subjects: config.and_then(|config| config.data_subjects.clone()),
        personal_data: match (columns.is_empty(), is_marked) {
            (false, _) => Some(columns.join(", ")),
            (true, true) => Some("no personal column is shown".to_owned()),
            (true, false) => None,
        },
    }
}

/// For how long what is kept here.
fn describe_retention_periods(connector: &Connector) -> RetentionPeriods {
    let config = connector.config();
    let days = |seconds: u64| match seconds % 86_400 {
        0 => format!("{} days", seconds / 86_400),
        _ => format!("{seconds} seconds"),
    };
    let keeps = hansa_query::ingest::config::parser::retention::parse_retention(&config.text);
    let snapshots = connector.datasets.catalog(|catalog| {
        let kept = catalog.datasets().map(|dataset| {
            let keep = keeps.get(&dataset.id.name).copied().unwrap_or_default();
            let kept = match u64::try_from(keep.0 / 1_000_000).unwrap_or_default() {
                0 => "until nobody reads them".to_owned(),
                seconds => days(seconds),
            };
            (dataset.id.to_string(), kept)
        });
        kept.collect()
    });
    RetentionPeriods {
        decisions: days(config.keeping.decisions.as_secs()),
        texts: match config.keeping.sql.as_secs() {
            0 => "not kept".to_owned(),
            seconds => days(seconds),
        },
        snapshots,
    }
}

/// Record of processing activities for programs.
#[derive(Debug, Serialize)]
struct ProcessingRecord<'a> {
    record: &'static str,
    at: UtcTimestamp,
    controller: ControllerReport<'a>,
    security_measures: &'static str,
    activities: Vec<ReportLine<'a>>,
    /// Fields that nobody has stated.
    gaps: Vec<String>,
}

/// Controller of the processing.
#[derive(Debug, Serialize)]
struct ControllerReport<'a> {
    name: &'a str,
    contact: Option<&'a str>,
    representative: Option<&'a str>,
    data_protection_officer: Option<&'a str>,
}

impl<'a> ProcessingRecord<'a> {
    fn of(connector: &Connector, context: &'a ProcessingContext, table: &'a ReportTable) -> Self {
        let ControllerDetails {
            name,
            contact,
            representative,
            data_protection_officer,
        } = &context.controller;
        let rows = table.rows.iter();
        Self {
            record: "processing activities, Regulation (EU) 2016/679, Article 30(1)",
            at: connector.now(),
            controller: ControllerReport {
                name,
                contact: contact.as_deref(),
                representative: representative.as_deref(),
                data_protection_officer: data_protection_officer.as_deref(),
            },
            security_measures: GENERAL_MEASURES,
            activities: rows.map(|row| ReportLine::of(table, row)).collect(),
            gaps: list_missing_fields(&context.controller, table),
        }
    }
}

/// The fields that nobody has stated, each once, with the contracts that lack it; those of the controller first.
fn list_missing_fields(controller: &ControllerDetails, table: &ReportTable) -> Vec<String> {
    let of_the_controller = [
        ("contact", "contact", &controller.contact),
        (
            "data protection officer",
            "data_protection_officer",
            &controller.data_protection_officer,
        ),
    ]
    .into_iter()
    .filter(|(_, _, stated)| stated.is_none())
    .map(|(name, key, _)| format!("{name}: {NOT_STATED}: set [participant] {key}"));
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in table.rows.iter().filter(|row| is_personal(table, row)) {
        let id = field_text(table, row, "contract");
        for (name, cell) in table.columns.iter().zip(row) {
            let text = cell.to_text();
            if text.starts_with(NOT_STATED) && !OF_THE_CONTROLLER.contains(name) {
                let gap = format!("{}: {text}", name.replace('_', " "));
                found
                    .entry(gap)
                    .or_default()
                    .push(id.chars().take(8).collect());
            }
        }
    }
    let of_contracts = found
        .into_iter()
        .map(|(gap, contracts)| format!("{gap} ({})", contracts.join(", ")));
    of_the_controller.chain(of_contracts).collect()
}

/// Whether personal data may flow under a contract: unless its dataset is known to have none.
fn is_personal(table: &ReportTable, row: &[ReportCell]) -> bool {
    field_text(table, row, "personal") != "no"
}

fn field_text(table: &ReportTable, row: &[ReportCell], name: &str) -> String {
    let mut cells = table.columns.iter().zip(row);
    let found = cells.find(|(column, _)| **column == name);
    found.map(|(_, cell)| cell.to_text()).unwrap_or_default()
}

fn render_markdown(
    connector: &Connector,
    context: &ProcessingContext,
    table: &ReportTable,
) -> String {
    let ControllerDetails {
        name,
        contact,
        representative,
        data_protection_officer,
    } = &context.controller;
    let stated = |text: &Option<String>, key: &str| {
        let missing = || format!("{NOT_STATED}: set [participant] {key}");
        text.clone().unwrap_or_else(missing)
    };
    let mut text = format!(
        "# Record of processing activities of {}\n\nArticle 30(1) of Regulation (EU) 2016/679, as far as the connector knows it, at {}. It is no legal advice.\n\n",
        connector.id().domain(),
        connector.now()
    );
    text.push_str("| field | |\n|---|---|\n");
    let line = |text: &mut String, name: &str, value: &str| {
        text.push_str(&format!(
            "| {} | {} |\n",
            table_cell(name),
            table_cell(value)
        ));
    };
    let times = &context.times;
    for (name, value) in [
        ("controller", name.clone()),
        ("contact", stated(contact, "contact")),
        (
            "representative",
            representative
                .clone()
                .unwrap_or_else(|| "none is stated".to_owned()),
        ),
        (
            "data protection officer",
            stated(data_protection_officer, "data_protection_officer"),
        ),
        ("records of questions are kept", times.decisions.clone()),
        ("texts of questions are kept", times.texts.clone()),
        ("security measures", GENERAL_MEASURES.to_owned()),
    ] {
        line(&mut text, name, &value);
    }
    let (personal, others): (Vec<_>, Vec<_>) =
        table.rows.iter().partition(|row| is_personal(table, row));
    for row in &personal {
        let id = field_text(table, row, "contract");
        let short: String = id.chars().take(8).collect();
        text.push_str(&format!(
            "\n## Contract {short}\n\n| field | |\n|---|---|\n"
        ));
        for (name, value) in table.columns.iter().zip(*row) {
            if !OF_THE_CONTROLLER.contains(name) {
                line(
                    &mut text,
                    &column_heading(name).to_lowercase(),
                    &value.to_text(),
                );
            }
        }
    }
    text.push_str(&format!(
        "\n{} contracts in which personal data may flow; {} over data without personal ones are left out.\n",
        personal.len(),
        others.len()
    ));
    let gaps = list_missing_fields(&context.controller, table);
    if !gaps.is_empty() {
        text.push_str("\n## Not stated\n\n");
        for gap in gaps {
            text.push_str(&format!("- {}\n", table_cell(&gap)));
        }
    }
    text
}

fn render_csv(table: &ReportTable) -> Result<String, Refusal> {
    let rows = table
        .rows
        .iter()
        .map(|row| Ok(row.iter().map(ReportCell::to_text).collect::<Vec<_>>()));
    let mut bytes = Vec::new();
    export::write_csv_rows(table.columns, rows, &mut bytes)?;
    String::from_utf8(bytes)
        .map_err(|cause| Refusal::new(ErrorCode::Internal, "the table is no text").caused_by(cause))
}
