//! Reports for auditors as tables: answers from a snapshot, disclosures under a contract or key, recipients of a dataset, and the
//! record of processing.
//!
//! The functions are pure: their input is the history of a log and the contracts.

use crate::history::AuditHistory;
use crate::history::query_entry::QueryEntry;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::{Agreement, ContractStatus};
use hansa_policy::id::ContractId;
use hansa_policy::term::Term;
use std::collections::{BTreeMap, BTreeSet};

pub mod affected_answers;
pub mod received;
pub mod received_collection;
#[cfg(test)]
mod tests;

/// Cell of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportCell {
    /// Word or sentence.
    Text(String),
    /// Exact number.
    Count(u64),
    /// Upper bound of a number.
    AtMost(u64),
    /// Unknown number.
    Unknown,
}

impl ReportCell {
    /// Text for people and for CSV.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Count(count) => count.to_string(),
            Self::AtMost(most) => format!("at most {most}"),
            Self::Unknown => "unknown".to_owned(),
        }
    }

    fn from_words<T: ToString>(words: impl IntoIterator<Item = T>) -> Self {
        let words: Vec<String> = words.into_iter().map(|word| word.to_string()).collect();
        Self::Text(words.join(" "))
    }

    fn from_amount(amount: LeftAmount) -> Self {
        match amount {
            LeftAmount::Counted(count) => Self::Count(count),
            LeftAmount::AtMost(most) => Self::AtMost(most),
            LeftAmount::Unknown => Self::Unknown,
        }
    }

    fn from_time(at: UtcTimestamp) -> Self {
        Self::Text(at.to_string())
    }
}

/// Table, with column names for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportTable {
    /// Names of the columns.
    pub columns: &'static [&'static str],
    /// Rows of the table.
    pub rows: Vec<Vec<ReportCell>>,
}

/// Number of rows or bytes that were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeftAmount {
    /// Exact number.
    Counted(u64),
    /// Upper bound: a crash has ended an answer, or one is still running.
    AtMost(u64),
    /// Unknown number.
    Unknown,
}

impl LeftAmount {
    /// Amount in the close, else the bound.
    fn new(counted: Option<u64>, most: Option<u64>) -> Self {
        match (counted, most) {
            (Some(count), _) => Self::Counted(count),
            (None, Some(most)) => Self::AtMost(most),
            (None, None) => Self::Unknown,
        }
    }

    fn add_amount(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Counted(one), Self::Counted(two)) => Self::Counted(one.saturating_add(two)),
            (Self::Counted(one) | Self::AtMost(one), Self::Counted(two) | Self::AtMost(two)) => {
                Self::AtMost(one.saturating_add(two))
            }
        }
    }
}

/// Rows and bytes that were sent in an answer.
fn left_amounts(question: &QueryEntry) -> [LeftAmount; 2] {
    let (end, bound) = (question.end.as_ref(), question.at_most);
    let rows = LeftAmount::new(end.and_then(|end| end.rows), bound.map(|bound| bound.rows));
    let bytes = LeftAmount::new(
        end.and_then(|end| end.bytes),
        bound.map(|bound| bound.bytes),
    );
    [rows, bytes]
}

/// Totals over answers. If the amount of one answer is unknown, the total is unknown.
#[derive(Debug, Clone, Copy)]
struct AnswerTotals {
    answers: u64,
    rows: LeftAmount,
    bytes: LeftAmount,
    first: UtcTimestamp,
    last: UtcTimestamp,
    /// Answers that were cut.
    cut: u64,
    /// Answers whose receipt the recipient has countersigned.
    acknowledged: u64,
}

impl AnswerTotals {
    fn of(question: &QueryEntry) -> Self {
        let [rows, bytes] = left_amounts(question);
        Self {
            answers: 1,
            rows,
            bytes,
            first: question.at,
            last: question.at,
            cut: u64::from(
                question
                    .end
                    .as_ref()
                    .is_some_and(|end| end.outcome == "cut"),
            ),
            acknowledged: u64::from(matches!(question.acknowledged, Some((_, true)))),
        }
    }

