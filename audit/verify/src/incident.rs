//! Check of the statements that close incidents of logs: each is signed with a key that replaced the one of the other copy. A
//! closed incident is shown, and does not count as broken evidence.

use crate::deletion_statement::{check_signature, other_content_refusal, wrong_statement_finding};
use crate::evidence_set::{EvidenceSet, ExportFile};
use crate::finding::AuditFinding;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::note::SignedHead;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::history::contract_timeline::RecordedWithdrawal;
use hansa_audit_store::history::incident::RecordedIncident;
use hansa_audit_store::history::query_entry::QueryEntry;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::Refusal;
use hansa_proto::incident::{ForkedRange, IncidentStatement};
use hansa_proto::statement;

/// Largest number of records after a withdrawal at which a late permit can be closed by a statement.
const LATE_RECORDS: u64 = 1_000;

/// Longest time after a withdrawal at which a late permit can be closed by a statement, microseconds.
const LATE_MICROS: i64 = 60_000_000;

/// Incident that a valid statement closes.
pub(crate) struct ClosedIncident {
    /// Content of the statement.
    stated: IncidentStatement,
    /// Digest of the statement.
    name: String,
}

/// Place at which a head was found.
pub(crate) struct HeadLocation<'a> {
    /// File with the head.
    pub(crate) copy: &'a ExportFile,
    /// Record that contains the head; none for the log's own heads.
    pub(crate) record: Option<u64>,
    /// True if another participant than the log's owner has shown the head.
    pub(crate) passed_on: bool,
}

/// Place at which an answer was found.
#[derive(Clone, Copy)]
pub(crate) struct AnswerLocation<'a> {
    /// File with the answer.
    pub(crate) copy: &'a ExportFile,
    /// Record of the answer.
    pub(crate) record: u64,
    /// Time of the answer.
    pub(crate) at: UtcTimestamp,
}

/// Judges the statements of every file. Gives the valid ones, and findings for invalid ones and for each incident.
pub(crate) fn judge_incidents(case: &EvidenceSet) -> (Vec<ClosedIncident>, Vec<AuditFinding>) {
    let (mut closed, mut findings): (Vec<ClosedIncident>, _) = (Vec::new(), Vec::new());
    let all = case.copies.iter().flat_map(|copy| {
        let incidents = copy.history.incidents.iter();
        incidents.map(move |recorded| (copy, recorded))
    });
    let mut all: Vec<_> = all.collect();
    // In the order of their first appearance, since a later one is judged by the earlier ones.
    all.sort_by_key(|(_, recorded)| first_seen_time(case, recorded));
    for (copy, recorded) in all {
        match check_incident_statement(case, recorded, &closed) {
            Ok(Some(one)) => {
                let what = format!(
                    "record {}: {}",
                    recorded.index,
                    describe_statement(&one.stated)
                );
                findings.push(AuditFinding::incident(
                    &copy.file,
                    Some(recorded.index),
                    what,
                ));
                if closed.iter().all(|known| known.name != one.name) {
                    closed.push(one);
                }
            }
            Ok(None) => {
                let what = format!(
                    "record {}: the statement of an incident is not in the files",
                    recorded.index
                );
                findings.push(AuditFinding::missing_evidence(
                    &copy.file,
                    Some(recorded.index),
                    what,
                ));
            }
            Err(refusal) => {
                let what = "its statement of an incident";
                findings.push(wrong_statement_finding(
                    copy,
                    recorded.index,
                    what,
                    &refusal,
                ));
            }
        }
    }
    for one in &closed {
        findings.extend(check_owners_informed(case, one));
    }
    (closed, findings)
}

