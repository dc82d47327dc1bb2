//! Whether what was told of what came since was told to who had the answer before, and under a contract in force.

use crate::evidence_set::{EvidenceSet, ExportFile};
use crate::finding::AuditFinding;
use crate::permit::{PermitDenial, find_contract_denial};
use hansa_audit_store::history::publication::NoNewData;
use hansa_audit_store::history::query_entry::QueryEntry;
use hansa_policy::id::ContractId;
use hansa_policy::term::purpose::Taxonomy;

/// Judges every record that names an earlier answer.
pub(crate) fn judge(case: &EvidenceSet) -> Vec<AuditFinding> {
    let taxonomy = hansa_proto::purpose_taxonomy::vocabulary();
    let mut findings = Vec::new();
    for copy in &case.copies {
        for quiet in &copy.history.no_new_data {
            findings.extend(quietly(case, copy, quiet, &taxonomy));
        }
        for question in &copy.history.questions {
            findings.extend(check_continuation(copy, question));
        }
    }
    findings
}

/// That nothing came tells of a dataset, too: the contracts of the earlier answer must have been in force.
fn quietly(
    case: &EvidenceSet,
    copy: &ExportFile,
    quiet: &NoNewData,
    taxonomy: &Taxonomy,
) -> Option<AuditFinding> {
    let at = Some(quiet.index);
    let report = |what: &str| format!("record {}: {what}", quiet.index);
    let broken = |what: &str| Some(AuditFinding::broken_evidence(&copy.file, at, report(what)));
    let Some(earlier) = copy.history.question_by_permit(quiet.follows) else {
        return lacks(copy, quiet.index);
    };
    if earlier.peer != quiet.peer || quiet.follows >= quiet.index {
        return broken("it goes on from an answer that somebody else got");
    }
    let came = copy.history.published.iter().find(|one| {
        let mut reads = earlier.reads.iter();
        // A question holds on to what it found when it came, and a publication is in the log before it is shown.
        one.at > earlier.at
            && one.at.plus_micros(LONGEST) < quiet.at
            && reads.any(|read| read.dataset == one.dataset)
    });
    if let Some(came) = came {
        let what = format!("nothing came, it says, after {} had", came.version);
        return broken(&what);
    }
    let then = QueryEntry {
        index: quiet.index,
        at: quiet.at,
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
        // One that is missing was told with the permit.
        if !case.documents.contracts.contains_key(&id) {
            continue;
        }
        match find_contract_denial(case, copy, &then, id, taxonomy) {
            None => {}
            Some(PermitDenial::Unknown(what)) => {
                return Some(AuditFinding::unknown(&copy.file, at, report(&what)));
            }
            Some(PermitDenial::Not(what)) => return broken(&what),
        }
    }
    None
}

/// What came since is told to who had what was there before, of the same datasets.
fn check_continuation(copy: &ExportFile, question: &QueryEntry) -> Option<AuditFinding> {
    let follows = question.follows?;
    let Some(earlier) = copy.history.question_by_permit(follows) else {
        return lacks(copy, question.index);
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

/// No question takes longer to be answered, microseconds.
const LONGEST: i64 = 600 * 1_000_000;

/// A part of a log may lack the record; so may a log that keeps its decisions for a time.
fn lacks(copy: &ExportFile, index: u64) -> Option<AuditFinding> {
    let whole = copy.tree.is_some() && copy.history.kept_from.is_none();
    whole.then(|| {
        AuditFinding::broken_evidence(
            &copy.file,
            Some(index),
            format!("record {index}: the answer that it goes on from is not in the log"),
        )
    })
}
