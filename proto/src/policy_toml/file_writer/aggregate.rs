//! The key `aggregate` of a policy file, from its clauses.

use super::{BUCKET, PolicyFileEntry, quote_text, texts};
use crate::policy_toml::conduct_writer;
use hansa_policy::id::{ClauseId, SqlIdentifier};
use hansa_policy::term::{Clause, Term};
use hansa_policy::value::cube::CountingUnit;
use std::collections::BTreeSet;

/// The clauses of the aggregate form that the format can say: the first of each kind, if functions, dimensions and grid are
/// there. The grid is always that of the dataset, and totals are always built from published cells.
#[derive(Default)]
pub(super) struct AggregateClauses<'a> {
    said: BTreeSet<ClauseId>,
    by: &'a [SqlIdentifier],
    parts: Vec<String>,
}

impl<'a> AggregateClauses<'a> {
    pub(super) fn of(clauses: &'a [Clause]) -> Self {
        let mut form = Self::default();
        let by = form.first(clauses, |term| match term {
            Term::Dimensions(list) => Some((list.as_slice(), format!("by = {}", texts(list)))),
            _ => None,
        });
        let functions = form.first(clauses, |term| match term {
            Term::Functions(list) => {
                let words: Vec<&str> = list.iter().map(|one| one.as_str()).collect();
                Some(((), format!("functions = {}", texts(&words))))
            }
            _ => None,
        });
        let grid = form.first(clauses, |term| match term {
            Term::Grid(_) => Some(((), String::new())),
            _ => None,
        });
        let (Some(by), Some(()), Some(())) = (by, functions, grid) else {
            return Self::default();
        };
        form.by = by;
        let measures = form.first(clauses, |term| match term {
            Term::Measures(list) => Some(((), format!("measures = {}", texts(list)))),
            _ => None,
        });
        if measures.is_none() {
            form.parts.push("measures = []".to_owned());
        }
        form.first(clauses, |term| match term {
            Term::MinGroup { at_least, unit } => Some((
                (),
                match unit {
                    CountingUnit::Rows => format!("min_rows = {at_least}"),
                    CountingUnit::Column(column) => format!(
                        "min_contributors = {at_least}, unit = {}",
                        quote_text(column.as_str())
                    ),
                },
            )),
            _ => None,
        });
        form.dominance(clauses);
        form.first(clauses, |term| match term {
            Term::Release(release) => Some(((), conduct_writer::release(release))),
            _ => None,
        });
        form.first(clauses, |term| match term {
            Term::Budget(budget) => Some(((), conduct_writer::budget(budget))),
            _ => None,
        });
        form.first(clauses, |term| match term {
            Term::TotalsFromPublished => Some(((), String::new())),
            Term::SuppressComplement => Some((
                (),
                format!("secondary = {}", quote_text("suppress-complement")),
            )),
            Term::CellKey(base) => Some(((), format!("secondary = {{ cell_key = {base} }}"))),
            _ => None,
        });
        form.parts.retain(|part| !part.is_empty());
        form
    }

    /// Takes in the first clause for which `wanted` has something to say.
    fn first<T>(
        &mut self,
        clauses: &'a [Clause],
        wanted: impl Fn(&'a Term) -> Option<(T, String)>,
    ) -> Option<T> {
        let found = clauses
            .iter()
            .find_map(|clause| Some((clause.id, wanted(&clause.term)?)));
        let (id, (value, text)) = found?;
        self.said.insert(id);
        self.parts.push(text);
        Some(value)
    }

    fn dominance(&mut self, clauses: &[Clause]) {
        let mut rules = Vec::new();
        for clause in clauses {
            if let Term::Dominance(rule) = &clause.term {
                self.said.insert(clause.id);
                rules.push(conduct_writer::dominance(rule));
            }
        }
        if !rules.is_empty() {
            self.parts
                .push(format!("dominance = [{}]", rules.join(", ")));
        }
    }

    pub(super) fn says(&self, id: ClauseId) -> bool {
        self.said.contains(&id)
    }

    pub(super) fn groups(&self, term: &Term) -> bool {
        matches!(term, Term::TimeBucket { column, .. } if self.by.contains(column))
    }

    pub(super) fn value(&self, lines: &[PolicyFileEntry]) -> Option<String> {
        if self.parts.is_empty() {
            return None;
        }
        let buckets = lines.iter().find(|line| line.key == BUCKET);
        let buckets = buckets.map(|line| format!("bucket = {}", line.value()));
        let parts: Vec<String> = self.parts.iter().cloned().chain(buckets).collect();
        Some(format!("{{ {} }}", parts.join(", ")))
    }
}
