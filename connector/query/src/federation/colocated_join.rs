//! Co-located joins, which each participant can compute alone.
//!
//! Over several participants this requires a column on each side whose values, according to the catalogue, belong to one
//! participant alone. Rows of two participants then never match.

use crate::federation::fragment::RemoteFragment;
use crate::federation::key_space::{own_key, strip_alias};
use crate::federation::movable_expr::{is_movable, substitute_columns, to_bare_expr};
use crate::federation::query_ir::{
    FromItem, FromSource, JoinKind, NestedSelect, RemoteSelect, SelectBody, move_columns,
    relation_places,
};
use crate::federation::remote_sql::RemoteSqlWriter;
use crate::federation::row_estimate;
use crate::federation::table::DatasetRelation;
use datafusion::common::{Column, DFSchema, JoinType, NullEquality};
use datafusion::logical_expr::utils::split_conjunction_owned;
use datafusion::logical_expr::{Expr, ExprSchemable, Join};
use hansa_policy::term::joins::JoinSite;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Branches of a join, one for each pair of input branches that can match. Each pair belongs to one participant.
pub(super) fn colocated_joins(
    join: &Join,
    left: &[RemoteFragment],
    right: &[RemoteFragment],
    writer: &RemoteSqlWriter,
) -> Option<Vec<RemoteFragment>> {
    if join.null_equality != NullEquality::NullEqualsNothing
        || (join.null_aware && may_be_null(join))
    {
        return None;
    }
    let all = left.iter().chain(right);
    if !all.clone().all(can_be_joined) {
        return None;
    }
    let (kind, swapped) = match join.join_type {
        JoinType::Inner => (JoinKind::Inner, false),
        JoinType::Left => (JoinKind::Left, false),
        JoinType::LeftSemi => (JoinKind::Semi, false),
        JoinType::LeftAnti => (JoinKind::Anti, false),
        JoinType::Right => (JoinKind::Left, true),
        JoinType::RightSemi => (JoinKind::Semi, true),
        JoinType::RightAnti => (JoinKind::Anti, true),
        _ => return None,
    };
    let (kept, other) = if swapped {
        (right, left)
    } else {
        (left, right)
    };
    let mut branches = Vec::new();
    let mut spaces = BTreeSet::new();
    for one in kept {
        let mut own = Vec::new();
        for two in other {
            if one.owner() == two.owner() {
                own.push(two);
            } else {
                spaces.insert(disjoint_key_space(join, one, two, swapped)?);
            }
        }
        match (own.as_slice(), kind) {
            ([], JoinKind::Inner | JoinKind::Semi) => {}
            ([], JoinKind::Anti) => branches.push(one.clone()),
            (all, JoinKind::Inner) => {
                for two in all {
                    branches.push(join_branches(join, one, two, kind, swapped, writer)?);
                }
            }
            ([two], _) => branches.push(join_branches(join, one, two, kind, swapped, writer)?),
            _ => return None,
        }
    }
    for branch in &mut branches {
        branch.relies.extend(spaces.iter().cloned());
    }
    (!branches.is_empty()).then_some(branches)
}

/// Wraps a branch as one relation: a SELECT in parentheses.
pub(super) fn wrap_in_select(
    branch: &RemoteFragment,
    body: SelectBody,
    writer: &RemoteSqlWriter,
) -> Option<RemoteFragment> {
    let rows = match &body {
        // A SELECT needs at least one column.
        SelectBody::Rows { outputs, .. } if outputs.is_empty() => return None,
        SelectBody::Rows { .. } => row_estimate::estimate_rows(branch),
        SelectBody::Groups { keys, .. } => row_estimate::estimate_groups(branch, keys),
    };
    let select = RemoteSelect {
        from: branch.from.clone(),
        conjuncts: branch.conjuncts.clone(),
        body,
        limit: branch.fetch,
    };
    let (select, text) = writer.write_normal(&select).ok()?;
    let outputs = text.schema.fields().iter();
    let outputs = outputs
        .map(|field| Expr::Column(Column::new_unqualified(field.name())))
        .collect();
    Some(RemoteFragment {
        from: vec![FromItem {
            source: FromSource::Inner(Arc::new(NestedSelect {
                select,
                schema: text.schema,
                rows,
            })),
            kind: JoinKind::Inner,
            on: Vec::new(),
        }],
        conjuncts: Vec::new(),
        outputs,
        fetch: None,
        relies: branch.relies.clone(),
    })
}

