//! What is wrong, or unwise, with a policy for a dataset: every finding at once, before anybody signs.

pub mod combined;
mod empty;
mod limits;
mod open;
mod places;
mod privacy;

use crate::dataset::{ColumnType, Dataset};
use crate::offer::{Offer, Recipients};
use crate::{grid, typed, view};
use hansa_audit_log::time::Time;
use hansa_policy::contract::Agreement;
use hansa_policy::id::{ClauseId, Name};
use hansa_policy::published::{Published, no_group};
use hansa_policy::refusal::{Code, Refusal};
use hansa_policy::term::purpose::Taxonomy;
use hansa_policy::term::rule::Binding;
use hansa_policy::term::{self, Clause, Mask, Term, Unit};
use std::collections::BTreeSet;

/// One thing that is wrong or unwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether it can be signed.
    pub severity: Severity,
    /// The code.
    pub code: Code,
    /// The clause that it is about.
    pub clause: Option<ClauseId>,
    /// One sentence: lower case, no full stop.
    pub sentence: String,
    /// What would help, the best first.
    pub help: Vec<String>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It can't be signed.
    Error,
    /// It can be signed by somebody who has read the warning.
    Warning,
}

/// Checks the clauses of a policy against the dataset that they are for. Own purposes that they use must be in `taxonomy`.
#[must_use]
pub fn check(clauses: &[Clause], dataset: &Dataset, taxonomy: &Taxonomy) -> Vec<Finding> {
    let policy = Policy {
        clauses,
        dataset,
        taxonomy,
    };
    let mut findings = Vec::new();
    findings.extend(columns(&policy));
    findings.extend(empty::check(&policy));
    let known = |whole: &Finding, findings: &[Finding]| {
        findings.iter().any(|known| {
            known.code == whole.code && (whole.clause.is_none() || known.clause == whole.clause)
        })
    };
    if let Some(whole) = whole(&policy)
        && !known(&whole, &findings)
    {
        findings.push(whole);
    }
    findings.extend(limits::check(&policy));
    findings.extend(privacy::check(&policy));
    findings.extend(places::check(&policy));
    findings.extend(open::check(&policy));
    tidy(findings)
}

/// Checks an offer: its policy, its window at `now`, and to whom it is made.
#[must_use]
pub fn offer(offer: &Offer, dataset: &Dataset, taxonomy: &Taxonomy, now: Time) -> Vec<Finding> {
    let mut findings = Vec::new();
    let taxonomy = match taxonomy.with_own(&offer.own_purposes) {
        Ok(whole) => whole,
        Err(refusal) => {
            findings.push(Finding::error(None, refusal));
            taxonomy.clone()
        }
    };
    findings.extend(check(&offer.clauses, dataset, &taxonomy));
    if offer.not_before >= offer.not_after {
        findings.push(Finding::error(
            None,
            Refusal::new(Code::PolicyContradiction, "the offer ends before it starts"),
        ));
    } else if offer.not_after <= now {
        findings.push(Finding::error(
            None,
            Refusal::new(
                Code::PolicyContradiction,
                format!("the offer's window ended on {}", offer.not_after),
            )
            .with_help("set valid.until to a day ahead"),
        ));
    }
    if offer.to == Recipients::Public {
        let attested = offer
            .clauses
            .iter()
            .find(|clause| clause.term.rests_on_a_statement());
        findings.extend(attested.map(|clause| {
            Finding::error(
                Some(clause.id),
                Refusal::new(
                    Code::PolicyContradiction,
                    "a public view is for anybody, and the clause is not",
                )
                .with_help("offer it to the league: who signs brings its credential along"),
            )
        }));
    }
    if dataset.high_value && matches!(offer.to, Recipients::Participants(_)) {
        findings.push(Finding::error(
            None,
            Refusal::new(
                Code::HvdRestrictiveTerm,
                "a high-value dataset is offered to everybody, not to some",
            )
            .with_help("offer it to the league or to the public"),
        ));
    }
    tidy(findings)
}

