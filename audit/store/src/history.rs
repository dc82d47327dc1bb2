//! History in a log, record by record: questions, permits, answers, contracts, and heads of other logs. It only collects the
//! records; their truth is judged elsewhere.

use crate::retention;
use hansa_audit_log::record::Record;
use hansa_audit_log::record::body::{
    AnswerBody, ContractBody, IncidentBody, PublicationBody, RecordBody, UpkeepBody,
};
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeMap;

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

use contract_timeline::{ContractTimeline, RecordedWithdrawal};
use incident::{ForkedLog, RecordedIncident};
use keys_sent::RemoteQueries;
use observed_head::ObservedHead;
use open_block::OpenBlock;
use publication::{NoNewData, PublishedSnapshot};
use query_entry::{AnswerEnd, DenialReason, QueryEntry, UnadmittedEnd};
use received_answer::ReceivedAnswer;
use refusals::RefusalSummary;
use statement::{AffectedNotice, RecordedStatement};

/// History in a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditHistory {
    /// Questions, in the order of their permits and refusals.
    pub questions: Vec<QueryEntry>,
    /// Received answers, in order.
    pub received: Vec<ReceivedAnswer>,
    /// Contracts by identity.
    pub contracts: BTreeMap<String, ContractTimeline>,
    /// Heads of other logs.
    pub observed_heads: Vec<ObservedHead>,
    /// Heads of other logs, as passed on by third participants.
    pub gossiped_heads: Vec<ObservedHead>,
    /// Heads of this log that others have cosigned.
    pub witnessed: Vec<ObservedHead>,
    /// Forks of other logs.
    pub forks: Vec<ForkedLog>,
    /// Statements that close incidents of this log or of others.
    pub incidents: Vec<RecordedIncident>,
    /// Statements of deletion, by consumers of the log's owner or by the owner.
    pub deletions: Vec<RecordedStatement>,
    /// Statements of use by the log's owner.
    pub usages: Vec<RecordedStatement>,
    /// Notices to recipients of answers from a snapshot.
    pub notified: Vec<AffectedNotice>,
    /// Snapshots, in the order of their publication.
    pub published: Vec<PublishedSnapshot>,
    /// Decisions that nothing new came since an earlier answer.
    pub no_new_data: Vec<NoNewData>,
    /// Ends of answers without a matching permit.
    pub unadmitted_ends: Vec<UnadmittedEnd>,
    /// Reserved blocks of open data for the web.
    pub open_blocks: Vec<OpenBlock>,
    /// Questions of the log's owner to others.
    pub remote_queries: RemoteQueries,
    /// Instant from which decisions are kept, where older ones were erased.
    pub kept_from: Option<UtcTimestamp>,
    /// Counted refusals without a record each.
    pub refusals: RefusalSummary,
    /// Identifier of the program run that wrote the last record.
    boot: String,
    /// Places of the processed records, as ranges: start and end.
    seen: BTreeMap<u64, u64>,
    /// Index in `questions` of each permit, by its place.
    permits: BTreeMap<u64, usize>,
    /// Newest permit of each request and peer. Each peer chooses its own request identities, so two peers may choose equal ones.
    requests: BTreeMap<(String, String), u64>,
}

impl AuditHistory {
    /// Empty history.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next record with its body.
    pub fn add_record(&mut self, record: &Record, body: RecordBody) {
        if self.boot != record.boot {
            self.boot.clone_from(&record.boot);
            self.refusals.begin_run();
        }
        self.note_place(record.seq);
        match body {
            RecordBody::Answer(body) => self.see_answer(record, body),
            RecordBody::Contract(body) => self.see_contract(record, body),
            RecordBody::Publication(body) => self.see_publication(record, body),
            RecordBody::Incident(body) => self.see_incident(record, body),
            RecordBody::Upkeep(UpkeepBody::Expiry(_)) => {
                self.kept_from = self.kept_from.max(retention::kept_from(record));
            }
            RecordBody::Upkeep(
                UpkeepBody::Segment(_)
                | UpkeepBody::Archival(_)
                | UpkeepBody::Pause(_)
                | UpkeepBody::Resume(_)
                | UpkeepBody::Stop(_)
                | UpkeepBody::Repair(_)
                | UpkeepBody::Clock(_)
                | UpkeepBody::Erasure(_),
            )
            | RecordBody::Message(_)
            | RecordBody::Configuration(_) => {}
        }
    }

