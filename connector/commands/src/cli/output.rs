//! How results and errors are shown to people and to scripts.

use crate::cli::command_report::{CommandReport, ReportRow, report_json, report_table};
use crate::cli::terminal::{document_out, line_err, line_out, object_err, object_out};
use hansa_policy::id::{ClauseId, ContractId, ParticipantId};
use hansa_policy::refusal::Refusal;
use hansa_policy::safe_text::to_printable;
use hansa_transport::internal_error;
use serde::Serialize;
use serde_json::{Value, json};

/// Where output goes and how much of it.
#[derive(Debug, Clone, Copy)]
pub struct OutputSettings {
    /// One JSON object a line.
    pub json: bool,
    /// Say less.
    pub quiet: bool,
}

impl OutputSettings {
    /// A result: the object with `--json`, the text otherwise.
    pub(crate) fn print_result(self, object: &Value, text: &str) {
        if self.json {
            object_out(object);
        } else if !text.is_empty() {
            line_out(text.trim_end_matches('\n'));
        }
    }

    /// A result of a command that needs no connector.
    pub(crate) fn print_report(self, report: &impl CommandReport) {
        self.print_result(&report_json(report), &report.to_text());
    }

    /// A list of a command that needs no connector: one object a line with `--json`, a table otherwise.
    pub(crate) fn print_list<R: ReportRow>(self, rows: &[R]) {
        match self.json {
            true => rows.iter().for_each(|row| object_out(&report_json(row))),
            false => line_out(&report_table(rows)),
        }
    }

    /// A result that is a document: the object with `--json`, the document itself otherwise.
    pub(crate) fn print_document(self, object: &Value, text: &str) {
        if self.json {
            object_out(object);
        } else if !text.is_empty() {
            document_out(text.trim_end_matches('\n'));
        }
    }

    /// A line for people about what goes on; never part of a result.
    pub(crate) fn print_note(self, text: &str) {
        if !self.quiet && !self.json {
            line_err(text);
        }
    }

    /// Refusals: on stderr, as text or as one object each. What went wrong inside this process gets a number first.
    pub fn print_refusals(self, refusals: &[Refusal]) {
        for refusal in refusals {
            let refusal = internal_error::with_trace_number(refusal.clone());
            self.print_fault(&refusal_json(&refusal), &refusal_text(&refusal));
        }
    }

    /// Warnings, which keep the command from nothing: on stderr, as text or as one object each.
    pub(crate) fn print_warnings(self, found: &[Refusal]) {
        for refusal in found {
            let refusal = internal_error::with_trace_number(refusal.clone());
            if self.json {
                object_err(&json!({ "warning": refusal_json(&refusal) }));
            } else {
                line_err(&warning_text(&refusal));
            }
        }
    }

    /// The same of one that was put in both forms elsewhere.
    pub(crate) fn print_fault(self, object: &Value, text: &str) {
        if self.json {
            object_err(&json!({ "error": object }));
        } else {
            line_err(text);
        }
    }
}

/// What is unwise and refuses nothing, as product documents show it.
pub(crate) fn warning_text(refusal: &Refusal) -> String {
    let text = refusal_text(refusal);
    match text.strip_prefix("error") {
        Some(rest) => format!("warning{rest}"),
        None => text,
    }
}

/// A refusal as product documents show it.
pub(crate) fn refusal_text(refusal: &Refusal) -> String {
    let who = refusal
        .participant
        .as_ref()
        .map(|participant| format!("{}: ", participant.domain()))
        .unwrap_or_default();
    let mut text = format!("error[{}]: {who}{}", refusal.code, refusal.sentence);
    let mut facts: Vec<(&str, String)> = Vec::new();
    match (refusal.contract, refusal.clause) {
        (Some(contract), Some(clause)) => facts.push((
            "contract",
            format!(
                "{} clause {clause}{}",
                contract.to_short_text(),
                format_allowed_value(refusal)
            ),
        )),
        (Some(contract), None) => facts.push(("contract", contract.to_short_text())),
        (None, Some(clause)) => facts.push((
            "clause",
            format!("{clause}{}", format_allowed_value(refusal)),
        )),
        (None, None) => {
            if let Some(allowed) = &refusal.allowed {
                facts.push(("allowed", allowed.clone()));
            }
        }
    }
    if let Some(location) = &refusal.location {
        let line = location
            .line
            .map(|line| format!(":{line}"))
            .unwrap_or_default();
        let key = location
            .key
            .as_ref()
            .map(|key| format!(" ({key})"))
            .unwrap_or_default();
        facts.push((
            "where",
            to_printable(&format!("{}{line}{key}", location.file)),
        ));
    }
    for help in &refusal.help {
        facts.push(("help", help.clone()));
    }
    if refusal.help.is_empty() {
        facts.push(("help", refusal.code.remedy().to_owned()));
    }
    for (name, value) in facts {
        text.push_str(&format!("\n  {name:<9} {value}"));
    }
    text
}