/// Key space by which rows of two branches never match: the join compares keys that each participant has alone.
fn disjoint_key_space(
    join: &Join,
    one: &RemoteFragment,
    two: &RemoteFragment,
    swapped: bool,
) -> Option<String> {
    let (left, right) = if swapped { (two, one) } else { (one, two) };
    join.on.iter().find_map(|(first, second)| {
        let space = |branch: &RemoteFragment, expr: &Expr, schema: &DFSchema| {
            own_key(branch, &branch.rewrite_expr(expr, schema)?)
        };
        let first = space(left, first, join.left.schema());
        first.filter(|first| space(right, second, join.right.schema()).as_ref() == Some(first))
    })
}

/// Checks that a join key can be NULL on either side.
fn may_be_null(join: &Join) -> bool {
    join.on.iter().any(|(left, right)| {
        left.nullable(join.left.schema()).unwrap_or(true)
            || right.nullable(join.right.schema()).unwrap_or(true)
    })
}

fn can_be_joined(branch: &RemoteFragment) -> bool {
    let mut tables = branch.tables().into_iter();
    tables.all(|(table, relation)| {
        relation == DatasetRelation::Rows && table.joins != JoinSite::Consumer
    })
}

/// Join of two branches of one participant.
fn join_branches(
    join: &Join,
    kept: &RemoteFragment,
    other: &RemoteFragment,
    kind: JoinKind,
    swapped: bool,
    writer: &RemoteSqlWriter,
) -> Option<RemoteFragment> {
    let kept = without_limit(kept, writer)?;
    let other = match kind {
        JoinKind::Inner => without_limit(other, writer)?,
        // Conditions of the right side become part of the join condition; computed outputs of that side need a subquery.
        JoinKind::Left | JoinKind::Semi | JoinKind::Anti => {
            let computes = kind == JoinKind::Left && !other.outputs.iter().all(is_column);
            if other.from.len() > 1 || other.fetch.is_some() || computes {
                to_row_relation(other, writer)?
            } else {
                other.clone()
            }
        }
    };
    let before = kept.from.len();
    let one = |expr: Expr| qualify_columns(expr, kept.from.len(), 0);
    let two = |expr: Expr| qualify_columns(expr, other.from.len(), before);
    let mut from: Vec<FromItem> = kept
        .from
        .iter()
        .map(|item| map_conditions(item, &one))
        .collect();
    let mut items: Vec<FromItem> = other
        .from
        .iter()
        .map(|item| map_conditions(item, &two))
        .collect();
    let mut conjuncts: Vec<Expr> = kept.conjuncts.iter().cloned().map(one).collect();
    let mine: Vec<Expr> = kept.outputs.iter().cloned().map(one).collect();
    let theirs: Vec<Expr> = other.outputs.iter().cloned().map(two).collect();
    let (left, right) = if swapped {
        (&theirs, &mine)
    } else {
        (&mine, &theirs)
    };
    let both: Vec<Expr> = left.iter().chain(right).cloned().collect();
    let mut conditions: Vec<Expr> = other.conjuncts.iter().cloned().map(two).collect();
    for (first, second) in &join.on {
        let first = substitute_movable(first, join.left.schema(), left)?;
        conditions.push(first.eq(substitute_movable(second, join.right.schema(), right)?));
    }
    if let Some(filter) = &join.filter {
        let schema = join.left.schema().join(join.right.schema()).ok()?;
        conditions.extend(split_conjunction_owned(substitute_movable(
            filter, &schema, &both,
        )?));
    }
    match kind {
        JoinKind::Inner => conjuncts.extend(conditions),
        JoinKind::Left | JoinKind::Semi | JoinKind::Anti => {
            // Without a condition over both sides there is no portable SQL for the join.
            if !conditions.iter().any(|one| over_both(one, before)) {
                return None;
            }
            let [item] = items.as_mut_slice() else {
                return None;
            };
            item.kind = kind;
            item.on = conditions;
        }
    }
    from.append(&mut items);
    Some(RemoteFragment {
        from,
        conjuncts,
        outputs: match kind {
            JoinKind::Inner | JoinKind::Left => both,
            JoinKind::Semi | JoinKind::Anti => mine,
        },
        fetch: None,
        relies: kept.relies.union(&other.relies).cloned().collect(),
    })
}

