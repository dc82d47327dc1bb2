//! What a log tells, record by record: who asked for what, under which contract it was permitted, what left, and what the
//! log says of other logs. Only the shape of records is known here; whether what they say holds is judged elsewhere.

use crate::retention;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::Json;
use hansa_audit_log::record::Record;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_log::tree::leaf_hash;
use std::collections::BTreeMap;

mod body_members;
pub mod incident;
pub mod keys_sent;
pub mod publication;
pub mod refusals;
pub mod statement;
#[cfg(test)]
mod tests;

use body_members::{count, end, names, observed_head, reads, received, text};
use incident::{ForkedLog, RecordedIncident};
use keys_sent::RemoteQueries;
use publication::{NoNewData, PublishedSnapshot};
use refusals::RefusalSummary;
use statement::{AffectedNotice, RecordedStatement};

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
    /// How the answer ended; `None` while it is open.
    pub end: Option<AnswerEnd>,
    /// The consumer's word on the receipt: its digest, and whether it agrees.
    pub acknowledged: Option<(String, bool)>,
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
    /// The guard of the dataset that it passed, by the digest of its document.
    pub guard: Option<String>,
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
    /// The clause of the dataset's guard, where one refused it.
    pub guard: Option<u64>,
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
    /// Rows that left; nobody knows of an answer that a crash has ended.
    pub rows: Option<u64>,
    /// Bytes that left; nobody knows of an answer that a crash has ended.
    pub bytes: Option<u64>,
    /// The digest over what left.
    pub digest: String,
}

/// An answer that the log's owner received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedAnswer {
    /// The question's identity.
    pub request: String,
    /// Where it stands.
    pub index: u64,
    /// When.
    pub at: UtcTimestamp,
    /// Who answered.
    pub peer: String,
    /// Rows that came.
    pub rows: u64,
    /// Bytes that came.
    pub bytes: u64,
    /// The digest over what came.
    pub digest: String,
    /// How it ended, as receipts write it.
    pub outcome: String,
    /// The digest of the receipt.
    pub receipt: Option<String>,
}

/// What the log says of a contract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContractTimeline {
    /// Where its activation stands, and when that was.
    pub activated: Option<(u64, UtcTimestamp)>,
    /// Its withdrawals.
    pub withdrawn: Vec<RecordedWithdrawal>,
    /// The owner of the dataset.
    pub provider: String,
    /// Who takes; `h:public` for a public view.
    pub consumer: String,
    /// The dataset.
    pub dataset: String,
}

/// The withdrawal of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedWithdrawal {
    /// Where it stands.
    pub index: u64,
    /// When it was recorded.
    pub at: UtcTimestamp,
    /// From when, where notice was given.
    pub effective: Option<UtcTimestamp>,
    /// By whom.
    pub party: String,
    /// The digest of the signed statement.
    pub statement: String,
}

/// A head of somebody else's log, as this log's owner was shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedHead {
    /// Where it stands.
    pub index: u64,
    /// Whose log; of a head of this log, whose cosignature.
    pub peer: String,
    /// The signed head.
    pub note: String,
}

/// All that a log tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditHistory {
    /// The questions, in the order of their permits and refusals.
    pub questions: Vec<QueryEntry>,
    /// The answers that were received, in order.
    pub received: Vec<ReceivedAnswer>,
    /// The contracts, by identity.
    pub contracts: BTreeMap<String, ContractTimeline>,
    /// Heads of other logs.
    pub observed_heads: Vec<ObservedHead>,
    /// Heads of other logs that were passed on by others.
    pub gossiped_heads: Vec<ObservedHead>,
    /// Heads of this log that others have cosigned.
    pub witnessed: Vec<ObservedHead>,
    /// Forks of other logs.
    pub forks: Vec<ForkedLog>,
    /// Statements that close incidents of this log or of others.
    pub incidents: Vec<RecordedIncident>,
    /// Statements of deletion, by consumers of the log's owner or by itself.
    pub deletions: Vec<RecordedStatement>,
    /// Statements of use, by the log's owner.
    pub usages: Vec<RecordedStatement>,
    /// Notices to those whom answers from a snapshot went to.
    pub notified: Vec<AffectedNotice>,
    /// The snapshots, in the order of their publication.
    pub published: Vec<PublishedSnapshot>,
    /// Where somebody was told that nothing came since an earlier answer.
    pub no_new_data: Vec<NoNewData>,
    /// Its own questions to others.
    pub remote_queries: RemoteQueries,
    /// From when on decisions are kept, where older ones were erased.
    pub kept_from: Option<UtcTimestamp>,
    /// Refusals beside those among the questions, on records that stand for many.
    pub refusals: RefusalSummary,
    /// The run of the program that wrote the last record.
    boot: String,
    /// Where the permits stand in `questions`.
    permits: BTreeMap<u64, usize>,
    /// The newest permit of each request and peer: each peer draws identities of its own, so two may draw the same.
    requests: BTreeMap<(String, String), u64>,
}

