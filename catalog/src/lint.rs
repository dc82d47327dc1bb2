//! Lint of a policy for a dataset: all errors and warnings at once, before the policy is signed.

mod ineffective_term;
mod open_data;
mod place_beside;
mod place_cells;
pub mod policy_combination;
mod privacy;
pub mod rulebook_rules;
mod satisfiability;

use crate::dataset::{ColumnType, Dataset};
use crate::offer::{Offer, OfferRecipients};
use crate::{grid_alignment, literal_type, query_view};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::Agreement;
use hansa_policy::id::{ClauseId, SqlIdentifier};
use hansa_policy::published_list::{PublishedLists, no_group};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::open_data as open_data_term;
use hansa_policy::term::purpose::Taxonomy;
use hansa_policy::term::rule::EffectBinding;
use hansa_policy::term::{Clause, Term, clause_effects};
use hansa_policy::value::column::MaskValue;
use hansa_policy::value::cube::CountingUnit;
use std::collections::BTreeSet;

/// One error or warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintFinding {
    /// Severity: error or warning.
    pub severity: LintSeverity,
    /// Code of the finding.
    pub code: ErrorCode,
    /// Clause of the finding.
    pub clause: Option<ClauseId>,
    /// One sentence: lower case, no full stop.
    pub sentence: String,
    /// Suggestions, the most useful first.
    pub help: Vec<String>,
}

/// Severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LintSeverity {
    /// The policy can't be signed.
    Error,
    /// The policy can be signed by a person who has read the warning.
    Warning,
}

/// Checks the clauses of a policy against their dataset. Own purposes of the clauses must be in `taxonomy`.
#[must_use]
pub fn check_clauses(
    clauses: &[Clause],
    dataset: &Dataset,
    taxonomy: &Taxonomy,
) -> Vec<LintFinding> {
    let policy = LintedPolicy {
        clauses,
        dataset,
        taxonomy,
    };
    let mut findings = Vec::new();
    findings.extend(column_findings(&policy));
    findings.extend(satisfiability::check_satisfiability(&policy));
    let known = |whole: &LintFinding, findings: &[LintFinding]| {
        findings.iter().any(|known| {
            known.code == whole.code && (whole.clause.is_none() || known.clause == whole.clause)
        })
    };
    if let Some(whole) = enforcement_finding(&policy)
        && !known(&whole, &findings)
    {
        findings.push(whole);
    }
    findings.extend(ineffective_term::check_ineffective_terms(&policy));
    findings.extend(privacy::check_privacy(&policy));
    findings.extend(place_cells::check_place_cells(&policy));
    findings.extend(place_beside::check_place_columns(&policy));
    findings.extend(open_data::check_open_data(&policy));
    sort_findings(findings)
}

/// Checks an offer: its policy, its period at `now`, and its recipients.
#[must_use]
pub fn check_offer(
    offer: &Offer,
    dataset: &Dataset,
    taxonomy: &Taxonomy,
    now: UtcTimestamp,
) -> Vec<LintFinding> {
    let mut findings = Vec::new();
    let taxonomy = match taxonomy.with_own(&offer.own_purposes) {
        Ok(whole) => whole,
        Err(refusal) => {
            findings.push(LintFinding::error(None, refusal));
            taxonomy.clone()
        }
    };
    findings.extend(check_clauses(&offer.clauses, dataset, &taxonomy));
    if offer.not_before >= offer.not_after {
        findings.push(LintFinding::error(
            None,
            Refusal::new(
                ErrorCode::PolicyContradiction,
                "the offer ends before it starts",
            ),
        ));
    } else if offer.not_after <= now {
        findings.push(LintFinding::error(
            None,
            Refusal::new(
                ErrorCode::OfferEnded,
                format!("the offer's window ended on {}", offer.not_after),
            )
            .with_help("set valid.until to a later day"),
        ));
    }
    if offer.to == OfferRecipients::Public {
        let attested = offer
            .clauses
            .iter()
            .find(|clause| clause.term.rests_on_a_statement());
        findings.extend(attested.map(|clause| {
            LintFinding::error(
                Some(clause.id),
                Refusal::new(
                    ErrorCode::PolicyContradiction,
                    "a public view is for everybody, but the clause demands a credential or a group",
                )
                .with_help("offer it to the league: a member that signs sends its credential"),
            )
        }));
    }
    findings.extend(open_to_web(offer));
    if dataset.high_value && matches!(offer.to, OfferRecipients::Participants(_)) {
        findings.push(LintFinding::error(
            None,
            Refusal::new(
                ErrorCode::HvdRestrictiveTerm,
                "a high-value dataset is offered to everybody, not to some",
            )
            .with_help("offer it to the league or to the public"),
        ));
    }
    sort_findings(findings)
}

