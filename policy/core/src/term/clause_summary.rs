//! Summaries of the clauses of a policy by subject: columns, schemas, join keys.

use super::joins::JoinSite;
use super::key_transfer::KeyTransferTerm;
use super::schema_version::SchemaCompatibility;
use super::{Clause, Term};
use crate::id::{ClauseId, SqlIdentifier};

/// List of shown columns, where a clause gives one.
pub(super) fn shown_columns(clauses: &[Clause]) -> Option<&[SqlIdentifier]> {
    clauses.iter().find_map(|clause| {
        if let Term::Columns(list) = &clause.term {
            Some(list.as_slice())
        } else {
            None
        }
    })
}

impl SchemaCompatibility {
    /// Schemas for which these clauses are valid.
    #[must_use]
    pub fn of(clauses: &[Clause]) -> Self {
        let said = clauses.iter().find_map(|clause| match clause.term {
            Term::Version(schemas) => Some(schemas),
            _ => None,
        });
        said.unwrap_or(Self::Exact)
    }
}

/// Clause that permits the transfer of key values, with its content.
#[must_use]
pub fn key_transfer(clauses: &[Clause]) -> Option<(ClauseId, &KeyTransferTerm)> {
    clauses.iter().find_map(|clause| match &clause.term {
        Term::KeysTravel(travel) => Some((clause.id, travel)),
        _ => None,
    })
}

/// Site at which clauses permit joins of a dataset.
#[must_use]
pub fn join_site(clauses: &[Clause]) -> JoinSite {
    let has = |which: fn(&Term) -> bool| clauses.iter().any(|clause| which(&clause.term));
    if has(|term| matches!(term, Term::KeysStay)) {
        JoinSite::Provider
    } else if has(|term| matches!(term, Term::JoinKeys(_) | Term::JoinWith(_))) {
        JoinSite::Consumer
    } else {
        JoinSite::Either
    }
}
