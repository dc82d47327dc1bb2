//! The statements by which participants close incidents of their logs: each is what was signed, with a key that took the place of
//! the one that another copy has. What it closes is shown as an incident, and no longer counts as broken.

use crate::deletion_statement::{another, check_signature, wrong};
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

/// So many records behind a withdrawal a permit may stand to be closed by a statement.
const LATE_RECORDS: u64 = 1_000;

/// The same in time, microseconds.
const LATE_MICROS: i64 = 60_000_000;

/// An incident that was stated, by a statement that holds.
pub(crate) struct ClosedIncident {
    /// What was stated.
    stated: IncidentStatement,
    /// The digest of the statement.
    name: String,
}

/// Where a head was found.
pub(crate) struct HeadLocation<'a> {
    /// In which file.
    pub(crate) copy: &'a ExportFile,
    /// In which record; the log's own heads stand beside it.
    pub(crate) record: Option<u64>,
    /// Whether somebody else than the log's owner has shown it.
    pub(crate) passed_on: bool,
}

/// Judges the statements of every file. Gives those that hold; what does not is a finding, and so is each incident.
pub(crate) fn judge(case: &EvidenceSet) -> (Vec<ClosedIncident>, Vec<AuditFinding>) {
    let (mut closed, mut findings): (Vec<ClosedIncident>, _) = (Vec::new(), Vec::new());
    let all = case.copies.iter().flat_map(|copy| {
        let incidents = copy.history.incidents.iter();
        incidents.map(move |recorded| (copy, recorded))
    });
    let mut all: Vec<_> = all.collect();
    // In the order in which they came, since a later one is judged by those before it.
    all.sort_by_key(|(_, recorded)| first_seen_time(case, recorded));
    for (copy, recorded) in all {
        match check_incident_statement(case, recorded, &closed) {
            Ok(Some(one)) => {
                let what = format!("record {}: {}", recorded.index, describe(&one.stated));
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
                findings.push(AuditFinding::incomplete(
                    &copy.file,
                    Some(recorded.index),
                    what,
                ));
            }
            Err(refusal) => {
                let what = "its statement of an incident";
                findings.push(wrong(copy, recorded.index, what, &refusal));
            }
        }
    }
    for one in &closed {
        findings.extend(check_owners_informed(case, one));
    }
    (closed, findings)
}

/// The files that hold heads of a forked log which its history does not go on from, and whose owners were never told of the
/// statement: it binds nobody who does not have it in its log, or the log's owner could close by itself whatever it did.
fn check_owners_informed(case: &EvidenceSet, one: &ClosedIncident) -> Vec<AuditFinding> {
    let (log, Some(fork)) = (&one.stated.log, &one.stated.fork) else {
        return Vec::new();
    };
    let trees: Vec<_> = case.of(log).filter_map(|copy| copy.tree.as_ref()).collect();
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
    let others = others.filter(|copy| place(copy, &one.name).is_none());
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
        AuditFinding::incomplete(&copy.file, None, what)
    })
    .collect()
}

/// The statement that a record names, where it is here and holds; `closed` are those that hold already.
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
        return Err(another("it says something else than its record"));
    }
    let seen = first_seen_time(case, recorded);
    check_signature(case, &stated.log, &read.signature, seen)?;
    if case.is_signed(&stated.log, &stated.head) == Some(false) {
        return Err(another("the head in it is not signed by the log's owner"));
    }
    if let Some(fork) = &stated.fork
        && let Some(trust) = &case.trust
    {
        // Whether or not anybody has noticed a fork: whoever has the other copy could state one with the same key.
        let noticed = fork_discovery_time(case, &stated.log, &recorded.statement, (seen, closed));
        let since = noticed.or(fork.since).unwrap_or(UtcTimestamp::EARLIEST);
        if !trust.replaced_since(&stated.log, &read.signature.kid, since) {
            return Err(another(
                "it is signed by the key that was in force when the fork was found, which another copy has",
            ));
        }
    }
    Ok(Some(ClosedIncident {
        stated,
        name: recorded.statement.clone(),
    }))
}

/// When a statement was first in the log of anybody else than its signer; where no such file is here, in that of the signer.
fn first_seen_time(case: &EvidenceSet, recorded: &RecordedIncident) -> UtcTimestamp {
    let all = case.copies.iter().flat_map(|copy| {
        let incidents = copy.history.incidents.iter();
        let named = incidents.filter(|one| one.statement == recorded.statement);
        named.map(move |one| (one.peer == copy.owner.as_str(), one.at))
    });
    all.min().map_or(recorded.at, |(_, at)| at)
}

