//! Check of receipts against the logs, and of the provider's log against its receipts.

use crate::documents::of_refusal;
use crate::evidence_set::{EvidenceSet, ExportFile};
use crate::finding::AuditFinding;
use hansa_audit_store::history::query_entry::{AnswerEnd, QueryEntry};
use hansa_audit_store::history::received_answer::ReceivedAnswer;
use hansa_policy::id::ContractId;
use hansa_proto::envelope;
use hansa_proto::receipt::{Receipt, SignedReceipt};
use std::collections::BTreeSet;

/// Judges every receipt that the logs name.
pub(crate) fn judge_receipts(case: &EvidenceSet) -> Vec<AuditFinding> {
    let mut findings = Vec::new();
    for copy in &case.copies {
        for question in &copy.history.questions {
            findings.extend(check_given_receipt(case, copy, question));
        }
        for received in &copy.history.received {
            findings.extend(check_received_receipt(case, copy, received));
        }
    }
    findings
}

/// Judges a receipt with the consumer's countersignature, or one for a program, without countersignature.
fn check_given_receipt(
    case: &EvidenceSet,
    copy: &ExportFile,
    question: &QueryEntry,
) -> Option<AuditFinding> {
    let name = match (&question.acknowledged, &question.one_sided_receipt) {
        (Some((name, true)), _) | (None, Some(name)) => name,
        // A disputed receipt is not checked; the dispute is in the log.
        (Some((_, false)), _) | (None, None) => return None,
    };
    let index = question.index;
    let signed = match read_receipt(case, copy, index, name) {
        Ok(signed) => signed?,
        Err(finding) => return Some(finding),
    };
    let one_sided = question.program.is_some();
    if signed.receipt.one_sided != one_sided || (question.acknowledged.is_none() && !one_sided) {
        let what = match one_sided {
            true => "a program got it, and its receipt is not marked as one-sided",
            false => "a connector got it, and its receipt is marked as one-sided",
        };
        return Some(broken_receipt_finding(copy, index, what));
    }
    if !one_sided && !signed.is_countersigned() {
        return Some(broken_receipt_finding(
            copy,
            index,
            "its receipt is not countersigned",
        ));
    }
    let receipt = &signed.receipt;
    let end = question.end.as_ref()?;
    let mut differs = differing_fields(receipt, end);
    let contracts = |ids: &mut dyn Iterator<Item = String>| ids.collect::<BTreeSet<_>>();
    let read = contracts(
        &mut question
            .reads
            .iter()
            .filter_map(|read| read.contract.clone()),
    );
    let signed_for = contracts(&mut receipt.reads.iter().map(|read| read.contract.to_string()));
    if receipt.request.to_string() != question.request {
        differs.push("request");
    }
    if receipt.consumer.as_str() != question.peer || receipt.provider != copy.owner {
        differs.push("parties");
    }
    if read != signed_for {
        differs.push("contracts");
    }
    if (receipt.leaf.index, receipt.leaf.hash) != (question.index, question.leaf) {
        differs.push("place in the log");
    }
    if !differs.is_empty() {
        let what = format!("its receipt has another {}", differs.join(", "));
        return Some(broken_receipt_finding(copy, index, &what));
    }
    let known = |head: &hansa_audit_log::note::SignedHead| head.digest() == receipt.checkpoint;
    (!copy.heads.iter().any(known)).then(|| {
        let what = format!("record {index}: the head that its receipt names is not in the file");
        AuditFinding::missing_evidence(&copy.file, Some(index), what)
    })
}

/// Judges a receipt for an answer that the log's owner received.
fn check_received_receipt(
    case: &EvidenceSet,
    copy: &ExportFile,
    received: &ReceivedAnswer,
) -> Option<AuditFinding> {
    let index = received.index;
    let name = received.receipt.as_ref()?;
    let signed = match read_receipt(case, copy, index, name) {
        Ok(signed) => signed?,
        Err(finding) => return Some(finding),
    };
    let receipt = &signed.receipt;
    let same = receipt.request.to_string() == received.request
        && receipt.provider.as_str() == received.peer
        && receipt.consumer == copy.owner;
    if !same {
        return Some(broken_receipt_finding(
            copy,
            index,
            "its receipt is for another answer",
        ));
    }
    if signed.is_countersigned()
        && (receipt.rows, receipt.bytes, receipt.result.to_string())
            != (received.rows, received.bytes, received.digest.clone())
    {
        let what = "it was countersigned for something else than was received";
        return Some(broken_receipt_finding(copy, index, what));
    }
    in_the_log(case, copy, index, receipt)
}