fn format_allowed_value(refusal: &Refusal) -> String {
    refusal
        .allowed
        .as_ref()
        .map(|allowed| format!(": {allowed}"))
        .unwrap_or_default()
}

/// A refusal as an object with stable field names.
pub(crate) fn refusal_json(refusal: &Refusal) -> Value {
    report_json(&RefusalReport::of(refusal))
}

/// Refusal for programs. The names of its fields are stable.
#[derive(Debug, Serialize)]
pub(crate) struct RefusalReport {
    code: &'static str,
    sentence: String,
    contract: Option<ContractId>,
    clause: Option<ClauseId>,
    allowed: Option<String>,
    participant: Option<ParticipantId>,
    file: Option<String>,
    line: Option<u64>,
    key: Option<String>,
    help: Vec<String>,
    exit: u8,
}

impl RefusalReport {
    /// The refusal, with the remedy of its code where it has no help.
    pub(crate) fn of(refusal: &Refusal) -> Self {
        let mut help = refusal.help.clone();
        if help.is_empty() {
            help.push(refusal.code.remedy().to_owned());
        }
        let place = refusal.location.as_ref();
        Self {
            code: refusal.code.as_str(),
            sentence: refusal.sentence.clone(),
            contract: refusal.contract,
            clause: refusal.clause,
            allowed: refusal.allowed.clone(),
            participant: refusal.participant.clone(),
            file: place.map(|place| place.file.clone()),
            line: place.and_then(|place| place.line),
            key: place.and_then(|place| place.key.clone()),
            help,
            exit: refusal.code.kind().exit_code(),
        }
    }

    /// Refusals, in their order.
    pub(crate) fn list(refusals: &[Refusal]) -> Vec<Self> {
        refusals.iter().map(Self::of).collect()
    }
}

/// A table of text cells for people: columns aligned, numbers to the right, each cell on one line.
pub fn render_table(header: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return "(none)".to_owned();
    }
    let header: Vec<String> = header.iter().map(|cell| to_printable(cell)).collect();
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| to_printable(cell)).collect())
        .collect();
    let width = |index: usize| {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(index))
            .map(|cell| cell.chars().count());
        let head = header.get(index).map_or(0, |cell| cell.chars().count());
        cells.chain([head]).max().unwrap_or(0)
    };
    let numeric = |index: usize| {
        rows.iter().filter_map(|row| row.get(index)).all(|cell| {
            cell.is_empty()
                || cell
                    .chars()
                    .all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | ',' | '_'))
        })
    };
    let columns: Vec<(usize, bool)> = (0..header.len())
        .map(|index| (width(index), numeric(index)))
        .collect();
    let line = |cells: Vec<&str>| {
        let mut text = String::new();
        for ((width, numeric), cell) in columns.iter().zip(cells) {
            let pad = width.saturating_sub(cell.chars().count());
            if *numeric {
                text.push_str(&" ".repeat(pad));
                text.push_str(cell);
            } else {
                text.push_str(cell);
                text.push_str(&" ".repeat(pad));
            }
            text.push_str("  ");
        }
        text.trim_end().to_owned()
    };
    let mut lines = vec![line(header.iter().map(String::as_str).collect())];
    lines.extend(
        rows.iter()
            .map(|row| line(row.iter().map(String::as_str).collect())),
    );
    lines.join("\n")
}
