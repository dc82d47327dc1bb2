//! Rows of the index.

use hansa_audit_log::answer_bound::AnswerBound;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ContractId, DatasetId, ParticipantId, RequestId};
use hansa_policy::money::MoneyAmount;

/// Answer without a close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAnswerRow {
    /// Identity of the question.
    pub request: String,
    /// Place of the opening record.
    pub opened: u64,
    /// Bound of the answer.
    pub bound: Option<AnswerBound>,
}

/// Passkey of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyRow {
    /// SHA-256 of the public key, in hexadecimal digits.
    pub key: String,
    /// Pseudonym of the person who added it.
    pub actor: String,
    /// SubjectPublicKeyInfo in base64url.
    pub public_key: String,
    /// Identity at the authenticator, in base64url.
    pub credential: String,
    /// Host of the console for which it was made.
    pub party: String,
    /// Counter of its last answer; 0 where it counts nothing.
    pub counter: u32,
    /// Time of the record that added it.
    pub added: UtcTimestamp,
}

/// Answer that a record opens.
#[derive(Debug, Clone, Copy)]
pub struct OpenedAnswer<'a> {
    /// Place of the record.
    pub record: u64,
    /// Identity of the question.
    pub request: &'a str,
    /// Participant that asked.
    pub peer: &'a str,
    /// Contracts, separated by spaces.
    pub contracts: &'a str,
    /// State of the receipt after the close: `issued`, or `one_sided` without countersignature.
    pub receipt: &'a str,
    /// Time of the record.
    pub at: UtcTimestamp,
}

/// Contract on a dataset that comes into force.
#[derive(Debug, Clone, Copy)]
pub struct ActivatedContract<'a> {
    /// Identity of the contract.
    pub contract: ContractId,
    /// Dataset of the contract.
    pub dataset: &'a DatasetId,
    /// First instant of the contract.
    pub begins: UtcTimestamp,
    /// Instant from which the contract is not in force any longer.
    pub ends: UtcTimestamp,
}

/// Head of another log, shown by its owner or passed on.
#[derive(Debug, Clone, Copy)]
pub struct PeerHead<'a> {
    /// Owner of the log.
    pub peer: &'a ParticipantId,
    /// Participant that passed it on, or the owner.
    pub via: &'a ParticipantId,
    /// Number of records under the head.
    pub size: u64,
    /// Signed head.
    pub note: &'a str,
    /// True if the owner has proven that it belongs to the history that it shows.
    pub proven: bool,
}

/// Newest head that a peer has shown of its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerHeadRow {
    /// Owner of the log.
    pub peer: ParticipantId,
    /// Signed head.
    pub note: String,
    /// True if the peer has proven that it continues the earlier heads.
    pub proven: bool,
}

/// Head of a log that another participant has shown or passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GossipedHeadRow {
    /// Owner of the log.
    pub peer: ParticipantId,
    /// Participant that passed it on, or the owner.
    pub via: ParticipantId,
    /// Signed head.
    pub note: String,
    /// True if the owner has proven that it belongs to the history that it shows.
    pub proven: bool,
}

/// Newest head of the own log that a peer has cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessedHeadRow {
    /// Cosigning peer.
    pub peer: ParticipantId,
    /// Number of records under the head.
    pub size: u64,
    /// Place of the record that contains the head.
    pub record: u64,
}

/// Incident of a log, as stated by its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentRow {
    /// Place of the record that contains the statement.
    pub record: u64,
    /// Owner of the log.
    pub peer: ParticipantId,
    /// Word of the cause.
    pub cause: String,
    /// Digest of the signed statement, which is the name of its file.
    pub statement: String,
    /// Time of the record.
    pub at: UtcTimestamp,
    /// Fork: number of common records, and size of the largest head that no longer counts.
    pub fork: Option<(u64, u64)>,
    /// Number of permits after the withdrawal of their contract.
    pub late: u64,
}

/// Message as named in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerMessageRow {
    /// Other participant.
    pub peer: ParticipantId,
    /// True for a received message.
    pub incoming: bool,
    /// Identity of the message.
    pub id: String,
    /// Kind of the message, such as `request`.
    pub kind: String,
    /// Negotiation of the message.
    pub negotiation: Option<String>,
    /// Digest of its bytes, which is the name of its file.
    pub digest: String,
    /// Place of its record.
    pub record: u64,
    /// Time of its record.
    pub at: UtcTimestamp,
}

/// Message that waits in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxMessageRow {
    /// Number in the outbox.
    pub number: u64,
    /// Digest of its bytes, which is the name of its file, if it has one.
    pub digest: Digest,
    /// Answer whose receipt the message carries; the message can be rebuilt from it.
    pub acknowledged_request: Option<RequestId>,
}

