//! Reconciliation of two participants' logs: the records of each side about the same answers.

use crate::answer_bound::AnswerBound;
use std::collections::{BTreeMap, BTreeSet};

#[cfg(test)]
mod tests;

/// Summary of one answer by one side's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerSummary {
    /// Identity of the request, which is equal on both sides.
    pub request_id: String,
    /// Contract or contracts.
    pub contract: String,
    /// Number of rows, sent or received.
    pub rows: u64,
    /// Number of bytes, sent or received.
    pub bytes: u64,
    /// Digest of the sent or received content.
    pub digest: String,
    /// Outcome of the answer.
    pub outcome: String,
    /// Largest amount that may have been sent, by records from before the sending. Used only where no exact count is known.
    pub at_most: Option<AnswerBound>,
    /// True if this side has the receipt. The provider has made it; the consumer may have been cut off before it arrived.
    pub receipt: bool,
    /// True if this side has the acknowledgement: given by the consumer, received by the provider.
    pub acknowledged: bool,
    /// True if a program without a connector received the answer, so that the consumer has no log of it.
    pub one_sided: bool,
}

/// Outcome of an answer that its provider closed at its next start after a crash. Rows and bytes were not counted.
pub const CLOSED_AFTER_CRASH: &str = "cut:INTERRUPTED";

/// Outcome of an answer that the consumer did not take to its end, so that it has no receipt.
pub const NOT_TAKEN: &str = "not_received";

impl AnswerSummary {
    fn is_taken(&self) -> bool {
        self.outcome != NOT_TAKEN
    }

    /// True if the provider's log has only a bound of the answer: the process crashed, or the answer is still running.
    #[must_use]
    pub fn is_uncounted(&self) -> bool {
        matches!(self.outcome.as_str(), CLOSED_AFTER_CRASH | OPEN) && self.digest.is_empty()
    }

    /// True if the connection broke during the answer, so that this side has a part of it and no receipt.
    fn is_cut_off(&self) -> bool {
        !self.receipt && self.outcome.starts_with("failed")
    }
}

/// Outcome of an answer that its provider has not closed.
pub const OPEN: &str = "open";

/// Side of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AnswerSide {
    /// Participant that sent the answer.
    Provider,
    /// Participant that received the answer.
    Consumer,
}

/// Result of the comparison of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReconciliationFinding {
    /// Both sides agree and have the acknowledgement.
    Matched,
    /// Both sides agree; the acknowledgement is missing on one side or both.
    Unacknowledged {
        /// True if the provider has the acknowledgement.
        provider: bool,
        /// True if the consumer gave the acknowledgement.
        consumer: bool,
    },
    /// The two sides differ.
    Mismatch(Vec<FieldDifference>),
    /// The consumer's log has no entry.
    ProviderOnly {
        /// True if anything was sent.
        sent: bool,
    },
    /// The consumer's log states that the consumer asked and stopped before the end: it had enough rows, or was interrupted. Only
    /// the provider's log has the sent amount.
    NotTaken,
    /// A program of the consumer without a connector received the answer, as the contract permits. Only the provider's log has an
    /// entry.
    OneSided,
    /// The connection broke before the receipt arrived. The consumer's log has at most the amount that the provider's log has. It
    /// may be all rows, if the connection broke directly after them.
    CutOff,
    /// The provider's process crashed during the answer. Its log has a bound, and the consumer's received amount is within it.
    Interrupted,
    /// The provider's log has no entry. This is serious: the provider answered without a record or has lost one.
    ConsumerOnly,
    /// One side's log has several entries.
    Repeated(AnswerSide),
}

impl ReconciliationFinding {
    /// Word for tables.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Unacknowledged { .. } => "unacknowledged",
            Self::Mismatch(_) => "mismatch",
            Self::ProviderOnly { .. } => "provider only",
            Self::NotTaken => "not taken",
            Self::OneSided => "one-sided",
            Self::CutOff => "cut off",
            Self::Interrupted => "interrupted",
            Self::ConsumerOnly => "consumer only",
            Self::Repeated(_) => "repeated",
        }
    }

    /// True if no action is needed: an acknowledgement may be in transit, and an answer that was not sent can't arrive.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        match self {
            Self::Matched
            | Self::Unacknowledged { .. }
            | Self::NotTaken
            | Self::OneSided
            | Self::CutOff
            | Self::Interrupted
            | Self::ProviderOnly { sent: false } => true,
            Self::Mismatch(_)
            | Self::ProviderOnly { sent: true }
            | Self::ConsumerOnly
            | Self::Repeated(_) => false,
        }
    }
}

/// Field in which the two sides differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDifference {
    /// Name of the field.
    pub field: &'static str,
    /// Value in the provider's log.
    pub provider: String,
    /// Value in the consumer's log.
    pub consumer: String,
}

/// Comparison of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedAnswer {
    /// Identity of the request.
    pub request_id: String,
    /// Summary by the provider's log, if it has an entry.
    pub provider: Option<AnswerSummary>,
    /// Summary by the consumer's log, if it has an entry.
    pub consumer: Option<AnswerSummary>,
    /// Result of the comparison.
    pub finding: ReconciliationFinding,
}

/// Totals of one side's log under one contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ContractTotals {
    /// Number of answers.
    pub answers: u64,
    /// Number of rows.
    pub rows: u64,
    /// Number of bytes.
    pub bytes: u64,
    /// Number of answers without exact counts in the provider's log, after a crash.
    pub uncounted: u64,
    /// Largest number of rows that these answers may have sent.
    pub uncounted_rows: u64,
    /// Largest number of bytes that these answers may have sent.
    pub uncounted_bytes: u64,
}

