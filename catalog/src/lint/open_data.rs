//! Lint of terms on data that is open by law (high-value datasets) or by its licence.

use super::{LintFinding, LintedPolicy};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::rule::DemandKind;

pub(super) fn check_open_data(policy: &LintedPolicy<'_>) -> Vec<LintFinding> {
    let licence = policy.dataset.licence.as_str();
    let open = is_open(licence);
    let mut findings = Vec::new();
    for clause in policy.clauses {
        // The period of a contract belongs to its form and is not a restriction.
        let nature = clause.term.spec().nature;
        if policy.dataset.high_value && nature != DemandKind::Technical {
            let refusal = Refusal::new(
                ErrorCode::HvdRestrictiveTerm,
                format!(
                    "a high-value dataset (EU 2023/138) can't be restricted: {}",
                    clause.term.to_english()
                ),
            )
            .with_help("remove the clause, or the high_value flag with a recorded reason");
            findings.push(LintFinding::error(Some(clause.id), refusal));
        }
        if open && nature == DemandKind::Use {
            let refusal = Refusal::new(
                ErrorCode::LicenceAlreadyOpen,
                format!(
                    "the licence {licence} lets anybody do what the clause forbids: {}",
                    clause.term.to_english()
                ),
            )
            .with_help("remove the clause, or check the dataset's licence");
            findings.push(LintFinding::warning(Some(clause.id), refusal));
        }
    }
    findings
}

/// True if the licence permits everybody to use, share and change the data for any purpose, possibly with attribution.
#[must_use]
pub(super) fn is_open(licence: &str) -> bool {
    let plain: String = licence
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    const OPEN: [&str; 14] = [
        "cc0",
        "ccby10",
        "ccby20",
        "ccby25",
        "ccby30",
        "ccby40",
        "ccbysa",
        "dldeby",
        "dldezero",
        "ogl",
        "odbl",
        "odcby",
        "pddl",
        "opengovernmentlicence",
    ];
    OPEN.iter().any(|known| plain.starts_with(known))
}