/// State of a negotiation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiationRow {
    /// Identifier `n-…`.
    pub id: String,
    /// Other participant.
    pub peer: ParticipantId,
    /// Own role: `provider` or `consumer`.
    pub role: String,
    /// Dataset of the negotiation.
    pub dataset: String,
    /// State in the protocol, such as `REQUESTED`.
    pub state: String,
    /// Identity of the contract with the newest terms, proposed or concluded.
    pub contract: Option<ContractId>,
    /// Contract that the officer has agreed in advance to sign.
    pub beforehand: Option<ContractId>,
    /// Reason of the termination.
    pub reason: Option<String>,
    /// Time of the last change.
    pub updated: UtcTimestamp,
    /// Title of the first offer, where known.
    pub title: Option<String>,
}

/// Officer's request that needs a second officer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingApprovalRow {
    /// Identity of the contract, proposed or concluded.
    pub contract: ContractId,
    /// Action: `sign` or `withdraw`.
    pub action: String,
    /// Pseudonym of the officer who asked.
    pub first: String,
    /// Pseudonym of the officer who approved.
    pub second: Option<String>,
    /// Digest of the reason, which is stored beside the log.
    pub reason: Option<String>,
    /// Time of the request.
    pub at: UtcTimestamp,
}

/// Officer's request that another officer, or the same one, has declined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclinedApprovalRow {
    /// Identity of the contract or the change.
    pub contract: ContractId,
    /// Action, as in [`PendingApprovalRow`].
    pub action: String,
    /// Pseudonym of the officer who asked.
    pub first: String,
    /// Pseudonym of the officer who declined.
    pub declined: String,
    /// Digest of the reason of the officer who declined.
    pub reason: Option<String>,
    /// Time of the refusal.
    pub at: UtcTimestamp,
}

/// Event under a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractEventRow {
    /// Topic, such as `first-use` or `refusal:2026-06-01`.
    pub topic: String,
    /// Detail, such as a code.
    pub detail: String,
    /// Time of the event.
    pub at: UtcTimestamp,
}

/// Result of a notice that a contract ends, or of an event under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeDeliveryRow {
    /// Identity of the contract.
    pub contract: ContractId,
    /// Topic: the number of days before the end, or the topic of an event.
    pub topic: String,
    /// Channel: `folder`, `webhook`, `mail` or, to the other party, `post`.
    pub channel: String,
    /// True if the notice was delivered.
    pub delivered: bool,
    /// Number of attempts.
    pub attempts: u32,
    /// Reason of the last failure.
    pub reason: Option<String>,
    /// Time of the last attempt.
    pub at: UtcTimestamp,
}

/// Used amount of a dataset, as counted for quotas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaSpending {
    /// Dataset of the quota.
    pub dataset: DatasetId,
    /// Counted quantity: `queries`, `rows` or `bytes`.
    pub counts: String,
    /// Start of the slot.
    pub at: UtcTimestamp,
    /// Used amount.
    pub amount: u64,
}

/// Prepaid amounts in addition to the contract, and spent amounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BalanceRow {
    /// Spent amount.
    pub spent: MoneyAmount,
    /// Prepaid amount in addition to that in the contract.
    pub topped: MoneyAmount,
    /// Number of charged months.
    pub months: u64,
}

impl BalanceRow {
    /// Remaining amount, where the contract states this prepaid amount.
    #[must_use]
    pub const fn remaining_amount(&self, paid: MoneyAmount) -> MoneyAmount {
        paid.saturating_add(self.topped).saturating_sub(self.spent)
    }
}

/// Charge for a number of units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeRow {
    /// First version of the contract.
    pub contract: String,
    /// Unit: `query`, `row`, `MB` (then `count` is in bytes) or `month`.
    pub per: String,
    /// Price of one unit.
    pub each: MoneyAmount,
    /// Number of units.
    pub count: u64,
}

/// Use under a contract in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthlyUsageRow {
    /// Month (UTC), such as 2026-06.
    pub month: String,
    /// Number of answered questions.
    pub questions: u64,
    /// Number of sent rows.
    pub rows: u64,
    /// Number of sent bytes.
    pub bytes: u64,
}

/// Receipt, or the known facts of an answer without a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptRow {
    /// Identity of the question.
    pub request: String,
    /// Other participant.
    pub peer: ParticipantId,
    /// Own role: `provider` or `consumer`.
    pub role: String,
    /// Contract; several are separated by spaces.
    pub contract: String,
    /// Number of rows.
    pub rows: u64,
    /// Number of bytes.
    pub bytes: u64,
    /// Digest of the frames.
    pub digest: String,
    /// Outcome of the answer.
    pub outcome: String,
    /// State: `issued`, `acknowledged`, `disputed`, or `one_sided` without countersignature.
    pub state: String,
    /// Time of the receipt.
    pub at: UtcTimestamp,
    /// Digest of the signed receipt, which is the name of its file.
    pub file: Option<String>,
}

impl ReceiptRow {
    /// State of a receipt without a response.
    pub const ISSUED: &str = "issued";
}

/// Totals of received answers within a period, by their receipts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReceivedTotals {
    /// Number of answered questions.
    pub questions: u64,
    /// Number of rows.
    pub rows: u64,
    /// Number of payload bytes.
    pub bytes: u64,
}
