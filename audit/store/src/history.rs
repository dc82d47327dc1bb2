//! What a log tells, record by record: who asked for what, under which contract it was permitted, what left, and what the
//! log says of other logs. Only the shape of records is known here; whether what they say holds is judged elsewhere.

use crate::retention;
use hansa_audit_log::answer_bound::AnswerBound;
use hansa_audit_log::json::Json;
use hansa_audit_log::record::Record;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeMap;

mod body_members;
pub mod contract_timeline;
pub mod incident;
pub mod keys_sent;
pub mod observed_head;
pub mod open_block;
pub mod publication;
pub mod query_entry;
pub mod received_answer;
pub mod refusals;
pub mod statement;
#[cfg(test)]
mod tests;

use body_members::{count, text};
use contract_timeline::{ContractTimeline, RecordedWithdrawal};
use incident::{ForkedLog, RecordedIncident};
use keys_sent::RemoteQueries;
use observed_head::ObservedHead;
use open_block::{OPEN_BLOCK, OpenBlock};
use publication::{NoNewData, PublishedSnapshot};
use query_entry::{AnswerEnd, DenialReason, ONE_SIDED_RECEIPT, QueryEntry};
use received_answer::ReceivedAnswer;
use refusals::RefusalSummary;
use statement::{AffectedNotice, RecordedStatement};

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
    /// What was reserved for anybody on the web.
    pub open_blocks: Vec<OpenBlock>,
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
            "refuse" => self.questions.push(QueryEntry::of(record)),
            "progress" => {
                let bound = AnswerBound::of(record);
                if let Some(question) = self.opened(body) {
                    question.at_most = bound.or(question.at_most);
                }
            }
            "close" => {
                let refused = text(body, "stage").and(text(body, "code"));
                if let Some(question) = self.opened(body) {
                    question.refused = refused.map(|code| DenialReason {
                        code,
                        clause: count(body, "clause"),
                        restriction: count(body, "guard"),
                    });
                    question.end = Some(AnswerEnd::of(record));
                }
            }
            "receipt_ack" => {
                let agrees = body.get("match").and_then(Json::as_bool) == Some(true);
                if let Some(question) = self.opened(body) {
                    question.acknowledged =
                        Some((text(body, "receipt").unwrap_or_default(), agrees));
                }
            }
            ONE_SIDED_RECEIPT => {
                let receipt = text(body, "receipt");
                if let Some(question) = self.opened(body) {
                    question.one_sided_receipt = receipt;
                }
            }
            "received" => self.received.push(ReceivedAnswer::of(record)),
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
            "checkpoint_seen" => self.observed_heads.push(ObservedHead::of(record)),
            "checkpoint_heard" => self.gossiped_heads.push(ObservedHead::of(record)),
            "witnessed" => self.witnessed.push(ObservedHead::of(record)),
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
            OPEN_BLOCK => self.open_blocks.push(OpenBlock::of(record)),
            "usage" => self.usages.push(RecordedStatement::of(record)),
            retention::KIND => self.kept_from = self.kept_from.max(retention::kept_from(record)),
            _ => {}
        }
    }

    fn permit(&mut self, record: &Record) {
        let question = QueryEntry::of(record);
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
