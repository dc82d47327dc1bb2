//! Citation of the contract clause behind a refusal, if the refusing participant did not name it.

use crate::participant::Connector;
use crate::question::query_author::QueryAuthor;
use crate::question::reachable_tables::naming_peer;
use hansa_policy::contract::{Agreement, ContractStatus};
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::{Clause, Term};
use hansa_query::sql::query_text::NamedTables;

/// The refusal with its clause, as our own copy of the contract says it.
pub fn cite_clause(
    connector: &Connector,
    named: &NamedTables,
    author: &QueryAuthor,
    refusal: Refusal,
) -> Refusal {
    if refusal.clause.is_some() {
        return refusal;
    }
    let found = match (refusal.contract, refusal.code) {
        (Some(id), _) => connector.contracts.with_registry(|registry| {
            let agreement = registry.agreement(id)?;
            Some((id, find_clause(agreement, refusal.code)?))
        }),
        // Client programs of others do not learn about the contracts that this participant holds with peers.
        (None, ErrorCode::ColumnUnknown) if author.program().is_none() => {
            sole_named_contract(connector, named)
        }
        (None, _) => None,
    };
    match found {
        Some((id, clause)) => {
            let text = clause.term.to_english();
            refusal.with_contract(id).with_clause(clause.id, text)
        }
        None => refusal,
    }
}

fn find_clause(agreement: &Agreement, code: ErrorCode) -> Option<Clause> {
    let fits = |term: &Term| match code {
        ErrorCode::AggregateOnly | ErrorCode::FunctionNotAllowed | ErrorCode::QueryShape => {
            matches!(term, Term::Functions(_))
        }
        ErrorCode::DimensionNotAllowed => matches!(term, Term::Dimensions(_)),
        ErrorCode::FilterNotOnGrid => matches!(term, Term::TimeBucket { .. }),
        ErrorCode::ColumnUnknown => matches!(term, Term::Columns(_)),
        _ => false,
    };
    let grid = |term: &Term| code == ErrorCode::FilterNotOnGrid && matches!(term, Term::Grid(_));
    let clauses = || agreement.clauses.iter();
    clauses()
        .find(|clause| fits(&clause.term))
        .or_else(|| clauses().find(|clause| grid(&clause.term)))
        .cloned()
}

/// The contract whose columns a statement names, if it is one: a column that it does not show is told like one that
/// never was, and the clause says which there are.
fn sole_named_contract(connector: &Connector, named: &NamedTables) -> Option<(ContractId, Clause)> {
    let peers = connector.known_peers().ok()?;
    let (now, own) = (connector.now(), connector.id());
    let mut found: Vec<(ContractId, Clause)> = connector.contracts.with_registry(|registry| {
        registry
            .taken_by(&own, now)
            .filter(|(_, agreement, status)| {
                *status == ContractStatus::InForce
                    && naming_peer(&peers, named, &agreement.dataset.id).is_some()
            })
            .filter_map(|(id, agreement, _)| {
                Some((id, find_clause(agreement, ErrorCode::ColumnUnknown)?))
            })
            .collect()
    });
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Some(only),
        (_, _) => None,
    }
}