/// When the fork that a statement closes was first found, by the files that tell of both.
fn fork_discovery_time(
    case: &EvidenceSet,
    log: &ParticipantId,
    statement: &str,
    (seen, closed): (UtcTimestamp, &[ClosedIncident]),
) -> Option<UtcTimestamp> {
    // One that an earlier statement closes is not that of this one; a statement that does not hold, or of permits alone, closes none.
    let closes = |one: &RecordedIncident| {
        let mut known = closed.iter().filter(|known| known.stated.fork.is_some());
        one.peer == log.as_str()
            && one.fork.is_some()
            && one.statement != statement
            && known.any(|known| known.name == one.statement)
    };
    let all = case.copies.iter().filter_map(|copy| {
        let upto = place(copy, statement);
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

fn place(copy: &ExportFile, statement: &str) -> Option<u64> {
    let mut all = copy.history.incidents.iter();
    all.find(|one| one.statement == statement)
        .map(|one| one.index)
}

fn describe(stated: &IncidentStatement) -> String {
    let who = stated.log.domain();
    let mut what = Vec::new();
    if let Some(fork) = &stated.fork {
        let since = fork.since.map_or_else(
            || "nobody knows since when".to_owned(),
            |since| format!("the first {} records, until {since}, are common", fork.from),
        );
        what.push(format!(
            "the log of {who} went on in two places ({since}); heads over at most {} records that it does not go on from do not count",
            fork.upto
        ));
    }
    for late in &stated.late {
        what.push(format!(
            "{} permits under contract {} stand behind its withdrawal (record {} of {who})",
            late.permits.len(),
            late.contract.short(),
            late.withdrawal
        ));
    }
    format!(
        "{who} stated on {}: {} ({})",
        stated.stated_at,
        what.join("; "),
        stated.cause.plain()
    )
}

impl EvidenceSet {
    fn forks<'a>(
        &'a self,
        of: &'a ParticipantId,
    ) -> impl Iterator<Item = (&'a ClosedIncident, &'a ForkedRange)> {
        let own = self
            .incidents
            .iter()
            .filter(move |one| one.stated.log == *of);
        own.filter_map(|one| Some((one, one.stated.fork.as_ref()?)))
    }

    /// Whether a head of this size that its log does not go on from was stated to be of an incident. A statement binds only the
    /// files that have it.
    pub(crate) fn is_closed_head(
        &self,
        of: &ParticipantId,
        size: u64,
        at: &HeadLocation<'_>,
    ) -> bool {
        self.forks(of).any(|(one, fork)| {
            let within = size <= fork.upto;
            let counts = match (place(at.copy, &one.name), at.record) {
                // Whatever was shown here before the statement came is of the incident; what the owner shows later is another.
                (Some(stated), Some(record)) => record < stated || (within && at.passed_on),
                (Some(_), None) => within,
                (None, _) => false,
            };
            size > fork.from && counts
        })
    }

    /// The same of a head that stands in no file, by statements that somebody else than their signer has in its log.
    pub(crate) fn is_stated(&self, of: &ParticipantId, size: u64) -> bool {
        let is_known = |one: &ClosedIncident| {
            let mut others = self.copies.iter().filter(|copy| copy.owner != *of);
            others.any(|copy| place(copy, &one.name).is_some())
        };
        let mut forks = self.forks(of);
        forks.any(|(one, fork)| fork.from < size && size <= fork.upto && is_known(one))
    }

    /// Whether a record of a participant that stands in no file of its log was stated to be of an incident; somebody else's file
    /// names it in a record.
    pub(crate) fn is_closed_record(
        &self,
        of: &ParticipantId,
        index: u64,
        (copy, record): (&ExportFile, u64),
    ) -> bool {
        self.forks(of).any(|(one, fork)| {
            index >= fork.from
                && place(copy, &one.name).is_some_and(|stated| record < stated)
                && !names_late(&one.stated, index)
        })
    }

    /// Whether what somebody else has in its log of a participant, and the participant's log has not, was stated to be of an
    /// incident.
    pub(crate) fn is_closed_answer(
        &self,
        of: &ParticipantId,
        request: &str,
        (copy, record, at): (&ExportFile, u64, UtcTimestamp),
    ) -> bool {
        self.forks(of).any(|(one, fork)| {
            let before = place(copy, &one.name).is_some_and(|stated| record < stated);
            before
                && !self.is_late(one, &copy.owner, request)
                && fork.since.is_none_or(|since| at >= since)
        })
    }

    /// The withdrawal behind which a permit stands, where that was stated and nothing is known to have left under it. Of one that
    /// is open nobody knows that.
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
        // A log says it of itself, and later than it happened.
        let own = own.filter(|one| place(copy, &one.name).is_some_and(|at| at > question.index));
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

    /// Whether whoever asked has anything of the answer in its log, which the log's owner says never left.
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

    /// Whether a statement names the permit of this question as one behind a withdrawal: nothing of its answer can have left, and
    /// no fork explains that something did.
    fn is_late(&self, one: &ClosedIncident, peer: &ParticipantId, request: &str) -> bool {
        let questions = self.of(&one.stated.log);
        let mut questions = questions.flat_map(|copy| &copy.history.questions);
        questions.any(|question| {
            question.request == request
                && question.peer == peer.as_str()
                && names_late(&one.stated, question.index)
        })
    }
}

/// Whether a statement names the permit in this record as one behind a withdrawal.
fn names_late(stated: &IncidentStatement, permit: u64) -> bool {
    let mut late = stated.late.iter();
    late.any(|late| late.permits.binary_search(&permit).is_ok())
}

#[cfg(test)]
pub(crate) mod tests;