impl QueryEntry {
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

impl AuditHistory {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the next record.
    pub fn see(&mut self, record: &Record) {
        let body = &record.body;
        if self.boot != record.boot {
            self.boot.clone_from(&record.boot);
            self.refusals.begin();
        }
        match record.kind.as_str() {
            "permit" => self.permit(record),
            "refuse_summary" => self.refusals.see(body),
            "refuse" => self.questions.push(question(record)),
            "close" => {
                let refused = text(body, "stage").and(text(body, "code"));
                if let Some(question) = self.opened(body) {
                    question.refused = refused.map(|code| DenialReason {
                        code,
                        clause: count(body, "clause"),
                        guard: count(body, "guard"),
                    });
                    question.end = Some(end(record));
                }
            }
            "receipt_ack" => {
                let agrees = body.get("match").and_then(Json::as_bool) == Some(true);
                if let Some(question) = self.opened(body) {
                    question.acknowledged =
                        Some((text(body, "receipt").unwrap_or_default(), agrees));
                }
            }
            "received" => self.received.push(received(record)),
            "contract" => {
                let life = self.life(body);
                life.provider = text(body, "provider").unwrap_or_default();
                life.consumer = text(body, "consumer").unwrap_or_default();
                life.dataset = text(body, "dataset").unwrap_or_default();
                if text(body, "event").as_deref() == Some("activate") {
                    life.activated.get_or_insert((record.seq, record.at));
                }
            }
            "withdraw" => {
                let withdrawn = RecordedWithdrawal {
                    index: record.seq,
                    at: record.at,
                    effective: text(body, "effective").and_then(|at| at.parse().ok()),
                    party: text(body, "party").unwrap_or_default(),
                    statement: text(body, "statement").unwrap_or_default(),
                };
                self.life(body).withdrawn.push(withdrawn);
            }
            "checkpoint_seen" => self.observed_heads.push(observed_head(record)),
            "checkpoint_heard" => self.gossiped_heads.push(observed_head(record)),
            "witnessed" => self.witnessed.push(observed_head(record)),
            "log_fork" => self.forks.push(ForkedLog::of(record)),
            incident::INCIDENT => self.incidents.push(RecordedIncident::of(record)),
            "publish" => self.published.push(PublishedSnapshot::of(record)),
            "snapshot_check" => self.checked(record),
            "errand" => self.remote_queries.sent(record),
            "not_received" => self.remote_queries.failed(record),
            "quiet" => self.no_new_data.extend(NoNewData::of(record)),
            "unpublish" => self.unpublish(record),
            "attest" => self.deletions.push(RecordedStatement::of(record)),
            "notice" => self.notified.extend(AffectedNotice::of(record)),
            "usage" => self.usages.push(RecordedStatement::of(record)),
            retention::KIND => self.kept_from = self.kept_from.max(retention::kept_from(record)),
            _ => {}
        }
    }

    fn permit(&mut self, record: &Record) {
        let question = question(record);
        self.permits.insert(record.seq, self.questions.len());
        let own = (question.request.clone(), question.peer.clone());
        self.requests.insert(own, record.seq);
        self.questions.push(question);
    }

    /// The question that a later record is about: by the place of its permit, or by its identity.
    fn opened(&mut self, body: &Json) -> Option<&mut QueryEntry> {
        let place = count(body, "opened").or_else(|| {
            let request = text(body, "request_id")?;
            if let Some(peer) = text(body, "peer") {
                return self.requests.get(&(request, peer)).copied();
            }
            let of_it = self.requests.range((request.clone(), String::new())..);
            let of_it = of_it.take_while(|((one, _), _)| *one == request);
            of_it.map(|(_, place)| *place).max()
        })?;
        let at = *self.permits.get(&place)?;
        self.questions.get_mut(at)
    }

    fn life(&mut self, body: &Json) -> &mut ContractTimeline {
        let contract = text(body, "contract").unwrap_or_default();
        self.contracts.entry(contract).or_default()
    }

    fn unpublish(&mut self, record: &Record) {
        let (dataset, version) = (text(&record.body, "dataset"), text(&record.body, "version"));
        let found = self.published.iter_mut().rev().find(|one| {
            Some(&one.dataset) == dataset.as_ref() && Some(&one.version) == version.as_ref()
        });
        if let Some(one) = found {
            let reason = text(&record.body, "reason").unwrap_or_default();
            one.withdrawn = Some((record.at, reason));
        }
    }

    /// The question whose permit is that record.
    #[must_use]
    pub fn permitted(&self, permit: u64) -> Option<&QueryEntry> {
        self.questions.get(*self.permits.get(&permit)?)
    }

    /// The question of this identity, by its beginning; the first one where several fit.
    #[must_use]
    pub fn question(&self, request: &str) -> Option<&QueryEntry> {
        self.questions
            .iter()
            .find(|question| !request.is_empty() && question.request.starts_with(request))
    }
}

fn question(record: &Record) -> QueryEntry {
    let body = &record.body;
    let refused = (record.kind == "refuse").then(|| DenialReason {
        code: text(body, "code").unwrap_or_default(),
        clause: count(body, "clause"),
        guard: count(body, "guard"),
    });
    let mut contracts = names(body, "contracts");
    contracts.extend(text(body, "contract"));
    contracts.dedup();
    QueryEntry {
        request: text(body, "request_id").unwrap_or_default(),
        index: record.seq,
        leaf: leaf_hash(&record.to_bytes()),
        at: record.at,
        peer: text(body, "peer").unwrap_or_default(),
        certificate: text(body, "peer_cert_sha256"),
        purpose: text(body, "purpose"),
        contracts,
        follows: count(body, "follows"),
        reads: reads(body),
        refused,
        end: None,
        acknowledged: None,
    }
}