/// Finding for an open view that can't be fetched by everybody on the web.
fn open_to_web(offer: &Offer) -> Option<LintFinding> {
    let mut clauses = offer.clauses.iter();
    let open = clauses.find(|clause| matches!(clause.term, Term::OpenData))?;
    if offer.to != OfferRecipients::Public {
        let sentence = "the clause is for public views, and the offer is made to participants";
        let refusal = Refusal::new(ErrorCode::PolicyContradiction, sentence)
            .with_help("offer it to = \"public\", or leave open_data out");
        return Some(LintFinding::error(Some(open.id), refusal));
    }
    let closing = open_data_term::closing_clause(&offer.clauses)?;
    Some(LintFinding::error(Some(closing.id), closed_to_strangers()))
}

fn closed_to_strangers() -> Refusal {
    let sentence = "the clause can't be kept with somebody who is not known, and the view is open to anybody on the web";
    Refusal::new(ErrorCode::PolicyContradiction, sentence)
        .with_help("leave it out, or leave open_data out and offer the view to the league")
}

/// Objection of this provider to an agreement before signing: the first error, as a refusal.
#[must_use]
pub fn find_objection(
    agreement: &Agreement,
    dataset: &Dataset,
    taxonomy: &Taxonomy,
) -> Option<Refusal> {
    let whole = match taxonomy.with_own(&agreement.own_purposes) {
        Ok(whole) => whole,
        Err(refusal) => return Some(refusal),
    };
    if agreement.dataset.schema != dataset.schema_digest()
        || agreement.dataset.high_value != dataset.high_value
    {
        return Some(
            Refusal::new(
                ErrorCode::SchemaChanged,
                format!(
                    "`{}` is not published as the proposal describes it",
                    dataset.id.name
                ),
            )
            .with_help("look at the dataset again: hansa catalog show"),
        );
    }
    let mut clauses = agreement.clauses.iter();
    let open = clauses.find(|clause| matches!(clause.term, Term::OpenData));
    if let (Some(open), Some(_)) = (open, agreement.assignee_id()) {
        let sentence = "the clause is for public views, and the contract is with one participant";
        let refusal = Refusal::new(ErrorCode::PolicyContradiction, sentence);
        return Some(refusal.with_clause(open.id, open.term.to_english()));
    }
    if let (Some(_), Some(closing)) = (open, open_data_term::closing_clause(&agreement.clauses)) {
        return Some(closed_to_strangers().with_clause(closing.id, closing.term.to_english()));
    }
    check_clauses(&agreement.clauses, dataset, &whole)
        .into_iter()
        .find(|finding| finding.severity == LintSeverity::Error)
        .map(|finding| finding.to_refusal(&agreement.clauses))
}

/// Names in a proposal that its sender can't know: columns that are neither in the entry as the sender sees it nor in the clauses
/// that it was `shown`, and groups that are not in these. The result does not depend on whether the column or group exists.
#[must_use]
pub fn unknown_to_sender(
    proposed: &[Clause],
    entry: &Dataset,
    shown: &[Clause],
) -> Option<Refusal> {
    // New columns of the proposal may be join keys.
    let made = proposed.iter().filter_map(|one| one.term.output_column());
    let mut said: BTreeSet<SqlIdentifier> =
        shown.iter().flat_map(|one| one.term.columns()).collect();
    said.extend(made);
    let shown_group = |term: &Term| shown.iter().any(|one| one.term == *term);
    proposed.iter().find_map(|clause| {
        if let Term::Group(name) = &clause.term
            && !shown_group(&clause.term)
        {
            return Some(no_group(clause, name));
        }
        let columns = clause.term.columns();
        let mut strange = columns.iter().filter(|name| !said.contains(*name));
        let refusal =
            strange.find_map(|name| literal_type::find_column(&entry.columns, name).err())?;
        Some(refusal.with_clause(clause.id, clause.term.to_english()))
    })
}

