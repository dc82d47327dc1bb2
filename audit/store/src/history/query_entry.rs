//! The questions that somebody asked of the log's owner: what they were permitted to read, and how their answers ended.

use hansa_audit_log::answer_bound::AnswerBound;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::Record;
use hansa_audit_log::record::answers::{
    CloseRecord, GrantEntry, PermitRecord, ProgramEntry, RefusalRecord,
};
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_log::tree::leaf_hash;

/// A question that somebody asked of the log's owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryEntry {
    /// Its identity; empty where it was refused before it had one.
    pub request: String,
    /// Where its permit or refusal stands.
    pub index: u64,
    /// The leaf hash of that record.
    pub leaf: Digest,
    /// When it was admitted or refused.
    pub at: UtcTimestamp,
    /// Who asked; the owner itself for its own questions.
    pub peer: String,
    /// SHA-256 of the certificate of the connection; the owner itself has none.
    pub certificate: Option<String>,
    /// Whether it was asked for anybody on the web, so that the owner stands there as the one who asked.
    pub is_web: bool,
    /// The program that asked, where no connector did.
    pub program: Option<QueryingProgram>,
    /// The purpose that was declared.
    pub purpose: Option<String>,
    /// The contracts that were named.
    pub contracts: Vec<String>,
    /// Where the permit of the answer stands that it goes on from.
    pub follows: Option<u64>,
    /// What it was permitted to read; nothing where it was refused.
    pub reads: Vec<DatasetRead>,
    /// Whether it was refused, and why.
    pub refused: Option<DenialReason>,
    /// The most that may have left, as was recorded before it could; none where it was refused.
    pub at_most: Option<AnswerBound>,
    /// How the answer ended; `None` while it is open.
    pub end: Option<AnswerEnd>,
    /// The consumer's word on the receipt: its digest, and whether it agrees.
    pub acknowledged: Option<(String, bool)>,
    /// The digest of the receipt that a program got, which nobody countersigns.
    pub one_sided_receipt: Option<String>,
}

/// A program that asked for a participant without a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryingProgram {
    /// What it presented: `certificate` or `access_token`.
    pub by: String,
    /// The id of its access token.
    pub token: Option<String>,
    /// The contract that the access token is for.
    pub contract: Option<String>,
}

/// A dataset that a permitted question reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetRead {
    /// Which.
    pub dataset: String,
    /// Under which contract; the house contract has none.
    pub contract: Option<String>,
    /// Form and digest of the clauses as they were applied.
    pub grant: String,
    /// The numbers of the clauses that were applied.
    pub clauses: Vec<u64>,
    /// The signed statements on which it relied that the question was let in.
    pub relied_on: Vec<String>,
    /// The restriction of the dataset that it passed, by the digest of its document.
    pub restriction: Option<String>,
    /// The snapshot that was read.
    pub snapshot: Option<String>,
    /// Of a feed: the publication after which the rows came that were read; all where it says nothing.
    pub after: Option<String>,
    /// The instant by which they had come, where the question named one.
    pub as_of: Option<UtcTimestamp>,
}

/// Why a question was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DenialReason {
    /// The code.
    pub code: String,
    /// The clause of the contract, where one refused it.
    pub clause: Option<u64>,
    /// The clause of the dataset's restriction, where one refused it.
    pub restriction: Option<u64>,
}

/// The end of an answer that was not admitted: the record that it names is no permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnadmittedEnd {
    /// Where it stands.
    pub index: u64,
    /// The record that it names.
    pub opened: u64,
}

/// The end of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerEnd {
    /// Where it stands.
    pub index: u64,
    /// When.
    pub at: UtcTimestamp,
    /// `done`, `cut`, `cancelled` or `failed`.
    pub outcome: String,
    /// Why, where there is a reason.
    pub code: Option<String>,
    /// Rows that left; of an answer that a crash has ended only the bound of the question is known.
    pub rows: Option<u64>,
    /// Bytes that left; of an answer that a crash has ended only the bound of the question is known.
    pub bytes: Option<u64>,
    /// The bound that the record repeats, where it does not count.
    pub at_most: Option<AnswerBound>,
    /// The digest over what left.
    pub digest: String,
}

