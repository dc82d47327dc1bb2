//! Two participants' views of the same answers, laid side by side: what each side's log says of each request.

use crate::answer_bound::AnswerBound;
use std::collections::{BTreeMap, BTreeSet};

#[cfg(test)]
mod tests;

/// What one side's log says of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerSummary {
    /// The request, which both sides name alike.
    pub request_id: String,
    /// The contract or contracts.
    pub contract: String,
    /// Rows sent or received.
    pub rows: u64,
    /// Bytes sent or received.
    pub bytes: u64,
    /// The digest over what was sent or received.
    pub digest: String,
    /// How it ended.
    pub outcome: String,
    /// The most that may have been sent, as records say from before it left. It counts while nothing else tells.
    pub at_most: Option<AnswerBound>,
    /// Whether this side holds the receipt: who sent has made it, who received may have been cut off before it came.
    pub receipt: bool,
    /// Whether this side holds the acknowledgement: given by the consumer, received by the provider.
    pub acknowledged: bool,
    /// Whether a program took it that has no connector, so that no log of the consumer tells of it.
    pub one_sided: bool,
}

/// The outcome of an answer that its provider closed at its next start, since its process ended in the middle. It has counted nothing.
pub const CLOSED_AFTER_CRASH: &str = "cut:INTERRUPTED";

/// The outcome of a line that says that the consumer did not take the answer to its end, so that it holds no receipt.
pub const NOT_TAKEN: &str = "not_received";

impl AnswerSummary {
    fn is_taken(&self) -> bool {
        self.outcome != NOT_TAKEN
    }

    /// Says whether the provider's log tells only how much of the answer left at most: its process ended in the middle, or the
    /// answer runs.
    #[must_use]
    pub fn is_uncounted(&self) -> bool {
        matches!(self.outcome.as_str(), CLOSED_AFTER_CRASH | OPEN) && self.digest.is_empty()
    }

    /// Whether the connection broke under the answer, so that this side has a part of it and no receipt.
    fn is_cut_off(&self) -> bool {
        !self.receipt && self.outcome.starts_with("failed")
    }
}

/// The outcome of an answer that its provider has not closed.
pub const OPEN: &str = "open";

/// Which side of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AnswerSide {
    /// Who sent.
    Provider,
    /// Who received.
    Consumer,
}

/// How the two views of one request compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReconciliationFinding {
    /// Both say the same, and both hold the acknowledgement.
    Matched,
    /// Both say the same; the acknowledgement is not with both.
    Unacknowledged {
        /// Whether the provider holds it.
        provider: bool,
        /// Whether the consumer gave it.
        consumer: bool,
    },
    /// The two sides differ.
    Mismatch(Vec<FieldDifference>),
    /// The consumer's log lacks it.
    ProviderOnly {
        /// Whether anything was sent.
        sent: bool,
    },
    /// The consumer's log says that it asked, and that it did not take the answer to its end: it had seen enough, or was
    /// interrupted. What was sent stands in the provider's log alone.
    NotTaken,
    /// A program of the consumer took it, without a connector: the provider's log alone tells of it, as the contract permits.
    OneSided,
    /// The connection broke before the receipt came: the consumer's log has no more than what the provider's says that it sent. It
    /// may be all rows, where the provider was killed or the line fell right behind them.
    CutOff,
    /// The process of the provider ended in the middle. Its log says how much left at most, the consumer's how much came, and
    /// that lies within.
    Interrupted,
    /// The provider's log lacks it: serious, since the provider answered outside its log or has lost a record.
    ConsumerOnly,
    /// One side's log has it more than once.
    Repeated(AnswerSide),
}

impl ReconciliationFinding {
    /// One word for tables.
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

    /// Whether it needs nobody's attention: an acknowledgement may be on its way, and what was not sent can't arrive.
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

/// A field in which the two sides differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDifference {
    /// Its name.
    pub field: &'static str,
    /// What the provider's log says.
    pub provider: String,
    /// What the consumer's log says.
    pub consumer: String,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedAnswer {
    /// The request.
    pub request_id: String,
    /// What the provider's log says, if it says anything.
    pub provider: Option<AnswerSummary>,
    /// What the consumer's log says, if it says anything.
    pub consumer: Option<AnswerSummary>,
    /// How they compare.
    pub finding: ReconciliationFinding,
}

/// Sums under one contract, as each side's log has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ContractTotals {
    /// Answers.
    pub answers: u64,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// Answers whose rows and bytes the provider's log does not say, since its process ended in the middle.
    pub uncounted: u64,
    /// Rows that may have left of these at most.
    pub uncounted_rows: u64,
    /// Bytes that may have left of these at most.
    pub uncounted_bytes: u64,
}

/// Both logs side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// Every request of either side, in the order of their names.
    pub requests: Vec<ComparedAnswer>,
    /// Sums by contract: the provider's, the consumer's.
    pub totals: BTreeMap<String, (ContractTotals, ContractTotals)>,
}

impl Reconciliation {
    /// Whether the two logs agree.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.requests
            .iter()
            .all(|compared| compared.finding.is_clean())
    }
}

/// Lays what the provider's log says beside what the consumer's log says.
#[must_use]
pub fn reconcile(provider: &[AnswerSummary], consumer: &[AnswerSummary]) -> Reconciliation {
    let (sent, received) = (by_request(provider), by_request(consumer));
    // A question that never arrived has no answer that could be compared.
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
                finding: compare(provider, consumer),
                provider: provider.first().copied().cloned(),
                consumer: consumer.first().copied().cloned(),
            }
        })
        .collect();
    let mut totals: BTreeMap<String, (ContractTotals, ContractTotals)> = BTreeMap::new();
    // What no other log can tell of is compared with nothing.
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

fn compare(provider: &[&AnswerSummary], consumer: &[&AnswerSummary]) -> ReconciliationFinding {
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
    // Taken apart completely, so that a new field is compared too.
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
        // That the consumer's connector has it does no harm.
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
        // Each permit names a bound.
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
