//! Predicates of the question that may be pushed into the private plan: total ones on columns with stored values.
//!
//! They can't fail, and they see values of the permitted view only. They serve to skip files and pages.

use crate::in_set::InSetFunction;
use datafusion_common::arrow::datatypes::{DataType, SchemaRef};
use datafusion_common::{Column, ScalarValue};
use datafusion_expr::expr::InList;
use datafusion_expr::{Between, BinaryExpr, Expr, Operator};
use std::collections::BTreeSet;

/// True if `filter` is harmless: a comparison, list, range or null test of a column in `clear` with literals of exactly its type, a
/// Boolean column or its negation, or such parts joined by AND and OR.
#[must_use]
pub fn is_harmless(filter: &Expr, shown: &SchemaRef, clear: &BTreeSet<String>) -> bool {
    let matches = |name: &str, expr: &Expr| literal_of_type(expr, shown, name);
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::And | Operator::Or => {
                is_harmless(left, shown, clear) && is_harmless(right, shown, clear)
            }
            Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq => match (clear_column(left, clear), clear_column(right, clear)) {
                (Some(name), None) => matches(name, right),
                (None, Some(name)) => matches(name, left),
                (Some(_), Some(_)) | (None, None) => false,
            },
            _ => false,
        },
        Expr::IsNull(inner) | Expr::IsNotNull(inner) => clear_column(inner, clear).is_some(),
        // Form to which the optimizer simplifies a comparison with true or false.
        Expr::Column(_) => is_truth(filter, shown, clear),
        Expr::Not(inner) => is_truth(inner, shown, clear),
        Expr::InList(InList { expr, list, .. }) => clear_column(expr, clear)
            .is_some_and(|name| list.iter().all(|item| matches(name, item))),
        Expr::Between(Between {
            expr, low, high, ..
        }) => {
            clear_column(expr, clear).is_some_and(|name| matches(name, low) && matches(name, high))
        }
        // A folded IN list.
        Expr::ScalarFunction(_) => InSetFunction::of(filter).is_some_and(|(among, expr)| {
            clear_column(expr, clear).is_some_and(|name| type_of(shown, name) == Some(among.kind()))
        }),
        _ => false,
    }
}

fn clear_column<'a>(expr: &'a Expr, clear: &BTreeSet<String>) -> Option<&'a str> {
    match expr {
        Expr::Column(Column { name, .. }) if clear.contains(name) => Some(name),
        _ => None,
    }
}

/// True if an expression is a Boolean column with stored values.
fn is_truth(expr: &Expr, shown: &SchemaRef, clear: &BTreeSet<String>) -> bool {
    clear_column(expr, clear).is_some_and(|name| type_of(shown, name) == Some(&DataType::Boolean))
}

fn type_of<'a>(shown: &'a SchemaRef, name: &str) -> Option<&'a DataType> {
    let mut fields = shown.fields().iter();
    let field = fields.find(|field| field.name() == name)?;
    Some(field.data_type())
}

fn literal_of_type(expr: &Expr, shown: &SchemaRef, name: &str) -> bool {
    let wanted = type_of(shown, name);
    match expr {
        Expr::Literal(value, _) => {
            !matches!(value, ScalarValue::Null) && wanted == Some(&value.data_type())
        }
        _ => false,
    }
}