    fn add(&mut self, other: Self) {
        self.answers = self.answers.saturating_add(other.answers);
        self.rows = self.rows.add_amount(other.rows);
        self.bytes = self.bytes.add_amount(other.bytes);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.cut = self.cut.saturating_add(other.cut);
        self.acknowledged = self.acknowledged.saturating_add(other.acknowledged);
    }

    const fn to_receipt_cells(self) -> [ReportCell; 2] {
        [
            ReportCell::Count(self.cut),
            ReportCell::Count(self.acknowledged),
        ]
    }

    fn to_cells(self) -> [ReportCell; 5] {
        [
            ReportCell::Count(self.answers),
            ReportCell::from_amount(self.rows),
            ReportCell::from_amount(self.bytes),
            ReportCell::from_time(self.first),
            ReportCell::from_time(self.last),
        ]
    }
}

fn sum_by_key<K: Ord>(
    questions: impl Iterator<Item = (K, AnswerTotals)>,
) -> BTreeMap<K, AnswerTotals> {
    let mut sums: BTreeMap<K, AnswerTotals> = BTreeMap::new();
    for (key, sum) in questions {
        match sums.entry(key) {
            std::collections::btree_map::Entry::Occupied(mut there) => there.get_mut().add(sum),
            std::collections::btree_map::Entry::Vacant(free) => drop(free.insert(sum)),
        }
    }
    sums
}

/// Answers to other participants of which something was sent, or may have been.
fn disclosed_answers<'a>(
    history: &'a AuditHistory,
    own: &'a str,
) -> impl Iterator<Item = &'a QueryEntry> {
    let foreign = move |question: &&QueryEntry| question.peer != own && question.may_have_left();
    history.questions.iter().filter(foreign)
}

/// Columns of a table of answers.
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

fn answer_row(question: &QueryEntry) -> Vec<ReportCell> {
    let end = question.end.as_ref();
    let [rows, bytes] = left_amounts(question);
    let outcome = match (end, end.and_then(|end| end.code.as_deref())) {
        (None, _) => "open".to_owned(),
        (Some(end), None) => end.outcome.clone(),
        (Some(end), Some(code)) => format!("{}:{code}", end.outcome),
    };
    let word = match (&question.acknowledged, &question.program) {
        (None, Some(_)) => "one-sided",
        (None, None) => "no",
        (Some((_, true)), _) => "yes",
        (Some((_, false)), _) => "disputed",
    };
    vec![
        ReportCell::Text(question.request.clone()),
        ReportCell::Count(question.index),
        ReportCell::from_time(question.at),
        ReportCell::Text(question.peer.clone()),
        ReportCell::from_words(question.reads.iter().map(|read| &read.dataset)),
        ReportCell::from_words(
            question
                .reads
                .iter()
                .filter_map(|read| read.contract.as_ref()),
        ),
        ReportCell::from_amount(rows),
        ReportCell::from_amount(bytes),
        ReportCell::Text(outcome),
        ReportCell::Text(word.to_owned()),
    ]
}

/// Scope of a breach report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BreachScope {
    /// Affected contracts.
    pub contracts: BTreeSet<String>,
    /// SHA-256 of an affected certificate; answers over its connections count too.
    pub certificate: Option<String>,
    /// First instant.
    pub from: Option<UtcTimestamp>,
    /// First instant after the range.
    pub to: Option<UtcTimestamp>,
}

/// Disclosures in that time under the contracts or over connections with the certificate. An answer that began earlier counts if it
/// ended within the time or later.
#[must_use]
pub fn breach_table(history: &AuditHistory, own: &str, breach: &BreachScope) -> ReportTable {
    let touched = |question: &&QueryEntry| {
        let under = breach.contracts.iter().any(|id| question.is_under(id));
        let over = breach.certificate.is_some() && question.certificate == breach.certificate;
        let ended = question.end.as_ref().map(|end| end.at);
        (under || over)
            && breach.to.is_none_or(|to| question.at < to)
            && breach
                .from
                .is_none_or(|from| ended.is_none_or(|ended| ended >= from))
    };
    ReportTable {
        columns: &ANSWERS,
        rows: disclosed_answers(history, own)
            .filter(touched)
            .map(answer_row)
            .collect(),
    }
}

