//! Comparison of two versions of a policy, clause by clause, for people.

use crate::contract::Agreement;
use crate::safe_text::to_printable;
use crate::term::prohibition::ProhibitedPart;
use crate::term::{Clause, Term, normal_form};
use std::cmp::Ordering;
use std::fmt;

#[cfg(test)]
mod tests;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyChange {
    /// The clause is new.
    Added(Clause),
    /// The clause is gone.
    Removed(Clause),
    /// The clause has another value for the same subject.
    Changed {
        /// Clause of the old version.
        old: Clause,
        /// Clause of the new version.
        new: Clause,
    },
}

/// Effect of a change on the disclosed data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeVerdict {
    /// The disclosed data is unchanged.
    Same,
    /// Less data is disclosed.
    Tighter,
    /// The clauses alone don't decide it: a person must look.
    NotComparable,
    /// More data is disclosed.
    Looser,
}

impl ChangeVerdict {
    /// Verdict in a word, with a sign for readers who see no colours.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "= SAME",
            Self::Tighter => "< TIGHTER",
            Self::NotComparable => "? NOT COMPARABLE",
            Self::Looser => "> LOOSER",
        }
    }

    const fn of(order: Option<Ordering>) -> Self {
        match order {
            Some(Ordering::Less) => Self::Tighter,
            Some(Ordering::Equal) => Self::Same,
            Some(Ordering::Greater) => Self::Looser,
            None => Self::NotComparable,
        }
    }
}

impl fmt::Display for ChangeVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PolicyChange {
    /// Verdict on the change by the partial order of its term alone.
    fn by_its_term(&self) -> ChangeVerdict {
        match self {
            Self::Added(clause) => {
                ChangeVerdict::of(Some(clause.term.with_rule(|rule| rule.presence())))
            }
            Self::Removed(clause) => {
                let order = clause.term.with_rule(|rule| rule.presence());
                ChangeVerdict::of(Some(order.reverse()))
            }
            Self::Changed { old, new } => ChangeVerdict::of(new.term.compare(&old.term)),
        }
    }
}

impl PolicyChange {
    /// True if the change adds, removes or changes a clause that selects rows.
    fn cuts_rows(&self) -> bool {
        let cuts = |clause: &Clause| match &clause.term {
            Term::Rows(_) | Term::Area { .. } | Term::PublishedArea(_) => true,
            Term::Prohibition(prohibition) => {
                matches!(prohibition.part, Some(ProhibitedPart::Rows(_)))
            }
            _ => false,
        };
        match self {
            Self::Added(clause) | Self::Removed(clause) => cuts(clause),
            Self::Changed { old, new } => cuts(old) || cuts(new),
        }
    }
}

/// Change with its verdict among the other clauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeAssessment {
    /// Change of a clause.
    pub change: PolicyChange,
    /// Verdict on the change.
    pub verdict: ChangeVerdict,
}

impl PolicyDiff {
    /// Gravest verdict of all changes: one looser clause makes a policy looser.
    #[must_use]
    pub fn verdict(&self) -> ChangeVerdict {
        let verdicts = self.0.iter().map(|assessment| assessment.verdict);
        verdicts.max().unwrap_or(ChangeVerdict::Same)
    }
}

/// All changes of a policy. `Display` writes one line for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDiff(pub Vec<ChangeAssessment>);

/// Changes from `old` to `new`, with their verdicts.
///
/// A change of the rows under aggregates that are computed for each question is not comparable, even if there are fewer rows: a
/// consumer that asks under both versions can subtract the answers. Released cells don't change with the clauses.
#[must_use]
pub fn compare_policies(old: &[Clause], new: &[Clause]) -> PolicyDiff {
    let asked = is_asked(old) && is_asked(new);
    let assessment = list_changes(old, new).into_iter().map(|change| {
        let least = if asked && change.cuts_rows() {
            ChangeVerdict::NotComparable
        } else {
            ChangeVerdict::Same
        };
        ChangeAssessment {
            verdict: change.by_its_term().max(least),
            change,
        }
    });
    PolicyDiff(assessment.collect())
}

/// Changes from `old` to `new`, in the order of the new clauses, then the removed ones. Moved or differently written clauses are
/// not changes.
#[must_use]
fn list_changes(old: &[Clause], new: &[Clause]) -> Vec<PolicyChange> {
    let mut gone: Vec<&Clause> = old.iter().collect();
    let mut open: Vec<&Clause> = Vec::new();
    for clause in new {
        match gone.iter().position(|other| is_same_clause(other, clause)) {
            Some(index) => {
                gone.remove(index);
            }
            None => open.push(clause),
        }
    }
    let mut changes = Vec::new();
    for clause in open {
        let subject = clause_subject(&clause.term);
        match gone
            .iter()
            .position(|other| self::clause_subject(&other.term) == subject)
        {
            Some(index) => changes.push(PolicyChange::Changed {
                old: gone.remove(index).clone(),
                new: clause.clone(),
            }),
            None => changes.push(PolicyChange::Added(clause.clone())),
        }
    }
    changes.extend(
        gone.into_iter()
            .map(|clause| PolicyChange::Removed(clause.clone())),
    );
    changes
}

