//! Check of the statements of deletion in a log: each is signed by the consumer and agrees with its record, and no question was
//! admitted while one was overdue.

use crate::documents::{first_version, of_refusal, time_from_seconds};
use crate::evidence_set::{EvidenceSet, ExportFile};
use crate::finding::AuditFinding;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::history::query_entry::QueryEntry;
use hansa_audit_store::history::statement::RecordedStatement;
use hansa_policy::contract::signature::{Signature, SignatureVerifier as _};
use hansa_policy::contract::signature_purpose::SignaturePurpose;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Term;
use hansa_proto::deletion::DeletionStatement;
use hansa_proto::statement;
use std::collections::{BTreeMap, BTreeSet};

/// Judges the statements of every file, and the permits by them.
pub(crate) fn judge_deletion_statements(case: &EvidenceSet) -> Vec<AuditFinding> {
    let mut findings = Vec::new();
    for copy in &case.copies {
        for stated in &copy.history.deletions {
            findings.extend(of_record(case, copy, stated));
        }
        if copy.tree.is_some() {
            findings.extend(find_overdue_permits(case, copy));
        }
    }
    findings
}

fn of_record(
    case: &EvidenceSet,
    copy: &ExportFile,
    stated: &RecordedStatement,
) -> Option<AuditFinding> {
    let name = &stated.statement;
    let Some(text) = case.documents.deletions.get(name) else {
        let what = format!(
            "record {}: the statement of deletion {} is not in the files",
            stated.index,
            name.get(..12).unwrap_or(name)
        );
        return Some(AuditFinding::missing_evidence(
            &copy.file,
            Some(stated.index),
            what,
        ));
    };
    check_statement(case, copy, stated, text)
        .err()
        .map(|refusal| {
            wrong_statement_finding(copy, stated.index, "its statement of deletion", &refusal)
        })
}

/// Finding for a wrong statement that a record names.
pub(crate) fn wrong_statement_finding(
    copy: &ExportFile,
    index: u64,
    what: &str,
    refusal: &Refusal,
) -> AuditFinding {
    let mut finding = of_refusal(&copy.file, refusal);
    finding.sentence = format!("record {index}: {what}: {}", finding.sentence);
    finding.record = Some(index);
    finding
}

/// Refusal for a statement with another form or content than the record states.
pub(crate) fn other_content_refusal(sentence: &str) -> Refusal {
    Refusal::new(ErrorCode::StatementMalformed, sentence)
}

fn check_statement(
    case: &EvidenceSet,
    copy: &ExportFile,
    stated: &RecordedStatement,
    text: &str,
) -> Result<(), Refusal> {
    let read = statement::from_envelope::<DeletionStatement>(text.as_bytes())?;
    if Digest::of(text.as_bytes()).to_string() != stated.statement {
        return Err(other_content_refusal(
            "it is another one than the record names",
        ));
    }
    let statement = &read.content;
    let peer: Option<ParticipantId> = stated.peer.parse().ok();
    let (provider, consumer) = match stated.incoming {
        true => (Some(&copy.owner), peer.as_ref()),
        false => (peer.as_ref(), Some(&copy.owner)),
    };
    let named: BTreeSet<String> = statement.requests.iter().map(ToString::to_string).collect();
    let recorded: BTreeSet<String> = stated.requests.iter().cloned().collect();
    if Some(&statement.provider) != provider
        || Some(&statement.consumer) != consumer
        || statement.contract.to_string() != stated.contract
        || named != recorded
    {
        return Err(other_content_refusal(
            "it says something else than its record",
        ));
    }
    if let Some(agreed) = case.documents.contracts.get(&statement.contract) {
        let agreement = agreed.agreement();
        let theirs = agreement.provider.id == statement.provider
            && agreement
                .assignee_id()
                .is_none_or(|id| *id == statement.consumer);
        if !theirs {
            return Err(other_content_refusal(
                "it is under a contract of somebody else",
            ));
        }
        let counted: Option<ContractId> = stated.first.as_ref().and_then(|id| id.parse().ok());
        let begins = first_version(case, statement.contract);
        if counted
            .zip(begins)
            .is_some_and(|(counted, begins)| counted != begins)
        {
            return Err(other_content_refusal("it was counted for another contract"));
        }
    }
    check_signature(
        case,
        &statement.consumer,
        &read.signature,
        first_seen(case, stated, &statement.provider),
    )
}