/// What we say against an agreement on our dataset before anybody signs it: the first error, as a refusal.
#[must_use]
pub fn objection(agreement: &Agreement, dataset: &Dataset, taxonomy: &Taxonomy) -> Option<Refusal> {
    let whole = match taxonomy.with_own(&agreement.own_purposes) {
        Ok(whole) => whole,
        Err(refusal) => return Some(refusal),
    };
    if agreement.dataset.schema != dataset.schema_digest()
        || agreement.dataset.high_value != dataset.high_value
    {
        return Some(
            Refusal::new(
                Code::SchemaChanged,
                format!(
                    "`{}` is not published as the proposal describes it",
                    dataset.id.name
                ),
            )
            .with_help("look at the dataset again: hansa catalog show"),
        );
    }
    check(&agreement.clauses, dataset, &whole)
        .into_iter()
        .find(|finding| finding.severity == Severity::Error)
        .map(|finding| finding.refusal(&agreement.clauses))
}

/// What a proposal names that its sender can't know: columns neither of the entry as it sees it, nor in the clauses that it
/// was `shown`, and groups that are not in these. Whether there is such a column or group makes no difference.
#[must_use]
pub fn unknown_to_sender(
    proposed: &[Clause],
    entry: &Dataset,
    shown: &[Clause],
) -> Option<Refusal> {
    // What the proposal makes may be joined over.
    let made = proposed.iter().filter_map(|one| one.term.makes());
    let mut said: BTreeSet<Name> = shown.iter().flat_map(|one| one.term.columns()).collect();
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
        let refusal = strange.find_map(|name| typed::column(&entry.columns, name).err())?;
        Some(refusal.with_clause(clause.id, clause.term.plain()))
    })
}

/// What can't be signed since a list that a clause names is not among `published`.
#[must_use]
pub fn lists(clauses: &[Clause], published: &Published) -> Option<Finding> {
    let refusal = published.execute(clauses).err()?;
    Some(Finding::error(refusal.clause, refusal))
}

/// What is checked, together.
#[derive(Debug, Clone, Copy)]
struct Policy<'a> {
    clauses: &'a [Clause],
    dataset: &'a Dataset,
    taxonomy: &'a Taxonomy,
}

impl Policy<'_> {
    fn is_aggregate(&self) -> bool {
        self.clauses
            .iter()
            .any(|clause| matches!(clause.term, Term::Functions(_) | Term::Dimensions(_)))
    }

    /// The clause that lists the columns, and the list.
    fn shown(&self) -> Option<(ClauseId, &[Name])> {
        self.clauses.iter().find_map(|clause| {
            if let Term::Columns(list) = &clause.term {
                Some((clause.id, list.as_slice()))
            } else {
                None
            }
        })
    }

    /// Whether rows have the column, in whatever form: it is listed where there is a list, and not prohibited.
    fn is_there(&self, name: &Name) -> bool {
        let hidden = self.clauses.iter().any(
            |clause| matches!(&clause.term, Term::Prohibition(one) if one.hidden().contains(name)),
        );
        !hidden && self.shown().is_none_or(|(_, list)| list.contains(name))
    }

    /// Whether a row shows the column's values as they are stored.
    fn shows_clear(&self, name: &Name) -> bool {
        let listed = self.is_there(name);
        let treated = self
            .clauses
            .iter()
            .any(|clause| clause.term.replaces().contains(name));
        listed && !treated
    }
}

impl Finding {
    /// The finding as a refusal that cites its clause.
    #[must_use]
    pub fn refusal(&self, clauses: &[Clause]) -> Refusal {
        let mut refusal = Refusal::new(self.code, self.sentence.clone());
        let cited = clauses.iter().find(|clause| Some(clause.id) == self.clause);
        if let Some(clause) = cited {
            refusal = refusal.with_clause(clause.id, clause.term.plain());
        }
        self.help
            .iter()
            .fold(refusal, |refusal, help| refusal.with_help(help.clone()))
    }

    fn error(clause: Option<ClauseId>, refusal: Refusal) -> Self {
        Self::of(Severity::Error, clause, refusal)
    }

    fn warning(clause: Option<ClauseId>, refusal: Refusal) -> Self {
        Self::of(Severity::Warning, clause, refusal)
    }

