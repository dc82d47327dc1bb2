//! Windows that a participant computes over its own rows. No partition may contain rows of another participant.

use crate::federation::colocated_join::wrap_in_select;
use crate::federation::fragment::RemoteFragment;
use crate::federation::key_space::separating_key_space;
use crate::federation::movable_expr::{is_movable, substitute_columns};
use crate::federation::pushdown::pushed_down;
use crate::federation::query_ir::SelectBody;
use crate::federation::remote_query_builder::RemoteQueryBuilder;
use datafusion::common::DFSchema;
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{Expr, Window};
use std::collections::BTreeSet;

/// Branches of a window, or `None` if a partition would be split or an expression can't be evaluated elsewhere.
pub(super) fn push_window(
    window: &Window,
    builder: &RemoteQueryBuilder,
) -> Option<Vec<RemoteFragment>> {
    let input = window.input.schema();
    let branches = pushed_down(&window.input, builder)?;
    if branches
        .iter()
        .any(|branch| branch.is_base() || branch.fetch.is_some())
    {
        return None;
    }
    let mut relies = BTreeSet::new();
    for expr in &window.window_expr {
        let function = movable_window_call(expr)?;
        if branches.len() > 1 {
            relies.insert(separating_key_space(
                &function.params.partition_by,
                &branches,
                input,
            )?);
        }
    }
    let one = |branch: &RemoteFragment| {
        let mut outputs = branch.outputs.clone();
        for expr in &window.window_expr {
            outputs.push(rewrite_window_call(branch, expr, input)?);
        }
        let body = SelectBody::Rows {
            outputs,
            order: Vec::new(),
        };
        let mut done = wrap_in_select(branch, body, &builder.writer)?;
        done.relies.extend(relies.iter().cloned());
        let kinds = done.columns();
        let kinds = kinds.fields().iter().map(|field| field.data_type());
        let meant = window.schema.fields().iter();
        kinds
            .eq(meant.map(|field| field.data_type()))
            .then_some(done)
    };
    branches.iter().map(one).collect()
}

/// Window call, if all its expressions can be evaluated elsewhere.
fn movable_window_call(expr: &Expr) -> Option<&WindowFunction> {
    let function = match expr {
        Expr::Alias(alias) => return movable_window_call(&alias.expr),
        Expr::WindowFunction(function) => function,
        _ => return None,
    };
    let params = &function.params;
    let order = params.order_by.iter().map(|key| &key.expr);
    let mut parts = params.args.iter().chain(&params.partition_by).chain(order);
    let plain = params.null_treatment.is_none() && !params.distinct && params.filter.is_none();
    (plain && parts.all(is_movable)).then_some(function)
}

fn rewrite_window_call(branch: &RemoteFragment, expr: &Expr, input: &DFSchema) -> Option<Expr> {
    let call = movable_window_call(expr)?;
    substitute_columns(Expr::from(call.clone()), input, &branch.outputs)
}
