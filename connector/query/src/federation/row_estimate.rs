//! Estimates of row counts and bytes for plan parts, from catalogue statistics, which are never exact. They only affect the choice
//! among plans with equal answers.

use crate::federation::fragment::RemoteFragment;
use crate::federation::query_ir::{
    FromItem, FromSource, JoinKind, RemoteSelect, SelectBody, relation_place, relation_places,
};
use crate::sql::functions::sketch_state;
use arrow_schema::{DataType, Fields};
use datafusion::logical_expr::{BinaryExpr, Expr, Like, Operator};
use std::collections::BTreeSet;

/// Assumed row count of a table without statistics.
const UNTOLD: f64 = 10_000.0;

/// Estimated row count of a branch.
pub(super) fn estimate_rows(branch: &RemoteFragment) -> f64 {
    let mut rows = 1.0_f64;
    for (at, item) in branch.from.iter().enumerate() {
        let part = item
            .on
            .iter()
            .map(|one| estimate_selectivity(&branch.from, one));
        let part: f64 = part.product();
        rows = match item.kind {
            JoinKind::Inner => rows * estimate_relation_rows(item) * part,
            JoinKind::Left => rows.max(rows * estimate_relation_rows(item) * part),
            JoinKind::Semi | JoinKind::Anti if at > 0 => rows / 2.0,
            JoinKind::Semi | JoinKind::Anti => rows * estimate_relation_rows(item),
        };
    }
    let kept = branch
        .conjuncts
        .iter()
        .map(|one| estimate_selectivity(&branch.from, one));
    let rows = rows * kept.product::<f64>();
    let most = branch.fetch.map_or(f64::INFINITY, usize_to_float);
    rows.max(1.0).min(most)
}

/// Estimated row count of a query.
pub(super) fn estimate_select_rows(query: &RemoteSelect) -> f64 {
    match &query.body {
        SelectBody::Rows { .. } => estimate_read_rows(query),
        SelectBody::Groups { keys, .. } => estimate_groups(&to_branch(query), keys),
    }
}

/// Estimated row count after the conditions, before grouping.
pub(super) fn estimate_read_rows(query: &RemoteSelect) -> f64 {
    estimate_rows(&to_branch(query))
}

fn to_branch(query: &RemoteSelect) -> RemoteFragment {
    RemoteFragment {
        from: query.from.clone(),
        conjuncts: query.conjuncts.clone(),
        outputs: Vec::new(),
        fetch: query.limit,
        relies: BTreeSet::new(),
    }
}

/// Estimated number of groups of a branch for these keys.
pub(super) fn estimate_groups(branch: &RemoteFragment, keys: &[Expr]) -> f64 {
    let rows = estimate_rows(branch);
    let each = keys.iter().map(|key| match key {
        Expr::Column(_) => estimate_distinct_count(&branch.from, key).unwrap_or(rows),
        Expr::Literal(..) => 1.0,
        _ => rows.sqrt(),
    });
    each.product::<f64>().min(rows).max(1.0)
}

/// Estimated bytes of the sketch states for `groups` groups, with `each` states for each group.
pub(super) fn estimate_state_bytes(each: u32, groups: f64, rows: f64) -> f64 {
    let one = (groups * f64::from(sketch_state::LARGEST)).min(rows * f64::from(sketch_state::EACH));
    f64::from(each) * one
}

/// Estimated transfer of a remote query in bytes: `rows` rows of these columns, computed from `read` rows or from an unknown
/// number.
pub(super) fn estimate_transfer_bytes(fields: &Fields, rows: u64, read: u64) -> u64 {
    let kinds = fields
        .iter()
        .filter(|field| *field.data_type() == DataType::Binary);
    let kinds = u32::try_from(kinds.count()).unwrap_or(u32::MAX);
    let plain = rows.saturating_mul(u64::from(row_width(fields)));
    if kinds == 0 {
        return plain;
    }
    let read = if read == 0 {
        UNTOLD
    } else {
        u64_to_float(read)
    };
    plain.saturating_add(to_row_count(estimate_state_bytes(
        kinds,
        u64_to_float(rows),
        read,
    )))
}