impl QueryEntry {
    /// The question of a permit.
    pub(super) fn of_permit(record: &Record, permit: PermitRecord) -> Self {
        Self {
            reads: DatasetRead::all_of(&permit),
            request: permit.request_id,
            index: record.seq,
            leaf: leaf_hash(&record.to_bytes()),
            at: record.at,
            peer: permit.peer,
            certificate: permit.peer_cert_sha256.map(|digest| digest.to_string()),
            is_web: permit.web == Some(true),
            program: permit.program.map(QueryingProgram::from),
            purpose: permit.purpose,
            contracts: permit.contracts,
            follows: permit.follows,
            refused: None,
            at_most: Some(permit.at_most),
            end: None,
            acknowledged: None,
            one_sided_receipt: None,
        }
    }

    /// The question of a refusal.
    pub(super) fn of_refusal(record: &Record, refusal: RefusalRecord) -> Self {
        let mut contracts = refusal.contracts.unwrap_or_default();
        contracts.extend(refusal.contract);
        contracts.dedup();
        Self {
            request: refusal.request_id.unwrap_or_default(),
            index: record.seq,
            leaf: leaf_hash(&record.to_bytes()),
            at: record.at,
            peer: refusal.peer.unwrap_or_default(),
            certificate: refusal.peer_cert_sha256.map(|digest| digest.to_string()),
            is_web: false,
            program: refusal.program.map(QueryingProgram::from),
            purpose: refusal.purpose,
            contracts,
            follows: None,
            reads: Vec::new(),
            refused: Some(DenialReason {
                code: refusal.code,
                clause: refusal.clause.map(u64::from),
                restriction: refusal.restriction.map(u64::from),
            }),
            at_most: None,
            end: None,
            acknowledged: None,
            one_sided_receipt: None,
        }
    }

    /// Whether anything can have left: it was permitted, and not closed without a row or a byte.
    #[must_use]
    pub fn may_have_left(&self) -> bool {
        self.refused.is_none()
            && self
                .end
                .as_ref()
                .is_none_or(|end| end.rows != Some(0) || end.bytes != Some(0))
    }

    /// Whether it was asked by somebody else under the contract `id`.
    #[must_use]
    pub fn is_under(&self, id: &str) -> bool {
        self.reads
            .iter()
            .any(|read| read.contract.as_deref() == Some(id))
    }
}

impl From<ProgramEntry> for QueryingProgram {
    fn from(program: ProgramEntry) -> Self {
        Self {
            by: program.by,
            token: program.token,
            contract: program.contract,
        }
    }
}

impl DatasetRead {
    /// What a permit grants, with the snapshots that were read.
    fn all_of(permit: &PermitRecord) -> Vec<Self> {
        let read = |grant: &GrantEntry| {
            let mut entries = permit.datasets.iter();
            let entry = entries.find(|entry| entry.id == grant.dataset);
            Self {
                dataset: grant.dataset.clone(),
                contract: grant.contract.clone(),
                grant: grant.grant_hash.clone(),
                clauses: grant
                    .clauses_applied
                    .iter()
                    .copied()
                    .map(u64::from)
                    .collect(),
                relied_on: grant.relied_on.clone(),
                restriction: grant.restriction.map(|document| document.to_string()),
                snapshot: entry.and_then(|entry| entry.snapshot.clone()),
                after: entry.and_then(|entry| entry.after.clone()),
                as_of: permit.as_of,
            }
        };
        permit.grants.iter().map(read).collect()
    }
}

impl AnswerEnd {
    /// How an answer ended.
    pub(super) fn of(record: &Record, close: CloseRecord) -> Self {
        Self {
            index: record.seq,
            at: record.at,
            outcome: close.outcome,
            code: close.code,
            rows: close.rows,
            bytes: close.bytes,
            at_most: close.at_most,
            digest: close.result_digest.unwrap_or_default(),
        }
    }
}
