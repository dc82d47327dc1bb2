//! The report below an answer: the participants that brought a part of it, the contract and snapshot of each dataset, and the
//! participants that are missing.

use crate::contract::contract_state::ContractState;
use crate::participant::Connector;
use crate::question::continuation::ContinuationReport;
use crate::question::snapshot_age::{OldestDataset, SnapshotLabels, TornDataset};
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::DatasetKind;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;
use hansa_query::federation::federated_answer::ParticipantReport;
use hansa_query::federation::federated_query::FederatedQuery;
use hansa_query::federation::provenance::Provenance;
use hansa_query::federation::remote_query::{
    KeySourceDataset, PushdownKeys, RemoteDatasetRead, RemoteQueryOutcome, RemoteQueryStatus,
};
use hansa_query::federation::time_span::CoveredTimeSpan;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// The report of an answer, for programs by `serde` and for people by [`Self::to_text`].
#[derive(Debug, Serialize)]
pub struct AnswerReport {
    complete: bool,
    rows: u64,
    participants: Vec<ParticipantEntry>,
    missing: Vec<MissingParticipant>,
    oldest: Option<OldestDataset>,
    several_snapshots: Vec<TornDataset>,
    #[serde(flatten)]
    continuation: Option<ContinuationReport>,
    /// Warnings among the lines for people, in their order.
    notices: Vec<String>,
    #[serde(skip)]
    lines: String,
}

impl AnswerReport {
    /// The report of an answer of so many rows, with the token that continues it, if it has one.
    pub fn new(
        connector: &Connector,
        report: &ParticipantReport,
        rows: u64,
        continuation: Option<ContinuationReport>,
    ) -> Self {
        let mut lines = ReportLines::default();
        let outcomes = report.outcomes();
        for outcome in &outcomes {
            add_outcome(connector, outcome, &mut lines);
        }
        let read = SnapshotLabels::of(&outcomes);
        let (oldest, several_snapshots) = (read.oldest_dataset(), read.torn_datasets());
        if let Some(oldest) = &oldest {
            lines.add(oldest);
        }
        for torn in &several_snapshots {
            lines.add_notice(torn);
        }
        let missing = report.missing_participants();
        for (participant, why) in &missing {
            let domain = participant.domain();
            lines.add(format!("INCOMPLETE: the answer lacks {domain}: {why}"));
        }
        if let Some(continuation) = &continuation {
            for notice in continuation.notices() {
                lines.add_notice(notice);
            }
        }
        Self {
            complete: missing.is_empty(),
            rows,
            participants: outcomes.iter().map(ParticipantEntry::from).collect(),
            missing: MissingParticipant::from_refusals(&missing),
            oldest,
            several_snapshots,
            continuation,
            notices: lines.notices,
            lines: lines.text,
        }
    }

    /// The lines below the table, for people. `shows_token` adds the token that continues the answer.
    pub fn to_text(&self, shows_token: bool) -> String {
        let token = match &self.continuation {
            Some(continuation) if shows_token => {
                format!("what comes next: --since {}\n", continuation.token())
            }
            _ => String::new(),
        };
        format!("\n{}{token}", self.lines)
    }
}

/// Lines for people; the warnings among them are kept for programs.
#[derive(Default)]
struct ReportLines {
    text: String,
    notices: Vec<String>,
}

impl ReportLines {
    fn add(&mut self, line: impl fmt::Display) {
        self.text.push_str(&format!("{line}\n"));
    }

    fn add_notice(&mut self, notice: impl fmt::Display) {
        let notice = notice.to_string();
        self.add(format_args!("NOTICE: {notice}"));
        self.notices.push(notice);
    }

    /// Adds a warning below the line of its table. Programs, which have no such line, read the table in the warning.
    fn add_table_notice(&mut self, table: &str, notice: &str) {
        self.add(format_args!("  NOTICE: {notice}"));
        self.notices.push(format!("{table}: {notice}"));
    }
}

/// A participant that is missing in an answer, with the reason.
#[derive(Debug, Serialize)]
pub struct MissingParticipant {
    participant: String,
    code: &'static str,
    sentence: String,
}

