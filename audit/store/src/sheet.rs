//! The auditor's questions as tables: which answers a snapshot went into, what left under a contract or a key, who received
//! a dataset, and the record of processing.
//!
//! The logic is over what a log tells and what the contracts say; nothing is read here.

use crate::story::{Question, Story};
use hansa_audit_log::time::Time;
use hansa_policy::contract::{Agreement, Standing};
use hansa_policy::id::ContractId;
use hansa_policy::term::Term;
use std::collections::{BTreeMap, BTreeSet};

pub mod recall;
#[cfg(test)]
mod tests;

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// A word or a sentence.
    Text(String),
    /// A number.
    Count(u64),
    /// Nobody knows.
    Unknown,
}

impl Cell {
    /// For people and for CSV.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Count(count) => count.to_string(),
            Self::Unknown => "unknown".to_owned(),
        }
    }

    fn words<T: ToString>(words: impl IntoIterator<Item = T>) -> Self {
        let words: Vec<String> = words.into_iter().map(|word| word.to_string()).collect();
        Self::Text(words.join(" "))
    }

    fn count(count: Option<u64>) -> Self {
        count.map_or(Self::Unknown, Self::Count)
    }

    fn at(at: Time) -> Self {
        Self::Text(at.to_string())
    }
}

/// A table, with names of columns that programs can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The names of the columns.
    pub columns: &'static [&'static str],
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// What is added up over answers; what is not known of one is not known of the sum.
#[derive(Debug, Clone, Copy)]
struct Sum {
    answers: u64,
    rows: Option<u64>,
    bytes: Option<u64>,
    first: Time,
    last: Time,
}

impl Sum {
    fn of(question: &Question) -> Self {
        let end = question.end.as_ref();
        Self {
            answers: 1,
            rows: end.and_then(|end| end.rows),
            bytes: end.and_then(|end| end.bytes),
            first: question.at,
            last: question.at,
        }
    }

    fn add(&mut self, other: Self) {
        let sum = |one: Option<u64>, two: Option<u64>| Some(one?.saturating_add(two?));
        self.answers = self.answers.saturating_add(other.answers);
        self.rows = sum(self.rows, other.rows);
        self.bytes = sum(self.bytes, other.bytes);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }

    fn cells(&self) -> [Cell; 5] {
        [
            Cell::Count(self.answers),
            Cell::count(self.rows),
            Cell::count(self.bytes),
            Cell::at(self.first),
            Cell::at(self.last),
        ]
    }
}

fn sums<K: Ord>(questions: impl Iterator<Item = (K, Sum)>) -> BTreeMap<K, Sum> {
    let mut sums: BTreeMap<K, Sum> = BTreeMap::new();
    for (key, sum) in questions {
        match sums.entry(key) {
            std::collections::btree_map::Entry::Occupied(mut there) => there.get_mut().add(sum),
            std::collections::btree_map::Entry::Vacant(free) => drop(free.insert(sum)),
        }
    }
    sums
}

/// Every answer to somebody else of which something left, or may have left.
fn disclosed<'a>(story: &'a Story, own: &'a str) -> impl Iterator<Item = &'a Question> {
    let foreign = move |question: &&Question| question.peer != own && question.may_have_left();
    story.questions.iter().filter(foreign)
}

/// The columns of a table of answers.
const ANSWERS: [&str; 10] = [
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
];

fn answer(question: &Question) -> Vec<Cell> {
    let end = question.end.as_ref();
    let outcome = match (end, end.and_then(|end| end.code.as_deref())) {
        (None, _) => "open".to_owned(),
        (Some(end), None) => end.outcome.clone(),
        (Some(end), Some(code)) => format!("{}:{code}", end.outcome),
    };
    let word = match &question.acknowledged {
        None => "no",
        Some((_, true)) => "yes",
        Some((_, false)) => "disputed",
    };
    vec![
        Cell::Text(question.request.clone()),
        Cell::Count(question.index),
        Cell::at(question.at),
        Cell::Text(question.peer.clone()),
        Cell::words(question.reads.iter().map(|read| &read.dataset)),
        Cell::words(
            question
                .reads
                .iter()
                .filter_map(|read| read.contract.as_ref()),
        ),
        Cell::count(end.and_then(|end| end.rows)),
        Cell::count(end.and_then(|end| end.bytes)),
        Cell::Text(outcome),
        Cell::Text(word.to_owned()),
    ]
}

/// What a breach is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Breach {
    /// Under one of these contracts.
    pub contracts: BTreeSet<String>,
    /// Or over a connection with this certificate (SHA-256).
    pub certificate: Option<String>,
    /// Not before.
    pub from: Option<Time>,
    /// Before.
    pub to: Option<Time>,
}

/// What left in that time under the contracts or over the connection. An answer that began before counts when it ended
/// after.
#[must_use]
pub fn breach(story: &Story, own: &str, breach: &Breach) -> Sheet {
    let touched = |question: &&Question| {
        let under = breach.contracts.iter().any(|id| question.is_under(id));
        let over = breach.certificate.is_some() && question.certificate == breach.certificate;
        let ended = question.end.as_ref().map(|end| end.at);
        (under || over)
            && breach.to.is_none_or(|to| question.at < to)
            && breach
                .from
                .is_none_or(|from| ended.is_none_or(|ended| ended >= from))
    };
    Sheet {
        columns: &ANSWERS,
        rows: disclosed(story, own).filter(touched).map(answer).collect(),
    }
}