/// Recipients of `dataset`, with contracts and purposes.
#[must_use]
pub fn recipients_table(history: &AuditHistory, own: &str, dataset: &str) -> ReportTable {
    let reads = |question: &&QueryEntry| question.reads.iter().any(|read| read.dataset == dataset);
    let of = || disclosed_answers(history, own).filter(reads);
    let sums = sum_by_key(of().map(|question| (question.peer.clone(), AnswerTotals::of(question))));
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
            ReportCell::Text(peer.clone()),
            ReportCell::from_words(purposes),
            ReportCell::from_words(contracts),
        ];
        row.extend(sum.to_cells());
        row
    });
    ReportTable {
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

/// Retention periods of this participant, in words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RetentionPeriods {
    /// Period of records of single questions.
    pub decisions: String,
    /// Period of texts of questions.
    pub texts: String,
    /// Periods of old snapshots, by own dataset.
    pub snapshots: BTreeMap<String, String>,
}

/// Controller in a record of processing: whose record it is (Article 30(1)(a) of Regulation (EU) 2016/679).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ControllerDetails {
    /// Name and identity.
    pub name: String,
    /// Contact.
    pub contact: Option<String>,
    /// Representative in the Union.
    pub representative: Option<String>,
    /// Data protection officer.
    pub data_protection_officer: Option<String>,
}

/// Categories of data subjects and of personal data under one contract (Article 30(1)(c) of Regulation (EU) 2016/679).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DataCategories {
    /// Categories of data subjects.
    pub data_subjects: Option<String>,
    /// Personal columns that the contract shows.
    pub personal_data: Option<String>,
}

/// Context of processing from configuration and catalogue, beyond the log and the contracts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProcessingContext {
    /// Controller of the record.
    pub controller: ControllerDetails,
    /// Retention periods of this participant.
    pub times: RetentionPeriods,
    /// Categories under each contract over an own dataset with personal data.
    pub categories: BTreeMap<ContractId, DataCategories>,
}

/// Measures that protect the data of every contract.
pub const GENERAL_MEASURES: &str = "TLS 1.3 with certificates on both sides; signed contracts; each answer within the permitted view; a hash-chained log with signed heads";

