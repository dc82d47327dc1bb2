//! Consistency of the files: every head that was shown to anybody must belong to the single history of its log.

use crate::evidence_set::{EvidenceSet, ExportFile};
use crate::finding::AuditFinding;
use crate::incident::HeadLocation;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::note::{COSIGNATURE, NoteKey, SignedHead};
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::key::Ed25519NoteVerifier;
use hansa_policy::id::ParticipantId;
use hansa_proto::incident::IncidentStatement;
use hansa_proto::statement;
use std::collections::BTreeMap;

/// Head with the file in which it was found.
struct ObservedHead<'a> {
    copy: &'a ExportFile,
    /// Record that contains the head; none for the log's own heads.
    record: Option<u64>,
    /// True if another participant than the log's owner has shown the head.
    passed_on: bool,
    owner: ParticipantId,
    head: SignedHead,
}

/// Judges the heads of all files together.
pub(crate) fn judge_heads(case: &EvidenceSet) -> Vec<AuditFinding> {
    let mut findings = Vec::new();
    let held = observed_heads(case, &mut findings);
    findings.extend(find_equivocations(&held, |one| is_closed(case, one)));
    for one in &held {
        for log in case.participant_files(&one.owner) {
            findings.extend(of_one_history(case, one, log));
        }
    }
    findings.extend(reported_forks(case));
    for copy in &case.copies {
        findings.extend(judge_witnesses(case, copy).1);
    }
    findings
}

/// Findings for heads of equal size with different roots. A head of a closed incident says nothing about later ones.
fn find_equivocations(
    held: &[ObservedHead<'_>],
    is_closed: impl Fn(&ObservedHead<'_>) -> bool,
) -> Vec<AuditFinding> {
    let mut seen: BTreeMap<(&str, u64), &ObservedHead<'_>> = BTreeMap::new();
    let mut findings = Vec::new();
    for one in held {
        // The log's own heads belong to its present history, whatever was stated about others.
        if one.record.is_some() && is_closed(one) {
            continue;
        }
        let checkpoint = &one.head.checkpoint;
        let place = (checkpoint.origin.as_str(), checkpoint.size);
        match seen.get(&place) {
            Some(first) if first.head.checkpoint.root != checkpoint.root => {
                findings.push(two_heads(first, one));
            }
            Some(_) => {}
            None => drop(seen.insert(place, one)),
        }
    }
    findings
}

/// Head of a log that another participant has cosigned.
pub(crate) struct CosignedHead {
    /// Cosigning participant.
    pub(crate) by: ParticipantId,
    /// Number of records.
    pub(crate) size: u64,
    /// Time of the cosignature by the witness's clock.
    pub(crate) at: UtcTimestamp,
}

/// Newest head that each witness has cosigned, and findings for the others.
pub(crate) fn judge_witnesses(
    case: &EvidenceSet,
    copy: &ExportFile,
) -> (Vec<CosignedHead>, Vec<AuditFinding>) {
    let mut newest: BTreeMap<ParticipantId, CosignedHead> = BTreeMap::new();
    let mut findings = Vec::new();
    for one in &copy.history.witnessed {
        let broken = |what: &str| {
            let what = format!("record {}: {what}", one.index);
            AuditFinding::broken_evidence(&copy.file, Some(one.index), what)
        };
        let read = one.peer.parse::<ParticipantId>().ok();
        let Some((by, head)) = read.zip(one.note.parse::<SignedHead>().ok()) else {
            findings.push(broken("the cosigned head that it holds can't be read"));
            continue;
        };
        let Some(key) = case.note_key(&by) else {
            continue;
        };
        let key = NoteKey {
            algorithm: COSIGNATURE,
            ..key
        };
        let checkpoint = &head.checkpoint;
        let root = copy.tree.as_ref().map(|tree| tree.root(checkpoint.size));
        let Some(seconds) = head.cosigned_by(&key, &Ed25519NoteVerifier) else {
            findings.push(broken("the head that it holds is not cosigned"));
            continue;
        };
        if root.is_some_and(|root| root != Some(checkpoint.root)) {
            let domain = by.domain();
            findings.push(broken(&format!(
                "{domain} has cosigned another history than the one in this file"
            )));
            continue;
        }
        let at = i64::try_from(seconds).ok();
        let at = at.and_then(|at| UtcTimestamp::from_micros(at.saturating_mul(1_000_000)).ok());
        let size = checkpoint.size;
        if newest.get(&by).is_none_or(|known| known.size <= size) {
            let at = at.unwrap_or(UtcTimestamp::EARLIEST);
            newest.insert(by.clone(), CosignedHead { by, size, at });
        }
    }
    (newest.into_values().collect(), findings)
}

/// Trusted heads: each is signed by the registered key of the log's owner.
fn observed_heads<'a>(
    case: &'a EvidenceSet,
    findings: &mut Vec<AuditFinding>,
) -> Vec<ObservedHead<'a>> {
    let mut all = Vec::new();
    for copy in &case.copies {
        // A file can contain any key. Only the registered one speaks for the owner.
        let own = |head: &&SignedHead| case.is_signed(&copy.owner, head) == Some(true);
        for head in copy.heads.iter().filter(own) {
            all.push(ObservedHead {
                copy,
                record: None,
                passed_on: false,
                owner: copy.owner.clone(),
                head: head.clone(),
            });
        }
        let shown = copy.history.observed_heads.iter().map(|one| (one, false));
        let gossiped = copy.history.gossiped_heads.iter().map(|one| (one, true));
        let shown = shown
            .chain(gossiped)
            .map(|(one, passed_on)| (one.index, &one.peer, &one.note, passed_on));
        let forks = copy.history.forks.iter().flat_map(|fork| {
            let both = [&fork.known, &fork.shown];
            both.map(|note| (fork.index, &fork.peer, note, false))
        });
        for (index, owner, head) in stated_heads(case, copy) {
            // A missing signature is reported with the statement.
            if case.is_signed(&owner, &head) == Some(true) {
                all.push(ObservedHead {
                    copy,
                    record: Some(index),
                    passed_on: false,
                    owner,
                    head,
                });
            }
        }
        for (index, peer, note, passed_on) in shown.chain(forks) {
            let read = peer.parse().ok().zip(note.parse().ok());
            let Some((owner, head)) = read else {
                let what = format!("record {index}: the head that it holds can't be read");
                findings.push(AuditFinding::broken_evidence(&copy.file, Some(index), what));
                continue;
            };
            let held = ObservedHead {
                copy,
                record: Some(index),
                passed_on,
                owner,
                head,
            };
            match case.is_signed(&held.owner, &held.head) {
                Some(true) => all.push(held),
                Some(false) => findings.push(AuditFinding::broken_evidence(
                    &copy.file,
                    Some(index),
                    format!(
                        "record {index}: the head that it holds is not signed by {}",
                        held.owner.domain()
                    ),
                )),
                None => {}
            }
        }
    }
    all
}