/// Checks that the stated author has signed the statement, with a key that was not revoked when the statement first appeared in a
/// log.
pub(crate) fn check_signature(
    case: &EvidenceSet,
    signer: &ParticipantId,
    signature: &Signature,
    seen: UtcTimestamp,
) -> Result<(), Refusal> {
    let Some(trust) = &case.trust else {
        return Ok(());
    };
    let at = time_from_seconds(signature.issued_at).min(seen);
    let keys = trust.keys(at).first_seen(seen);
    keys.check_signature(signer, signature, SignaturePurpose::Statement)
}

/// Time at which a statement first appeared in a log of the provider. The consumer signs it and could write any time into its own
/// log. If no file of the provider names it, the time of the record itself.
fn first_seen(
    case: &EvidenceSet,
    stated: &RecordedStatement,
    provider: &ParticipantId,
) -> UtcTimestamp {
    let all = case
        .participant_files(provider)
        .flat_map(|copy| &copy.history.deletions);
    let same = all.filter(|one| one.incoming && one.statement == stated.statement);
    same.map(|one| one.at).min().unwrap_or(stated.at)
}

/// Event for the account of owed deletions, in the order of the log.
enum DeletionEvent<'a> {
    /// End of an answer of which something may have been sent, with its contracts by first version.
    Closed(&'a QueryEntry, UtcTimestamp),
    /// Statement that received answers are deleted.
    Stated(&'a RecordedStatement),
    /// Admission of a question.
    Permitted(&'a QueryEntry),
}

/// Largest delay between a decision and its permit record, microseconds.
const SLACK: i64 = 300 * 1_000_000;

const DAY: i64 = 86_400_000_000;

/// Owed deletions of one consumer under one contract, by due time.
type DueDeletions = BTreeMap<(ContractId, String), BTreeSet<(UtcTimestamp, String)>>;

/// Findings for permits that were given while a statement was overdue.
fn find_overdue_permits(case: &EvidenceSet, copy: &ExportFile) -> Vec<AuditFinding> {
    let mut events = BTreeMap::new();
    for question in &copy.history.questions {
        if !question.reads.is_empty() {
            events.insert(question.index, DeletionEvent::Permitted(question));
        }
        if let Some(end) = &question.end
            && end.rows != Some(0)
        {
            events.insert(end.index, DeletionEvent::Closed(question, end.at));
        }
    }
    let incoming = copy.history.deletions.iter().filter(|one| one.incoming);
    events.extend(incoming.map(|one| (one.index, DeletionEvent::Stated(one))));
    let mut owed = DueDeletions::new();
    let mut findings = Vec::new();
    for (index, event) in events {
        match event {
            DeletionEvent::Closed(question, at) => {
                for (contract, _) in attesting_contracts(case, question) {
                    let of = (contract, question.peer.clone());
                    let all = owed.entry(of).or_default();
                    all.insert((at, question.request.clone()));
                }
            }
            DeletionEvent::Stated(stated) => {
                let counted = stated.first.as_ref().unwrap_or(&stated.contract);
                let of = counted.parse().ok().map(|id| (id, stated.peer.clone()));
                if let Some(all) = of.and_then(|of| owed.get_mut(&of)) {
                    all.retain(|(_, request)| !stated.requests.contains(request));
                }
            }
            DeletionEvent::Permitted(question) => {
                for (contract, days) in attesting_contracts(case, question) {
                    let of = (contract, question.peer.clone());
                    let Some((closed, request)) = owed.get(&of).and_then(BTreeSet::first) else {
                        continue;
                    };
                    let due = closed.plus_micros(DAY.saturating_mul(i64::from(days)) + SLACK);
                    if due <= question.at {
                        let what = format!(
                            "record {index}: it was permitted, but {}: the statement of deletion for {request} was overdue",
                            ErrorCode::AttestationOverdue
                        );
                        findings.push(AuditFinding::broken_evidence(&copy.file, Some(index), what));
                    }
                }
            }
        }
    }
    findings
}

/// Contracts of a question that demand a statement, by first version, with the number of days.
fn attesting_contracts(case: &EvidenceSet, question: &QueryEntry) -> Vec<(ContractId, u32)> {
    let named = question.reads.iter().filter_map(|read| {
        let id: ContractId = read.contract.as_ref()?.parse().ok()?;
        let agreement = case.documents.contracts.get(&id)?.agreement();
        let days = agreement.clauses.iter().find_map(|one| match one.term {
            Term::Attest { days } => Some(days),
            _ => None,
        });
        Some((first_version(case, id)?, days?))
    });
    named.collect()
}
