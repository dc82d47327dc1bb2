//! Which parts of a plan participants can compute alone, and what they would cost on the way.

use crate::federate::aggregate::{self, unalias};
use crate::federate::branch::{Branch, branches_or, movable};
use crate::federate::desk::Desk;
use crate::federate::estimate::{self, width};
use crate::federate::joined::{enclosed, joined};
use crate::federate::select::{Body, Source};
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan};

/// The branches of a plan, one for each participant that computes a part of it.
pub(super) fn gathered(plan: &LogicalPlan, desk: &Desk) -> Option<Vec<Branch>> {
    let more = |node: &LogicalPlan| {
        if let Some(known) = desk.known(node) {
            return known;
        }
        let found = match node {
            LogicalPlan::Join(join) => gathered(&join.left, desk).and_then(|left| {
                let right = gathered(&join.right, desk)?;
                joined(join, &left, &right, &desk.writer)
            }),
            LogicalPlan::Aggregate(aggregate) => grouped(aggregate, desk),
            _ => None,
        };
        desk.learn(node, found.clone());
        found
    };
    branches_or(plan, &more)
}

/// The groups of an aggregate that are whole where their rows are.
fn grouped(aggregate: &Aggregate, desk: &Desk) -> Option<Vec<Branch>> {
    let input = aggregate.input.schema();
    let branches = gathered(&aggregate.input, desk)?;
    let keys: Vec<Expr> = aggregate.group_expr.iter().cloned().map(unalias).collect();
    if branches
        .iter()
        .any(|branch| branch.is_base() || branch.fetch.is_some())
    {
        return None;
    }
    if branches.len() > 1 && !aggregate::apart(&keys, &branches, input) {
        return None;
    }
    let all: Vec<Expr> = aggregate.aggr_expr.iter().cloned().map(unalias).collect();
    if !keys.iter().chain(&all).all(movable) {
        return None;
    }
    let one = |branch: &Branch| {
        let inside = |exprs: &[Expr]| -> Option<Vec<Expr>> {
            exprs
                .iter()
                .map(|expr| branch.inside(expr, input))
                .collect()
        };
        let (keys, partials) = (inside(&keys)?, inside(&all)?);
        // A constant as a key has another meaning in SQL.
        if !keys.iter().all(Expr::any_column_refs) {
            return None;
        }
        let done = enclosed(branch, Body::Groups { keys, partials }, &desk.writer)?;
        let kinds = done.columns();
        let kinds = kinds.fields().iter().map(|field| field.data_type());
        kinds
            .eq(aggregate
                .schema
                .fields()
                .iter()
                .map(|field| field.data_type()))
            .then_some(done)
    };
    branches.iter().map(one).collect()
}

/// Whether more happens in a branch than in a chain over one relation.
pub(super) fn is_more(branch: &Branch) -> bool {
    branch.from.len() > 1
        || matches!(branch.from.first(), Some(item) if matches!(item.source, Source::Inner(_)))
}

/// Whether it brings fewer bytes to have this part computed by its participants than to fetch what it is made of.
pub(super) fn pays(plan: &LogicalPlan, branches: &[Branch], desk: &Desk) -> bool {
    let parts: f64 = plan
        .inputs()
        .into_iter()
        .map(|input| cost(input, desk))
        .sum();
    bytes(plan, branches) <= parts
}

/// About how many bytes branches bring as the rows of a plan.
pub(super) fn bytes(plan: &LogicalPlan, branches: &[Branch]) -> f64 {
    let rows: f64 = branches.iter().map(estimate::rows).sum();
    rows * width(plan.schema())
}

/// About how many bytes travel at least for a part of a plan.
pub(super) fn cost(plan: &LogicalPlan, desk: &Desk) -> f64 {
    let inputs = plan.inputs();
    let parts: f64 = inputs.iter().map(|input| cost(input, desk)).sum();
    let whole = gathered(plan, desk).map(|branches| bytes(plan, &branches));
    match (plan, whole) {
        (_, Some(whole)) if inputs.is_empty() => whole,
        (_, Some(whole)) => whole.min(parts),
        (LogicalPlan::Aggregate(aggregate), None) => partial(aggregate, desk).unwrap_or(parts),
        (_, None) => parts,
    }
}

/// The bytes of an aggregate whose partial states are merged here.
pub(super) fn partial(aggregate: &Aggregate, desk: &Desk) -> Option<f64> {
    let input = aggregate.input.schema();
    let branches = gathered(&aggregate.input, desk)?;
    let each = branches.iter().map(|branch| {
        let keys = aggregate.group_expr.iter();
        let keys: Option<Vec<Expr>> = keys.map(|key| branch.inside(key, input)).collect();
        keys.map(|keys| estimate::groups(branch, &keys))
    });
    let groups: Option<Vec<f64>> = each.collect();
    Some(groups?.iter().sum::<f64>() * width(&aggregate.schema))
}