/// Comparison of two logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// All requests of both sides, in the order of their identities.
    pub requests: Vec<ComparedAnswer>,
    /// Totals by contract: the provider's and the consumer's.
    pub totals: BTreeMap<String, (ContractTotals, ContractTotals)>,
}

impl Reconciliation {
    /// True if the two logs agree.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.requests
            .iter()
            .all(|compared| compared.finding.is_clean())
    }
}

/// Compares the provider's with the consumer's summaries.
#[must_use]
pub fn reconcile_answers(provider: &[AnswerSummary], consumer: &[AnswerSummary]) -> Reconciliation {
    let (sent, received) = (by_request(provider), by_request(consumer));
    // A question that never arrived has no answer to compare.
    let arrived = received
        .iter()
        .filter(|(_, lines)| lines.iter().any(|line| line.is_taken()))
        .map(|(name, _)| name);
    let names: BTreeSet<&str> = sent.keys().chain(arrived).copied().collect();
    let requests = names
        .into_iter()
        .map(|name| {
            let none = Vec::new();
            let provider = sent.get(name).unwrap_or(&none);
            let consumer = received.get(name).unwrap_or(&none);
            ComparedAnswer {
                request_id: name.to_owned(),
                finding: compare_answers(provider, consumer),
                provider: provider.first().copied().cloned(),
                consumer: consumer.first().copied().cloned(),
            }
        })
        .collect();
    let mut totals: BTreeMap<String, (ContractTotals, ContractTotals)> = BTreeMap::new();
    // One-sided answers have no counterpart.
    for line in provider.iter().filter(|line| !line.one_sided) {
        totals.entry(line.contract.clone()).or_default().0.add(line);
    }
    for line in consumer.iter().filter(|line| line.is_taken()) {
        totals.entry(line.contract.clone()).or_default().1.add(line);
    }
    Reconciliation { requests, totals }
}

fn by_request(lines: &[AnswerSummary]) -> BTreeMap<&str, Vec<&AnswerSummary>> {
    let mut by_request: BTreeMap<&str, Vec<&AnswerSummary>> = BTreeMap::new();
    for line in lines {
        by_request.entry(&line.request_id).or_default().push(line);
    }
    by_request
}

fn compare_answers(
    provider: &[&AnswerSummary],
    consumer: &[&AnswerSummary],
) -> ReconciliationFinding {
    match (provider, consumer) {
        ([_, _, ..], _) => ReconciliationFinding::Repeated(AnswerSide::Provider),
        (_, [_, _, ..]) => ReconciliationFinding::Repeated(AnswerSide::Consumer),
        ([_], [received]) if !received.is_taken() => ReconciliationFinding::NotTaken,
        ([sent], [received]) => compare_one(sent, received),
        ([], _) => ReconciliationFinding::ConsumerOnly,
        ([sent], []) if sent.one_sided => ReconciliationFinding::OneSided,
        ([sent], []) => ReconciliationFinding::ProviderOnly {
            sent: sent.rows > 0 || sent.bytes > 0,
        },
    }
}

fn compare_one(sent: &AnswerSummary, received: &AnswerSummary) -> ReconciliationFinding {
    // Destructured completely, so that a new field can't be forgotten.
    let AnswerSummary {
        request_id: _,
        contract,
        rows,
        bytes,
        digest,
        outcome,
        at_most,
        receipt: _,
        acknowledged,
        // It does no harm if the consumer's connector has the answer too.
        one_sided: _,
    } = sent;
    let is_part = received.is_cut_off() && received.contract == *contract && !acknowledged;
    let (is_within, finding, [rows, bytes]) = match (sent.is_uncounted(), at_most) {
        (false, _) => (
            received.rows <= *rows && received.bytes <= *bytes,
            ReconciliationFinding::CutOff,
            [rows, bytes].map(ToString::to_string),
        ),
        (true, Some(bound)) => (
            bound.holds(received.rows, received.bytes),
            ReconciliationFinding::Interrupted,
            [bound.rows, bound.bytes].map(|most| format!("at most {most}")),
        ),
        // Each permit has a bound.
        (true, None) => (
            false,
            ReconciliationFinding::Interrupted,
            ["unknown", "unknown"].map(str::to_owned),
        ),
    };
    if is_part && is_within {
        return finding;
    }
    let fields = [
        ("contract", contract.clone(), received.contract.clone()),
        ("rows", rows, received.rows.to_string()),
        ("bytes", bytes, received.bytes.to_string()),
        ("digest", digest.clone(), received.digest.clone()),
        ("outcome", outcome.clone(), received.outcome.clone()),
    ];
    let differences: Vec<FieldDifference> = fields
        .into_iter()
        .filter(|(_, provider, consumer)| provider != consumer)
        .map(|(field, provider, consumer)| FieldDifference {
            field,
            provider,
            consumer,
        })
        .collect();
    match (acknowledged, received.acknowledged) {
        _ if !differences.is_empty() => ReconciliationFinding::Mismatch(differences),
        (true, true) => ReconciliationFinding::Matched,
        (provider, consumer) => ReconciliationFinding::Unacknowledged {
            provider: *provider,
            consumer,
        },
    }
}

impl ContractTotals {
    fn add(&mut self, line: &AnswerSummary) {
        self.answers = self.answers.saturating_add(1);
        self.rows = self.rows.saturating_add(line.rows);
        self.bytes = self.bytes.saturating_add(line.bytes);
        if let Some(bound) = line.at_most.filter(|_| line.is_uncounted()) {
            self.uncounted = self.uncounted.saturating_add(1);
            self.uncounted_rows = self.uncounted_rows.saturating_add(bound.rows);
            self.uncounted_bytes = self.uncounted_bytes.saturating_add(bound.bytes);
        }
    }
}
