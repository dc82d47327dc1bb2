//! Comparison of sent and received answers.

use crate::evidence_set::{EvidenceSet, ExportFile};
use crate::finding::{AnswerVersions, AuditFinding};
use crate::incident::AnswerLocation;
use crate::output::{OutputCollector, field_json};
use crate::receipt;
use hansa_audit_log::reconcile::{
    ComparedAnswer, ContractTotals, FieldDifference, ReconciliationFinding as Said,
    reconcile_answers,
};
use serde_json::{Value, json};

/// Largest number of differing answers in one comparison; the findings name all.
const MOST_DIFFERING: usize = 1_000;

/// Compares the files of different participants, each pair in both directions.
pub(crate) fn judge_reconciliation(
    case: &EvidenceSet,
    mut collector: Option<&mut OutputCollector>,
) -> Vec<AuditFinding> {
    let mut findings = Vec::new();
    for provider in &case.copies {
        for consumer in &case.copies {
            if provider.owner != consumer.owner {
                findings.extend(compare_direction(
                    case,
                    provider,
                    consumer,
                    collector.as_deref_mut(),
                ));
            }
        }
    }
    findings
}

fn compare_direction(
    case: &EvidenceSet,
    provider: &ExportFile,
    consumer: &ExportFile,
    collector: Option<&mut OutputCollector>,
) -> Vec<AuditFinding> {
    // Records past the retention of one log can't be compared.
    let since = provider.answers.comparable_from(&consumer.answers);
    let sent = provider
        .answers
        .answers_to_peer(consumer.owner.as_str(), since);
    let received = consumer
        .answers
        .received_from(provider.owner.as_str(), since);
    let found = reconcile_answers(&sent, &received);
    // Skipped records are reported, since an empty comparison would look like a good one.
    let older = (
        provider
            .answers
            .answers_to_peer(consumer.owner.as_str(), None)
            .len()
            .saturating_sub(sent.len()),
        consumer
            .answers
            .received_from(provider.owner.as_str(), None)
            .len()
            .saturating_sub(received.len()),
    );
    if let Some(collector) = collector
        && !(found.requests.is_empty() && older == (0, 0))
    {
        let of = |finding: &str| {
            let named = |compared: &&ComparedAnswer| compared.finding.as_str() == finding;
            found.requests.iter().filter(named).count()
        };
        let mut sums = (ContractTotals::default(), ContractTotals::default());
        for (sent, received) in found.totals.values() {
            add_totals(&mut sums.0, sent);
            add_totals(&mut sums.1, received);
        }
        let differing: Vec<&ComparedAnswer> = found
            .requests
            .iter()
            .filter(|compared| !compared.finding.is_clean())
            .collect();
        let (from, to) = (provider.owner.domain(), consumer.owner.domain());
        let mut text = format!(
            "{from} to {to}: {} answers, {} of them matched; sent {} rows and {} bytes, received {} rows and {} bytes",
            found.requests.len(),
            of("matched"),
            sums.0.rows,
            sums.0.bytes,
            sums.1.rows,
            sums.1.bytes
        );
        if sums.0.uncounted > 0 {
            text.push_str(&format!(
                "; {} more were interrupted, of which at most {} rows and {} bytes left",
                sums.0.uncounted, sums.0.uncounted_rows, sums.0.uncounted_bytes
            ));
        }
        if of("one-sided") > 0 {
            text.push_str(&format!(
                "; {} went to programs of {to} without a connector, whose receipts {from} alone has signed",
                of("one-sided")
            ));
        }
        if let Some(since) = since {
            text.push_str(&format!(
                "; compared from {since} on, since one of them keeps no older decisions: {} that {from} still has and {} that \
                 {to} still has were not compared",
                older.0, older.1
            ));
        }
        let value = json!({
            "provider": from,
            "since": since.map(|since| since.to_string()),
            "older_not_compared": [older.0, older.1],
            "consumer": to,
            "answers": found.requests.len(),
            "matched": of("matched"),
            "not_taken": of("not taken"),
            "one_sided": of("one-sided"),
            "cut_off": of("cut off"),
            "interrupted": of("interrupted"),
            "interrupted_at_most": {"rows": sums.0.uncounted_rows, "bytes": sums.0.uncounted_bytes},
            "unacknowledged": of("unacknowledged"),
            "rows_sent": sums.0.rows,
            "rows_received": sums.1.rows,
            "bytes_sent": sums.0.bytes,
            "bytes_received": sums.1.bytes,
            "differing": differing.iter().take(MOST_DIFFERING).map(|compared| difference_json(compared)).collect::<Vec<_>>(),
            "differing_omitted": differing.len().saturating_sub(MOST_DIFFERING),
        });
        collector.add_answer(value, &text);
    }
    found
        .requests
        .iter()
        .filter(|compared| !compared.finding.is_clean())
        .map(|compared| {
            closed_answer(case, provider, consumer, compared)
                .unwrap_or_else(|| difference_finding(case, provider, consumer, compared))
        })
        .collect()
}

