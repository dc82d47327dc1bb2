//! Lint of windows, purposes and quotas that have no effect.

use super::{LintFinding, LintedPolicy};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::{Clause, Term};

pub(super) fn check_ineffective_terms(policy: &LintedPolicy<'_>) -> Vec<LintFinding> {
    let mut findings = purpose_findings(policy);
    findings.extend(quota_findings(policy));
    findings.extend(expiry_finding(policy));
    findings
}

fn purpose_findings(policy: &LintedPolicy<'_>) -> Vec<LintFinding> {
    let mut findings = Vec::new();
    for clause in policy.clauses {
        for purpose in clause.term.purposes() {
            if !policy.taxonomy.contains(purpose) {
                let refusal = Refusal::new(
                    ErrorCode::PurposeUnknown,
                    format!("there is no purpose `{purpose}`"),
                )
                .with_help(format!(
                    "declare it: [purpose.{purpose}] with its parent in the vocabulary"
                ));
                findings.push(LintFinding::error(Some(clause.id), refusal));
            } else if policy.taxonomy.is_root(purpose)
                && matches!(clause.term, Term::Prohibition(_))
            {
                let refusal = Refusal::new(
                    ErrorCode::PolicyContradiction,
                    format!("`{purpose}` covers every purpose, so the condition has no effect"),
                )
                .with_help("name a narrower purpose, or leave the condition out");
                findings.push(LintFinding::error(Some(clause.id), refusal));
            } else if policy.taxonomy.is_root(purpose) && matches!(clause.term, Term::Purpose(_)) {
                let refusal = Refusal::new(
                    ErrorCode::PurposeTooBroad,
                    format!("the purpose `{purpose}` covers nearly everything"),
                )
                .with_help("name a narrower purpose");
                findings.push(LintFinding::warning(Some(clause.id), refusal));
            }
        }
    }
    findings
}

fn quota_findings(policy: &LintedPolicy<'_>) -> Vec<LintFinding> {
    let mut findings = Vec::new();
    let bytes = policy
        .clauses
        .iter()
        .any(|clause| matches!(clause.term, Term::ByteQuota(_)));
    for clause in policy.clauses {
        if let Term::RowQuota(quota) = &clause.term {
            if !bytes {
                let refusal = Refusal::new(
                    ErrorCode::RowQuotaWithoutBytes,
                    "one row of an answer can hold the values of many rows, so a quota on rows alone limits nothing",
                )
                .with_help("add a quota on bytes, such as bytes_per_day");
                findings.push(LintFinding::error(Some(clause.id), refusal));
            }
            findings.extend(row_quota(policy, clause, quota.max));
        }
    }
    findings
}

/// Finding for a row quota above the number of the dataset's rows, in row form.
fn row_quota(policy: &LintedPolicy<'_>, clause: &Clause, max: u64) -> Option<LintFinding> {
    let rows = policy.dataset.rows;
    (rows > 0 && max > rows).then(|| {
        LintFinding::warning(
            Some(clause.id),
            Refusal::new(
                ErrorCode::QuotaUnfit,
                format!("the quota of {max} rows is more than the {rows} rows of the dataset"),
            )
            .with_help("lower the quota, or leave it out"),
        )
    })
}

fn expiry_finding(policy: &LintedPolicy<'_>) -> Option<LintFinding> {
    const FIVE_YEARS: i64 = (5 * 365 + 2) * 86_400_000_000;
    let mut from = policy.dataset.published_at;
    let mut until: Option<(UtcTimestamp, &Clause)> = None;
    for clause in policy.clauses {
        if let Term::NotBefore(instant) = clause.term {
            from = from.max(instant);
        }
        if let Term::NotAfter(instant) = clause.term
            && until.is_none_or(|(known, _)| instant < known)
        {
            until = Some((instant, clause));
        }
    }
    let (sentence, clause) = match until {
        None => ("the policy has no end".to_owned(), None),
        Some((end, clause)) if end > from.plus_micros(FIVE_YEARS) => (
            format!("the policy ends on {end}, more than five years ahead"),
            Some(clause.id),
        ),
        Some(_) => return None,
    };
    Some(LintFinding::warning(
        clause,
        Refusal::new(ErrorCode::NoExpiry, sentence).with_help("set valid.until"),
    ))
}
