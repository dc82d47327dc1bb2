//! What is said below a result: who brought what, under which contract, and who is lacking.

use crate::participant::Connector;
use crate::question::snapshot_age;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::DatasetKind;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;
use hansa_query::federation::federated_answer::ParticipantReport;
use hansa_query::federation::federated_query::FederatedQuery;
use hansa_query::federation::provenance::Provenance;
use hansa_query::federation::remote_query::{
    PushdownKeys, RemoteDatasetRead, RemoteQueryOutcome as Went, RemoteQueryStatus,
};
use hansa_query::federation::time_span::CoveredTimeSpan;
use serde_json::{Value, json};
use std::collections::HashMap;

/// The lines below a result.
pub fn footer(connector: &Connector, report: &ParticipantReport, rows: u64) -> (Value, String) {
    let mut participants = Vec::new();
    let mut text = String::new();
    let outcomes = report.outcomes();
    for went in &outcomes {
        participants.push(outcome_json(went));
        text.push_str(&outcome_text(connector, went));
    }
    let read = snapshot_age::SnapshotLabels::of(&outcomes);
    text.push_str(&read.text());
    let (oldest, several) = read.json();
    let missing = report.missing();
    for (participant, why) in &missing {
        text.push_str(&format!(
            "INCOMPLETE: the answer lacks {}: {why}\n",
            participant.domain()
        ));
    }
    let data = json!({"hansa": {
        "complete": missing.is_empty(),
        "rows": rows,
        "participants": participants,
        "missing": lacking(&missing),
        "oldest": oldest,
        "several_snapshots": several,
    }});
    (data, format!("\n{text}"))
}

/// The participants that are missing in an answer, each with the reason.
pub fn lacking(missing: &[(ParticipantId, Refusal)]) -> Vec<Value> {
    missing
        .iter()
        .map(|(participant, why)| {
            json!({
                "participant": participant.domain(),
                "code": why.code.as_str(),
                "sentence": why.sentence,
            })
        })
        .collect()
}

fn outcome_json(went: &Went) -> Value {
    let remote_query = &went.remote_query;
    json!({
        "participant": remote_query.participant.domain(),
        "reads": remote_query.reads.iter().map(reading_json).collect::<Vec<_>>(),
        "sql": remote_query.sql,
        "keys": remote_query.keys.iter().map(keys_json).collect::<Vec<_>>(),
        "rows": went.rows,
        "bytes": went.bytes,
        "status": match &went.status {
            RemoteQueryStatus::Running => "running",
            RemoteQueryStatus::Answered => "answered",
            RemoteQueryStatus::Enough => "enough",
            RemoteQueryStatus::NotAsked => "not_asked",
            RemoteQueryStatus::Failed(_) => "failed",
        },
    })
}

/// Values of another participant that narrow what is asked for; without a number they have not been sent.
pub fn keys_json(keys: &PushdownKeys) -> Value {
    let of = keys.of.iter().map(|key_source| {
        json!({
            "dataset": key_source.dataset.name.as_str(),
            "column": key_source.column,
            "contract": key_source.contract.map(|contract| contract.to_string()),
            "clause": key_source.clause.map(|clause| clause.to_string()),
        })
    });
    json!({
        "participant": keys.participant.domain(),
        "of": of.collect::<Vec<_>>(),
        "values": keys.values,
    })
}

fn reading_json(reading: &RemoteDatasetRead) -> Value {
    let covered = reading.covered.as_ref();
    let days = covered.and_then(CoveredTimeSpan::days);
    json!({
        "dataset": reading.dataset.name.as_str(),
        "title": reading.provenance.title,
        "kind": reading.provenance.kind.map(DatasetKind::as_str),
        "licence": reading.provenance.licence,
        "attribution": reading.provenance.attribution,
        "units": reading.provenance.units,
        "contract": reading.contract.map(|contract| contract.to_string()),
        "snapshot": reading.snapshot,
        "from": covered.map(|covered| covered.first.to_string()),
        "to": covered.map(|covered| covered.last.to_string()),
        "first_day": days.as_ref().map(|(first, _)| first),
        "last_day": days.as_ref().map(|(_, last)| last),
        "covers_less_than_asked": reading.falls_short(),
        "coverage_untold": reading.is_span_undeclared(),
        "groups_alone": reading.cells_alone,
    })
}

