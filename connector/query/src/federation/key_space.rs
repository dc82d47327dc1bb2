//! Key spaces: sets of keys that each participant has for itself.

use crate::federation::fragment::RemoteFragment;
use crate::federation::query_ir::{FromItem, FromSource, relation_place};
use crate::federation::table::{DatasetRelation, RemoteTable};
use datafusion::common::DFSchema;
use datafusion::logical_expr::{Expr, ExprSchemable};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Key space of an output, if the participant declares that no other one has these keys.
pub(super) fn own_key(branch: &RemoteFragment, output: &Expr) -> Option<String> {
    own_column(&branch.from, output)
}

fn own_column(from: &[FromItem], expr: &Expr) -> Option<String> {
    let (table, column) = column_origin(from, expr)?;
    table.own.get(&column).cloned()
}

/// Table column that an expression refers to directly.
pub(super) fn column_origin(from: &[FromItem], expr: &Expr) -> Option<(Arc<RemoteTable>, String)> {
    let Expr::Column(column) = strip_alias(expr) else {
        return None;
    };
    let at = if from.len() > 1 {
        relation_place(column)
    } else {
        0
    };
    match &from.get(at)?.source {
        FromSource::Table(table, DatasetRelation::Rows) => {
            Some((Arc::clone(table), column.name.clone()))
        }
        FromSource::Table(..) => None,
        FromSource::Inner(inner) => column_origin(&inner.select.from, inner.output(&column.name)?),
    }
}

pub(super) fn strip_alias(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => strip_alias(&alias.expr),
        other => other,
    }
}

/// Key space by which the branches have no common group: one of the group keys belongs to one participant alone.
pub(super) fn separating_key_space(
    keys: &[Expr],
    branches: &[RemoteFragment],
    input: &DFSchema,
) -> Option<String> {
    let mut owners: Vec<_> = branches.iter().map(RemoteFragment::owner).collect();
    owners.sort();
    owners.dedup();
    if owners.len() < branches.len() || branches.len() < 2 {
        return None;
    }
    keys.iter().find_map(|key| {
        let spaces = branches.iter().map(|branch| {
            let inside = branch.rewrite_expr(key, input)?;
            // NULL belongs to no participant: each one may have a NULL group.
            let whole = !inside.nullable(&branch.columns()).ok()?;
            own_key(branch, &inside).filter(|_| whole)
        });
        let spaces: BTreeSet<String> = spaces.collect::<Option<_>>()?;
        let mut spaces = spaces.into_iter();
        spaces.next().filter(|_| spaces.next().is_none())
    })
}
