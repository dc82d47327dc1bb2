//! Check of answers that continue an earlier one: their consumer had the earlier answer, under a contract in force.

use crate::evidence_set::{EvidenceSet, ExportFile};
use crate::finding::AuditFinding;
use crate::permit::{PermitDenial, find_contract_denial};
use hansa_audit_store::history::publication::NoNewData;
use hansa_audit_store::history::query_entry::QueryEntry;
use hansa_policy::id::ContractId;
use hansa_policy::term::purpose::Taxonomy;

/// Judges every record that names an earlier answer.
pub(crate) fn judge_continuations(case: &EvidenceSet) -> Vec<AuditFinding> {
    let taxonomy = hansa_proto::purpose_taxonomy::embedded_vocabulary();
    let mut findings = Vec::new();
    for copy in &case.copies {
        for record in &copy.history.no_new_data {
            findings.extend(judge_no_new_data(case, copy, record, &taxonomy));
        }
        for question in &copy.history.questions {
            findings.extend(check_continuation(copy, question));
        }
    }
    findings
}

/// Judges a record that nothing new came. It discloses something about a dataset, so the contracts of the earlier answer must have
/// been in force.
fn judge_no_new_data(
    case: &EvidenceSet,
    copy: &ExportFile,
    record: &NoNewData,
    taxonomy: &Taxonomy,
) -> Option<AuditFinding> {
    let at = Some(record.index);
    let report = |what: &str| format!("record {}: {what}", record.index);
    let broken = |what: &str| Some(AuditFinding::broken_evidence(&copy.file, at, report(what)));
    let Some(earlier) = copy.history.question_by_permit(record.follows) else {
        return missing_record_finding(copy, record.index);
    };
    if earlier.peer != record.peer || record.follows >= record.index {
        return broken("it goes on from an answer that somebody else got");
    }
    let came = copy.history.published.iter().find(|one| {
        let mut reads = earlier.reads.iter();
        // A question uses the state at its arrival, and a publication is recorded before it is shown.
        one.at > earlier.at
            && one.at.plus_micros(LONGEST) < record.at
            && reads.any(|read| read.dataset == one.dataset)
    });
    if let Some(came) = came {
        let what = format!("nothing came, it says, after {} had", came.version);
        return broken(&what);
    }
    let then = QueryEntry {
        index: record.index,
        at: record.at,
        ..earlier.clone()
    };
    let contracts = earlier
        .reads
        .iter()
        .filter_map(|read| read.contract.as_ref());
    for contract in contracts {
        let Ok(id) = contract.parse::<ContractId>() else {
            return broken("the contract's name is none");
        };
        // A missing contract was reported with the permit.
        if !case.documents.contracts.contains_key(&id) {
            continue;
        }
        match find_contract_denial(case, copy, &then, id, taxonomy) {
            None => {}
            Some(PermitDenial::Unknown(what)) => {
                return Some(AuditFinding::unknown_format(&copy.file, at, report(&what)));
            }
            Some(PermitDenial::Not(what)) => return broken(&what),
        }
    }
    None
}

/// Checks that a continued answer goes to the consumer of the earlier one, for datasets that the earlier one read.
fn check_continuation(copy: &ExportFile, question: &QueryEntry) -> Option<AuditFinding> {
    let follows = question.follows?;
    let Some(earlier) = copy.history.question_by_permit(follows) else {
        return missing_record_finding(copy, question.index);
    };
    let goes_on = question.reads.iter().all(|read| {
        let mut before = earlier.reads.iter();
        let same = before.find(|one| one.dataset == read.dataset && one.contract == read.contract);
        same.is_some_and(|one| one.grant == read.grant && one.snapshot == read.after)
    });
    let whole = earlier
        .end
        .as_ref()
        .is_some_and(|end| end.outcome == "done")
        && earlier.reads.iter().all(|read| read.as_of.is_none());
    if goes_on && whole && earlier.peer == question.peer && follows < question.index {
        return None;
    }
    Some(AuditFinding::broken_evidence(
        &copy.file,
        Some(question.index),
        format!(
            "record {}: it does not go on from the answer that it names",
            question.index
        ),
    ))
}

/// Longest duration of an answer, microseconds.
const LONGEST: i64 = 600 * 1_000_000;

/// Finding for a missing record. A part of a log may lack it, and so may a log with a limited retention.
fn missing_record_finding(copy: &ExportFile, index: u64) -> Option<AuditFinding> {
    let whole = copy.tree.is_some() && copy.history.kept_from.is_none();
    whole.then(|| {
        AuditFinding::broken_evidence(
            &copy.file,
            Some(index),
            format!("record {index}: the answer that it goes on from is not in the log"),
        )
    })
}