/// Answer in which the logs differ, with the values of both.
fn difference_json(compared: &ComparedAnswer) -> Value {
    let fields = match &compared.finding {
        Said::Mismatch(fields) => fields.as_slice(),
        _ => &[],
    };
    json!({
        "request": compared.request_id,
        "kind": compared.finding.as_str(),
        "fields": fields.iter().map(field_json).collect::<Vec<_>>(),
    })
}

/// Finding for an answer that one log lacks and that falls into a closed incident of its owner.
fn closed_answer(
    case: &EvidenceSet,
    provider: &ExportFile,
    consumer: &ExportFile,
    compared: &ComparedAnswer,
) -> Option<AuditFinding> {
    if !is_closed(case, provider, consumer, compared) {
        return None;
    }
    let (verb, lacking, has) = match &compared.finding {
        Said::ProviderOnly { .. } => ("sent", consumer, provider),
        _ => ("received", provider, consumer),
    };
    let what = format!(
        "question {}: {} {verb} an answer that the log of {} lacks; it is of an incident that {} has stated",
        compared.request_id,
        has.owner.domain(),
        lacking.owner.domain(),
        lacking.owner.domain()
    );
    Some(AuditFinding::incident(&lacking.file, None, what))
}

/// True if the owner of the log without the answer has stated an incident that covers it.
fn is_closed(
    case: &EvidenceSet,
    provider: &ExportFile,
    consumer: &ExportFile,
    compared: &ComparedAnswer,
) -> bool {
    let request = &compared.request_id;
    match &compared.finding {
        Said::ProviderOnly { .. } => {
            let questions = provider.history.questions.iter();
            questions
                .filter(|question| question.request == *request)
                .any(|question| {
                    let answer = AnswerLocation {
                        copy: provider,
                        record: question.index,
                        at: question.at,
                    };
                    case.is_closed_answer(&consumer.owner, request, answer)
                })
        }
        Said::ConsumerOnly => {
            let received = consumer.history.received.iter();
            received
                .filter(|received| received.request == *request)
                .any(|received| {
                    let answer = AnswerLocation {
                        copy: consumer,
                        record: received.index,
                        at: received.at,
                    };
                    case.is_closed_answer(&provider.owner, request, answer)
                })
        }
        _ => false,
    }
}

const fn add_totals(sum: &mut ContractTotals, more: &ContractTotals) {
    sum.uncounted = sum.uncounted.saturating_add(more.uncounted);
    sum.uncounted_rows = sum.uncounted_rows.saturating_add(more.uncounted_rows);
    sum.uncounted_bytes = sum.uncounted_bytes.saturating_add(more.uncounted_bytes);
    sum.answers = sum.answers.saturating_add(more.answers);
    sum.rows = sum.rows.saturating_add(more.rows);
    sum.bytes = sum.bytes.saturating_add(more.bytes);
}