    fn of(severity: Severity, clause: Option<ClauseId>, refusal: Refusal) -> Self {
        Self {
            severity,
            code: refusal.code,
            clause: clause.or(refusal.clause),
            sentence: refusal.sentence,
            help: refusal.help,
        }
    }
}

/// Columns that do not exist and values of the wrong type, clause by clause.
fn columns(policy: &Policy<'_>) -> Vec<Finding> {
    let columns = &policy.dataset.columns;
    let mut findings = Vec::new();
    for clause in policy.clauses {
        for name in named(policy, &clause.term) {
            if let Err(refusal) = typed::column(columns, &name) {
                findings.push(Finding::error(Some(clause.id), refusal));
            }
        }
        match &clause.term {
            Term::Rows(filter) => findings.extend(
                typed::faults(columns, filter)
                    .into_iter()
                    .map(|fault| Finding::error(Some(clause.id), fault)),
            ),
            Term::Prohibition(one) => findings.extend(
                one.rows()
                    .into_iter()
                    .flat_map(|filter| typed::faults(columns, filter))
                    .map(|fault| Finding::error(Some(clause.id), fault)),
            ),
            Term::Mask {
                column,
                mask: Mask::Constant(literal),
            } => findings.extend(
                typed::column(columns, column)
                    .ok()
                    .and_then(|column| typed::literal_fault(column, literal))
                    .map(|fault| Finding::error(Some(clause.id), fault)),
            ),
            Term::MinGroup {
                unit: Unit::Column(unit),
                ..
            } if typed::column(columns, unit).is_err() => {
                let refusal = Refusal::new(
                    Code::GroupWithoutUnit,
                    format!("the minimum group counts `{unit}`, which the dataset does not have"),
                )
                .with_help("count rows, or name a column of the dataset");
                findings.push(Finding::error(Some(clause.id), refusal));
            }
            _ => {}
        }
    }
    findings
}

/// The columns that a term names; a filter's and a group's are looked at on their own. What the policy makes can be joined
/// over.
fn named(policy: &Policy<'_>, term: &Term) -> Vec<Name> {
    match term {
        Term::Rows(_) | Term::MinGroup { .. } => Vec::new(),
        Term::Prohibition(one) => one.hidden().to_vec(),
        Term::JoinKeys(list) => {
            let made = |name: &&Name| {
                let clauses = policy.clauses.iter();
                let mut all = clauses.filter_map(|clause| clause.term.makes());
                all.any(|made| made == **name)
            };
            list.iter().filter(|name| !made(name)).cloned().collect()
        }
        other => other.columns(),
    }
}

/// The policy as enforcement will read it: the first thing that it refuses, or else the grid.
fn whole(policy: &Policy<'_>) -> Option<Finding> {
    let read = || {
        let effects = term::of_clauses(policy.clauses, &Binding::of(&policy.dataset.id.owner))?;
        match view::shape(policy.dataset, &effects)? {
            view::Shape::Rows(_) => Ok(()),
            view::Shape::Cube { cube, .. } => grid::nests(&cube, policy.dataset),
        }
    };
    let refusal: Refusal = read().err()?;
    let of_grid = |clause: &&Clause| {
        refusal.code == Code::GridConflict && matches!(clause.term, Term::Grid(_))
    };
    let grid = policy.clauses.iter().find(of_grid).map(|clause| clause.id);
    Some(Finding::error(refusal.clause.or(grid), refusal))
}

/// Errors first, then in order of clauses; what two checks found stands once.
fn tidy(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_key(|finding| (finding.severity, finding.clause));
    let mut kept: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        let same = |known: &Finding| {
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

/// Whether the dataset says that rows, or values of a column, are about persons.
fn is_personal(dataset: &Dataset) -> bool {
    dataset.personal || dataset.columns.iter().any(|column| column.personal)
}

/// Whether the column's values have an order on which ranges make sense.
const fn has_order(kind: ColumnType) -> bool {
    match kind {
        ColumnType::Bool => false,
        ColumnType::Text
        | ColumnType::Int
        | ColumnType::Float
        | ColumnType::Date
        | ColumnType::Instant => true,
    }
}

#[cfg(test)]
mod tests;