impl MissingParticipant {
    /// The participants that an answer or a plan lacks.
    pub fn from_refusals(missing: &[(ParticipantId, Refusal)]) -> Vec<Self> {
        let missing = missing.iter();
        missing
            .map(|(participant, why)| Self {
                participant: participant.domain().to_owned(),
                code: why.code.as_str(),
                sentence: why.sentence.clone(),
            })
            .collect()
    }
}

/// A remote query and what came of it.
#[derive(Debug, Serialize)]
struct ParticipantEntry {
    participant: String,
    reads: Vec<DatasetEntry>,
    sql: String,
    keys: Vec<KeysEntry>,
    rows: u64,
    bytes: u64,
    status: &'static str,
}

impl From<&RemoteQueryOutcome> for ParticipantEntry {
    fn from(outcome: &RemoteQueryOutcome) -> Self {
        let remote_query = &outcome.remote_query;
        Self {
            participant: remote_query.participant.domain().to_owned(),
            reads: remote_query.reads.iter().map(DatasetEntry::from).collect(),
            sql: remote_query.sql.clone(),
            keys: remote_query.keys.iter().map(KeysEntry::from).collect(),
            rows: outcome.rows,
            bytes: outcome.bytes,
            status: match &outcome.status {
                RemoteQueryStatus::Running => "running",
                RemoteQueryStatus::Answered => "answered",
                RemoteQueryStatus::Enough => "enough",
                RemoteQueryStatus::NotAsked => "not_asked",
                RemoteQueryStatus::Failed(_) => "failed",
            },
        }
    }
}

/// Values of another participant that narrow a remote query; without a number they have not been sent.
#[derive(Debug, Serialize)]
pub struct KeysEntry {
    participant: String,
    of: Vec<KeySourceEntry>,
    values: Option<usize>,
}

#[derive(Debug, Serialize)]
struct KeySourceEntry {
    dataset: String,
    column: Option<String>,
    contract: Option<String>,
    clause: Option<String>,
}

impl From<&PushdownKeys> for KeysEntry {
    fn from(keys: &PushdownKeys) -> Self {
        Self {
            participant: keys.participant.domain().to_owned(),
            of: keys.of.iter().map(KeySourceEntry::from).collect(),
            values: keys.values,
        }
    }
}

impl From<&KeySourceDataset> for KeySourceEntry {
    fn from(source: &KeySourceDataset) -> Self {
        Self {
            dataset: source.dataset.name.to_string(),
            column: source.column.clone(),
            contract: source.contract.map(|contract| contract.to_string()),
            clause: source.clause.map(|clause| clause.to_string()),
        }
    }
}

/// A dataset that a remote query reads.
#[derive(Debug, Serialize)]
struct DatasetEntry {
    /// Stands where entries of several participants are in one list.
    #[serde(skip_serializing_if = "Option::is_none")]
    participant: Option<String>,
    dataset: String,
    title: String,
    kind: Option<&'static str>,
    licence: String,
    attribution: Vec<String>,
    units: BTreeMap<String, String>,
    contract: Option<String>,
    snapshot: String,
    from: Option<String>,
    to: Option<String>,
    first_day: Option<String>,
    last_day: Option<String>,
    covers_less_than_asked: bool,
    coverage_untold: bool,
    groups_alone: bool,
}

impl From<&RemoteDatasetRead> for DatasetEntry {
    fn from(reading: &RemoteDatasetRead) -> Self {
        let covered = reading.covered.as_ref();
        let (first_day, last_day) = covered.and_then(CoveredTimeSpan::days).unzip();
        let provenance = &reading.provenance;
        Self {
            participant: None,
            dataset: reading.dataset.name.to_string(),
            title: provenance.title.clone(),
            kind: provenance.kind.map(DatasetKind::as_str),
            licence: provenance.licence.clone(),
            attribution: provenance.attribution.clone(),
            units: provenance.units.clone(),
            contract: reading.contract.map(|contract| contract.to_string()),
            snapshot: reading.snapshot.clone(),
            from: covered.map(|covered| covered.first.to_string()),
            to: covered.map(|covered| covered.last.to_string()),
            first_day,
            last_day,
            covers_less_than_asked: reading.falls_short(),
            coverage_untold: reading.is_span_undeclared(),
            groups_alone: reading.cells_alone,
        }
    }
}

