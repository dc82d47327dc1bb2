//! What the index holds, as it is written and read again.

use hansa_audit_log::answer_bound::AnswerBound;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ContractId, DatasetId, ParticipantId, RequestId};
use hansa_policy::money::MoneyAmount;

/// An answer that was opened and never closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAnswerRow {
    /// The question.
    pub request: String,
    /// The record that opened it.
    pub opened: u64,
    /// The most that may have left of it.
    pub bound: Option<AnswerBound>,
}

/// The newest head that a peer has shown of its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerHeadRow {
    /// The peer.
    pub peer: ParticipantId,
    /// The signed head.
    pub note: String,
    /// It has proven that it goes on from those before.
    pub proven: bool,
}

/// A head of a log that somebody has shown or passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GossipedHeadRow {
    /// Whose log.
    pub peer: ParticipantId,
    /// Who has passed it on, or the owner.
    pub via: ParticipantId,
    /// The signed head.
    pub note: String,
    /// The owner has proven that it is of the history that it shows to us.
    pub proven: bool,
}

/// The newest head of the own log that a peer has cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessedHeadRow {
    /// The peer.
    pub peer: ParticipantId,
    /// How many records the head covers.
    pub size: u64,
    /// The record that holds it.
    pub record: u64,
}

/// An incident of a log that its owner has stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentRow {
    /// The record that holds the statement.
    pub record: u64,
    /// Whose log.
    pub peer: ParticipantId,
    /// Why, in one word.
    pub cause: String,
    /// The digest of the signed statement, which is the name of its file.
    pub statement: String,
    /// When it was recorded.
    pub at: UtcTimestamp,
    /// Where the log went on in two places: so many records are common, and the largest head that no longer counts.
    pub fork: Option<(u64, u64)>,
    /// How many permits stand behind the withdrawal of their contract.
    pub late: u64,
}

/// A message as the log names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerMessageRow {
    /// The other participant.
    pub peer: ParticipantId,
    /// Whether it came in.
    pub incoming: bool,
    /// Its identity.
    pub id: String,
    /// What kind it is, such as `request`.
    pub kind: String,
    /// The negotiation that it belongs to.
    pub negotiation: Option<String>,
    /// Digest of its bytes, which is the name of its file.
    pub digest: String,
    /// Its record.
    pub record: u64,
    /// When it was recorded.
    pub at: UtcTimestamp,
}

/// A message that waits to be carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxMessageRow {
    /// Its place in the outbox.
    pub number: u64,
    /// Digest of its bytes, which is the name of its file, if it has one.
    pub digest: Digest,
    /// The answer whose receipt it carries, from which it can be made again.
    pub acknowledged_request: Option<RequestId>,
}

/// A negotiation as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiationRow {
    /// `n-…`
    pub id: String,
    /// The other participant.
    pub peer: ParticipantId,
    /// Our side: `provider` or `consumer`.
    pub role: String,
    /// The dataset.
    pub dataset: String,
    /// The protocol's state, such as `REQUESTED`.
    pub state: String,
    /// The contract that its newest terms would become, or have become.
    pub contract: Option<ContractId>,
    /// The contract for which our signature was given beforehand.
    pub beforehand: Option<ContractId>,
    /// Why it was terminated.
    pub reason: Option<String>,
    /// When it last changed.
    pub updated: UtcTimestamp,
    /// The title of the offer that it began with, as far as that was known.
    pub title: Option<String>,
}

/// What an officer has asked for that needs two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingApprovalRow {
    /// The contract, or what would become it.
    pub contract: ContractId,
    /// `sign` or `withdraw`.
    pub action: String,
    /// Who asked, under a pseudonym.
    pub first: String,
    /// Who approved.
    pub second: Option<String>,
    /// Why, where the first one said so: the digest of what is kept beside the log.
    pub reason: Option<String>,
    /// When it was asked for.
    pub at: UtcTimestamp,
}

/// Something that happened under a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractEventRow {
    /// What, such as `first-use` or `refusal:2026-06-01`.
    pub topic: String,
    /// More of it, such as a code.
    pub detail: String,
    /// When.
    pub at: UtcTimestamp,
}

/// What came of telling people that a contract ends, or of something that happened under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeDeliveryRow {
    /// The contract.
    pub contract: ContractId,
    /// Of what: the number of days before its end, or the topic of an event.
    pub topic: String,
    /// Over what: `folder`, `webhook`, `mail` or, to the other party, `post`.
    pub channel: String,
    /// Whether it has arrived.
    pub delivered: bool,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it failed the last time.
    pub reason: Option<String>,
    /// When it was tried last.
    pub at: UtcTimestamp,
}

/// So much of a dataset, as quotas count it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaSpending {
    /// The dataset.
    pub dataset: DatasetId,
    /// `queries`, `rows` or `bytes`.
    pub counts: String,
    /// The piece of time that it counts for, by its start.
    pub at: UtcTimestamp,
    /// How much.
    pub amount: u64,
}

/// What was paid beforehand beside the contract, and what was spent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BalanceRow {
    /// What was spent.
    pub spent: MoneyAmount,
    /// What was paid beside what the contract says.
    pub topped: MoneyAmount,
    /// The months that were charged.
    pub months: u64,
}

impl BalanceRow {
    /// What is left, where the contract says that so much was paid.
    #[must_use]
    pub const fn left(&self, paid: MoneyAmount) -> MoneyAmount {
        paid.plus(self.topped).less(self.spent)
    }
}

/// What was charged for something of which so many were taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeRow {
    /// The first version of the contract.
    pub contract: String,
    /// For what: `query`, `row`, `MB` (then it counts bytes) or `month`.
    pub per: String,
    /// What one costs.
    pub each: MoneyAmount,
    /// How many.
    pub count: u64,
}

/// What was answered under a contract in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthlyUsageRow {
    /// The month (UTC), such as 2026-06.
    pub month: String,
    /// Questions that were answered.
    pub questions: u64,
    /// Rows that were sent.
    pub rows: u64,
    /// Bytes that were sent.
    pub bytes: u64,
}

/// A receipt, or what is known of an answer that has none yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptRow {
    /// The question.
    pub request: String,
    /// The other participant.
    pub peer: ParticipantId,
    /// Our side: `provider` or `consumer`.
    pub role: String,
    /// The contract; several are separated by spaces.
    pub contract: String,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// Digest of the frames.
    pub digest: String,
    /// How it ended.
    pub outcome: String,
    /// `issued`, `acknowledged`, `disputed`, or `one_sided` where nobody countersigns.
    pub state: String,
    /// When.
    pub at: UtcTimestamp,
    /// Digest of the signed receipt, which is the name of its file.
    pub file: Option<String>,
}

impl ReceiptRow {
    /// The state of a receipt that nobody has said a word on yet.
    pub const ISSUED: &str = "issued";
}

/// What was received within a time, by receipts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReceivedTotals {
    /// Questions that were answered.
    pub questions: u64,
    /// Rows.
    pub rows: u64,
    /// Bytes of payload.
    pub bytes: u64,
}
