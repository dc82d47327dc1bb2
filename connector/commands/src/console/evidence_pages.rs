//! Pages of the evidence: the log, its records, its heads, and who received what.

use crate::audit::arguments::{AuditCommand, AuditFilter};
use crate::cli::connector_command::ConnectorCommand;
use crate::cli::shell_word::quote_word;
use crate::console::page_visit::redirect;
use crate::console::person_visit::{PersonVisit, read_object};
use hansa_console::{
    ClauseText, EvidenceView, LogHeadsView, LogRecord, ROWS_PER_PAGE, ReceivedFilter, ReceivedLine,
    ReceivedView, RecordListFilter, RecordListView, render_evidence, render_heads, render_received,
    render_records,
};
use hansa_node::config::person::Role;
use hansa_node::participant::Connector;
use hansa_node::process::civil_day;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::language::Language;
use hansa_transport::ConsoleResponse;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Roles that read the evidence.
pub(super) const READERS: &[Role] = &[Role::Officer, Role::Auditor];

/// Word of these pages in records.
pub(super) const PAGE: &str = "evidence";

/// Most records that one page of the list reads.
const RECORDS_READ: u64 = 10_000;

/// Start of the evidence.
pub(super) async fn show_evidence(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, PAGE).await?;
    let command = ConnectorCommand::Audit(AuditCommand::Summary);
    let view: EvidenceView = permitted.read_one(command).await?;
    let shown = "hansa audit summary".to_owned();
    Ok(visit.show_page(shown, |frame| render_evidence(frame, &view)))
}

/// Who received what.
pub(super) async fn show_received(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, PAGE).await?;
    let value = |name: &str| visit.parameter(name).to_owned();
    // A form that was sent with an empty first day asks for the whole log.
    let is_chosen = visit.visit.request.parameters.contains_key("from");
    let filter = ReceivedFilter {
        participant: value("participant"),
        dataset: value("dataset"),
        contract: value("contract"),
        from: match is_chosen {
            true => value("from"),
            false => first_day_of_month(visit),
        },
        to: value("to"),
    };
    let given = |text: &String| (!text.is_empty()).then(|| text.clone());
    let command = AuditCommand::Received {
        participant: given(&filter.participant),
        dataset: given(&filter.dataset),
        contract: given(&filter.contract),
        from: given(&filter.from),
        to: given(&filter.to),
        output: None,
    };
    let mut shown = "hansa audit received".to_owned();
    push_option(&mut shown, "--participant", &filter.participant);
    push_option(&mut shown, "--dataset", &filter.dataset);
    push_option(&mut shown, "--contract", &filter.contract);
    push_option(&mut shown, "--from", &filter.from);
    push_option(&mut shown, "--to", &filter.to);
    let mut lines: Vec<ReceivedLine> = permitted
        .read_rows(ConnectorCommand::Audit(command))
        .await?;
    let sum = lines.pop_if(|line| line.is_sum());
    if let Some(after) = visit.given_parameter("after") {
        lines.retain(|line| line.key() > after);
    }
    let has_more = lines.len() > ROWS_PER_PAGE;
    lines.truncate(ROWS_PER_PAGE);
    let after = lines.last().filter(|_| has_more).map(ReceivedLine::key);
    let clauses = list_applied_clauses(visit.connector, &lines, visit.language());
    let view = ReceivedView {
        lines,
        sum,
        filter,
        after,
        clauses,
    };
    Ok(visit.show_page(shown, |frame| render_received(frame, &view)))
}

/// Clauses of the contracts of the lines in a language, whatever the state of each contract is now.
fn list_applied_clauses(
    connector: &Connector,
    lines: &[ReceivedLine],
    language: Language,
) -> BTreeMap<String, Vec<ClauseText>> {
    let contracts: BTreeSet<ContractId> = lines
        .iter()
        .filter_map(|line| line.contract.parse().ok())
        .collect();
    connector.contracts.with_registry(|registry| {
        contracts
            .into_iter()
            .filter_map(|id| {
                let agreement = registry.agreement(id)?;
                let clauses = agreement.clauses.iter().map(|clause| ClauseText {
                    clause: clause.id.to_string(),
                    text: clause.term.render(language),
                    enforced: !clause.term.is_recorded_only(),
                });
                Some((id.to_string(), clauses.collect()))
            })
            .collect()
    })
}

