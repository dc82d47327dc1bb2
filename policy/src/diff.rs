//! What changed from one version of a policy to the next, clause by clause, for a person to read.

use crate::contract::Agreement;
use crate::plain::printable;
use crate::term::{Clause, Term, normal};
use std::fmt;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
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

/// All changes of a policy, one line each when shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differences(pub Vec<Change>);

/// The changes from `old` to `new`, to be shown.
#[must_use]
pub fn of(old: &[Clause], new: &[Clause]) -> Differences {
    Differences(diff(old, new))
}

/// The changes from `old` to `new`: in the order of the new clauses, then what is gone. Clauses that only moved, or are
/// spelt otherwise, are not changes.
#[must_use]
pub fn diff(old: &[Clause], new: &[Clause]) -> Vec<Change> {
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
            Some(index) => changes.push(Change::Changed {
                old: gone.remove(index).clone(),
                new: clause.clone(),
            }),
            None => changes.push(Change::Added(clause.clone())),
        }
    }
    changes.extend(
        gone.into_iter()
            .map(|clause| Change::Removed(clause.clone())),
    );
    changes
}

/// The changes from one agreement to the next as lines: `+` added, `-` removed, `~` changed; empty when a person would
/// sign the same.
#[must_use]
pub fn lines(old: &Agreement, new: &Agreement) -> Vec<String> {
    let mut lines: Vec<String> = diff(&old.clauses, &new.clauses)
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
    changed(
        "purpose vocabulary",
        old.purposes.clone(),
        new.purposes.clone(),
    );
    changed("own purposes", own_purposes(old), own_purposes(new));
    lines
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no clause changes");
        }
        for (index, change) in self.0.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}{change}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(clause) => write!(f, "+ {}: {}", clause.id, clause.term.plain()),
            Self::Removed(clause) => write!(f, "- {}: {}", clause.id, clause.term.plain()),
            Self::Changed { old, new } => write!(
                f,
                "~ {}: {} -> {}",
                new.id,
                old.term.plain(),
                new.term.plain()
            ),
        }
    }
}

fn same(one: &Clause, other: &Clause) -> bool {
    normal::grant_hash(std::slice::from_ref(one)) == normal::grant_hash(std::slice::from_ref(other))
}

/// What a clause is about: two clauses about the same thing are one clause that changed.
fn subject(term: &Term) -> (&'static str, String) {
    match term {
        Term::Purpose(_) => ("purpose", String::new()),
        Term::NotBefore(_) => ("from", String::new()),
        Term::NotAfter(_) => ("until", String::new()),
        Term::Rows(_) => ("rows", String::new()),
        Term::Columns(_) => ("columns", String::new()),
        Term::Mask { column, .. } | Term::TimeBucket { column, .. } => {
            ("values", column.to_string())
        }
        Term::Area { lon, lat, .. } => ("area", format!("{lon} {lat}")),
        Term::Functions(_) => ("functions", String::new()),
        Term::Dimensions(_) => ("dimensions", String::new()),
        Term::Measures(_) => ("measures", String::new()),
        Term::Grid(_) => ("grid", String::new()),
        Term::MinGroup { .. } => ("group", String::new()),
        Term::TotalsFromPublished => ("totals", String::new()),
        Term::Queries(quota) => ("questions", quota.per.as_str().to_owned()),
        Term::RowQuota(quota) => ("rows each", quota.per.as_str().to_owned()),
        Term::ByteQuota(quota) => ("bytes each", quota.per.as_str().to_owned()),
        Term::ResultRows(_) => ("rows in one answer", String::new()),
        Term::DeleteAfter { .. } => ("deletion", String::new()),
        Term::Attribution(_) => ("attribution", String::new()),
        Term::Prohibit(what) => ("prohibition", what.as_str().to_owned()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{agreement, clauses, names, purposes, time};
    use crate::row_filter::parse;
    use crate::term::{Forbidden, Period, Quota};

    fn quota(max: u64, per: Period) -> Term {
        Term::Queries(Quota { max, per })
    }

    #[track_caller]
    fn check(old: Vec<Term>, new: Vec<Term>, expect: &[&str]) {
        let changes = diff(&clauses(old), &clauses(new));
        let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
        assert_eq!(lines, expect);
    }

    #[test]
    fn clause_by_clause() {
        let columns = |list: &[&str]| Term::Columns(names(list));
        check(vec![columns(&["a"])], vec![columns(&["a"])], &[]);
        check(
            vec![columns(&["a"]), quota(5, Period::Day)],
            vec![quota(5, Period::Day), columns(&["a", "b"])],
            &["~ #c2: only the columns a -> only the columns a and b"],
        );
        check(
            vec![quota(5, Period::Day)],
            vec![quota(50, Period::Day), quota(5, Period::Hour)],
            &[
                "~ #c1: at most 5 questions each day -> at most 50 questions each day",
                "+ #c2: at most 5 questions each hour",
            ],
        );
        check(
            vec![
                Term::Prohibit(Forbidden::Sell),
                Term::Purpose(purposes(&["dpv:Research"])),
            ],
            vec![Term::Prohibit(Forbidden::Distribute)],
            &[
                "+ #c1: it is not passed on",
                "- #c1: it is not sold",
                "- #c2: purpose is dpv:Research",
            ],
        );
        let rows = |text: &str| Term::Rows(parse(text).unwrap());
        check(
            vec![rows("a = 1 AND b = 2")],
            vec![rows("b = 2 AND a = 1")],
            &[],
        );
    }

    #[test]
    fn all_of_them_shown() {
        let rows = |most| clauses([Term::ResultRows(most)]);
        let none = of(&rows(1), &rows(1));
        assert_eq!(none.to_string(), "no clause changes");
        let two = of(
            &rows(1),
            &clauses([Term::ResultRows(2), Term::TotalsFromPublished]),
        );
        assert_eq!(two.to_string().lines().count(), 2);
    }

    #[test]
    fn agreements() {
        let old = agreement("bikes", [Term::ResultRows(5)]);
        let mut new = agreement("bikes", [Term::ResultRows(5)]);
        new.nonce = "other".to_owned();
        assert!(lines(&old, &new).is_empty());
        new.not_after = time("2028-01-01T00:00:00Z");
        new.own_purposes.clear();
        assert_eq!(
            lines(&old, &new),
            [
                "~ in force until: 2027-01-01T00:00:00Z -> 2028-01-01T00:00:00Z",
                "~ own purposes: mobility-research (part of dpv:Research: how people move) -> none",
            ]
        );
    }
}
