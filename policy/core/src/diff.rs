//! What changed from one version of a policy to the next, clause by clause, for a person to read.

use crate::contract::Agreement;
use crate::safe_text::printable;
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
    /// The clause says something else about the same thing.
    Changed {
        /// What it said.
        old: Clause,
        /// What it says.
        new: Clause,
    },
}

/// What a change does to what is let out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeVerdict {
    /// It lets out the same.
    Same,
    /// It lets out less.
    Tighter,
    /// It can't be decided from the clauses alone: a person must look.
    NotComparable,
    /// It lets out more.
    Looser,
}

impl ChangeVerdict {
    /// The verdict in a word, with a sign for those who see no colours.
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
    /// What the change does, by the partial order of its term alone.
    fn by_its_term(&self) -> ChangeVerdict {
        match self {
            Self::Added(clause) => {
                ChangeVerdict::of(Some(clause.term.with(|rule| rule.presence())))
            }
            Self::Removed(clause) => {
                let order = clause.term.with(|rule| rule.presence());
                ChangeVerdict::of(Some(order.reverse()))
            }
            Self::Changed { old, new } => ChangeVerdict::of(new.term.compare(&old.term)),
        }
    }
}

impl PolicyChange {
    /// Whether a clause comes, goes or changes that says which rows there are.
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

/// A change, and what it does among the other clauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeAssessment {
    /// What changed.
    pub change: PolicyChange,
    /// What that does to what is let out.
    pub verdict: ChangeVerdict,
}

impl PolicyDiff {
    /// The gravest verdict: one looser clause makes a policy looser, whatever the others do.
    #[must_use]
    pub fn verdict(&self) -> ChangeVerdict {
        let verdicts = self.0.iter().map(|assessment| assessment.verdict);
        verdicts.max().unwrap_or(ChangeVerdict::Same)
    }
}

/// All changes of a policy, one line each when shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDiff(pub Vec<ChangeAssessment>);

/// The changes from `old` to `new`, to be shown.
///
/// Other rows under aggregates that are worked out for each question are not comparable, also where they are fewer: whoever
/// asks under both versions can subtract what he got. Released cells stay those of one cut.
#[must_use]
pub fn compare(old: &[Clause], new: &[Clause]) -> PolicyDiff {
    let asked = is_asked(old) && is_asked(new);
    let assessment = diff(old, new).into_iter().map(|change| {
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

/// The changes from `old` to `new`: in the order of the new clauses, then what is gone. Clauses that only moved, or are
/// spelt otherwise, are not changes.
#[must_use]
fn diff(old: &[Clause], new: &[Clause]) -> Vec<PolicyChange> {
    let mut gone: Vec<&Clause> = old.iter().collect();
    let mut open: Vec<&Clause> = Vec::new();
    for clause in new {
        match gone.iter().position(|other| same(other, clause)) {
            Some(index) => {
                gone.remove(index);
            }
            None => open.push(clause),
        }
    }
    let mut changes = Vec::new();
    for clause in open {
        let subject = subject(&clause.term);
        match gone
            .iter()
            .position(|other| self::subject(&other.term) == subject)
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

/// What an agreement in the place of another does to what is let out: the gravest verdict of its clauses, its window and
/// all that a person would have to read beside them.
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
    let changes = compare(&old.clauses, &new.clauses);
    changes.verdict().max(window).max(beside)
}

/// Whether the clauses permit aggregates that are worked out for each question.
fn is_asked(clauses: &[Clause]) -> bool {
    let any = |is: fn(&Term) -> bool| clauses.iter().any(|clause| is(&clause.term));
    any(|term| matches!(term, Term::Functions(_))) && !any(|term| matches!(term, Term::Release(_)))
}

/// The changes from one agreement to the next as lines: `+` added, `-` removed, `~` changed; empty when a person would
/// sign the same.
#[must_use]
pub fn lines(old: &Agreement, new: &Agreement) -> Vec<String> {
    let mut lines: Vec<String> = compare(&old.clauses, &new.clauses)
        .0
        .iter()
        .map(ToString::to_string)
        .collect();
    let mut changed = |what: &str, old: String, new: String| {
        if old != new {
            lines.push(printable(&format!("~ {what}: {old} -> {new}")));
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
        old.dataset.schema.short(),
        new.dataset.schema.short(),
    );
    changed("legal text", legal(old), legal(new));
    changed("template", template(old), template(new));
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
            PolicyChange::Added(clause) => write!(f, "+ {}: {}", clause.id, clause.term.plain())?,
            PolicyChange::Removed(clause) => write!(f, "- {}: {}", clause.id, clause.term.plain())?,
            PolicyChange::Changed { old, new } => write!(
                f,
                "~ {}: {} -> {}",
                new.id,
                old.term.plain(),
                new.term.plain()
            )?,
        }
        write!(f, "  {}", self.verdict)
    }
}

fn same(one: &Clause, other: &Clause) -> bool {
    normal_form::grant_hash(std::slice::from_ref(one))
        == normal_form::grant_hash(std::slice::from_ref(other))
}

/// What a clause is about: two clauses about the same thing are one clause that changed.
fn subject(term: &Term) -> (&'static str, String) {
    // Whatever replaces the values of a column is one thing that may change from one way to another.
    if let Some(column) = term.column() {
        return ("values", column.to_string());
    }
    term.with(|rule| (rule.spec().name, rule.subject()))
}

fn legal(agreement: &Agreement) -> String {
    agreement.legal.as_ref().map_or_else(
        || "none".to_owned(),
        |legal| {
            format!(
                "{} ({}, {})",
                legal.text_ref,
                legal.language,
                legal.text.short()
            )
        },
    )
}

fn template(agreement: &Agreement) -> String {
    agreement.template.as_ref().map_or_else(
        || "none".to_owned(),
        |template| {
            format!(
                "{} {} of {} ({})",
                template.title,
                template.version,
                template.author.domain(),
                template.sha256.short()
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
