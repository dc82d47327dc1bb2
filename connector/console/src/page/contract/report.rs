//! Objects of `hansa contract show --json`. A page reads a part of them, and ignores unknown members.

use crate::page::contract_list::ContractSummary;
use serde::Deserialize;

/// Object of `hansa contract show --json`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum ContractReport {
    /// Contract with both signatures.
    Contract(Box<ContractDetail>),
    /// Negotiation that is not concluded.
    Negotiation(Box<NegotiationDetail>),
}

impl ContractReport {
    /// Whole identity of the contract or of the negotiation.
    #[must_use]
    pub fn identity(&self) -> &str {
        match self {
            Self::Contract(detail) => &detail.summary.contract,
            Self::Negotiation(detail) => &detail.negotiation,
        }
    }
}

/// Contract with its page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ContractDetail {
    /// Parties, dataset, role and state.
    #[serde(flatten)]
    pub summary: ContractSummary,
    /// Clauses in words.
    #[serde(default)]
    pub terms: Vec<TermText>,
    /// Page that the signatures cover.
    #[serde(default)]
    pub shown: ShownPage,
    /// Text of the page.
    pub page: String,
    /// Lines of the page, in the order of the page.
    #[serde(default)]
    pub blocks: Vec<PageBlock>,
    /// Events, the first one first.
    #[serde(default)]
    pub timeline: Vec<TimelineEvent>,
    /// Withdrawal of the contract.
    #[serde(default)]
    pub withdrawal: Option<WithdrawalDetail>,
    /// Steps that need two officers.
    #[serde(default)]
    pub officers: Vec<OfficerApproval>,
    /// Steps that one officer has asked for and that were declined.
    #[serde(default)]
    pub declined_steps: Vec<DeclinedStep>,
    /// Signatures, checked now.
    #[serde(default)]
    pub signatures: Vec<SignatureCheck>,
    /// Use of the quotas.
    #[serde(default)]
    pub budgets: Vec<QuotaUse>,
    /// Prepaid amount.
    #[serde(default)]
    pub prepaid: Option<PrepaidBalance>,
    /// Statements of deletion that are owed to this participant.
    #[serde(default)]
    pub statements_owed: Option<OwedStatements>,
}

/// Negotiation with the page of its proposal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct NegotiationDetail {
    /// Identity of the negotiation.
    pub negotiation: String,
    /// Domain of the other participant, from the list.
    #[serde(default)]
    pub participant: Option<String>,
    /// Name of the dataset, from the list.
    #[serde(default)]
    pub dataset: Option<String>,
    /// Role of this participant, from the list.
    #[serde(default)]
    pub role: Option<String>,
    /// State, in the word of `hansa contract list`.
    pub state: String,
    /// Identity of the contract that the signatures would make.
    #[serde(default)]
    pub would_become: Option<String>,
    /// Side that makes the next step, in the words of `hansa contract list`.
    #[serde(default)]
    pub turn: Option<String>,
    /// Comments on clauses.
    #[serde(default)]
    pub comments: Vec<ClauseComment>,
    /// Clauses in words.
    #[serde(default)]
    pub terms: Vec<TermText>,
    /// Page that the signatures would cover.
    #[serde(default)]
    pub shown: ShownPage,
    /// Text of the page.
    pub page: String,
    /// Lines of the page, in the order of the page.
    #[serde(default)]
    pub blocks: Vec<PageBlock>,
    /// Events, the first one first.
    #[serde(default)]
    pub timeline: Vec<TimelineEvent>,
    /// Steps that need two officers.
    #[serde(default)]
    pub officers: Vec<OfficerApproval>,
    /// Steps that one officer has asked for and that were declined.
    #[serde(default)]
    pub declined_steps: Vec<DeclinedStep>,
    /// Differences from the proposal before, in English.
    #[serde(default)]
    pub diff: Option<String>,
}

/// Clause in English words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct TermText {
    /// Identity of the clause.
    pub clause: String,
    /// Term of the clause, by its name in the vocabulary, such as `purpose`.
    #[serde(default)]
    pub term: String,
    /// Sentence of the clause.
    pub text: String,
    /// `true` if the connector enforces the clause, `false` if the parties only agree on it.
    pub enforced: bool,
}

