//! Rendering of a query as SQL. Only expressions use the engine's conversion; everything else has a fixed position.

mod time_zone_cast;

use self::time_zone_cast::{TimeZoneDialect, mark_zone_casts};
use crate::federation::query_ir::{
    FromItem, FromSource, JoinKind, RemoteSelect, SelectBody, relation_alias,
};
use crate::federation::remote_sql::verified_sql::UnsupportedExpr;
use crate::federation::table::{DatasetRelation, RemoteTable};
use crate::sql::functions::sketch_state::SketchKind;
use arrow_schema::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, lit};
use datafusion::sql::unparser::Unparser;

pub(super) fn render_query(query: &RemoteSelect) -> Result<String, UnsupportedExpr> {
    let named = |lead: &str, exprs: &[Expr]| -> Result<Vec<String>, UnsupportedExpr> {
        exprs
            .iter()
            .enumerate()
            .map(|(at, expr)| Ok(format!("{} AS {lead}{at}", format_expr(expr)?)))
            .collect()
    };
    let (list, keys, order) = match &query.body {
        SelectBody::Rows { outputs, order } => (named("c", outputs)?, Vec::new(), order.as_slice()),
        SelectBody::Groups { keys, partials } => {
            let mut list = named("k", keys)?;
            list.extend(named("p", partials)?);
            let keys = keys.iter().map(format_expr).collect::<Result<_, _>>()?;
            (list, keys, [].as_slice())
        }
    };
    let mut sql = format!(
        "SELECT {} FROM {}",
        list.join(", "),
        render_from_clause(&query.from)?
    );
    if !query.conjuncts.is_empty() {
        sql.push_str(" WHERE ");
        sql.push_str(&all_of(&query.conjuncts)?);
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

/// FROM clause: one relation by its bare name, or several with positional aliases.
fn render_from_clause(from: &[FromItem]) -> Result<String, UnsupportedExpr> {
    let mut text = String::new();
    for (place, item) in from.iter().enumerate() {
        let source = match &item.source {
            FromSource::Table(table, relation) => relation_name(table, *relation),
            FromSource::Inner(inner) => format!("({})", render_query(&inner.select)?),
        };
        if place > 0 {
            text.push_str(match (item.kind, item.on.is_empty()) {
                (JoinKind::Inner, true) => " CROSS JOIN ",
                (JoinKind::Inner, false) => " JOIN ",
                (JoinKind::Left, _) => " LEFT JOIN ",
                (JoinKind::Semi, _) => " LEFT SEMI JOIN ",
                (JoinKind::Anti, _) => " LEFT ANTI JOIN ",
            });
        }
        text.push_str(&source);
        if from.len() > 1 || matches!(item.source, FromSource::Inner(_)) {
            text.push_str(&format!(" AS {}", relation_alias(place)));
        }
        if !item.on.is_empty() {
            text.push_str(" ON ");
            text.push_str(&all_of(&item.on)?);
        }
    }
    Ok(text)
}

fn relation_name(table: &RemoteTable, relation: DatasetRelation) -> String {
    let name = quote_name(table.dataset.name.as_str());
    match relation {
        DatasetRelation::Rows | DatasetRelation::Base => name,
        DatasetRelation::Cells => format!("{name}.cube"),
    }
}

fn all_of(conditions: &[Expr]) -> Result<String, UnsupportedExpr> {
    let texts: Vec<String> = conditions
        .iter()
        .map(format_expr)
        .collect::<Result<_, _>>()?;
    Ok(texts.join(" AND "))
}

/// Name, quoted if it is an SQL keyword.
fn quote_name(name: &str) -> String {
    match time_zone_cast::quote_character(name) {
        Some(quote) => format!("{quote}{name}{quote}"),
        None => name.to_owned(),
    }
}

fn format_expr(expr: &Expr) -> Result<String, UnsupportedExpr> {
    if let Expr::AggregateFunction(aggregate) = expr
        && aggregate.func.name() == "count"
        && !aggregate.params.distinct
        && aggregate.params.filter.is_none()
        && matches!(aggregate.params.args.as_slice(), [Expr::Literal(value, _)] if !value.is_null())
    {
        return Ok("count(*)".to_owned());
    }
    let unwritable = |_| UnsupportedExpr(expr.to_string());
    let plain = plain_times(bare_average(expr.clone()))
        .and_then(mark_zone_casts)
        .map_err(unwritable)?;
    let text = Unparser::new(&TimeZoneDialect)
        .expr_to_sql(&plain)
        .map_err(unwritable)?
        .to_string();
    Ok(text)
}

/// Removes the cast of an integer from `avg(x)` and similar calls, because the planner adds it again.
fn bare_average(expr: Expr) -> Expr {
    match expr {
        Expr::AggregateFunction(mut call) if casts_to_float(call.func.name()) => {
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

/// Renders timestamps and dates that are compared with a column in the usual notation.
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

/// Checks that the engine casts the argument of the aggregate to a floating-point number.
pub(in crate::federation) fn casts_to_float(aggregate: &str) -> bool {
    aggregate == "avg" || aggregate == SketchKind::Percentile.name()
}
