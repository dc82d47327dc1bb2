//! Detection of faults in the own log: heads at peers that it does not extend, and permits after the withdrawal of their contract.

use crate::log::record_keeping::RecordKeeping;
use crate::participant::Connector;
use hansa_audit_log::note::SignedHead;
use hansa_audit_log::record::Record;
use hansa_audit_log::record::body::{AnswerBody, ContractBody, IncidentBody, RecordBody};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::incident::IncidentStatement;
use hansa_proto::incident::{ForkedRange, LatePermits, MOST_PERMITS};
use hansa_proto::statement;
use hansa_store::document_folder::StoredDocumentKind as Document;
use std::collections::{BTreeMap, BTreeSet};

/// Detected faults.
#[derive(Debug, Default)]
pub(super) struct DetectedIncident {
    pub(super) fork: Option<ForkedRange>,
    pub(super) late: Vec<LatePermits>,
    /// Time when the fork was first recorded in the own log.
    pub(super) noticed: Option<UtcTimestamp>,
}

/// Looks for both kinds of faults.
///
/// # Errors
/// `USAGE` for a head that the log extends or that belongs to another log; or if the log can't be read.
pub(super) fn detect_incident(
    connector: &Connector,
    heads: &[SignedHead],
    since: Option<UtcTimestamp>,
) -> Result<DetectedIncident, Refusal> {
    let own = connector.id();
    let mut largest = None;
    for head in heads {
        largest = largest.max(Some(foreign_head_size(connector, &own, head)?));
    }
    let forks = connector.records.index(|state| state.forks())?;
    let own_fork = forks.into_iter().find(|(id, _)| *id == own);
    if let Some((_, record)) = own_fork
        && let Some(record) = connector.records.log.get(record)?
        && let RecordBody::Incident(IncidentBody::LogFork(fork)) =
            hansa_audit_store::read_body(&record)?
    {
        for note in [&fork.known, &fork.shown] {
            let head = note.parse::<SignedHead>().ok();
            largest = largest.max(head.map(|head| head.checkpoint.size));
        }
    }
    let stated = stated_permits(&connector.records, &own)?;
    let mut walk = LatePermitScan::default();
    let mut first = None;
    for record in connector.records.log.read(0) {
        let record = record?;
        if since.is_some_and(|since| record.at < since) {
            first = Some((record.seq.saturating_add(1), record.at));
        }
        walk.note_record(&record, &hansa_audit_store::read_body(&record)?, &stated);
    }
    let (from, at) = first.unzip();
    Ok(DetectedIncident {
        fork: largest.map(|upto| ForkedRange {
            from: from.unwrap_or_default().min(upto),
            since: at,
            upto,
        }),
        late: walk.into_late_permits(),
        noticed: fork_detection_time(connector, &own)?,
    })
}

/// Size of a head of this log at a peer that the log does not extend.
fn foreign_head_size(
    connector: &Connector,
    own: &ParticipantId,
    head: &SignedHead,
) -> Result<u64, Refusal> {
    let size = head.checkpoint.size;
    let wrong = |what: String| Err(Refusal::new(ErrorCode::UsageWrong, what));
    if connector
        .checked_head(own, head.to_string().as_bytes())
        .is_none()
    {
        return wrong(format!(
            "the head over {size} records is not of this log, or not signed by its key"
        ));
    }
    if connector.records.log.checkpoint_at(size).as_ref() == Some(&head.checkpoint) {
        return wrong(format!(
            "the head over {size} records is of this very history: nothing is wrong with it"
        ));
    }
    Ok(size)
}

/// Time when the fork of a log was first recorded here; `None` without an open fork.
///
/// # Errors
/// If the index or the log can't be read.
pub(super) fn fork_detection_time(
    connector: &Connector,
    of: &ParticipantId,
) -> Result<Option<UtcTimestamp>, Refusal> {
    let forks = connector.records.index(|state| state.forks())?;
    let Some((_, record)) = forks.into_iter().find(|(id, _)| id == of) else {
        return Ok(None);
    };
    Ok(connector.records.log.get(record)?.map(|record| record.at))
}

/// Permits in earlier statements.
fn stated_permits(records: &RecordKeeping, own: &ParticipantId) -> Result<BTreeSet<u64>, Refusal> {
    let rows = records.index(|state| state.incidents())?;
    let mut stated = BTreeSet::new();
    for row in rows.into_iter().filter(|row| row.peer == *own) {
        let Ok(digest) = row.statement.parse() else {
            continue;
        };
        let bytes = records
            .documents
            .read_document(Document::Statement, digest)?;
        let read = statement::from_envelope::<IncidentStatement>(&bytes)?;
        stated.extend(read.content.late.into_iter().flat_map(|late| late.permits));
    }
    Ok(stated)
}

/// Permits after withdrawals, collected record by record.
#[derive(Default)]
struct LatePermitScan {
    /// Record of the immediate end, by contract.
    ended: BTreeMap<ContractId, u64>,
    late: BTreeMap<ContractId, Vec<u64>>,
    count: usize,
}

impl LatePermitScan {
    fn note_record(&mut self, record: &Record, body: &RecordBody, stated: &BTreeSet<u64>) {
        match body {
            RecordBody::Contract(ContractBody::Withdrawal(withdrawal)) => {
                let at_once = withdrawal.effective.is_none_or(|at| at <= record.at);
                if let Ok(id) = withdrawal.contract.parse()
                    && at_once
                {
                    self.ended.entry(id).or_insert(record.seq);
                }
            }
            RecordBody::Answer(AnswerBody::Permit(permit)) => {
                if stated.contains(&record.seq) {
                    return;
                }
                for contract in permit
                    .grants
                    .iter()
                    .filter_map(|grant| grant.contract.as_ref())
                {
                    let id = contract.parse::<ContractId>().ok();
                    if let Some(id) = id.filter(|id| self.ended.contains_key(id))
                        && self.count < MOST_PERMITS
                    {
                        self.late.entry(id).or_default().push(record.seq);
                        self.count += 1;
                    }
                }
            }
            RecordBody::Answer(_)
            | RecordBody::Contract(_)
            | RecordBody::Message(_)
            | RecordBody::Publication(_)
            | RecordBody::Configuration(_)
            | RecordBody::Incident(_)
            | RecordBody::Upkeep(_) => {}
        }
    }

    fn into_late_permits(self) -> Vec<LatePermits> {
        let ended = self.ended;
        let late = self.late.into_iter();
        late.filter_map(|(contract, permits)| {
            let withdrawal = *ended.get(&contract)?;
            Some(LatePermits {
                contract,
                withdrawal,
                permits,
            })
        })
        .collect()
    }
}