/// Finding for one answer. A statement of one side alone incriminates the other side only with the other's signature on a receipt.
fn difference_finding(
    case: &EvidenceSet,
    provider: &ExportFile,
    consumer: &ExportFile,
    compared: &ComparedAnswer,
) -> AuditFinding {
    let request = &compared.request_id;
    let (from, to) = (provider.owner.domain(), consumer.owner.domain());
    match &compared.finding {
        Said::ConsumerOnly if !receipt::was_given(case, consumer, request) => {
            let what = format!(
                "question {request}: {to} says that it received an answer that the log of {from} lacks, and shows no receipt for it"
            );
            return AuditFinding::missing_evidence(&consumer.file, None, what);
        }
        Said::ProviderOnly { .. } if !receipt::was_returned(case, provider, request) => {
            let what = format!(
                "question {request}: {from} says that it sent an answer that the log of {to} lacks, and shows no countersigned receipt for it"
            );
            return AuditFinding::missing_evidence(&provider.file, None, what);
        }
        _ => {}
    }
    let (file, what) = match &compared.finding {
        Said::ConsumerOnly => (
            &provider.file,
            format!("question {request}: {to} received an answer that the log of {from} lacks"),
        ),
        Said::ProviderOnly { .. } => (
            &consumer.file,
            format!("question {request}: {from} sent an answer that the log of {to} lacks"),
        ),
        Said::Mismatch(differences) => {
            let fields: Vec<String> = differences
                .iter()
                .map(|one| format!("{} {} / {}", one.field, one.provider, one.consumer))
                .collect();
            (
                &provider.file,
                format!(
                    "question {request}: {from} and {to} differ: {}",
                    fields.join(", ")
                ),
            )
        }
        other => (
            &provider.file,
            format!("question {request} of {to} to {from}: {}", other.as_str()),
        ),
    };
    let finding = AuditFinding::broken_evidence(file, None, what);
    match list_fields(compared) {
        Some(fields) => finding.with_versions(AnswerVersions {
            request: request.clone(),
            provider: from.to_owned(),
            consumer: to.to_owned(),
            fields,
        }),
        None => finding,
    }
}

/// Fields of an answer whose two entries differ, in the order of an entry; none for another finding.
fn list_fields(compared: &ComparedAnswer) -> Option<Vec<FieldDifference>> {
    let Said::Mismatch(differences) = &compared.finding else {
        return None;
    };
    let sent = compared.provider.as_ref()?;
    let same = [
        ("contract", sent.contract.clone()),
        ("rows", sent.rows.to_string()),
        ("bytes", sent.bytes.to_string()),
        ("digest", sent.digest.clone()),
        ("outcome", sent.outcome.clone()),
    ];
    let fields = same.into_iter().map(|(field, value)| {
        let differing = differences.iter().find(|one| one.field == field);
        differing.cloned().unwrap_or_else(|| FieldDifference {
            field,
            provider: value.clone(),
            consumer: value,
        })
    });
    Some(fields.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hansa_audit_log::reconcile::AnswerSummary;

    #[test]
    fn a_differing_answer_has_all_fields_of_both_entries() {
        let entry = |rows: u64| AnswerSummary {
            request_id: "q1".to_owned(),
            contract: "7f3a".to_owned(),
            rows,
            bytes: 50,
            digest: "sha256:ab".to_owned(),
            outcome: "done".to_owned(),
            at_most: None,
            receipt: true,
            acknowledged: true,
            one_sided: false,
        };
        let compare = |rows: u64| {
            let mut found = reconcile_answers(&[entry(49)], &[entry(rows)]);
            list_fields(&found.requests.remove(0))
        };
        let fields = compare(48).unwrap();
        let shown: Vec<_> = fields
            .iter()
            .map(|one| (one.field, one.provider.as_str(), one.consumer.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                ("contract", "7f3a", "7f3a"),
                ("rows", "49", "48"),
                ("bytes", "50", "50"),
                ("digest", "sha256:ab", "sha256:ab"),
                ("outcome", "done", "done"),
            ]
        );
        assert_eq!(compare(49), None);
    }
}
