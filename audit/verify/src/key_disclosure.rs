//! Check of key pushdown: values of one participant in a question to another must be permitted by the contract under which they
//! were received.

use crate::evidence_set::{EvidenceSet, ExportFile};
use crate::finding::AuditFinding;
use crate::permit::in_force;
use hansa_audit_store::history::keys_sent::{KeySource, KeysSent};
use hansa_policy::id::{ContractId, DatasetId, ParticipantId, SqlIdentifier};
use hansa_policy::term::clause_summary;

/// Judges every question that was sent with values.
pub(crate) fn judge_key_disclosures(case: &EvidenceSet) -> Vec<AuditFinding> {
    let all = case.copies.iter().flat_map(|copy| {
        let keys_sent = copy.history.remote_queries.keys_sent.iter();
        keys_sent.flat_map(|one| judge_list(case, copy, one))
    });
    all.collect()
}

fn judge_list(case: &EvidenceSet, copy: &ExportFile, keys_sent: &KeysSent) -> Vec<AuditFinding> {
    let broken = |what: &str| {
        AuditFinding::broken_evidence(
            &copy.file,
            Some(keys_sent.index),
            describe_keys(keys_sent, what),
        )
    };
    let Ok(peer) = keys_sent.peer.parse::<ParticipantId>() else {
        return vec![broken("to whom is no participant")];
    };
    let back = |one: &&KeySource| {
        one.dataset
            .parse()
            .is_ok_and(|id: DatasetId| id.owner == peer)
    };
    // Values that go back to their owner disclose nothing.
    let others: Vec<&KeySource> = keys_sent.of.iter().filter(|one| !back(one)).collect();
    let named = keys_sent.of.iter().any(|one| one.column.is_some());
    if !named && (keys_sent.of.is_empty() || !others.is_empty()) {
        return vec![broken("it is not said of which column they are")];
    }
    let others = others.into_iter();
    others
        .filter_map(|one| judge_one(case, copy, keys_sent, one, &peer))
        .collect()
}

fn judge_one(
    case: &EvidenceSet,
    copy: &ExportFile,
    keys_sent: &KeysSent,
    one: &KeySource,
    peer: &ParticipantId,
) -> Option<AuditFinding> {
    let at = Some(keys_sent.index);
    let report = |what: &str| describe_keys(keys_sent, &format!("of {} {what}", one.dataset));
    let broken = |what: &str| Some(AuditFinding::broken_evidence(&copy.file, at, report(what)));
    let Some(name) = &one.contract else {
        return broken("no contract is named that lets them");
    };
    let Ok(id) = name.parse::<ContractId>() else {
        return broken("the contract's name is none");
    };
    let Some(agreed) = case.documents.contracts.get(&id) else {
        // An invalid contract was reported with the contract.
        let what = report(&format!(
            "contract {} is not in the files",
            id.to_short_text()
        ));
        return (!case.documents.knows_contract(id))
            .then(|| AuditFinding::missing_evidence(&copy.file, at, what));
    };
    let agreement = agreed.agreement();
    if agreement.dataset.id.to_string() != one.dataset {
        return broken("the contract is of another dataset");
    }
    match agreement.assignee_id() {
        Some(who) if *who != copy.owner => return broken("the contract is somebody else's"),
        Some(_) if !in_force(case, copy, agreed, keys_sent.index, keys_sent.at) => {
            return broken("the contract was not in force");
        }
        None if keys_sent.at < agreement.not_before || keys_sent.at >= agreement.not_after => {
            return broken("the public view was not in force");
        }
        _ => {}
    }
    // The values were received before, under that contract. Expired records can't be checked.
    let whole = copy.tree.is_some() && copy.history.kept_from.is_none();
    let first = copy.history.remote_queries.asked.get(name);
    if whole && first.is_none_or(|first| *first >= keys_sent.index) {
        return broken("nothing had been asked for under the contract");
    }
    let named = |columns: &[SqlIdentifier]| {
        let column = one.column.as_deref();
        column.is_none_or(|column| columns.iter().any(|one| one.as_str() == column))
    };
    match clause_summary::key_transfer(&agreement.clauses) {
        Some((clause, travel))
            if one.clause == Some(u64::from(clause.0))
                && travel.to.contains(peer)
                && named(&travel.columns) =>
        {
            None
        }
        _ => broken(&format!(
            "no clause of contract {} lets them",
            id.to_short_text()
        )),
    }
}

fn describe_keys(keys_sent: &KeysSent, what: &str) -> String {
    format!(
        "record {}: values went to {}, and {what}",
        keys_sent.index, keys_sent.peer
    )
}