/// Finding for a clause that names a list which is not among `published`.
#[must_use]
pub fn missing_list_finding(clauses: &[Clause], published: &PublishedLists) -> Option<LintFinding> {
    let refusal = published.check_executable(clauses).err()?;
    Some(LintFinding::error(refusal.clause, refusal))
}

/// Policy with its dataset and taxonomy, as checked by the lint.
#[derive(Debug, Clone, Copy)]
struct LintedPolicy<'a> {
    clauses: &'a [Clause],
    dataset: &'a Dataset,
    taxonomy: &'a Taxonomy,
}

impl LintedPolicy<'_> {
    fn is_aggregate(&self) -> bool {
        self.clauses
            .iter()
            .any(|clause| matches!(clause.term, Term::Functions(_) | Term::Dimensions(_)))
    }

    /// Clause with the list of columns, and the list.
    fn shown_columns(&self) -> Option<(ClauseId, &[SqlIdentifier])> {
        self.clauses.iter().find_map(|clause| {
            if let Term::Columns(list) = &clause.term {
                Some((clause.id, list.as_slice()))
            } else {
                None
            }
        })
    }

    /// True if rows have the column, masked or not: it is listed where there is a list, and not prohibited.
    fn is_there(&self, name: &SqlIdentifier) -> bool {
        let hidden = self.clauses.iter().any(
            |clause| matches!(&clause.term, Term::Prohibition(one) if one.hidden_columns().contains(name)),
        );
        !hidden
            && self
                .shown_columns()
                .is_none_or(|(_, list)| list.contains(name))
    }

    /// True if a row shows the stored values of the column.
    fn shows_clear(&self, name: &SqlIdentifier) -> bool {
        let listed = self.is_there(name);
        let treated = self
            .clauses
            .iter()
            .any(|clause| clause.term.replaced_columns().contains(name));
        listed && !treated
    }
}

impl LintFinding {
    /// Finding as a refusal that cites its clause.
    #[must_use]
    pub fn to_refusal(&self, clauses: &[Clause]) -> Refusal {
        let mut refusal = Refusal::new(self.code, self.sentence.clone());
        let cited = clauses.iter().find(|clause| Some(clause.id) == self.clause);
        if let Some(clause) = cited {
            refusal = refusal.with_clause(clause.id, clause.term.to_english());
        }
        self.help
            .iter()
            .fold(refusal, |refusal, help| refusal.with_help(help.clone()))
    }

    fn error(clause: Option<ClauseId>, refusal: Refusal) -> Self {
        Self::new(LintSeverity::Error, clause, refusal)
    }

    fn warning(clause: Option<ClauseId>, refusal: Refusal) -> Self {
        Self::new(LintSeverity::Warning, clause, refusal)
    }

    fn new(severity: LintSeverity, clause: Option<ClauseId>, refusal: Refusal) -> Self {
        Self {
            severity,
            code: refusal.code,
            clause: clause.or(refusal.clause),
            sentence: refusal.sentence,
            help: refusal.help,
        }
    }
}

