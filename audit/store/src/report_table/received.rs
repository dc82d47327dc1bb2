//! Received data over all datasets: recipients, contracts and clauses, with totals.

use super::{AnswerTotals, LeftAmount, ReportCell, ReportTable, disclosed_answers};
use crate::history::AuditHistory;
use crate::history::open_block::OpenBlock;
use crate::history::query_entry::{DatasetRead, QueryEntry};
use hansa_audit_log::record::answers::PermitRecord;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Columns of the table.
const RECEIVED: [&str; 12] = [
    "recipient",
    "dataset",
    "contract",
    "clauses",
    "purposes",
    "answers",
    "rows",
    "bytes",
    "first",
    "last",
    "cut",
    "acknowledged",
];

/// Recipient of open data, who is not identified.
const ANYBODY: &str = "anybody on the web";

/// Word for the total of all lines; no identity is written like it.
const ALL: &str = "all";

/// Bounds of the counted answers; an absent bound does not limit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReceivedScope {
    /// Recipient of the answers.
    pub recipient: Option<String>,
    /// Dataset of the answers.
    pub dataset: Option<String>,
    /// Contract of the answers.
    pub contract: Option<String>,
    /// First instant of the questions.
    pub from: Option<UtcTimestamp>,
    /// First instant after the range.
    pub to: Option<UtcTimestamp>,
}

impl ReceivedScope {
    fn covers(&self, recipient: &str, at: UtcTimestamp) -> bool {
        self.recipient.as_deref().is_none_or(|one| one == recipient) && self.covers_instant(at)
    }

    /// True if an instant is in the range.
    #[must_use]
    pub fn covers_instant(&self, at: UtcTimestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }

    fn covers_read(&self, dataset: &str, contract: Option<&str>) -> bool {
        self.dataset.as_deref().is_none_or(|one| one == dataset)
            && self
                .contract
                .as_deref()
                .is_none_or(|one| Some(one) == contract)
    }

    /// True if an admitted question can be in the table. Others need not be kept while the log is read.
    #[must_use]
    pub fn covers_permit(&self, permit: &PermitRecord, at: UtcTimestamp) -> bool {
        self.covers(&permit.peer, at)
            && permit
                .grants
                .iter()
                .any(|grant| self.covers_read(&grant.dataset, grant.contract.as_deref()))
    }
}

/// Key of one line: a recipient, a dataset and the contract.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct ReceivedKey {
    recipient: String,
    dataset: String,
    contract: String,
}

/// Totals of one line.
#[derive(Debug, Clone)]
struct ReceivedLine {
    clauses: BTreeSet<u64>,
    purposes: BTreeSet<String>,
    totals: AnswerTotals,
}

impl ReceivedLine {
    fn add(&mut self, other: Self) {
        self.clauses.extend(other.clauses);
        self.purposes.extend(other.purposes);
        self.totals.add(other.totals);
    }
}

