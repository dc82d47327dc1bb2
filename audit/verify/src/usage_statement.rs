//! Check of the statements of use in a log: each is signed by the provider, with the prices of the contract, and its months agree
//! with the log.

use crate::deletion_statement::{check_signature, other_content_refusal, wrong_statement_finding};
use crate::documents::first_version;
use crate::evidence_set::{EvidenceSet, ExportFile};
use crate::finding::AuditFinding;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::history::query_entry::{AnswerEnd, QueryEntry};
use hansa_audit_store::history::statement::RecordedStatement;
use hansa_policy::contract::Agreement;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::Term;
use hansa_policy::term::price::PriceUnit;
use hansa_proto::statement;
use hansa_proto::usage::{MonthlyUsage, UsageStatement};
use std::collections::BTreeSet;

/// Judges the statements of every file.
pub(crate) fn judge_usage_statements(case: &EvidenceSet) -> Vec<AuditFinding> {
    let mut findings = Vec::new();
    for copy in &case.copies {
        for stated in &copy.history.usages {
            findings.extend(of_record(case, copy, stated));
        }
    }
    findings
}

/// Note on months in statements of use whose answers are past their retention and can't be recounted.
pub(crate) fn describe_uncounted_months(case: &EvidenceSet, copy: &ExportFile) -> Option<String> {
    let gone = calendar_month(copy.history.kept_from?);
    let texts = copy.history.usages.iter();
    let read = texts.filter_map(|stated| {
        let text = case.documents.usages.get(&stated.statement)?;
        statement::from_envelope::<UsageStatement>(text.as_bytes()).ok()
    });
    let lines = read.flat_map(|read| read.content.lines);
    let months: BTreeSet<String> = lines
        .map(|line| line.month)
        .filter(|month| *month <= gone)
        .collect();
    let (first, last) = (months.first()?, months.last()?);
    Some(format!(
        "what statements of use count for {first} to {last}: answers up to {gone} are past their retention"
    ))
}

fn of_record(
    case: &EvidenceSet,
    copy: &ExportFile,
    stated: &RecordedStatement,
) -> Option<AuditFinding> {
    let name = &stated.statement;
    let Some(text) = case.documents.usages.get(name) else {
        let what = format!(
            "record {}: the statement of use {} is not in the files",
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
            wrong_statement_finding(copy, stated.index, "its statement of use", &refusal)
        })
}

fn check_statement(
    case: &EvidenceSet,
    copy: &ExportFile,
    stated: &RecordedStatement,
    text: &str,
) -> Result<(), Refusal> {
    let read = statement::from_envelope::<UsageStatement>(text.as_bytes())?;
    if Digest::of(text.as_bytes()).to_string() != stated.statement {
        return Err(other_content_refusal(
            "it is another one than the record names",
        ));
    }
    let statement = &read.content;
    if statement.provider != copy.owner
        || statement.contract.to_string() != stated.contract
        || statement.stated_at > stated.at
    {
        return Err(other_content_refusal(
            "it says something else than its record",
        ));
    }
    check_signature(case, &copy.owner, &read.signature, stated.at)?;
    for line in &statement.lines {
        if first_version(case, line.contract).is_some_and(|begins| begins != statement.contract) {
            return Err(other_content_refusal(
                "it counts what was used under another contract",
            ));
        }
        if let Some(agreed) = case.documents.contracts.get(&line.contract) {
            check_line_sums(agreed.agreement(), line)?;
        }
    }
    if copy.tree.is_some() {
        check_monthly_counts(case, copy, stated, statement)?;
    }
    Ok(())
}