/// Who received something of `dataset`, under which contracts, and for which purposes.
#[must_use]
pub fn recipients(story: &Story, own: &str, dataset: &str) -> Sheet {
    let reads = |question: &&Question| question.reads.iter().any(|read| read.dataset == dataset);
    let of = || disclosed(story, own).filter(reads);
    let sums = sums(of().map(|question| (question.peer.clone(), Sum::of(question))));
    let rows = sums.into_iter().map(|(peer, sum)| {
        let theirs = || of().filter(|question| question.peer == peer);
        let contracts: BTreeSet<&String> = theirs()
            .flat_map(|question| &question.reads)
            .filter(|read| read.dataset == dataset)
            .filter_map(|read| read.contract.as_ref())
            .collect();
        let purposes: BTreeSet<&String> = theirs()
            .filter_map(|question| question.purpose.as_ref())
            .collect();
        let mut row = vec![
            Cell::Text(peer.clone()),
            Cell::words(purposes),
            Cell::words(contracts),
        ];
        row.extend(sum.cells());
        row
    });
    Sheet {
        columns: &[
            "recipient",
            "purposes",
            "contracts",
            "answers",
            "rows",
            "bytes",
            "first",
            "last",
        ],
        rows: rows.collect(),
    }
}

/// For how long what is kept here, in words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Times {
    /// The records of single questions.
    pub decisions: String,
    /// The texts of questions.
    pub texts: String,
    /// Old snapshots of each own dataset.
    pub snapshots: BTreeMap<String, String>,
}

/// The record of processing: for each contract who is controller and who receives, for what, on what basis, and for how
/// long, there and here. What no contract and no catalogue entry says is called not stated.
#[must_use]
pub fn processing(
    story: &Story,
    own: &str,
    contracts: &[(ContractId, Agreement, Standing)],
    times: &Times,
) -> Sheet {
    let given = sums(disclosed(story, own).flat_map(|question| {
        let contracts = question
            .reads
            .iter()
            .filter_map(|read| read.contract.clone());
        contracts.map(|contract| (contract, Sum::of(question)))
    }));
    let stated = |text: Option<String>| Cell::Text(text.unwrap_or_else(|| "not stated".to_owned()));
    let rows = contracts.iter().map(|(id, agreement, standing)| {
        let role = if agreement.provider.id.as_str() == own {
            "provider"
        } else {
            "recipient"
        };
        let assignee = agreement.assignee_id();
        let dataset = agreement.dataset.id.to_string();
        let personal = story
            .published
            .iter()
            .rev()
            .find(|one| one.dataset == dataset);
        let sum = given.get(&id.to_string());
        vec![
            Cell::Text(id.to_string()),
            Cell::Text(standing.as_str().to_owned()),
            Cell::Text(role.to_owned()),
            Cell::Text(agreement.provider.id.to_string()),
            Cell::Text(assignee.map_or_else(
                || "every participant of the league".to_owned(),
                ToString::to_string,
            )),
            stated(
                personal
                    .map(|one| {
                        let word = if one.personal {
                            "personal"
                        } else {
                            "not personal"
                        };
                        format!("{dataset} ({word})")
                    })
                    .or_else(|| Some(dataset.clone())),
            ),
            stated(purposes(agreement)),
            stated(
                agreement
                    .legal
                    .as_ref()
                    .map(|legal| format!("{} sha256:{}", legal.text_ref, legal.text)),
            ),
            stated(retention(agreement)),
            Cell::at(agreement.not_before),
            Cell::at(agreement.not_after),
            Cell::Count(sum.map_or(0, |sum| sum.answers)),
            sum.map_or(Cell::Count(0), |sum| Cell::count(sum.rows)),
            Cell::Text(times.decisions.clone()),
            Cell::Text(times.texts.clone()),
            Cell::Text(
                times
                    .snapshots
                    .get(&dataset)
                    .cloned()
                    .unwrap_or_else(|| "not held here".to_owned()),
            ),
        ]
    });
    Sheet {
        columns: &[
            "contract",
            "state",
            "our_role",
            "provider",
            "recipient",
            "dataset",
            "purposes",
            "legal_text",
            "retention",
            "from",
            "until",
            "answers_given",
            "rows_given",
            "decisions_kept",
            "texts_kept",
            "old_snapshots_kept",
        ],
        rows: rows.collect(),
    }
}

fn purposes(agreement: &Agreement) -> Option<String> {
    let clauses = agreement.clauses.iter();
    let all: Vec<String> = clauses
        .filter_map(|clause| match &clause.term {
            Term::Purpose(list) => Some(list),
            _ => None,
        })
        .flatten()
        .map(|purpose| purpose.as_str().to_owned())
        .collect();
    (!all.is_empty()).then(|| all.join(" "))
}

fn retention(agreement: &Agreement) -> Option<String> {
    agreement
        .clauses
        .iter()
        .find_map(|clause| match &clause.term {
            Term::DeleteAfter { days } => Some(format!("deleted after {days} days")),
            _ => None,
        })
}