    fn see_answer(&mut self, record: &Record, body: AnswerBody) {
        match body {
            AnswerBody::Permit(permit) => {
                let question = QueryEntry::of_permit(record, *permit);
                self.permits.insert(record.seq, self.questions.len());
                let own = (question.request.clone(), question.peer.clone());
                self.requests.insert(own, record.seq);
                self.questions.push(question);
            }
            AnswerBody::Refusal(refusal) => {
                self.questions
                    .push(QueryEntry::of_refusal(record, *refusal));
            }
            AnswerBody::RefusalCount(count) => self.refusals.add_counts(*count),
            AnswerBody::Progress(progress) => {
                if let Some(question) = self.question_at(progress.opened) {
                    question.at_most = progress.at_most.or(question.at_most);
                }
            }
            AnswerBody::Close(close) => {
                if let Some(question) = self.question_at(close.opened) {
                    let refused = close.stage.as_ref().and(close.code.clone());
                    question.refused = refused.map(|code| DenialReason {
                        code,
                        clause: close.clause.map(u64::from),
                        restriction: close.restriction.map(u64::from),
                    });
                    question.end = Some(AnswerEnd::from_record(record, *close));
                } else if self.has_seen(close.opened) {
                    self.unadmitted_ends.push(UnadmittedEnd {
                        index: record.seq,
                        opened: close.opened,
                    });
                }
            }
            AnswerBody::ReceiptAcknowledgement(word) => {
                if let Some(question) = self.newest_question(&word.request_id, &word.peer) {
                    question.acknowledged = Some((word.receipt.to_string(), word.matches));
                }
            }
            AnswerBody::OneSidedReceipt(receipt) => {
                if let Some(question) = self.newest_question(&receipt.request_id, &receipt.peer) {
                    question.one_sided_receipt = Some(receipt.receipt.to_string());
                }
            }
            AnswerBody::Received(received) => {
                self.received
                    .push(ReceivedAnswer::from_record(record, *received));
            }
            AnswerBody::RemoteQuery(query) => self.remote_queries.add_query(record, *query),
            AnswerBody::NotReceived(end) => self.remote_queries.remove_unsent_keys(&end),
            AnswerBody::NoNewData(told) => self.no_new_data.push(NoNewData {
                index: record.seq,
                at: record.at,
                peer: told.peer,
                follows: told.follows,
            }),
            AnswerBody::OpenBlock(block) => self
                .open_blocks
                .push(OpenBlock::from_record(record, *block)),
            AnswerBody::ModelSeen(_) | AnswerBody::Cancellation(_) | AnswerBody::ActionCount(_) => {
            }
        }
    }

    fn see_contract(&mut self, record: &Record, body: ContractBody) {
        match body {
            ContractBody::Activation(activation) => {
                let life = self.contracts.entry(activation.contract).or_default();
                life.provider = activation.provider;
                life.consumer = activation.consumer;
                life.dataset = activation.dataset;
                life.activated.get_or_insert((record.seq, record.at));
            }
            ContractBody::Withdrawal(withdrawal) => {
                let life = self.contracts.entry(withdrawal.contract).or_default();
                life.withdrawn.push(RecordedWithdrawal {
                    index: record.seq,
                    at: record.at,
                    effective: withdrawal.effective,
                    party: withdrawal.party,
                    statement: withdrawal.statement.to_string(),
                });
            }
            ContractBody::Deletion(deletion) => {
                self.deletions
                    .push(RecordedStatement::of_deletion(record, *deletion));
            }
            ContractBody::Usage(usage) => {
                self.usages
                    .push(RecordedStatement::of_usage(record, *usage));
            }
            ContractBody::Notice(notice) => {
                self.notified
                    .extend(AffectedNotice::from_record(record, *notice));
            }
            ContractBody::Restriction(_)
            | ContractBody::Group(_)
            | ContractBody::Approval(_)
            | ContractBody::TopUp(_)
            | ContractBody::ReceivedNotice(_)
            | ContractBody::Credential(_)
            | ContractBody::Template(_) => {}
        }
    }