/// Cross product of two branches of one participant.
pub(super) fn cross_join_branches(
    one: &RemoteFragment,
    two: &RemoteFragment,
    writer: &RemoteSqlWriter,
) -> Option<RemoteFragment> {
    if one.owner() != two.owner() || !can_be_joined(one) || !can_be_joined(two) {
        return None;
    }
    let (one, two) = (without_limit(one, writer)?, without_limit(two, writer)?);
    let before = one.from.len();
    let first = |expr: Expr| qualify_columns(expr, one.from.len(), 0);
    let second = |expr: Expr| qualify_columns(expr, two.from.len(), before);
    let items = one.from.iter().map(|item| map_conditions(item, &first));
    let from = items.chain(two.from.iter().map(|item| map_conditions(item, &second)));
    let all = |one: &[Expr], two: &[Expr]| -> Vec<Expr> {
        let one = one.iter().cloned().map(first);
        one.chain(two.iter().cloned().map(second)).collect()
    };
    Some(RemoteFragment {
        from: from.collect(),
        conjuncts: all(&one.conjuncts, &two.conjuncts),
        outputs: all(&one.outputs, &two.outputs),
        fetch: None,
        relies: one.relies.union(&two.relies).cloned().collect(),
    })
}

/// Branch without a limit; a limit is wrapped into a subquery.
fn without_limit(branch: &RemoteFragment, writer: &RemoteSqlWriter) -> Option<RemoteFragment> {
    if branch.fetch.is_none() {
        return Some(branch.clone());
    }
    to_row_relation(branch, writer)
}

/// Branch as one relation of rows.
pub(super) fn to_row_relation(
    branch: &RemoteFragment,
    writer: &RemoteSqlWriter,
) -> Option<RemoteFragment> {
    let body = SelectBody::Rows {
        outputs: branch.outputs.clone(),
        order: Vec::new(),
    };
    wrap_in_select(branch, body, writer)
}

fn substitute_movable(expr: &Expr, schema: &DFSchema, outputs: &[Expr]) -> Option<Expr> {
    if !is_movable(expr) {
        return None;
    }
    substitute_columns(expr.clone(), schema, outputs)
}

fn over_both(expr: &Expr, before: usize) -> bool {
    let places = relation_places(expr);
    places.iter().any(|place| *place < before) && places.iter().any(|place| *place >= before)
}

/// Qualifies the columns of a branch with `places` relations, shifted by `before` relations.
fn qualify_columns(expr: Expr, places: usize, before: usize) -> Expr {
    let expr = if places > 1 { expr } else { to_bare_expr(expr) };
    move_columns(expr, &|place| Some(place.saturating_add(before)))
}

fn map_conditions(item: &FromItem, to: &dyn Fn(Expr) -> Expr) -> FromItem {
    FromItem {
        on: item.on.iter().cloned().map(to).collect(),
        ..item.clone()
    }
}

fn is_column(expr: &Expr) -> bool {
    matches!(strip_alias(expr), Expr::Column(_))
}