/// Table of received data within the scope. An answer over several datasets counts in the line of each, and once in the total,
/// which is the last row.
#[must_use]
pub fn tabulate_received(history: &AuditHistory, own: &str, scope: &ReceivedScope) -> ReportTable {
    let mut lines: BTreeMap<ReceivedKey, ReceivedLine> = BTreeMap::new();
    let mut sum: Option<AnswerTotals> = None;
    let mut count = |totals: AnswerTotals| match sum.as_mut() {
        Some(sum) => sum.add(totals),
        None => sum = Some(totals),
    };
    for question in disclosed_answers(history, own).filter(|one| scope.covers(&one.peer, one.at)) {
        let reads: Vec<&DatasetRead> = question
            .reads
            .iter()
            .filter(|read| scope.covers_read(&read.dataset, read.contract.as_deref()))
            .collect();
        if reads.is_empty() {
            continue;
        }
        count(AnswerTotals::of(question));
        // A dataset that is read twice under one contract counts once for the answer.
        let mut own_lines: BTreeMap<ReceivedKey, ReceivedLine> = BTreeMap::new();
        for read in reads {
            let line = own_lines.entry(line_key(question, read));
            line.or_insert_with(|| first_line(question))
                .clauses
                .extend(&read.clauses);
        }
        own_lines
            .into_iter()
            .for_each(|(key, line)| add_line(&mut lines, key, line));
    }
    for block in &history.open_blocks {
        let Some((key, totals)) = of_web(block, scope) else {
            continue;
        };
        count(totals);
        let line = ReceivedLine {
            clauses: BTreeSet::new(),
            purposes: BTreeSet::new(),
            totals,
        };
        add_line(&mut lines, key, line);
    }
    let mut rows: Vec<Vec<ReportCell>> = lines
        .into_iter()
        .map(|(key, line)| make_row(key, line))
        .collect();
    if let Some(sum) = sum {
        let mut row = vec![
            ReportCell::Text(ALL.to_owned()),
            ReportCell::Text(String::new()),
            ReportCell::Text(String::new()),
            ReportCell::Text(String::new()),
            ReportCell::Text(String::new()),
        ];
        row.extend(sum.to_cells());
        row.extend(sum.to_receipt_cells());
        rows.push(row);
    }
    ReportTable {
        columns: &RECEIVED,
        rows,
    }
}

fn line_key(question: &QueryEntry, read: &DatasetRead) -> ReceivedKey {
    ReceivedKey {
        recipient: question.peer.clone(),
        dataset: read.dataset.clone(),
        contract: read.contract.clone().unwrap_or_default(),
    }
}

fn first_line(question: &QueryEntry) -> ReceivedLine {
    ReceivedLine {
        clauses: BTreeSet::new(),
        purposes: question.purpose.iter().cloned().collect(),
        totals: AnswerTotals::of(question),
    }
}

fn add_line(lines: &mut BTreeMap<ReceivedKey, ReceivedLine>, key: ReceivedKey, line: ReceivedLine) {
    match lines.entry(key) {
        std::collections::btree_map::Entry::Occupied(mut there) => there.get_mut().add(line),
        std::collections::btree_map::Entry::Vacant(free) => drop(free.insert(line)),
    }
}

/// Largest amount of open data that may have been sent to the web, by the reserved block.
fn of_web(block: &OpenBlock, scope: &ReceivedScope) -> Option<(ReceivedKey, AnswerTotals)> {
    let dataset = block.dataset.clone()?;
    let is_meant =
        scope.covers(ANYBODY, block.at) && scope.covers_read(&dataset, block.contract.as_deref());
    is_meant.then(|| {
        let key = ReceivedKey {
            recipient: ANYBODY.to_owned(),
            dataset,
            contract: block.contract.clone().unwrap_or_default(),
        };
        let totals = AnswerTotals {
            answers: block.requests,
            rows: LeftAmount::Unknown,
            bytes: LeftAmount::AtMost(block.bytes),
            first: block.at,
            last: block.at,
            cut: 0,
            acknowledged: 0,
        };
        (key, totals)
    })
}

fn make_row(key: ReceivedKey, line: ReceivedLine) -> Vec<ReportCell> {
    let mut row = vec![
        ReportCell::Text(key.recipient),
        ReportCell::Text(key.dataset),
        ReportCell::Text(key.contract),
        ReportCell::from_words(line.clauses.iter().map(|clause| format!("#c{clause}"))),
        ReportCell::from_words(line.purposes),
    ];
    row.extend(line.totals.to_cells());
    row.extend(line.totals.to_receipt_cells());
    row
}

#[cfg(test)]
mod tests {
    use super::super::tests::{OWN, at, column, question};
    use super::*;
    use hansa_audit_log::digest::Digest;

