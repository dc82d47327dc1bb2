//! Answers that used a snapshot, with their recipients and notices.

use super::{ReportCell, ReportTable, answer_row, disclosed_answers};
use crate::history::AuditHistory;
use crate::history::publication::SnapshotName;
use crate::history::query_entry::QueryEntry;
use crate::history::statement::{AFFECTED, AffectedNotice};
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeSet;

/// Columns of the table: those of answers, and the time of the notice to the recipient.
const AFFECTED_ANSWERS: [&str; 11] = [
    "question",
    "record",
    "t",
    "to",
    "datasets",
    "contracts",
    "rows",
    "bytes",
    "outcome",
    "acknowledged",
    "told",
];

/// Criteria of the affected answers.
#[derive(Debug, Clone, Copy)]
pub struct AffectedQuery<'a> {
    /// Dataset of the answers.
    pub dataset: &'a str,
    /// Snapshot that they used.
    pub version: &'a str,
    /// Instant after which they read files of the snapshot, whatever rows they used.
    pub since: Option<UtcTimestamp>,
}

impl AffectedQuery<'_> {
    fn concerns(&self, history: &AuditHistory, question: &QueryEntry) -> bool {
        match self.since {
            None => has_used_snapshot(history, question, self.dataset, self.version),
            Some(at) => {
                let snapshot = SnapshotName {
                    dataset: self.dataset,
                    version: self.version,
                };
                history.read_since(question, snapshot, at)
            }
        }
    }
}

/// Table of the affected answers, with the notices to their recipients. Possible reads count, so that no recipient is left out.
#[must_use]
pub fn affected_answers_table(
    history: &AuditHistory,
    own: &str,
    recalled: AffectedQuery<'_>,
) -> ReportTable {
    let AffectedQuery {
        dataset, version, ..
    } = recalled;
    let rows =
        disclosed_answers(history, own).filter(|question| recalled.concerns(history, question));
    let rows = rows.map(|question| {
        let mut row = answer_row(question);
        let reported: Option<Vec<UtcTimestamp>> = contracts_for_dataset(question, dataset)
            .map(|contract| notified_at(history, contract, &question.peer, version))
            .collect();
        let last = reported.and_then(|reported| reported.into_iter().max());
        row.push(last.map_or_else(|| ReportCell::Text("no".to_owned()), ReportCell::from_time));
        row
    });
    ReportTable {
        columns: &AFFECTED_ANSWERS,
        rows: rows.collect(),
    }
}

fn has_used_snapshot(
    history: &AuditHistory,
    question: &QueryEntry,
    dataset: &str,
    version: &str,
) -> bool {
    let mut reads = question.reads.iter();
    reads.any(|read| read.dataset == dataset && history.may_include_version(read, version))
}

/// Contracts under which a question read a dataset.
fn contracts_for_dataset<'a>(
    question: &'a QueryEntry,
    dataset: &'a str,
) -> impl Iterator<Item = &'a str> {
    let reads = question.reads.iter();
    let reads = reads.filter(move |read| read.dataset == dataset);
    reads.filter_map(|read| read.contract.as_deref())
}

/// Time of the notice to a recipient under a contract that answers used a snapshot.
fn notified_at(
    history: &AuditHistory,
    contract: &str,
    peer: &str,
    version: &str,
) -> Option<UtcTimestamp> {
    let topics = [
        affected_topic(version, None),
        affected_topic(version, Some(peer)),
    ];
    let of = |one: &&AffectedNotice| one.contract == contract && topics.contains(&one.topic);
    history.notified.iter().find(of).map(|one| one.at)
}

/// Topic of a notice that answers used a snapshot. Under a public view it names the recipient, since a notice is sent once for each
/// topic.
#[must_use]
pub fn affected_topic(version: &str, whom: Option<&str>) -> String {
    match whom {
        None => format!("{AFFECTED}{version}"),
        Some(whom) => {
            let domain = whom.trim_start_matches("hansa://").replace('/', ".");
            format!("{AFFECTED}{version}:{domain}")
        }
    }
}

/// Recipients of the answers, with their contracts.
#[must_use]
pub fn affected_recipients<'a>(
    history: &'a AuditHistory,
    own: &'a str,
    recalled: AffectedQuery<'a>,
) -> BTreeSet<(&'a str, &'a str)> {
    disclosed_answers(history, own)
        .filter(move |question| recalled.concerns(history, question))
        .flat_map(move |question| {
            contracts_for_dataset(question, recalled.dataset).map(|id| (id, question.peer.as_str()))
        })
        .collect()
}
