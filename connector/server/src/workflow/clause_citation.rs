//! Cite: the clause of a contract that a refusal comes from, where whoever refused did not name it.

use crate::participant::Connector;
use hansa_policy::contract::{Agreement, ContractStatus};
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::{Clause, Term};

/// The refusal with its clause, as our own copy of the contract says it.
pub(crate) fn cite(node: &Connector, sql: &str, refusal: Refusal) -> Refusal {
    if refusal.clause.is_some() {
        return refusal;
    }
    let found = match (refusal.contract, refusal.code) {
        (Some(id), _) => node.contracts.book(|book| {
            let agreement = book.agreement(id)?;
            Some((id, clause(agreement, refusal.code)?))
        }),
        (None, ErrorCode::ColumnUnknown) => asked_under(node, sql),
        (None, _) => None,
    };
    match found {
        Some((id, clause)) => {
            let told = clause.term.plain();
            refusal.with_contract(id).with_clause(clause.id, told)
        }
        None => refusal,
    }
}

fn clause(agreement: &Agreement, code: ErrorCode) -> Option<Clause> {
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
fn asked_under(node: &Connector, sql: &str) -> Option<(ContractId, Clause)> {
    let words = crate::workflow::federated_query::words(sql);
    let peers = node.known_peers().ok()?;
    let (now, own) = (node.now(), node.id());
    let mut found: Vec<(ContractId, Clause)> = node.contracts.book(|book| {
        book.taken_by(&own, now)
            .filter(|(_, agreement, standing)| {
                *standing == ContractStatus::InForce
                    && words.contains(agreement.dataset.id.name.as_str())
                    && peers.iter().any(|peer| {
                        peer.id == agreement.provider.id && words.contains(peer.alias.as_str())
                    })
            })
            .filter_map(|(id, agreement, _)| {
                Some((id, clause(agreement, ErrorCode::ColumnUnknown)?))
            })
            .collect()
    });
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Some(only),
        (_, _) => None,
    }
}