/// Verdict on an agreement that replaces another one: the gravest verdict of its clauses, its period and all other text that a
/// person would have to read.
#[must_use]
pub fn of_agreements(old: &Agreement, new: &Agreement) -> ChangeVerdict {
    let window = if old.not_before > new.not_before || old.not_after < new.not_after {
        ChangeVerdict::Looser
    } else if (old.not_before, old.not_after) == (new.not_before, new.not_after) {
        ChangeVerdict::Same
    } else {
        ChangeVerdict::Tighter
    };
    let same = old.dataset == new.dataset
        && old.purposes == new.purposes
        && own_purposes(old) == own_purposes(new)
        && old.legal == new.legal
        && old.template == new.template;
    let beside = if same {
        ChangeVerdict::Same
    } else {
        ChangeVerdict::NotComparable
    };
    let changes = compare_policies(&old.clauses, &new.clauses);
    changes.verdict().max(window).max(beside)
}

/// True if the clauses permit aggregates that are computed for each question.
fn is_asked(clauses: &[Clause]) -> bool {
    let any = |is: fn(&Term) -> bool| clauses.iter().any(|clause| is(&clause.term));
    any(|term| matches!(term, Term::Functions(_))) && !any(|term| matches!(term, Term::Release(_)))
}

/// Changes between two agreements as lines: `+` added, `-` removed, `~` changed. Empty when a person would sign the same content.
#[must_use]
pub fn change_lines(old: &Agreement, new: &Agreement) -> Vec<String> {
    let mut lines: Vec<String> = compare_policies(&old.clauses, &new.clauses)
        .0
        .iter()
        .map(ToString::to_string)
        .collect();
    let mut changed = |what: &str, old: String, new: String| {
        if old != new {
            lines.push(to_printable(&format!("~ {what}: {old} -> {new}")));
        }
    };
    changed(
        "in force from",
        old.not_before.to_string(),
        new.not_before.to_string(),
    );
    changed(
        "in force until",
        old.not_after.to_string(),
        new.not_after.to_string(),
    );
    changed(
        "dataset",
        old.dataset.id.to_string(),
        new.dataset.id.to_string(),
    );
    changed(
        "schema",
        old.dataset.schema.to_short_text(),
        new.dataset.schema.to_short_text(),
    );
    changed(
        "legal text",
        describe_legal_text(old),
        describe_legal_text(new),
    );
    changed("template", describe_template(old), describe_template(new));
    changed(
        "purpose vocabulary",
        old.purposes.clone(),
        new.purposes.clone(),
    );
    changed("own purposes", own_purposes(old), own_purposes(new));
    lines
}

impl fmt::Display for PolicyDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no clause changes");
        }
        for (index, assessment) in self.0.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}{assessment}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ChangeAssessment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.change {
            PolicyChange::Added(clause) => {
                write!(f, "+ {}: {}", clause.id, clause.term.to_english())?
            }
            PolicyChange::Removed(clause) => {
                write!(f, "- {}: {}", clause.id, clause.term.to_english())?
            }
            PolicyChange::Changed { old, new } => write!(
                f,
                "~ {}: {} -> {}",
                new.id,
                old.term.to_english(),
                new.term.to_english()
            )?,
        }
        write!(f, "  {}", self.verdict)
    }
}

fn is_same_clause(one: &Clause, other: &Clause) -> bool {
    normal_form::grant_hash(std::slice::from_ref(one))
        == normal_form::grant_hash(std::slice::from_ref(other))
}

/// Subject of a clause. Two clauses with the same subject count as one changed clause.
fn clause_subject(term: &Term) -> (&'static str, String) {
    // All masks of a column have the same subject, so that a change of the kind of mask is one change.
    if let Some(column) = term.treated_column() {
        return ("values", column.to_string());
    }
    term.with_rule(|rule| (rule.spec().name, rule.subject()))
}

fn describe_legal_text(agreement: &Agreement) -> String {
    agreement.legal.as_ref().map_or_else(
        || "none".to_owned(),
        |legal| {
            format!(
                "{} ({}, {})",
                legal.text_ref,
                legal.language,
                legal.text.to_short_text()
            )
        },
    )
}

fn describe_template(agreement: &Agreement) -> String {
    agreement.template.as_ref().map_or_else(
        || "none".to_owned(),
        |template| {
            format!(
                "{} {} of {} ({})",
                template.title,
                template.version,
                template.author.domain(),
                template.sha256.to_short_text()
            )
        },
    )
}

fn own_purposes(agreement: &Agreement) -> String {
    let mut own: Vec<String> = agreement
        .own_purposes
        .iter()
        .map(|own| format!("{} (part of {}: {})", own.name, own.parent, own.text))
        .collect();
    own.sort();
    if own.is_empty() {
        "none".to_owned()
    } else {
        own.join("; ")
    }
}