/// Heads of the present history in statements of incidents. They bind their log like any other head.
fn stated_heads(case: &EvidenceSet, copy: &ExportFile) -> Vec<(u64, ParticipantId, SignedHead)> {
    let heads = copy.history.incidents.iter().filter_map(|recorded| {
        let text = case.documents.incidents.get(&recorded.statement)?;
        let read = statement::from_envelope::<IncidentStatement>(text.as_bytes())
            .ok()?
            .content;
        Some((recorded.index, read.log, read.head))
    });
    heads.collect()
}

/// True if the owner of a log has stated that a head outside its history belongs to an incident.
fn is_closed(case: &EvidenceSet, held: &ObservedHead<'_>) -> bool {
    let place = HeadLocation {
        copy: held.copy,
        record: held.record,
        passed_on: held.passed_on,
    };
    case.is_closed_head(&held.owner, held.head.checkpoint.size, &place)
}

/// Finding for two heads of one size with different roots. Their signer has two histories, and the two notes prove it.
fn two_heads(first: &ObservedHead<'_>, second: &ObservedHead<'_>) -> AuditFinding {
    let what = format!(
        "{} signed two histories: two heads over {} records with different roots ({} and {})",
        first.owner.domain(),
        first.head.checkpoint.size,
        describe_place(first),
        describe_place(second)
    );
    AuditFinding::broken_evidence(&second.copy.file, second.record, what)
        .with_proving_heads([first.head.to_string(), second.head.to_string()])
}

fn describe_place(held: &ObservedHead<'_>) -> String {
    match held.record {
        Some(record) => format!("record {record} of {}", held.copy.file),
        None => held.copy.file.clone(),
    }
}

