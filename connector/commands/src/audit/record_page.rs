//! Newest records of the log, read back from the end: the cost of a page does not grow with the log.

use crate::audit::arguments::AuditFilter;
use crate::audit::record_filter::resolve_filter;
use hansa_audit_log::record::Record;
use hansa_audit_log::record::body::{AnswerBody, RecordBody};
use hansa_audit_store::AuditLog;
use hansa_audit_store::filter::{ContractSubject, RecordOrigins};
use hansa_audit_store::own_question_search::OwnQuestionSearch;
use hansa_node::participant::Connector;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};

/// Bounds of a page of records.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PageBounds {
    /// Place before which all records of the page stand; absent: the end of the log.
    pub(super) before: Option<u64>,
    /// Most records that are read; absent: all.
    pub(super) within: Option<u64>,
    /// `true` for records that tell of signed heads, too.
    pub(super) checkpoints: bool,
}

/// Records for a list.
#[derive(Debug)]
pub(super) struct RecordListing {
    /// Chosen records, the oldest first.
    pub(super) records: Vec<Record>,
    /// Number of records that tell of heads alone and are not in the list.
    pub(super) left_out: usize,
    /// Place before which older records were not read; none where the log or the range begins.
    pub(super) continues_before: Option<u64>,
    /// Number of ends of own questions whose beginnings were not found, so that the filter could not judge them.
    pub(super) unjudged: usize,
}

/// Where an incomplete list goes on.
#[derive(Debug, Serialize)]
pub(super) struct ContinuationReport {
    /// Value of `--before` for the next older records.
    pub(super) continues_before: u64,
}

/// Kinds of records that tell of signed heads and of nothing else.
const CHECKPOINTS: [&str; 3] = ["checkpoint_seen", "checkpoint_gossiped", "witnessed"];

/// Records that a list shows unless it is told otherwise.
const SHOWN: usize = 100;

/// Records that are read at once. Each piece is read forwards.
const PIECE: u64 = 256;

/// Records of the first piece: most pages need no more.
const FIRST_PIECE: u64 = 64;

/// The newest records within the bounds that the filter selects; those that tell of heads only where they are asked for.
///
/// # Errors
/// When the filter names something unknown, or the log can't be read.
pub(super) fn read_newest_records(
    connector: &Connector,
    filter: &AuditFilter,
    bounds: PageBounds,
) -> Result<RecordListing, Refusal> {
    let is_asked = |kind: &str| filter.outcome.as_deref() == Some(kind);
    let is_wanted =
        |kind: &str| bounds.checkpoints || !CHECKPOINTS.contains(&kind) || is_asked(kind);
    let choice = resolve_filter(connector, filter)?;
    let log = &connector.records.log;
    let most = filter.last.unwrap_or(SHOWN).max(1);
    let begin = choice.from.map_or(Ok(0), |from| log.first_since(from))?;
    let end = choice.to.map_or(Ok(log.size()), |to| log.first_since(to))?;
    let end = bounds.before.map_or(end, |before| before.min(end));
    let floor = bounds
        .within
        .map_or(begin, |within| end.saturating_sub(within.max(1)).max(begin));
    let mut origins = LogOrigins::new(connector);
    let mut kept = VecDeque::new();
    let mut left_out = 0_usize;
    let mut next = end;
    let mut piece = FIRST_PIECE;
    while next > floor && kept.len() < most {
        let start = next.saturating_sub(piece).max(floor);
        let records: Vec<Record> = log.read_between(start, next).collect::<Result<_, _>>()?;
        next = start;
        piece = PIECE;
        for record in records.into_iter().rev() {
            if !choice.selects_with_origins(&record, &mut origins)? {
                continue;
            }
            if !is_wanted(&record.kind) {
                left_out = left_out.saturating_add(1);
                continue;
            }
            next = record.seq;
            kept.push_front(record);
            if kept.len() >= most {
                break;
            }
            next = start;
        }
    }
    Ok(RecordListing {
        records: kept.into(),
        left_out,
        continues_before: (next > begin).then_some(next),
        unjudged: origins.own_questions.unfound(),
    })
}

/// Earlier records and contracts, found by their place or by the index.
struct LogOrigins<'a> {
    connector: &'a Connector,
    /// Contracts that were looked up.
    contracts: BTreeMap<String, Option<ContractSubject>>,
    /// Beginnings of questions that were looked up, by their place.
    questions: BTreeMap<u64, Option<RecordBody>>,
    /// Beginnings of own questions, of whose places there is no index.
    own_questions: OwnQuestionSearch,
}

/// Values that are remembered at once.
const REMEMBERED: usize = 512;