/// Bytes of one row with these columns. A text counts as 24 bytes, and a state as its view.
pub(super) fn row_width(fields: &Fields) -> u32 {
    let widths = fields.iter().map(|field| match field.data_type() {
        DataType::Boolean => 1,
        DataType::Int32 | DataType::Date32 | DataType::Float32 => 4,
        DataType::Decimal128(..) => 16,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => 24,
        _ => 8,
    });
    widths.sum()
}

/// Estimated bytes of `rows` rows with these columns.
pub(super) fn estimate_bytes(rows: f64, fields: &Fields) -> f64 {
    rows * f64::from(row_width(fields))
}

/// Estimated row count of a relation, before conditions.
pub(super) fn estimate_relation_rows(item: &FromItem) -> f64 {
    match &item.source {
        FromSource::Table(table, _) if table.rows == 0 => UNTOLD,
        FromSource::Table(table, _) => u64_to_float(table.rows),
        FromSource::Inner(inner) => inner.rows,
    }
}

/// Estimated distinct count of a column.
pub(super) fn estimate_distinct_count(from: &[FromItem], expr: &Expr) -> Option<f64> {
    let Expr::Column(column) = expr else {
        return None;
    };
    let at = if from.len() > 1 {
        relation_place(column)
    } else {
        0
    };
    let item = from.get(at)?;
    match &item.source {
        FromSource::Table(table, _) => table
            .distinct
            .get(&column.name)
            .map(|count| usize_to_float(usize::try_from(*count).unwrap_or(usize::MAX))),
        FromSource::Inner(inner) => Some(inner.rows),
    }
}

/// Estimated selectivity of a condition.
pub(super) fn estimate_selectivity(from: &[FromItem], condition: &Expr) -> f64 {
    let likely: f64 = match condition {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::And => estimate_selectivity(from, left) * estimate_selectivity(from, right),
            Operator::Or => estimate_selectivity(from, left) + estimate_selectivity(from, right),
            Operator::Eq if relation_places(condition).len() > 1 => {
                let known = |side: &Expr| {
                    estimate_distinct_count(from, side)
                        .unwrap_or_else(|| assume_distinct_count(from, side).sqrt())
                };
                1.0 / known(left).max(known(right)).max(1.0)
            }
            Operator::Eq => {
                estimate_distinct_count(from, left).map_or(0.1, |count| 1.0 / count.max(1.0))
            }
            Operator::NotEq => 0.9,
            _ => 1.0 / 3.0,
        },
        Expr::InList(list) => {
            let one =
                estimate_distinct_count(from, &list.expr).map_or(0.1, |count| 1.0 / count.max(1.0));
            let some = (usize_to_float(list.list.len()) * one).min(1.0);
            if list.negated { 1.0 - some } else { some }
        }
        Expr::Like(like) if like.negated => 1.0 - like_share(like),
        Expr::Like(like) => like_share(like),
        Expr::IsNull(_) => 0.1,
        Expr::IsNotNull(_) => 0.95,
        Expr::Not(inner) => 1.0 - estimate_selectivity(from, inner),
        _ => 1.0 / 3.0,
    };
    likely.clamp(1e-9, 1.0)
}

/// Estimated selectivity of LIKE. A pattern that may match anywhere usually applies to long texts with many words.
fn like_share(like: &Like) -> f64 {
    let word = match &*like.pattern {
        Expr::Literal(value, _) => value.try_as_str().flatten().unwrap_or_default(),
        _ => "",
    };
    let anywhere = word.starts_with('%') && word.ends_with('%') && word.len() > 4;
    if anywhere { 0.05 } else { 0.1 }
}

fn assume_distinct_count(from: &[FromItem], expr: &Expr) -> f64 {
    let at = if from.len() > 1 {
        relation_places(expr).into_iter().next().unwrap_or(0)
    } else {
        0
    };
    from.get(at).map_or(UNTOLD, estimate_relation_rows)
}

fn u64_to_float(count: u64) -> f64 {
    usize_to_float(usize::try_from(count).unwrap_or(usize::MAX))
}

fn usize_to_float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

/// Row count rounded to an integer.
pub(super) fn to_row_count(rows: f64) -> u64 {
    // Converted through text, since a numeric cast does not define the result for values out of range.
    format!("{:.0}", rows.clamp(0.0, 1e15))
        .parse()
        .unwrap_or(u64::MAX)
}
