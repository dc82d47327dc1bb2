//! Lint of privacy: small groups, visible units and personal columns, filters that disclose hidden values.

use super::{LintFinding, LintedPolicy, is_personal};
use hansa_policy::id::{ClauseId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::row_filter::{FilterOperand, RowFilter};
use hansa_policy::term::{Clause, Term};
use hansa_policy::value::cube::CountingUnit;
use hansa_policy::value::privacy_budget::PrivacyBudgetTerm;
use std::collections::BTreeSet;

/// Smallest group on personal data that can be signed.
const LEAST: u32 = 3;

/// Group size below which there is a warning.
const SMALL: u32 = 10;

/// Epsilon of a privacy budget above which there is a warning, in millionths.
const LARGE: u64 = 3_000_000;

pub(super) fn check_privacy(policy: &LintedPolicy<'_>) -> Vec<LintFinding> {
    let mut findings = Vec::new();
    if policy.is_aggregate() {
        findings.extend(group_findings(policy));
    } else {
        findings.extend(visible_column_findings(policy));
    }
    findings.extend(legal_basis(policy));
    findings.extend(dimension_findings(policy));
    findings.extend(filter_findings(policy));
    findings
}

/// Finding for visible columns about persons in the row form, in any form except NULL or a constant, without a legal basis.
fn legal_basis(policy: &LintedPolicy<'_>) -> Option<LintFinding> {
    let reported = policy
        .clauses
        .iter()
        .any(|clause| matches!(clause.term, Term::LegalBasis(_)));
    if reported || policy.is_aggregate() {
        return None;
    }
    let nothing = |name: &SqlIdentifier| {
        policy
            .clauses
            .iter()
            .any(|clause| matches!(&clause.term, Term::Mask { column, .. } if column == name))
    };
    let columns = policy.dataset.columns.iter();
    let shown = columns
        .filter(|column| column.personal)
        .find(|column| policy.is_there(&column.name) && !nothing(&column.name))?;
    let refusal = Refusal::new(
        ErrorCode::LegalBasisMissing,
        format!(
            "`{}` is about persons, and no legal basis is named",
            shown.name
        ),
    )
    .with_help("name it: legal_basis = \"eu-gdpr:A6-1-e\", or leave the column out");
    Some(LintFinding::error(None, refusal))
}

fn group_findings(policy: &LintedPolicy<'_>) -> Vec<LintFinding> {
    let personal = is_personal(policy.dataset);
    let group = policy.clauses.iter().find_map(|clause| {
        if let Term::MinGroup { at_least, unit } = &clause.term {
            Some((clause, *at_least, unit))
        } else {
            None
        }
    });
    let budget = policy.clauses.iter().find_map(|clause| match &clause.term {
        Term::Budget(budget) => Some((clause, budget)),
        _ => None,
    });
    if let Some((clause, budget)) = budget {
        return check_privacy_budget(policy, clause, budget);
    }
    let Some((clause, at_least, unit)) = group else {
        let refusal = Refusal::new(
            ErrorCode::NoMinGroup,
            "a cell with a single row shows that row",
        )
        .with_help("add min_contributors or min_rows");
        return vec![if personal {
            LintFinding::error(None, refusal)
        } else {
            LintFinding::warning(None, refusal)
        }];
    };
    let mut findings = Vec::new();
    if personal && at_least < SMALL {
        let refusal = Refusal::new(
            ErrorCode::GroupTooSmall,
            format!("a minimum group of {at_least} on data about persons"),
        )
        .with_help(format!("raise it to {SMALL} or more"));
        findings.push(if at_least < LEAST {
            LintFinding::error(Some(clause.id), refusal)
        } else {
            LintFinding::warning(Some(clause.id), refusal)
        });
    }
    if personal {
        findings.extend(unit_of_persons(policy, clause, unit));
    }
    findings
}

/// Findings of a privacy budget, which replaces a smallest group size.
fn check_privacy_budget(
    policy: &LintedPolicy<'_>,
    clause: &Clause,
    budget: &PrivacyBudgetTerm,
) -> Vec<LintFinding> {
    let mut findings = Vec::new();
    if budget.most.millionths() > LARGE {
        let refusal = Refusal::new(
            ErrorCode::EpsilonTooLarge,
            format!("an epsilon of {} in a {}", budget.most, budget.per.as_str()),
        )
        .with_help("lower it to 3 or less; 1 is usual");
        findings.push(LintFinding::warning(Some(clause.id), refusal));
    }
    if is_personal(policy.dataset) {
        let unit = CountingUnit::Column(budget.unit.clone());
        findings.extend(unit_of_persons(policy, clause, &unit));
    }
    findings
}

/// Finding where rows are about persons and groups don't count persons.
fn unit_of_persons(
    policy: &LintedPolicy<'_>,
    clause: &Clause,
    unit: &CountingUnit,
) -> Option<LintFinding> {
    let registered = policy.dataset.unit_column.as_ref();
    let counts_persons = match unit {
        CountingUnit::Column(column) => registered == Some(column),
        CountingUnit::Rows => false,
    };
    if counts_persons {
        return None;
    }
    let refusal = Refusal::new(
        ErrorCode::GroupWithoutUnit,
        "the data is about persons, but the minimum group counts something else",
    );
    let refusal = match registered {
        Some(column) => refusal.with_help(format!("count different values of {column}")),
        None => refusal.with_help("set unit_column on the dataset"),
    };
    Some(LintFinding::warning(Some(clause.id), refusal))
}

/// Findings for unmasked unit columns and columns about persons in the row form.
fn visible_column_findings(policy: &LintedPolicy<'_>) -> Vec<LintFinding> {
    let clause = policy.shown_columns().map(|(clause, _)| clause);
    let mut findings = Vec::new();
    if let Some(unit) = &policy.dataset.unit_column
        && policy.shows_clear(unit)
        && is_personal(policy.dataset)
    {
        let refusal = Refusal::new(
            ErrorCode::UnitVisible,
            format!("`{unit}` distinguishes persons or firms, and can be seen"),
        )
        .with_help("leave it out of the columns, or mask it");
        findings.push(LintFinding::warning(clause, refusal));
    }
    for column in &policy.dataset.columns {
        if column.personal && policy.shows_clear(&column.name) {
            findings.push(about_persons(clause, &column.name));
        }
    }
    findings
}

/// Findings for dimensions in the aggregate form, which show stored values.
fn dimension_findings(policy: &LintedPolicy<'_>) -> Vec<LintFinding> {
    let mut findings = Vec::new();
    for clause in policy.clauses {
        let Term::Dimensions(list) = &clause.term else {
            continue;
        };
        for name in list {
            let personal = policy
                .dataset
                .columns
                .iter()
                .any(|column| column.personal && column.name == *name);
            if personal {
                findings.push(about_persons(Some(clause.id), name));
            }
        }
    }
    findings
}

fn about_persons(clause: Option<ClauseId>, name: &SqlIdentifier) -> LintFinding {
    let refusal = Refusal::new(
        ErrorCode::PersonalVisible,
        format!("`{name}` is about persons and can be seen"),
    )
    .with_help("leave it out, mask it, or permit aggregates only");
    LintFinding::warning(clause, refusal)
}

/// Findings for filters. A condition on a masked or hidden column discloses its range for every visible row. In the aggregate form,
/// a condition on a column outside the grid divides cells.
fn filter_findings(policy: &LintedPolicy<'_>) -> Vec<LintFinding> {
    let mut findings = Vec::new();
    for clause in policy.clauses {
        let mut looked_at: Vec<SqlIdentifier> = Vec::new();
        if let Term::Rows(filter) = &clause.term {
            looked_at = disclosed_columns(filter);
        }
        if let Term::Prohibition(one) = &clause.term {
            looked_at = one.rows().map(disclosed_columns).unwrap_or_default();
        }
        if let Term::Area { .. } | Term::PublishedArea(_) = &clause.term {
            looked_at = clause.term.columns();
        }
        for name in looked_at {
            let exists = policy
                .dataset
                .columns
                .iter()
                .any(|column| column.name == name);
            let refusal = match (exists, policy.is_aggregate()) {
                (true, false) if !policy.shows_clear(&name) => tells_its_range(&name),
                (true, true) if !is_dimension(policy, &name) => cuts_cells(&name),
                (true | false, _) => continue,
            };
            findings.push(LintFinding::warning(Some(clause.id), refusal));
        }
    }
    findings
}

fn tells_its_range(name: &SqlIdentifier) -> Refusal {
    Refusal::new(
        ErrorCode::FilterOnTreatedColumn,
        format!("`{name}` is hidden, masked or coarsened, but the rows are chosen by it"),
    )
    .with_help(
        "every visible row tells that its value passes; accept it, or choose by another column",
    )
}

fn cuts_cells(name: &SqlIdentifier) -> Refusal {
    Refusal::new(
        ErrorCode::GridConflict,
        format!("the rows are chosen by `{name}`, which is no dimension of the dataset's grid"),
    )
    .with_help("cells of two such contracts can be subtracted from each other; choose by dimensions, or make sure that no two consumers compare")
}

fn is_dimension(policy: &LintedPolicy<'_>, name: &SqlIdentifier) -> bool {
    policy.dataset.grid.as_ref().is_some_and(|grid| {
        grid.dimensions
            .iter()
            .any(|dimension| dimension.column == *name)
    })
}

/// Columns whose range a filter discloses. The asking participant knows its own identity, so `column = {{consumer}}` discloses
/// nothing.
fn disclosed_columns(filter: &RowFilter) -> Vec<SqlIdentifier> {
    let (mut asked, mut other) = (BTreeSet::new(), BTreeSet::new());
    filter.each_operand(&mut |name, operand| {
        match operand {
            FilterOperand::Consumer => asked.insert(name.clone()),
            FilterOperand::Literal(_) => other.insert(name.clone()),
        };
    });
    let mut reported = filter.collect_columns();
    reported.retain(|name| !asked.contains(name) || other.contains(name));
    reported.into_iter().collect()
}