/// Findings for files with heads outside the history of a forked log whose owners never received the statement. A statement binds
/// only participants that have it in their logs. Otherwise the owner of a forked log could close any incident alone.
fn check_owners_informed(case: &EvidenceSet, one: &ClosedIncident) -> Vec<AuditFinding> {
    let (log, Some(fork)) = (&one.stated.log, &one.stated.fork) else {
        return Vec::new();
    };
    let trees: Vec<_> = case
        .participant_files(log)
        .filter_map(|copy| copy.tree.as_ref())
        .collect();
    let is_foreign = |note: &str| {
        let head = note.parse::<SignedHead>();
        head.is_ok_and(|head| {
            let checkpoint = &head.checkpoint;
            let mut roots = trees.iter().map(|tree| tree.root(checkpoint.size));
            checkpoint.size > fork.from
                && !trees.is_empty()
                && !roots.any(|root| root == Some(checkpoint.root))
        })
    };
    let others = case.copies.iter().filter(|copy| copy.owner != *log);
    let others = others.filter(|copy| statement_index(copy, &one.name).is_none());
    let held = others.filter(|copy| {
        let history = &copy.history;
        let heads = history.observed_heads.iter().chain(&history.gossiped_heads);
        let mut heads = heads.filter(|head| head.peer == log.as_str());
        let mut forks = history
            .forks
            .iter()
            .filter(|fork| fork.peer == log.as_str());
        heads.any(|head| is_foreign(&head.note))
            || forks
                .any(|fork| trees.is_empty() || is_foreign(&fork.known) || is_foreign(&fork.shown))
    });
    held.map(|copy| {
        let what = format!(
            "{} was never told of the statement that {} made on {}, which closes nothing in this file",
            copy.owner.domain(),
            log.domain(),
            one.stated.stated_at
        );
        AuditFinding::missing_evidence(&copy.file, None, what)
    })
    .collect()
}

/// Statement that a record names, if it is present and valid. `closed` are the earlier valid ones.
fn check_incident_statement(
    case: &EvidenceSet,
    recorded: &RecordedIncident,
    closed: &[ClosedIncident],
) -> Result<Option<ClosedIncident>, Refusal> {
    let Some(text) = case.documents.incidents.get(&recorded.statement) else {
        return Ok(None);
    };
    let read = statement::from_envelope::<IncidentStatement>(text.as_bytes())?;
    let stated = read.content;
    let fork = stated.fork.as_ref().map(|fork| (fork.from, fork.upto));
    if Digest::of(text.as_bytes()).to_string() != recorded.statement
        || stated.log.to_string() != recorded.peer
        || stated.cause.as_str() != recorded.cause
        || fork != recorded.fork
    {
        return Err(other_content_refusal(
            "it says something else than its record",
        ));
    }
    let seen = first_seen_time(case, recorded);
    check_signature(case, &stated.log, &read.signature, seen)?;
    if case.is_signed(&stated.log, &stated.head) == Some(false) {
        return Err(other_content_refusal(
            "the head in it is not signed by the log's owner",
        ));
    }
    if let Some(fork) = &stated.fork
        && let Some(trust) = &case.trust
    {
        // The rule holds for undetected forks too, since the holder of the other copy could state one with the old key.
        let noticed = fork_discovery_time(case, &stated.log, &recorded.statement, seen, closed);
        let since = noticed.or(fork.since).unwrap_or(UtcTimestamp::EARLIEST);
        if !trust.replaced_since(&stated.log, &read.signature.kid, since) {
            return Err(other_content_refusal(
                "it is signed by the key that was in force when the fork was found, which another copy has",
            ));
        }
    }
    Ok(Some(ClosedIncident {
        stated,
        name: recorded.statement.clone(),
    }))
}

/// Time at which a statement first appeared in a log other than its signer's. Without such a file, in the signer's log.
fn first_seen_time(case: &EvidenceSet, recorded: &RecordedIncident) -> UtcTimestamp {
    let all = case.copies.iter().flat_map(|copy| {
        let incidents = copy.history.incidents.iter();
        let named = incidents.filter(|one| one.statement == recorded.statement);
        named.map(move |one| (one.peer == copy.owner.as_str(), one.at))
    });
    all.min().map_or(recorded.at, |(_, at)| at)
}