/// Records before the end of a question within which its beginning is searched, where no index has its place.
pub(super) const SEARCHED: u64 = 4_096;

impl<'a> LogOrigins<'a> {
    const fn new(connector: &'a Connector) -> Self {
        Self {
            connector,
            contracts: BTreeMap::new(),
            questions: BTreeMap::new(),
            own_questions: OwnQuestionSearch::new(SEARCHED),
        }
    }

    /// Body of the record at a place; none where its retention has ended.
    fn read_place(&mut self, place: u64) -> Result<Option<RecordBody>, Refusal> {
        if let Some(known) = self.questions.get(&place) {
            return Ok(known.clone());
        }
        let body = match find_record(&self.connector.records.log, place)? {
            Some(record) => Some(hansa_audit_store::read_body(&record)?),
            None => None,
        };
        if self.questions.len() >= REMEMBERED {
            self.questions.clear();
        }
        self.questions.insert(place, body.clone());
        Ok(body)
    }

    fn read_permit_of(&mut self, request: &str, peer: &str) -> Result<Option<RecordBody>, Refusal> {
        let records = &self.connector.records;
        let answer = records.index(|state| state.answer_to(request, peer))?;
        match answer {
            Some((permit, _)) => self.read_place(permit),
            None => Ok(None),
        }
    }

    fn look_up_contract(&self, named: &str) -> Result<Option<ContractSubject>, Refusal> {
        let Ok(id) = named.parse::<ContractId>() else {
            return Ok(None);
        };
        let held = self.connector.contracts.with_registry(|registry| {
            let agreement = registry.agreement(id)?;
            let parties = [Some(&agreement.provider.id), agreement.assignee_id()];
            Some(ContractSubject {
                parties: parties.into_iter().flatten().cloned().collect(),
                dataset: agreement.dataset.id.to_string(),
            })
        });
        if held.is_some() {
            return Ok(held);
        }
        let records = &self.connector.records;
        let negotiation = records.index(|state| state.negotiation_about(id))?;
        Ok(negotiation.map(|negotiation| ContractSubject {
            parties: vec![self.connector.id(), negotiation.peer],
            dataset: negotiation.dataset,
        }))
    }
}

impl RecordOrigins for LogOrigins<'_> {
    fn find_question(
        &mut self,
        record: &Record,
        body: &RecordBody,
    ) -> Result<Option<RecordBody>, Refusal> {
        if let Some(permit) = body.permit_index() {
            return self.read_place(permit);
        }
        let RecordBody::Answer(answer) = body else {
            return Ok(None);
        };
        match answer {
            AnswerBody::ReceiptAcknowledgement(word) => {
                self.read_permit_of(&word.request_id, &word.peer)
            }
            AnswerBody::OneSidedReceipt(receipt) => {
                self.read_permit_of(&receipt.request_id, &receipt.peer)
            }
            AnswerBody::Cancellation(end) => self.read_permit_of(&end.request_id, &end.peer),
            AnswerBody::NoNewData(told) => self.read_place(told.follows),
            AnswerBody::NotReceived(end) => {
                let log = &self.connector.records.log;
                let own = &mut self.own_questions;
                own.find_beginning(log, record.seq, &end.request_id, &end.peer)
            }
            AnswerBody::Received(end) => {
                let log = &self.connector.records.log;
                let own = &mut self.own_questions;
                own.find_beginning(log, record.seq, &end.request_id, &end.peer)
            }
            AnswerBody::Permit(_)
            | AnswerBody::Refusal(_)
            | AnswerBody::RefusalCount(_)
            | AnswerBody::Progress(_)
            | AnswerBody::Close(_)
            | AnswerBody::OpenBlock(_)
            | AnswerBody::RemoteQuery(_)
            | AnswerBody::ModelSeen(_)
            | AnswerBody::ActionCount(_) => Ok(None),
        }
    }

    fn find_contract(&mut self, contract: &str) -> Result<Option<ContractSubject>, Refusal> {
        if let Some(known) = self.contracts.get(contract) {
            return Ok(known.clone());
        }
        let subject = self.look_up_contract(contract)?;
        if self.contracts.len() >= REMEMBERED {
            self.contracts.clear();
        }
        self.contracts.insert(contract.to_owned(), subject.clone());
        Ok(subject)
    }
}

/// Record at a place; none where there is none, or where its retention has ended.
///
/// # Errors
/// When the log can't be read.
pub(super) fn find_record(log: &AuditLog, place: u64) -> Result<Option<Record>, Refusal> {
    match log.get(place) {
        Err(refusal) if refusal.code == ErrorCode::EvidenceExpired => Ok(None),
        found => found,
    }
}