/// List of records, or the way to the page of one whose number was typed.
pub(super) async fn show_records(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, PAGE).await?;
    if let Some(number) = visit.given_parameter("number") {
        let place = read_place(&number)?;
        return Ok(redirect(&format!("/evidence/records/{place}")));
    }
    let value = |name: &str| visit.parameter(name).to_owned();
    let filter = RecordListFilter {
        participant: value("participant"),
        dataset: value("dataset"),
        contract: value("contract"),
        outcome: value("outcome"),
        from: value("from"),
        to: value("to"),
        checkpoints: visit.parameter("checkpoints") == "yes",
    };
    let before = visit.given_parameter("before");
    let before = before.map(|place| read_place(&place)).transpose()?;
    let command = AuditCommand::List {
        filter: AuditFilter {
            participant: visit.given_parameter("participant"),
            dataset: visit.given_parameter("dataset"),
            contract: visit.given_parameter("contract"),
            from: visit.given_parameter("from"),
            to: visit.given_parameter("to"),
            outcome: visit.given_parameter("outcome"),
            last: Some(ROWS_PER_PAGE),
        },
        checkpoints: filter.checkpoints,
        before,
        within: Some(RECORDS_READ),
    };
    let mut shown = format!("hansa audit list --last {ROWS_PER_PAGE} --within {RECORDS_READ}");
    push_option(&mut shown, "--participant", &filter.participant);
    push_option(&mut shown, "--dataset", &filter.dataset);
    push_option(&mut shown, "--contract", &filter.contract);
    push_option(&mut shown, "--outcome", &filter.outcome);
    push_option(&mut shown, "--from", &filter.from);
    push_option(&mut shown, "--to", &filter.to);
    if filter.checkpoints {
        shown.push_str(" --checkpoints");
    }
    if let Some(before) = before {
        shown.push_str(&format!(" --before {before}"));
    }
    let mut objects = permitted
        .read_objects(ConnectorCommand::Audit(command))
        .await?;
    let continues_before = objects.last().and_then(continuation);
    if continues_before.is_some() {
        objects.pop();
    }
    // The command lists the newest last.
    let records: Result<Vec<LogRecord>, Refusal> =
        objects.into_iter().rev().map(read_object).collect();
    let view = RecordListView {
        records: records?,
        filter,
        before,
        continues_before,
    };
    Ok(visit.show_page(shown, |frame| render_records(frame, &view)))
}

/// Heads of logs.
pub(super) async fn show_heads(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, PAGE).await?;
    let command = ConnectorCommand::Audit(AuditCommand::Heads);
    let view = LogHeadsView {
        rows: permitted.read_rows(command).await?,
    };
    let shown = "hansa audit heads".to_owned();
    Ok(visit.show_page(shown, |frame| render_heads(frame, &view)))
}

/// Place of a record in an address.
pub(super) fn read_place(text: &str) -> Result<u64, Refusal> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let place = text.parse().ok().filter(|_| is_plain);
    place.ok_or_else(|| {
        let sentence = "this is no number of a record";
        Refusal::new(ErrorCode::UsageWrong, sentence)
    })
}

/// Place before which a list goes on, in the last object of the list.
fn continuation(object: &Value) -> Option<u64> {
    object.get("continues_before").and_then(Value::as_u64)
}

/// First day of the present month at the participant, such as `2026-12-01`; empty in an unknown zone.
fn first_day_of_month(visit: &PersonVisit<'_>) -> String {
    let now = visit.connector.now();
    let config = visit.connector.config();
    civil_day::first_day_of_month(now, &config.participant.zone)
        .map(|day| day.to_string())
        .unwrap_or_default()
}

/// Adds an option to a command line where it has a value.
fn push_option(line: &mut String, option: &str, value: &str) {
    if !value.is_empty() {
        line.push_str(&format!(" {option} {}", quote_word(value)));
    }
}