/// Page that is part of the signed content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ShownPage {
    /// Form of the page.
    pub form: String,
    /// Tag of its language.
    pub language: String,
    /// Time zone of its days.
    pub zone: String,
    /// Digest of its text.
    pub sha256: String,
}

/// Line of the page, with its place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PageBlock {
    /// Part of the page, such as `enforced`.
    pub part: String,
    /// Form: `heading`, `subheading`, `fact`, `clause`, `clause_note`, `item` or `note`.
    pub form: String,
    /// Name of a fact.
    pub name: Option<String>,
    /// Identity of a clause.
    pub clause: Option<String>,
    /// Text without the name.
    pub text: String,
}

/// Event of a contract or a negotiation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TimelineEvent {
    /// Instant of the event.
    pub at: String,
    /// Kind of the event.
    pub step: String,
    /// Domain of the participant.
    pub by: Option<String>,
    /// Pseudonym of an own person.
    pub pseudonym: Option<String>,
    /// Words of the author, or a detail.
    pub text: Option<String>,
}

/// Withdrawal with its reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct WithdrawalDetail {
    /// Domain of the participant that has withdrawn.
    pub by: String,
    /// Instant of the statement.
    pub at: String,
    /// Instant at which the withdrawal takes effect.
    pub from: String,
    /// Reason, in the words of this participant.
    pub reason: String,
}

/// Step that needs two officers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct OfficerApproval {
    /// Step, such as `sign`.
    pub action: String,
    /// Pseudonym of the officer who has asked for it.
    pub first: String,
    /// Pseudonym of the officer who has approved it.
    #[serde(default)]
    pub second: Option<String>,
    /// Reason of the first officer.
    #[serde(default)]
    pub reason: Option<String>,
    /// Instant at which the first officer has asked for it.
    #[serde(default)]
    pub at: String,
}

/// Step that one officer has asked for and that was declined.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct DeclinedStep {
    /// Step, such as `sign`.
    pub action: String,
    /// Pseudonym of the officer who has asked for it.
    pub first: String,
    /// Pseudonym of the officer who has declined it.
    pub declined: String,
    /// Reason of that.
    #[serde(default)]
    pub reason: Option<String>,
    /// Instant of the refusal.
    #[serde(default)]
    pub at: String,
}

/// Signature and the result of its check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct SignatureCheck {
    /// Role of the side that signs.
    pub role: String,
    /// Identity of the key.
    pub key: String,
    /// Algorithm of the signature.
    pub algorithm: String,
    /// Seconds since 1970, by the clock of the side that signs.
    pub issued_at: i64,
    /// Organisation of the seal.
    #[serde(default)]
    pub sealed_for: Option<String>,
    /// `true` if the signature holds.
    pub valid: bool,
    /// Fault of the signature, in English.
    #[serde(default)]
    pub fault: Option<String>,
}

/// Use of a quota in its current period.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct QuotaUse {
    /// Identity of the clause.
    pub clause: String,
    /// Unit: `questions`, `rows` or `bytes`.
    pub what: String,
    /// Amount that is used.
    pub used: u64,
    /// Amount of the quota.
    pub of: u64,
    /// Amount that is left.
    #[serde(default)]
    pub left: u64,
    /// End of the period.
    pub until: String,
    /// Source of the amount: `counters` or `receipts`.
    #[serde(default)]
    pub by: String,
}

/// Amount that was paid beforehand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct PrepaidBalance {
    /// Currency.
    pub currency: String,
    /// Amount that was paid.
    pub paid: String,
    /// Amount that is spent.
    pub spent: String,
}

/// Statements of deletion that are owed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct OwedStatements {
    /// Number of statements.
    pub count: u64,
    /// Instant at which the first is due.
    #[serde(default)]
    pub first_due: Option<String>,
}

/// Comment on a clause.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ClauseComment {
    /// Identity of the clause.
    pub clause: String,
    /// Domain of the author.
    pub participant: String,
    /// Instant at which the comment came.
    pub at: String,
    /// Text of the author.
    pub text: String,
    /// `true` if its signature holds.
    pub valid: bool,
}
