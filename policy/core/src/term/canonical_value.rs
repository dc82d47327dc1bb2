//! Canonical notation of values in the normal form: numbers, literals and row filters.

use crate::row_filter::{ComparisonOperator, FilterOperand, PolicyLiteral, RowFilter};
use hansa_audit_log::json::{Json, to_canonical_bytes};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn canonical_literal(value: &PolicyLiteral) -> Json {
    match value {
        PolicyLiteral::Text(text) => named_object("text", Json::from_display(text)),
        PolicyLiteral::Int(value) => named_object("int", Json::from_display(value)),
        PolicyLiteral::Decimal(text) => {
            named_object("decimal", Json::from_display(canonical_decimal(text)))
        }
        PolicyLiteral::Bool(value) => Json::Bool(*value),
    }
}

/// Decimal without redundant characters: `7.50` becomes `7.5`, and `7.0` becomes `7`.
pub(super) fn canonical_decimal(text: &str) -> String {
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

pub(super) fn canonical_row_filter(filter: &RowFilter) -> Json {
    negation_normal_form(filter, false)
}

/// Negation normal form: NOT is pushed down to the comparisons. Exact also for NULL.
fn negation_normal_form(filter: &RowFilter, negated: bool) -> Json {
    match filter {
        RowFilter::Compare { column, op, with } => comparison_json(
            column,
            if negated { op.opposite() } else { *op }.as_str(),
            vec![canonical_operand(with)],
        ),
        RowFilter::In {
            column,
            negated: not,
            list,
        } => {
            let sorted: BTreeSet<String> = list
                .iter()
                .map(|each| text_of(&canonical_operand(each)))
                .collect();
            comparison_json(
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
                    comparison_json(column, from.as_str(), vec![canonical_operand(low)]),
                    comparison_json(column, to.as_str(), vec![canonical_operand(high)]),
                ],
            )
        }
        RowFilter::IsNull {
            column,
            negated: not,
        } => comparison_json(
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
            parts
                .iter()
                .map(|part| negation_normal_form(part, negated))
                .collect(),
        ),
        RowFilter::Or(parts) => join_canonical_parts(
            if negated { "and" } else { "or" },
            parts
                .iter()
                .map(|part| negation_normal_form(part, negated))
                .collect(),
        ),
        RowFilter::Not(part) => negation_normal_form(part, !negated),
    }
}

fn comparison_json(column: &crate::id::SqlIdentifier, op: &str, with: Vec<Json>) -> Json {
    Json::object([
        ("column", Json::from_display(column)),
        ("op", Json::from_display(op)),
        ("with", Json::List(with)),
    ])
}

fn canonical_operand(operand: &FilterOperand) -> Json {
    match operand {
        FilterOperand::Literal(value) => canonical_literal(value),
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
    String::from_utf8_lossy(&to_canonical_bytes(value)).into_owned()
}