/// Time at which the fork of a statement was first detected, by the files that contain both heads.
fn fork_discovery_time(
    case: &EvidenceSet,
    log: &ParticipantId,
    statement: &str,
    seen: UtcTimestamp,
    closed: &[ClosedIncident],
) -> Option<UtcTimestamp> {
    // A fork that an earlier statement closes does not belong to this one. An invalid statement, or one about permits alone, closes
    // none.
    let closes = |one: &RecordedIncident| {
        let mut known = closed.iter().filter(|known| known.stated.fork.is_some());
        one.peer == log.as_str()
            && one.fork.is_some()
            && one.statement != statement
            && known.any(|known| known.name == one.statement)
    };
    let all = case.copies.iter().filter_map(|copy| {
        let upto = statement_index(copy, statement);
        let earlier = copy.history.incidents.iter().filter(|one| closes(one));
        let from = earlier
            .map(|one| one.index)
            .filter(|index| upto.is_none_or(|upto| *index < upto))
            .max();
        let forks = copy.history.forks.iter().filter(|fork| {
            fork.peer == log.as_str()
                && from.is_none_or(|from| fork.index > from)
                && upto.map_or(fork.at <= seen, |upto| fork.index < upto)
        });
        forks.map(|fork| fork.at).min()
    });
    all.min()
}

fn statement_index(copy: &ExportFile, statement: &str) -> Option<u64> {
    let mut all = copy.history.incidents.iter();
    all.find(|one| one.statement == statement)
        .map(|one| one.index)
}

fn describe_statement(stated: &IncidentStatement) -> String {
    let who = stated.log.domain();
    let mut what = Vec::new();
    if let Some(fork) = &stated.fork {
        let since = fork.since.map_or_else(
            || "nobody knows since when".to_owned(),
            |since| format!("the first {} records, until {since}, are common", fork.from),
        );
        what.push(format!(
            "the log of {who} has two histories ({since}); contradicting heads over at most {} records are not valid",
            fork.upto
        ));
    }
    for late in &stated.late {
        what.push(format!(
            "{} permits under contract {} stand behind its withdrawal (record {} of {who})",
            late.permits.len(),
            late.contract.to_short_text(),
            late.withdrawal
        ));
    }
    format!(
        "{who} stated on {}: {} ({})",
        stated.stated_at,
        what.join("; "),
        stated.cause.description()
    )
}

