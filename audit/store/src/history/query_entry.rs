//! Questions to the log's owner: permitted reads and ends of the answers.

use hansa_audit_log::answer_bound::AnswerBound;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::Record;
use hansa_audit_log::record::answers::{
    CloseRecord, GrantEntry, PermitRecord, ProgramEntry, RefusalRecord,
};
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_log::tree::leaf_hash;

/// Question to the log's owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryEntry {
    /// Identity of the question; empty where it was refused before the identity was read.
    pub request: String,
    /// Place of its permit or refusal.
    pub index: u64,
    /// Leaf hash of that record.
    pub leaf: Digest,
    /// Time of admission or refusal.
    pub at: UtcTimestamp,
    /// Participant that asked; the owner itself for own questions.
    pub peer: String,
    /// SHA-256 of the connection's certificate; none for own questions.
    pub certificate: Option<String>,
    /// True for a question from the web. The owner is then named as the asking participant.
    pub is_web: bool,
    /// Program that asked, where no connector did.
    pub program: Option<QueryingProgram>,
    /// Declared purpose.
    pub purpose: Option<String>,
    /// Named contracts.
    pub contracts: Vec<String>,
    /// Place of the permit of the earlier answer that this answer continues.
    pub follows: Option<u64>,
    /// Permitted reads; empty after a refusal.
    pub reads: Vec<DatasetRead>,
    /// Reason of the refusal, where the question was refused.
    pub refused: Option<DenialReason>,
    /// Largest amount that may have been sent, as recorded beforehand; none after a refusal.
    pub at_most: Option<AnswerBound>,
    /// End of the answer; `None` while it is open.
    pub end: Option<AnswerEnd>,
    /// Digest of the consumer's acknowledgement of the receipt, and true if it agrees.
    pub acknowledged: Option<(String, bool)>,
    /// Digest of the receipt for a program, which is not countersigned.
    pub one_sided_receipt: Option<String>,
}

/// Program that asked on behalf of a participant, without a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryingProgram {
    /// Presented credential: `certificate` or `access_token`.
    pub by: String,
    /// Identifier of the access token.
    pub token: Option<String>,
    /// Contract of the access token.
    pub contract: Option<String>,
}

/// Dataset that a permitted question reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetRead {
    /// Identity of the dataset.
    pub dataset: String,
    /// Contract of the read; none for the house contract.
    pub contract: Option<String>,
    /// Form and digest of the applied clauses.
    pub grant: String,
    /// Numbers of the applied clauses.
    pub clauses: Vec<u64>,
    /// Signed statements that the admission relied on.
    pub relied_on: Vec<String>,
    /// Digest of the dataset's restriction that admitted the question.
    pub restriction: Option<String>,
    /// Snapshot that was read.
    pub snapshot: Option<String>,
    /// Publication of a feed after which the read rows came; absent: all rows.
    pub after: Option<String>,
    /// Instant by which the rows had come, where the question named one.
    pub as_of: Option<UtcTimestamp>,
}

/// Reason of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DenialReason {
    /// Code of the refusal.
    pub code: String,
    /// Clause of the contract that refused, if one did.
    pub clause: Option<u64>,
    /// Clause of the restriction that refused, if one did.
    pub restriction: Option<u64>,
}

/// End of an answer that was not admitted: the record that it names is not a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnadmittedEnd {
    /// Place of the record.
    pub index: u64,
    /// Place of the named record.
    pub opened: u64,
}

/// End of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerEnd {
    /// Place of the record.
    pub index: u64,
    /// Time of the record.
    pub at: UtcTimestamp,
    /// Outcome: `done`, `cut`, `cancelled` or `failed`.
    pub outcome: String,
    /// Code of the reason, where there is one.
    pub code: Option<String>,
    /// Number of sent rows; absent after a crash, where only the bound is known.
    pub rows: Option<u64>,
    /// Number of sent bytes; absent after a crash, where only the bound is known.
    pub bytes: Option<u64>,
    /// Bound of the answer, where the record has no counts.
    pub at_most: Option<AnswerBound>,
    /// Digest of the sent content.
    pub digest: String,
}

impl QueryEntry {
    /// Question of a permit.
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

    /// Question of a refusal.
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

    /// True if anything may have been sent: the question was permitted, and not closed with zero rows and bytes.
    #[must_use]
    pub fn may_have_left(&self) -> bool {
        self.refused.is_none()
            && self
                .end
                .as_ref()
                .is_none_or(|end| end.rows != Some(0) || end.bytes != Some(0))
    }

    /// True if another participant asked under the contract `id`.
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
    /// Reads that a permit grants, with their snapshots.
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
    /// End of an answer by its record.
    pub(super) fn from_record(record: &Record, close: CloseRecord) -> Self {
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