/// A line for each dataset; what several of one participant gave together stands behind the last of them.
fn outcome_text(connector: &Connector, went: &Went) -> String {
    let remote_query = &went.remote_query;
    if went.status == RemoteQueryStatus::NotAsked {
        let relations = remote_query.relations();
        return format!("{relations}: not asked, since no value of the others could fit\n");
    }
    let mut text = String::new();
    for (at, reading) in (1..).zip(&remote_query.reads) {
        let contract = match reading.contract {
            None => "own data, house contract".to_owned(),
            Some(contract) => {
                let public = connector
                    .contracts
                    .with_registry(|registry| registry.agreement(contract).is_none());
                let kind = if public { "public view" } else { "contract" };
                format!("{kind} {}", contract.short())
            }
        };
        let rows = match remote_query.reads.len() {
            1 => format!(", {} rows", went.rows),
            all if at == all => format!(", together {} rows", went.rows),
            _ => String::new(),
        };
        let span = reading
            .covered
            .as_ref()
            .map_or_else(String::new, |covered| {
                let utc = |at: UtcTimestamp| at.to_string().chars().take(10).collect::<String>();
                let of = || (utc(covered.first), utc(covered.last));
                let (first, last) = covered.days().unwrap_or_else(of);
                format!(", covers {first} to {last}")
            });
        let short = if reading.falls_short() {
            "\n  NOTICE: that is less time than the question asks for"
        } else if reading.is_span_undeclared() && reading.cells_alone {
            // Such a contract gives no min and max.
            "\n  NOTICE: what time it covers is not told, since the contract shows groups alone; group by the time to see of which there are any"
        } else if reading.is_span_undeclared() {
            "\n  NOTICE: what time it covers is not told, since the contract shows some of the rows; min and max of the time say it"
        } else {
            ""
        };
        let groups = match reading.cells_alone {
            true => {
                "\n  NOTICE: its contract shows groups alone; one that is withheld looks like an empty one, and neither it nor a value that is withheld in one is in any total or count"
            }
            false => "",
        };
        text.push_str(&format!(
            "{}: {contract}, snapshot {}{rows}{span}{short}{groups}\n{}",
            reading.relation(&remote_query.alias),
            reading.snapshot,
            credit(&reading.provenance),
        ));
    }
    for keys in remote_query.keys_sent() {
        text.push_str(&format!("  {keys}\n"));
    }
    text
}

/// The line that names kind, licence and source; whoever passes an answer on has to repeat it.
fn credit(provenance: &Provenance) -> String {
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
    match parts.is_empty() {
        true => String::new(),
        false => format!("  {}\n", parts.join(", ")),
    }
}

/// The datasets that a question reads, as metadata that stands before its first row: where a format has no place behind them,
/// contract, licence and attribution are not lost.
pub fn reads_ahead(question: &FederatedQuery) -> HashMap<String, String> {
    let reads: Value = question
        .remote_queries()
        .iter()
        .flat_map(|remote_query| {
            remote_query.reads.iter().map(|reading| {
                let mut read = reading_json(reading);
                if let Some(members) = read.as_object_mut() {
                    members.insert(
                        "participant".to_owned(),
                        json!(remote_query.participant.domain()),
                    );
                }
                read
            })
        })
        .collect();
    HashMap::from([("hansa.reads".to_owned(), reads.to_string())])
}

/// Adds what people are told of an answer to what programs read: each line of the text that begins with `NOTICE`.
pub fn add_notices(data: &mut Value, text: &str) {
    let notices: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("NOTICE: "))
        .collect();
    if let Some(members) = data.pointer_mut("/hansa").and_then(Value::as_object_mut) {
        members.insert("notices".to_owned(), json!(notices));
    }
}