/// Finding for a head that does not belong to the history in a file of its log.
fn of_one_history(
    case: &EvidenceSet,
    held: &ObservedHead<'_>,
    log: &ExportFile,
) -> Option<AuditFinding> {
    let checkpoint = &held.head.checkpoint;
    if std::ptr::eq(held.copy, log) && held.record.is_none() {
        return None;
    }
    let Some(tree) = &log.tree else {
        return None;
    };
    let newest = log.report.head.as_ref()?;
    if log.report.fault.is_some() || case.is_signed(&log.owner, newest) != Some(true) {
        // The first bad record, or a missing signature, was reported already.
        return None;
    }
    let root: Option<Digest> = tree.root(checkpoint.size);
    if root == Some(checkpoint.root) || is_closed(case, held) {
        return None;
    }
    if checkpoint.size > tree.size() {
        let what = format!(
            "record {} and those after it are not in the file: {} was shown a head over {} records",
            tree.size(),
            held.copy.owner.domain(),
            checkpoint.size
        );
        return Some(AuditFinding::missing_evidence(
            &log.file,
            Some(tree.size()),
            what,
        ));
    }
    let what = format!(
        "{} signed two histories: the log in this file is not the one of which {} was shown a head over {} records; the first record that may differ is after {}",
        held.owner.domain(),
        held.copy.owner.domain(),
        checkpoint.size,
        last_common(held, log)
    );
    let proof = [held.head.to_string(), newest.to_string()];
    Some(AuditFinding::broken_evidence(&log.file, None, what).with_proving_heads(proof))
}

/// Largest size up to which the file with the head saw this history.
fn last_common(held: &ObservedHead<'_>, log: &ExportFile) -> String {
    let owner = held.owner.as_str();
    let common = held
        .copy
        .history
        .observed_heads
        .iter()
        .filter(|shown| shown.peer == owner)
        .filter_map(|shown| shown.note.parse::<SignedHead>().ok())
        .map(|head| head.checkpoint)
        .filter(|checkpoint| checkpoint.size < held.head.checkpoint.size)
        .filter(|checkpoint| {
            let root = log
                .tree
                .as_ref()
                .and_then(|tree| tree.root(checkpoint.size));
            root == Some(checkpoint.root)
        })
        .map(|checkpoint| checkpoint.size)
        .max();
    common.map_or_else(
        || "the beginning".to_owned(),
        |size| format!("the first {size}"),
    )
}

/// Findings for forks that a log reports of another log whose files are missing here.
fn reported_forks(case: &EvidenceSet) -> Vec<AuditFinding> {
    let mut findings = Vec::new();
    for copy in &case.copies {
        for fork in &copy.history.forks {
            let Ok(owner) = fork.peer.parse::<ParticipantId>() else {
                continue;
            };
            let place = HeadLocation {
                copy,
                record: Some(fork.index),
                passed_on: false,
            };
            let closed = |note: &str| {
                let head = note.parse::<SignedHead>();
                head.is_ok_and(|head| case.is_closed_head(&owner, head.checkpoint.size, &place))
            };
            if case.participant_files(&owner).any(|log| log.tree.is_some())
                || closed(&fork.known)
                || closed(&fork.shown)
            {
                continue;
            }
            let what = format!(
                "record {}: {} found that the log of {} does not go on from a head that it was shown; the log itself is needed to prove it",
                fork.index,
                copy.owner.domain(),
                owner.domain()
            );
            let finding = AuditFinding::missing_evidence(&copy.file, Some(fork.index), what);
            findings.push(finding.with_proving_heads([fork.known.clone(), fork.shown.clone()]));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::tests::{copy, head, id};

    #[test]
    fn a_closed_head_hides_no_later_one() {
        let consumer = copy("c.example", "p.example", &[]);
        let provider = copy("p.example", "p.example", &[]);
        let held = |copy, record, root| ObservedHead {
            copy,
            record,
            passed_on: false,
            owner: id("p.example"),
            head: head("p.example", 50, root),
        };
        let is_closed = |one: &ObservedHead<'_>| one.record.is_none_or(|record| record < 40);
        let found = |all: &[ObservedHead<'_>]| find_equivocations(all, is_closed).len();
        // A head from before the statement may differ from later ones, and is closed.
        let closed = || held(&consumer, Some(30), "old");
        let own = || held(&provider, None, "new");
        let good = || held(&consumer, Some(41), "new");
        let other = || held(&consumer, Some(42), "other");
        assert_eq!(found(&[closed(), own(), good()]), 0);
        assert_eq!(found(&[closed(), good(), other()]), 1);
        assert_eq!(found(&[own(), closed(), other()]), 1);
    }
}