/// Record of processing: controller, recipients, purposes, legal basis and periods of each contract (the fields of Article 30(1) of
/// Regulation (EU) 2016/679). A field without a value in contract, catalogue and configuration is shown as not stated.
#[must_use]
pub fn processing_table(
    history: &AuditHistory,
    own: &str,
    contracts: &[(ContractId, Agreement, ContractStatus)],
    context: &ProcessingContext,
) -> ReportTable {
    let ProcessingContext {
        controller,
        times,
        categories,
    } = context;
    let given = sum_by_key(disclosed_answers(history, own).flat_map(|question| {
        let contracts = question
            .reads
            .iter()
            .filter_map(|read| read.contract.clone());
        contracts.map(|contract| (contract, AnswerTotals::of(question)))
    }));
    let stated =
        |text: Option<String>| ReportCell::Text(text.unwrap_or_else(|| "not stated".to_owned()));
    let configured = |text: &Option<String>, key: &str| {
        let missing = || format!("not stated: set {key}");
        ReportCell::Text(text.clone().unwrap_or_else(missing))
    };
    let rows = contracts.iter().map(|(id, agreement, status)| {
        let role = if agreement.provider.id.as_str() == own {
            "provider"
        } else {
            "recipient"
        };
        let assignee = agreement.assignee_id();
        let dataset = agreement.dataset.id.to_string();
        let personal = history
            .published
            .iter()
            .rev()
            .find(|one| one.dataset == dataset);
        let sum = given.get(&id.to_string());
        let is_own = agreement.provider.id.as_str() == own;
        let about = categories.get(id);
        let is_personal = match (is_own, personal) {
            (true, Some(one)) => Some(one.personal),
            (true, None) | (false, _) => None,
        };
        let category = |text: Option<&String>, missing: &str| {
            ReportCell::Text(match (text, is_personal) {
                (Some(text), _) => text.clone(),
                (None, Some(false)) => "none".to_owned(),
                (None, _) if !is_own => {
                    "not stated here: the catalogue of the provider has the columns".to_owned()
                }
                (None, _) => format!("not stated: {missing}"),
            })
        };
        vec![
            ReportCell::Text(id.to_string()),
            ReportCell::Text(status.as_str().to_owned()),
            ReportCell::Text(role.to_owned()),
            ReportCell::Text(agreement.provider.id.to_string()),
            ReportCell::Text(assignee.map_or_else(
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
            stated(purposes_text(agreement)),
            stated(
                agreement
                    .legal
                    .as_ref()
                    .map(|legal| format!("{} sha256:{}", legal.text_ref, legal.text)),
            ),
            stated(retention_text(agreement)),
            ReportCell::from_time(agreement.not_before),
            ReportCell::from_time(agreement.not_after),
            ReportCell::Count(sum.map_or(0, |sum| sum.answers)),
            sum.map_or(ReportCell::Count(0), |sum| {
                ReportCell::from_amount(sum.rows)
            }),
            ReportCell::Text(times.decisions.clone()),
            ReportCell::Text(times.texts.clone()),
            ReportCell::Text(
                times
                    .snapshots
                    .get(&dataset)
                    .cloned()
                    .unwrap_or_else(|| "not held here".to_owned()),
            ),
            ReportCell::Text(controller.name.clone()),
            configured(&controller.contact, "[participant] contact"),
            ReportCell::Text(controller.representative.clone().unwrap_or_default()),
            configured(
                &controller.data_protection_officer,
                "[participant] data_protection_officer",
            ),
            match is_personal {
                Some(true) => ReportCell::Text("yes".to_owned()),
                Some(false) => ReportCell::Text("no".to_owned()),
                None => ReportCell::Unknown,
            },
            category(
                about.and_then(|about| about.data_subjects.as_ref()),
                "set [[dataset]] data_subjects",
            ),
            category(
                about.and_then(|about| about.personal_data.as_ref()),
                "no column is marked personal",
            ),
            stated(legal_basis(agreement)),
            ReportCell::Text(match is_own {
                true => third_country(agreement),
                false => "none by this contract: the data are received".to_owned(),
            }),
            ReportCell::Text(measures_text(agreement)),
        ]
    });
    ReportTable {
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
            "controller",
            "contact",
            "representative",
            "data_protection_officer",
            "personal",
            "data_subjects",
            "personal_data",
            "legal_basis",
            "third_country",
            "security_measures",
        ],
        rows: rows.collect(),
    }
}

fn purposes_text(agreement: &Agreement) -> Option<String> {
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

fn legal_basis(agreement: &Agreement) -> Option<String> {
    let mut clauses = agreement.clauses.iter();
    clauses.find_map(|clause| match &clause.term {
        Term::LegalBasis(basis) => Some(basis.as_str().to_owned()),
        _ => None,
    })
}

fn third_country(agreement: &Agreement) -> String {
    let mut clauses = agreement.clauses.iter();
    let region = clauses.find_map(|clause| match &clause.term {
        Term::Region(_) => Some(clause.term.to_english()),
        _ => None,
    });
    region.unwrap_or_else(|| "not stated: the contract has no clause on the region".to_owned())
}

/// General measures, and the executed clauses of this contract by their names.
fn measures_text(agreement: &Agreement) -> String {
    let executed = agreement
        .clauses
        .iter()
        .filter(|clause| !clause.term.is_recorded_only());
    let names: BTreeSet<&str> = executed.map(|clause| clause.term.spec().name).collect();
    let names: Vec<&str> = names.into_iter().collect();
    match names.is_empty() {
        true => GENERAL_MEASURES.to_owned(),
        false => format!("{GENERAL_MEASURES}; executed clauses: {}", names.join(", ")),
    }
}

fn retention_text(agreement: &Agreement) -> Option<String> {
    agreement
        .clauses
        .iter()
        .find_map(|clause| match &clause.term {
            Term::DeleteAfter { days } => Some(format!("deleted after {days} days")),
            _ => None,
        })
}