/// Checks that the sums of a line follow from its counts and the prices of the contract.
fn check_line_sums(agreement: &Agreement, line: &MonthlyUsage) -> Result<(), Refusal> {
    for sum in &line.sums {
        let clause = agreement.clauses.iter().find(|one| one.id == sum.clause);
        let agreed = match clause.map(|clause| &clause.term) {
            Some(Term::Price(price)) => Some(price),
            _ => None,
        };
        let same = agreed.is_some_and(|price| {
            let stated = &sum.price;
            price.amount == stated.amount
                && price.currency == stated.currency
                && price.per == stated.per
        });
        if !same {
            return Err(other_content_refusal(
                "it names a price that was not signed",
            ));
        }
        let right = match sum.price.per {
            PriceUnit::Query => sum.count == line.questions,
            PriceUnit::Row => sum.count == line.rows,
            PriceUnit::Megabyte => sum.count == line.bytes,
            PriceUnit::Month => sum.count <= 1,
        };
        if !right {
            return Err(other_content_refusal(
                "a sum is made of another number than is counted",
            ));
        }
    }
    Ok(())
}

/// Checks that each month counts the answers in the log. An answer that ended during the count may be included or not.
fn check_monthly_counts(
    case: &EvidenceSet,
    copy: &ExportFile,
    stated: &RecordedStatement,
    statement: &UsageStatement,
) -> Result<(), Refusal> {
    let ended: Vec<(&QueryEntry, &AnswerEnd)> = copy
        .history
        .questions
        .iter()
        .filter_map(|question| Some((question, question.end.as_ref()?)))
        .filter(|(_, end)| end.index < stated.index)
        .collect();
    let stated_lines: BTreeSet<(String, &str)> = statement
        .lines
        .iter()
        .map(|line| (line.contract.to_string(), line.month.as_str()))
        .collect();
    // A month with expired answers can't be recounted; this is reported.
    let gone = copy.history.kept_from.map(calendar_month);
    let kept = |line: &&MonthlyUsage| gone.as_ref().is_none_or(|gone| line.month > *gone);
    for line in statement.lines.iter().filter(kept) {
        let id = line.contract.to_string();
        let of_line = |(question, end): &&(&QueryEntry, &AnswerEnd)| {
            question.contracts.contains(&id) && calendar_month(end.at) == line.month
        };
        let all = sum_answers(ended.iter().filter(of_line));
        let before = ended.iter().filter(of_line);
        let least = sum_answers(before.filter(|(_, end)| end.at <= statement.stated_at));
        let reported = [line.questions, line.rows, line.bytes];
        let mut bounds = reported.iter().zip(least.iter().zip(all));
        if !bounds.all(|(reported, (least, most))| least <= reported && *reported <= most) {
            let ([questions, rows, bytes], month) = (all, &line.month);
            return Err(other_content_refusal(&format!(
                "for {month} it counts {} questions, {} rows and {} bytes; the log has {questions}, {rows} and {bytes}",
                line.questions, line.rows, line.bytes
            )));
        }
    }
    for (question, end) in ended
        .iter()
        .filter(|(_, end)| end.at <= statement.stated_at)
    {
        for contract in &question.contracts {
            let of_chain = contract.parse().ok().and_then(|id| first_version(case, id));
            if of_chain == Some(statement.contract)
                && !stated_lines.contains(&(contract.clone(), calendar_month(end.at).as_str()))
            {
                return Err(other_content_refusal(
                    "it leaves out a month in which something was used",
                ));
            }
        }
    }
    Ok(())
}

/// Number of questions, rows and bytes. An answer that a crash has ended has no counts and adds nothing.
fn sum_answers<'a>(ended: impl Iterator<Item = &'a (&'a QueryEntry, &'a AnswerEnd)>) -> [u64; 3] {
    ended.fold([0; 3], |[questions, rows, bytes], (_, end)| {
        [
            questions.saturating_add(1),
            rows.saturating_add(end.rows.unwrap_or_default()),
            bytes.saturating_add(end.bytes.unwrap_or_default()),
        ]
    })
}

/// Calendar month (UTC) of an instant.
fn calendar_month(at: UtcTimestamp) -> String {
    at.to_string().chars().take(7).collect()
}