/// Adds a line for each dataset of a remote query. Rows that several of them gave together stand behind the last.
fn add_outcome(connector: &Connector, outcome: &RemoteQueryOutcome, lines: &mut ReportLines) {
    let remote_query = &outcome.remote_query;
    if outcome.status == RemoteQueryStatus::NotAsked {
        let relations = remote_query.format_relations();
        lines.add(format_args!(
            "{relations}: not asked, since no value of the others could fit"
        ));
        return;
    }
    for (at, reading) in (1..).zip(&remote_query.reads) {
        let rows = match remote_query.reads.len() {
            1 => format!(", {} rows", outcome.rows),
            all if at == all => format!(", together {} rows", outcome.rows),
            _ => String::new(),
        };
        let table = reading.format_relation(&remote_query.alias);
        lines.add(format_args!(
            "{table}: {}, snapshot {}{rows}{}",
            contract_words(&connector.contracts, reading),
            reading.snapshot,
            covered_words(reading),
        ));
        add_coverage_notices(&table, reading, lines);
        if let Some(credit) = format_credit(&reading.provenance) {
            lines.add(format_args!("  {credit}"));
        }
    }
    for keys in remote_query.keys_sent() {
        lines.add(format_args!("  {keys}"));
    }
}

fn contract_words(contracts: &ContractState, reading: &RemoteDatasetRead) -> String {
    let Some(contract) = reading.contract else {
        return "own data, house contract".to_owned();
    };
    let is_public = contracts.with_registry(|registry| registry.agreement(contract).is_none());
    let kind = if is_public { "public view" } else { "contract" };
    format!("{kind} {}", contract.to_short_text())
}

fn covered_words(reading: &RemoteDatasetRead) -> String {
    let Some(covered) = &reading.covered else {
        return String::new();
    };
    let utc_day = |at: UtcTimestamp| at.to_string().chars().take(10).collect::<String>();
    let utc_days = || (utc_day(covered.first), utc_day(covered.last));
    let (first, last) = covered.days().unwrap_or_else(utc_days);
    format!(", covers {first} to {last}")
}

fn add_coverage_notices(table: &str, reading: &RemoteDatasetRead, lines: &mut ReportLines) {
    if reading.falls_short() {
        lines.add_table_notice(table, "that is less time than the question asks for");
    } else if reading.is_span_undeclared() && reading.cells_alone {
        // Such a contract gives no min and max.
        lines.add_table_notice(
            table,
            "what time it covers is not told, since the contract shows groups alone; group by the time to see of which there are any",
        );
    } else if reading.is_span_undeclared() {
        lines.add_table_notice(
            table,
            "what time it covers is not told, since the contract shows some of the rows; min and max of the time say it",
        );
    }
    if reading.cells_alone {
        lines.add_table_notice(
            table,
            "its contract withholds small groups and values of them; they look like empty ones, and no total or count has them, so a figure may differ from the one over all rows",
        );
    }
}

/// Kind, licence and source of a dataset; whoever passes an answer on has to repeat them.
fn format_credit(provenance: &Provenance) -> Option<String> {
    let licence = match provenance.licence.as_str() {
        "" => None,
        licence => Some(format!("licence {licence}")),
    };
    let attribution = match provenance.attribution.as_slice() {
        [] => None,
        texts => Some(format!("attribution: {}", texts.join("; "))),
    };
    let kind = provenance.kind.map(|kind| format!("{kind} values"));
    let parts: Vec<String> = kind.into_iter().chain(licence).chain(attribution).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The datasets that a question reads, as metadata that stands before its first row: where a format has no place behind the rows,
/// contract, licence and attribution are not lost.
pub fn reads_ahead(question: &FederatedQuery) -> HashMap<String, String> {
    let reads: Vec<DatasetEntry> = question
        .remote_queries()
        .iter()
        .flat_map(|remote_query| {
            remote_query.reads.iter().map(|reading| DatasetEntry {
                participant: Some(remote_query.participant.domain().to_owned()),
                ..DatasetEntry::from(reading)
            })
        })
        .collect();
    let reads: Value = json!(reads);
    HashMap::from([("hansa.reads".to_owned(), reads.to_string())])
}