impl EvidenceSet {
    fn participant_forks<'a>(
        &'a self,
        of: &'a ParticipantId,
    ) -> impl Iterator<Item = (&'a ClosedIncident, &'a ForkedRange)> {
        let own = self
            .incidents
            .iter()
            .filter(move |one| one.stated.log == *of);
        own.filter_map(|one| Some((one, one.stated.fork.as_ref()?)))
    }

    /// True if a head of this size outside its log's history was stated to belong to an incident. A statement binds only the files
    /// that contain it.
    pub(crate) fn is_closed_head(
        &self,
        of: &ParticipantId,
        size: u64,
        at: &HeadLocation<'_>,
    ) -> bool {
        self.participant_forks(of).any(|(one, fork)| {
            let within = size <= fork.upto;
            let counts = match (statement_index(at.copy, &one.name), at.record) {
                // A head shown before the statement belongs to the incident; a later one of the owner does not.
                (Some(stated), Some(record)) => record < stated || (within && at.passed_on),
                (Some(_), None) => within,
                (None, _) => false,
            };
            size > fork.from && counts
        })
    }

    /// True if a statement closes a head that is in no file, by statements in logs other than their signer's.
    pub(crate) fn is_stated(&self, of: &ParticipantId, size: u64) -> bool {
        let is_known = |one: &ClosedIncident| {
            let mut others = self.copies.iter().filter(|copy| copy.owner != *of);
            others.any(|copy| statement_index(copy, &one.name).is_some())
        };
        let mut forks = self.participant_forks(of);
        forks.any(|(one, fork)| fork.from < size && size <= fork.upto && is_known(one))
    }

    /// True if a statement closes a record of a participant that is in no file of its log, and that another participant's record
    /// names.
    pub(crate) fn is_closed_record(
        &self,
        of: &ParticipantId,
        index: u64,
        copy: &ExportFile,
        record: u64,
    ) -> bool {
        self.participant_forks(of).any(|(one, fork)| {
            index >= fork.from
                && statement_index(copy, &one.name).is_some_and(|stated| record < stated)
                && !names_late(&one.stated, index)
        })
    }

    /// True if a statement closes an answer that another participant's log has and the participant's log lacks.
    pub(crate) fn is_closed_answer(
        &self,
        of: &ParticipantId,
        request: &str,
        answer: AnswerLocation<'_>,
    ) -> bool {
        self.participant_forks(of).any(|(one, fork)| {
            let stated = statement_index(answer.copy, &one.name);
            stated.is_some_and(|stated| answer.record < stated)
                && !self.is_late(one, &answer.copy.owner, request)
                && fork.since.is_none_or(|since| answer.at >= since)
        })
    }

    /// Withdrawal before a late permit, if a statement closes the permit and nothing is known to have been sent under it. For an
    /// open answer this is not known.
    pub(crate) fn closed_permit<'a>(
        &self,
        copy: &'a ExportFile,
        question: &QueryEntry,
        contract: ContractId,
    ) -> Option<&'a RecordedWithdrawal> {
        let is_open = question.end.is_none();
        if (question.may_have_left() && !is_open) || self.was_received(copy, question) {
            return None;
        }
        let own = self.incidents.iter();
        let own = own.filter(|one| one.stated.log == copy.owner);
        // A log contains the statement about itself at a later place.
        let own = own
            .filter(|one| statement_index(copy, &one.name).is_some_and(|at| at > question.index));
        let mut late = own.flat_map(|one| &one.stated.late);
        let late = late.find(|late| {
            late.contract == contract && late.permits.binary_search(&question.index).is_ok()
        })?;
        let life = copy.history.contracts.get(&contract.to_string())?;
        let withdrawn = life
            .withdrawn
            .iter()
            .find(|one| one.index == late.withdrawal)?;
        let few = question.index.saturating_sub(withdrawn.index) <= LATE_RECORDS
            && question.at <= withdrawn.at.plus_micros(LATE_MICROS);
        few.then_some(withdrawn)
    }

    /// True if the log of the asking participant has a part of the answer, although the log's owner states that nothing was sent.
    fn was_received(&self, copy: &ExportFile, question: &QueryEntry) -> bool {
        let theirs = self.copies.iter();
        let theirs = theirs.filter(|one| one.owner.as_str() == question.peer);
        let mut received = theirs.flat_map(|one| &one.history.received);
        received.any(|received| {
            received.request == question.request
                && received.peer == copy.owner.as_str()
                && (received.rows > 0 || received.bytes > 0)
        })
    }

    /// True if a statement names the permit of this question as late. Then nothing of the answer can have been sent, and no fork
    /// explains an answer.
    fn is_late(&self, one: &ClosedIncident, peer: &ParticipantId, request: &str) -> bool {
        let questions = self.participant_files(&one.stated.log);
        let mut questions = questions.flat_map(|copy| &copy.history.questions);
        questions.any(|question| {
            question.request == request
                && question.peer == peer.as_str()
                && names_late(&one.stated, question.index)
        })
    }
}

/// True if a statement names the permit in this record as late.
fn names_late(stated: &IncidentStatement, permit: u64) -> bool {
    let mut late = stated.late.iter();
    late.any(|late| late.permits.binary_search(&permit).is_ok())
}

#[cfg(test)]
pub(crate) mod tests;