/// Checks that the provider's log, if it is among the files, contains the record of the receipt.
fn in_the_log(
    case: &EvidenceSet,
    copy: &ExportFile,
    index: u64,
    receipt: &Receipt,
) -> Option<AuditFinding> {
    let mut incident = None;
    for provider in case.participant_files(&receipt.provider) {
        let leaf = &receipt.leaf;
        let held = match &provider.tree {
            Some(tree) => tree.leaf(leaf.index),
            None => provider
                .history
                .questions
                .iter()
                .find(|question| question.index == leaf.index)
                .map(|question| question.leaf),
        };
        let what = match held {
            Some(hash) if hash == leaf.hash => continue,
            // A part selected by another filter may lack it.
            None if provider.report.is_part => continue,
            _ if case.is_closed_record(&receipt.provider, leaf.index, copy, index) => {
                let what = format!(
                    "record {}: {} has a signed receipt for question {}, which is of an incident that {} has stated (its record {index})",
                    leaf.index,
                    copy.owner.domain(),
                    receipt.request,
                    receipt.provider.domain()
                );
                incident = Some(AuditFinding::incident(
                    &provider.file,
                    Some(leaf.index),
                    what,
                ));
                continue;
            }
            Some(_) => format!(
                "record {}: another record stands here than the one that {} has a signed receipt for (its record {index})",
                leaf.index,
                copy.owner.domain()
            ),
            None => format!(
                "record {} is missing: {} has a signed receipt for it (its record {index})",
                leaf.index,
                copy.owner.domain()
            ),
        };
        return Some(AuditFinding::broken_evidence(
            &provider.file,
            Some(leaf.index),
            what,
        ));
    }
    incident
}

/// Receipt with this name and valid signatures; `None` for an unknown key.
pub(crate) fn read_receipt(
    case: &EvidenceSet,
    copy: &ExportFile,
    index: u64,
    name: &str,
) -> Result<Option<SignedReceipt>, AuditFinding> {
    let file = copy.file.as_str();
    let Some(text) = case.documents.receipts.get(name) else {
        let what = format!("record {index}: its receipt is not in the files");
        return Err(AuditFinding::missing_evidence(file, Some(index), what));
    };
    let Some(trust) = &case.trust else {
        return Ok(None);
    };
    let judged = envelope::parse_receipt(text.as_bytes()).and_then(|signed| {
        signed.verify_signatures(&trust.keys(signed.receipt.last_at))?;
        Ok(signed)
    });
    judged.map(Some).map_err(|refusal| {
        let mut finding = of_refusal(file, &refusal);
        finding.sentence = format!("record {index}: its receipt: {}", finding.sentence);
        finding.record = Some(index);
        finding
    })
}

/// True if the consumer has a receipt for the answer, signed by the provider.
pub(crate) fn was_given(case: &EvidenceSet, consumer: &ExportFile, request: &str) -> bool {
    let received = consumer.history.received.iter();
    received
        .filter(|received| received.request == request)
        .filter_map(|received| Some((received.index, received.receipt.as_ref()?)))
        .any(|(index, name)| {
            let signed = read_receipt(case, consumer, index, name).ok().flatten();
            signed.is_some_and(|signed| {
                signed.receipt.request.to_string() == request
                    && signed.receipt.consumer == consumer.owner
            })
        })
}

/// True if the provider has a receipt for the answer, countersigned by the consumer.
pub(crate) fn was_returned(case: &EvidenceSet, provider: &ExportFile, request: &str) -> bool {
    let questions = provider.history.questions.iter();
    questions
        .filter(|question| question.request == request)
        .filter_map(|question| Some((question.index, question.acknowledged.as_ref()?)))
        .any(|(index, (name, _))| {
            let signed = read_receipt(case, provider, index, name).ok().flatten();
            signed.is_some_and(|signed| {
                signed.is_countersigned() && signed.receipt.request.to_string() == request
            })
        })
}

fn differing_fields(receipt: &Receipt, end: &AnswerEnd) -> Vec<&'static str> {
    let outcome = match &end.code {
        Some(code) => format!("{}:{code}", end.outcome),
        None => end.outcome.clone(),
    };
    let mut differs = Vec::new();
    for (name, differ) in [
        ("number of rows", end.rows != Some(receipt.rows)),
        ("number of bytes", end.bytes != Some(receipt.bytes)),
        ("digest", end.digest != receipt.result.to_string()),
        ("outcome", outcome != receipt.outcome.to_string()),
    ] {
        if differ {
            differs.push(name);
        }
    }
    differs
}

fn broken_receipt_finding(copy: &ExportFile, index: u64, what: &str) -> AuditFinding {
    AuditFinding::broken_evidence(&copy.file, Some(index), format!("record {index}: {what}"))
}

/// Contracts under which a question was permitted.
pub(crate) fn question_contracts(question: &QueryEntry) -> BTreeSet<ContractId> {
    let named = question
        .reads
        .iter()
        .filter_map(|read| read.contract.as_deref());
    named.filter_map(|id| id.parse().ok()).collect()
}
