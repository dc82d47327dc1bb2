//! Canonical notation of values in the normal form: numbers, literals and row filters.

use crate::row_filter::{ComparisonOperator, FilterOperand, PolicyLiteral, RowFilter};
use hansa_audit_log::json::{Json, canonical};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn literal(value: &PolicyLiteral) -> Json {
    match value {
        PolicyLiteral::Text(text) => named_object("text", Json::text(text)),
        PolicyLiteral::Int(value) => named_object("int", Json::text(value)),
        PolicyLiteral::Decimal(text) => named_object("decimal", Json::text(decimal(text))),
        PolicyLiteral::Bool(value) => Json::Bool(*value),
    }
}

/// Decimal without redundant characters: `7.50` becomes `7.5`, and `7.0` becomes `7`.
pub(super) fn decimal(text: &str) -> String {
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or(("", text), |rest| ("-", rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        rest => rest,
    };
    match part.trim_end_matches('0') {
        "" if whole == "0" => "0".to_owned(),
        "" => format!("{sign}{whole}"),
        part => format!("{sign}{whole}.{part}"),
    }
}

pub(super) fn rows(filter: &RowFilter) -> Json {
    normal(filter, false)
}

/// Negation normal form: NOT is pushed down to the comparisons. Exact also for NULL.
fn normal(filter: &RowFilter, negated: bool) -> Json {
    match filter {
        RowFilter::Compare { column, op, with } => atom(
            column,
            if negated { op.opposite() } else { *op }.as_str(),
            vec![operand(with)],
        ),
        RowFilter::In {
            column,
            negated: not,
            list,
        } => {
            let sorted: BTreeSet<String> =
                list.iter().map(|each| text_of(&operand(each))).collect();
            atom(
                column,
                if *not == negated { "in" } else { "not in" },
                sorted.into_iter().map(Json::Text).collect(),
            )
        }
        RowFilter::Between {
            column,
            negated: not,
            low,
            high,
        } => {
            let (from, to, join) = if *not == negated {
                (ComparisonOperator::GtEq, ComparisonOperator::LtEq, "and")
            } else {
                (ComparisonOperator::Lt, ComparisonOperator::Gt, "or")
            };
            join_canonical_parts(
                join,
                vec![
                    atom(column, from.as_str(), vec![operand(low)]),
                    atom(column, to.as_str(), vec![operand(high)]),
                ],
            )
        }
        RowFilter::IsNull {
            column,
            negated: not,
        } => atom(
            column,
            if *not == negated {
                "is null"
            } else {
                "is not null"
            },
            Vec::new(),
        ),
        RowFilter::And(parts) => join_canonical_parts(
            if negated { "or" } else { "and" },
            parts.iter().map(|part| normal(part, negated)).collect(),
        ),
        RowFilter::Or(parts) => join_canonical_parts(
            if negated { "and" } else { "or" },
            parts.iter().map(|part| normal(part, negated)).collect(),
        ),
        RowFilter::Not(part) => normal(part, !negated),
    }
}

fn atom(column: &crate::id::SqlIdentifier, op: &str, with: Vec<Json>) -> Json {
    Json::object([
        ("column", Json::text(column)),
        ("op", Json::text(op)),
        ("with", Json::List(with)),
    ])
}

fn operand(operand: &FilterOperand) -> Json {
    match operand {
        FilterOperand::Literal(value) => literal(value),
        FilterOperand::Consumer => named_object("consumer", Json::Bool(true)),
    }
}

/// Joins parts: nested parts with the same word are flattened, duplicates removed, and a single part stands alone.
fn join_canonical_parts(word: &str, parts: Vec<Json>) -> Json {
    let mut each = BTreeMap::new();
    for part in parts {
        match part.get(word).and_then(Json::as_list) {
            Some(inner) => each.extend(inner.iter().map(|part| (text_of(part), part.clone()))),
            None => {
                each.insert(text_of(&part), part);
            }
        }
    }
    if each.len() == 1
        && let Some((_, only)) = each.pop_first()
    {
        return only;
    }
    named_object(word, Json::List(each.into_values().collect()))
}

pub(super) fn named_object(name: &str, value: Json) -> Json {
    Json::object([(name, value)])
}

pub(super) fn text_of(value: &Json) -> String {
    String::from_utf8_lossy(&canonical(value)).into_owned()
}