    fn history() -> AuditHistory {
        let mut history = AuditHistory::new();
        let mut joined = question("acme", 100, "1", "a", Some(5));
        joined.reads[0].clauses = vec![2, 5];
        let mut sites = joined.reads[0].clone();
        sites.dataset = "sites".to_owned();
        sites.contract = Some("s".to_owned());
        sites.clauses = vec![3];
        joined.reads.push(sites);
        let mut second = question("acme", 200, "1", "a", Some(7));
        second.purpose = Some("dpv:Other".to_owned());
        second.reads[0].clauses = vec![6];
        history.questions = vec![joined, second, question("tallinn", 300, "1", "t", Some(3))];
        history
    }

    #[test]
    fn each_dataset_has_its_line_and_each_answer_counts_once_in_the_sum() {
        let found = tabulate_received(&history(), OWN, &ReceivedScope::default());
        let acme = "hansa://acme.example";
        assert_eq!(
            column(&found, "recipient"),
            [acme, acme, "hansa://tallinn.example", "all"]
        );
        assert_eq!(column(&found, "dataset"), ["bikes", "sites", "bikes", ""]);
        assert_eq!(column(&found, "contract"), ["a", "s", "t", ""]);
        assert_eq!(column(&found, "clauses"), ["#c2 #c5 #c6", "#c3", "", ""]);
        assert_eq!(
            column(&found, "purposes"),
            ["dpv:Other dpv:Research", "dpv:Research", "dpv:Research", ""]
        );
        assert_eq!(column(&found, "answers"), ["2", "1", "1", "3"]);
        assert_eq!(column(&found, "rows"), ["12", "5", "3", "15"]);
    }

    #[test]
    fn a_scope_leaves_the_others_out_also_of_the_sum() {
        let rows =
            |scope: ReceivedScope| column(&tabulate_received(&history(), OWN, &scope), "rows");
        let scope = ReceivedScope::default;
        let acme = Some("hansa://acme.example".to_owned());
        assert_eq!(
            rows(ReceivedScope {
                recipient: acme,
                ..scope()
            }),
            ["12", "5", "12"]
        );
        let under = Some("s".to_owned());
        assert_eq!(
            rows(ReceivedScope {
                contract: under,
                ..scope()
            }),
            ["5", "5"]
        );
        let sites = Some("sites".to_owned());
        assert_eq!(
            rows(ReceivedScope {
                dataset: sites,
                ..scope()
            }),
            ["5", "5"]
        );
        let later = (Some(at(150)), Some(at(300)));
        let later = ReceivedScope {
            from: later.0,
            to: later.1,
            ..scope()
        };
        assert_eq!(rows(later), ["7", "7"]);
        let never = ReceivedScope {
            from: Some(at(900)),
            ..scope()
        };
        assert!(rows(never).is_empty());
    }

    #[test]
    fn cut_answers_and_acknowledged_receipts_are_counted() {
        let mut history = history();
        history.questions[0].acknowledged = Some(("digest".to_owned(), true));
        history.questions[1].acknowledged = Some(("digest".to_owned(), false));
        history.questions[2].acknowledged = None;
        history.questions[2].end.as_mut().unwrap().outcome = "cut".to_owned();
        let found = tabulate_received(&history, OWN, &ReceivedScope::default());
        assert_eq!(column(&found, "cut"), ["0", "0", "1", "1"]);
        assert_eq!(column(&found, "acknowledged"), ["1", "1", "0", "1"]);
    }

    #[test]
    fn open_data_is_told_by_what_was_reserved_for_it() {
        let mut history = history();
        history.questions.truncate(1);
        history.open_blocks.push(OpenBlock {
            index: 9,
            leaf: Digest::of(b"leaf"),
            at: at(400),
            contract: Some("v".to_owned()),
            dataset: Some("bikes".to_owned()),
            requests: 64,
            bytes: 1000,
        });
        let found = tabulate_received(&history, OWN, &ReceivedScope::default());
        assert_eq!(column(&found, "recipient")[0], "anybody on the web");
        assert_eq!(column(&found, "answers"), ["64", "1", "1", "65"]);
        // The number of rows is unknown, so the total is unknown.
        assert_eq!(column(&found, "rows"), ["unknown", "5", "5", "unknown"]);
    }
}
