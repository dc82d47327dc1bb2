//! Order of the relations after FROM, and the placement of conditions.

use crate::federation::join_enumeration::{JoinCardinality, MOST, cheapest_order};
use crate::federation::query_ir::{
    FromItem, JoinKind, RemoteSelect, SelectBody, move_columns, relation_places,
};
use crate::federation::row_estimate;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use std::collections::BTreeSet;

/// Arranges a query: inner-joined relations first, then outer, semi- and anti-joins, with each condition as early as possible.
///
/// A condition over several relations is in ON, so that a reader of the text sees the join keys.
pub(super) fn arrange_relations(query: RemoteSelect) -> RemoteSelect {
    if query.from.len() < 2 {
        return query;
    }
    let order = order_relations(&query);
    let to = |old: usize| order.iter().position(|place| *place == old);
    let renamed = |exprs: Vec<Expr>| -> Vec<Expr> {
        exprs
            .into_iter()
            .map(|expr| move_columns(expr, &to))
            .collect()
    };
    let mut from: Vec<FromItem> = order
        .iter()
        .filter_map(|old| query.from.get(*old))
        .map(|item| FromItem {
            on: renamed(item.on.clone()),
            ..item.clone()
        })
        .collect();
    let mut conjuncts = Vec::new();
    for conjunct in renamed(query.conjuncts) {
        let used = relation_places(&conjunct);
        let inner = |place: &usize| {
            let item = from.get(*place);
            item.is_some_and(|item| item.kind == JoinKind::Inner)
        };
        let last = used.iter().next_back().copied().filter(|_| used.len() > 1);
        match last.filter(|_| used.iter().all(inner)) {
            Some(last) => {
                if let Some(item) = from.get_mut(last) {
                    item.on.push(conjunct);
                }
            }
            None => conjuncts.push(conjunct),
        }
    }
    for item in &mut from {
        item.on.sort_by_key(ToString::to_string);
    }
    let body = match query.body {
        SelectBody::Rows { outputs, order } => SelectBody::Rows {
            outputs: renamed(outputs),
            order,
        },
        SelectBody::Groups { keys, partials } => SelectBody::Groups {
            keys: renamed(keys),
            partials: renamed(partials),
        },
    };
    RemoteSelect {
        from,
        conjuncts,
        body,
        limit: query.limit,
    }
}

/// Positions of the relations in their new order: inner-joined relations with few rows first, then the other joins.
///
/// A participant joins in the order of the text. It keeps the previous relations in memory and probes them with the next one.
fn order_relations(query: &RemoteSelect) -> Vec<usize> {
    let of_kind = |inner: bool| {
        let items = query.from.iter().enumerate();
        items
            .filter(move |(_, item)| (item.kind == JoinKind::Inner) == inner)
            .map(|(place, _)| place)
    };
    let inner: Vec<usize> = of_kind(true).collect();
    let cardinality = join_cardinality(query);
    let mut placed = if inner.len() <= MOST {
        cheapest_order(&inner, &cardinality)
    } else {
        group_neighbours(inner, &cardinality)
    };
    placed.extend(of_kind(false));
    placed
}

/// Estimates for the relations of a query.
fn join_cardinality(query: &RemoteSelect) -> JoinCardinality {
    let from = &query.from;
    let condition = |one: &Expr| {
        (
            relation_places(one),
            is_equal(one),
            row_estimate::estimate_selectivity(from, one),
        )
    };
    JoinCardinality {
        rows: from
            .iter()
            .map(row_estimate::estimate_relation_rows)
            .collect(),
        conditions: query.conjuncts.iter().map(condition).collect(),
    }
}

/// Order that places each relation next to one it is compared with, if possible, and otherwise keeps the given order.
fn group_neighbours(mut left: Vec<usize>, cardinality: &JoinCardinality) -> Vec<usize> {
    let (mut order, mut placed) = (Vec::new(), BTreeSet::new());
    while !left.is_empty() {
        let at = left
            .iter()
            .position(|place| cardinality.fits(*place, &placed));
        let place = left.remove(at.unwrap_or(0));
        placed.insert(place);
        order.push(place);
    }
    order
}

const fn is_equal(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::BinaryExpr(BinaryExpr {
            op: Operator::Eq,
            ..
        })
    )
}