    fn see_publication(&mut self, record: &Record, body: PublicationBody) {
        match body {
            PublicationBody::Publication(publication) => {
                self.published
                    .push(PublishedSnapshot::from_record(record, *publication));
            }
            PublicationBody::Unpublication(end) => {
                if let Some(one) = self.newest_snapshot(&end.dataset, &end.version) {
                    one.withdrawn = Some((record.at, end.reason));
                }
            }
            PublicationBody::SnapshotCheck(check) => self.apply_snapshot_check(record, &check),
            PublicationBody::Release(_) => {}
        }
    }

    fn see_incident(&mut self, record: &Record, body: IncidentBody) {
        let index = record.seq;
        match body {
            IncidentBody::ObservedHead(head) => self.observed_heads.push(ObservedHead {
                index,
                peer: head.peer,
                note: head.note,
            }),
            IncidentBody::GossipedHead(head) => self.gossiped_heads.push(ObservedHead {
                index,
                peer: head.peer,
                note: head.note,
            }),
            IncidentBody::WitnessedHead(head) => self.witnessed.push(ObservedHead {
                index,
                peer: head.peer,
                note: head.note,
            }),
            IncidentBody::LogFork(fork) => self.forks.push(ForkedLog {
                index,
                at: record.at,
                peer: fork.peer,
                known: fork.known,
                shown: fork.shown,
            }),
            IncidentBody::Incident(incident) => self.incidents.push(RecordedIncident {
                index,
                at: record.at,
                peer: incident.peer,
                cause: incident.cause,
                statement: incident.statement.to_string(),
                fork: incident.from.zip(incident.upto),
            }),
        }
    }

    /// Question whose permit stands at this place.
    fn question_at(&mut self, permit: u64) -> Option<&mut QueryEntry> {
        let at = *self.permits.get(&permit)?;
        self.questions.get_mut(at)
    }

    /// Notes that the record at this place was processed.
    fn note_place(&mut self, place: u64) {
        let behind = place.saturating_add(1);
        if let Some(mut run) = self.seen.last_entry()
            && *run.get() == place
        {
            run.insert(behind);
            return;
        }
        self.seen.insert(place, behind);
    }

    /// True if the record at this place was processed.
    fn has_seen(&self, place: u64) -> bool {
        let run = self.seen.range(..=place).next_back();
        run.is_some_and(|(_, end)| place < *end)
    }

    /// Newest question with this identity by this participant.
    fn newest_question(&mut self, request: &str, peer: &str) -> Option<&mut QueryEntry> {
        let own = (request.to_owned(), peer.to_owned());
        let permit = *self.requests.get(&own)?;
        self.question_at(permit)
    }

    /// Newest snapshot with this label.
    fn newest_snapshot(&mut self, dataset: &str, version: &str) -> Option<&mut PublishedSnapshot> {
        let mut newest = self.published.iter_mut().rev();
        newest.find(|one| one.dataset == dataset && one.version == version)
    }

    /// Question whose permit stands at this place.
    #[must_use]
    pub fn question_by_permit(&self, permit: u64) -> Option<&QueryEntry> {
        self.questions.get(*self.permits.get(&permit)?)
    }

    /// First question whose identity begins with this text.
    #[must_use]
    pub fn find_question(&self, request: &str) -> Option<&QueryEntry> {
        self.questions
            .iter()
            .find(|question| !request.is_empty() && question.request.starts_with(request))
    }
}
