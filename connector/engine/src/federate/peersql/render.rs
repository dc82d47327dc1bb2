//! A query as text. Only expressions are un-parsed; everything else stands at its one place.

mod zoned;

use self::zoned::{Words, zoned};
use super::{Body, PeerQuery, Unwritable};
use crate::federate::source::Relation;
use arrow_schema::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, lit};
use datafusion::sql::unparser::Unparser;
use datafusion::sql::unparser::dialect::{DefaultDialect, Dialect};

pub(super) fn render(query: &PeerQuery) -> Result<String, Unwritable> {
    let named = |lead: &str, exprs: &[Expr]| -> Result<Vec<String>, Unwritable> {
        exprs
            .iter()
            .enumerate()
            .map(|(at, expr)| Ok(format!("{} AS {lead}{at}", written(expr)?)))
            .collect()
    };
    let (list, keys, order) = match &query.body {
        Body::Rows { outputs, order } => (named("c", outputs)?, Vec::new(), order.as_slice()),
        Body::Groups { keys, partials } => {
            let mut list = named("k", keys)?;
            list.extend(named("p", partials)?);
            let keys = keys.iter().map(written).collect::<Result<_, _>>()?;
            (list, keys, [].as_slice())
        }
    };
    let relation = match query.relation {
        Relation::Rows | Relation::Base => quoted(query.table.dataset.name.as_str()),
        Relation::Cells => format!("{}.cube", quoted(query.table.dataset.name.as_str())),
    };
    let mut sql = format!("SELECT {} FROM {relation}", list.join(", "));
    if !query.conjuncts.is_empty() {
        let conjuncts: Vec<String> = query
            .conjuncts
            .iter()
            .map(written)
            .collect::<Result<_, _>>()?;
        sql.push_str(" WHERE ");
        sql.push_str(&conjuncts.join(" AND "));
    }
    if !keys.is_empty() {
        sql.push_str(" GROUP BY ");
        sql.push_str(&keys.join(", "));
    }
    if !order.is_empty() {
        let order: Vec<String> = order
            .iter()
            .map(|key| {
                format!(
                    "c{} {} NULLS {}",
                    key.output,
                    if key.ascending { "ASC" } else { "DESC" },
                    if key.nulls_first { "FIRST" } else { "LAST" }
                )
            })
            .collect();
        sql.push_str(" ORDER BY ");
        sql.push_str(&order.join(", "));
    }
    if let Some(limit) = query.limit {
        sql.push_str(&format!(" LIMIT {limit}"));
    }
    Ok(sql)
}

/// A name, in quotes where it is a word of SQL.
fn quoted(name: &str) -> String {
    match (DefaultDialect {}).identifier_quote_style(name) {
        Some(quote) => format!("{quote}{name}{quote}"),
        None => name.to_owned(),
    }
}

fn written(expr: &Expr) -> Result<String, Unwritable> {
    if let Expr::AggregateFunction(aggregate) = expr
        && aggregate.func.name() == "count"
        && !aggregate.params.distinct
        && aggregate.params.filter.is_none()
        && matches!(aggregate.params.args.as_slice(), [Expr::Literal(value, _)] if !value.is_null())
    {
        return Ok("count(*)".to_owned());
    }
    let unwritable = |_| Unwritable(expr.to_string());
    let plain = plain_times(bare_average(expr.clone()))
        .and_then(zoned)
        .map_err(unwritable)?;
    let text = Unparser::new(&Words)
        .expr_to_sql(&plain)
        .map_err(unwritable)?
        .to_string();
    Ok(text)
}

/// `avg(x)` and its like of an integer, whose cast comes back by itself when the text is read.
fn bare_average(expr: Expr) -> Expr {
    match expr {
        Expr::AggregateFunction(mut call) if widens(call.func.name()) => {
            for argument in &mut call.params.args {
                if let Expr::Cast(cast) = argument
                    && *cast.field.data_type() == DataType::Float64
                    && matches!(*cast.expr, Expr::Column(_))
                {
                    *argument = (*cast.expr).clone();
                }
            }
            Expr::AggregateFunction(call)
        }
        other => other,
    }
}

/// Instants and dates that a column is compared with, as people write them.
fn plain_times(expr: Expr) -> Result<Expr, DataFusionError> {
    let time = |expr: &Expr| match expr {
        Expr::Literal(
            value @ (ScalarValue::TimestampSecond(..)
            | ScalarValue::TimestampMillisecond(..)
            | ScalarValue::TimestampMicrosecond(..)
            | ScalarValue::TimestampNanosecond(..)
            | ScalarValue::Date32(_)),
            _,
        ) if !value.is_null() => value.cast_to(&DataType::Utf8).ok().map(lit),
        _ => None,
    };
    let column = |expr: &Expr| matches!(expr, Expr::Column(_));
    expr.transform_up(|node| {
        Ok(match node {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(op) => {
                let text = if column(&left) { time(&right) } else { None };
                match text {
                    Some(text) => Transformed::yes(Expr::BinaryExpr(BinaryExpr {
                        left,
                        op,
                        right: Box::new(text),
                    })),
                    None => Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })),
                }
            }
            Expr::InList(mut list) if column(&list.expr) => {
                for item in &mut list.list {
                    if let Some(text) = time(item) {
                        *item = text;
                    }
                }
                Transformed::yes(Expr::InList(list))
            }
            other => Transformed::no(other),
        })
    })
    .map(|done| done.data)
}

fn is_comparison(op: Operator) -> bool {
    matches!(
        op,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
    )
}

/// Whether the engine itself makes the argument of the aggregate a floating-point number.
pub(in crate::federate) fn widens(aggregate: &str) -> bool {
    matches!(
        aggregate,
        "avg" | "var" | "var_pop" | "stddev" | "stddev_pop"
    )
}