/// Findings on unknown columns and on values of a wrong type, clause by clause.
fn column_findings(policy: &LintedPolicy<'_>) -> Vec<LintFinding> {
    let columns = &policy.dataset.columns;
    let mut findings = Vec::new();
    for clause in policy.clauses {
        for name in term_columns(policy, &clause.term) {
            if let Err(refusal) = literal_type::find_column(columns, &name) {
                findings.push(LintFinding::error(Some(clause.id), refusal));
            }
        }
        match &clause.term {
            Term::Rows(filter) => findings.extend(
                literal_type::filter_faults(columns, filter)
                    .into_iter()
                    .map(|fault| LintFinding::error(Some(clause.id), fault)),
            ),
            Term::Prohibition(one) => findings.extend(
                one.rows()
                    .into_iter()
                    .flat_map(|filter| literal_type::filter_faults(columns, filter))
                    .map(|fault| LintFinding::error(Some(clause.id), fault)),
            ),
            Term::Mask {
                column,
                mask: MaskValue::Constant(literal),
            } => findings.extend(
                literal_type::find_column(columns, column)
                    .ok()
                    .and_then(|column| literal_type::literal_fault(column, literal))
                    .map(|fault| LintFinding::error(Some(clause.id), fault)),
            ),
            Term::MinGroup {
                unit: CountingUnit::Column(unit),
                ..
            } if literal_type::find_column(columns, unit).is_err() => {
                let refusal = Refusal::new(
                    ErrorCode::GroupWithoutUnit,
                    format!("the minimum group counts `{unit}`, which the dataset does not have"),
                )
                .with_help("count rows, or name a column of the dataset");
                findings.push(LintFinding::error(Some(clause.id), refusal));
            }
            _ => {}
        }
    }
    findings
}

/// Columns that a term names, without those of filters and groups, which have checks of their own. New columns of the policy may be
/// join keys.
fn term_columns(policy: &LintedPolicy<'_>, term: &Term) -> Vec<SqlIdentifier> {
    match term {
        Term::Rows(_) | Term::MinGroup { .. } => Vec::new(),
        Term::Prohibition(one) => one.hidden_columns().to_vec(),
        Term::JoinKeys(list) => {
            let made = |name: &&SqlIdentifier| {
                let clauses = policy.clauses.iter();
                let mut all = clauses.filter_map(|clause| clause.term.output_column());
                all.any(|made| made == **name)
            };
            list.iter().filter(|name| !made(name)).cloned().collect()
        }
        other => other.columns(),
    }
}

/// Finding by the functions of enforcement: their first refusal, or else one on the grid.
fn enforcement_finding(policy: &LintedPolicy<'_>) -> Option<LintFinding> {
    let read = || {
        let effects = clause_effects::of_clauses(
            policy.clauses,
            &EffectBinding::of(&policy.dataset.id.owner),
        )?;
        match query_view::view_shape(policy.dataset, &effects)? {
            query_view::ViewShape::Rows(_) => Ok(()),
            query_view::ViewShape::Cube { cube, .. } => {
                grid_alignment::check_nesting(&cube, policy.dataset)
            }
        }
    };
    let refusal: Refusal = read().err()?;
    let of_grid = |clause: &&Clause| {
        refusal.code == ErrorCode::GridConflict && matches!(clause.term, Term::Grid(_))
    };
    let grid = policy.clauses.iter().find(of_grid).map(|clause| clause.id);
    Some(LintFinding::error(refusal.clause.or(grid), refusal))
}

/// Findings in order: errors first, then by clause; duplicates are removed.
fn sort_findings(mut findings: Vec<LintFinding>) -> Vec<LintFinding> {
    findings.sort_by_key(|finding| (finding.severity, finding.clause));
    let mut kept: Vec<LintFinding> = Vec::with_capacity(findings.len());
    for finding in findings {
        let same = |known: &LintFinding| {
            known.code == finding.code
                && known.clause == finding.clause
                && known.sentence == finding.sentence
        };
        if !kept.iter().any(same) {
            kept.push(finding);
        }
    }
    kept
}

/// True if the dataset declares that rows, or values of a column, are about persons.
fn is_personal(dataset: &Dataset) -> bool {
    dataset.personal || dataset.columns.iter().any(|column| column.personal)
}

/// True if ranges are meaningful for the type of the column.
const fn has_order(kind: ColumnType) -> bool {
    match kind {
        ColumnType::Bool => false,
        ColumnType::Text
        | ColumnType::Int
        | ColumnType::Float
        | ColumnType::Decimal(_)
        | ColumnType::Date
        | ColumnType::Instant => true,
    }
}

#[cfg(test)]
mod tests;
