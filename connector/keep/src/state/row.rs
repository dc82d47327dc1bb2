//! What the index holds, as it is written and read again.

use evidence::time::Time;
use policy::id::{ContractId, DatasetId, ParticipantId};

/// A letter as the log names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterRow {
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
    pub at: Time,
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
    pub updated: Time,
}

/// What an officer has asked for that needs two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordRow {
    /// The contract, or what would become it.
    pub contract: ContractId,
    /// `sign` or `withdraw`.
    pub deed: String,
    /// Who asked, under a pseudonym.
    pub first: String,
    /// Who approved.
    pub second: Option<String>,
    /// Why, where the first one said so.
    pub reason: Option<String>,
    /// When it was asked for.
    pub at: Time,
}

/// What came of telling people that a contract ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow {
    /// The contract.
    pub contract: ContractId,
    /// So many days before its end.
    pub days: u32,
    /// Over what: `folder`, `webhook` or `mail`.
    pub channel: String,
    /// Whether it has arrived.
    pub delivered: bool,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it failed the last time.
    pub reason: Option<String>,
    /// When it was tried last.
    pub at: Time,
}

/// So much of a dataset, as quotas count it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spending {
    /// The dataset.
    pub dataset: DatasetId,
    /// `queries`, `rows` or `bytes`.
    pub counts: String,
    /// The piece of time that it counts for, by its start.
    pub at: Time,
    /// How much.
    pub amount: u64,
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
    /// `issued`, `acknowledged` or `disputed`.
    pub state: String,
    /// When.
    pub at: Time,
    /// Digest of the signed receipt, which is the name of its file.
    pub file: Option<String>,
}
