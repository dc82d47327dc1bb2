//! The normal form of a policy, and its hash: what a ruling applied, whatever order or spelling the clauses have.

use super::{Clause, Term};
use crate::row_filter::{ComparisonOperator, FilterOperand, PolicyLiteral, RowFilter};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, canonical};
use std::collections::{BTreeMap, BTreeSet};

/// The version of the normal form: a hash is only compared with one of the same version.
pub const FORM: &str = "grant/1";

/// SHA-256 over the canonical JSON of the normal form. Clause numbers and clause order do not change it.
#[must_use]
pub fn grant_hash(clauses: &[Clause]) -> Digest {
    Digest::of(&canonical(&normal_form(clauses)))
}

/// The normal form: each term once, in a fixed order, lists sorted, row filters in negation normal form.
#[must_use]
pub fn normal_form(clauses: &[Clause]) -> Json {
    let terms: BTreeSet<String> = clauses
        .iter()
        .map(|clause| text_of(&term(&clause.term)))
        .collect();
    Json::object([
        ("form", Json::text(FORM)),
        (
            "terms",
            Json::List(terms.into_iter().map(Json::Text).collect()),
        ),
    ])
}

/// One term without its number.
fn term(term: &Term) -> Json {
    term.with(|rule| named(rule.spec().name, rule.canonical()))
}

fn named(name: &str, value: Json) -> Json {
    Json::object([(name, value)])
}

pub(super) fn literal(value: &PolicyLiteral) -> Json {
    match value {
        PolicyLiteral::Text(text) => named("text", Json::text(text)),
        PolicyLiteral::Int(value) => named("int", Json::text(value)),
        PolicyLiteral::Decimal(text) => named("decimal", Json::text(decimal(text))),
        PolicyLiteral::Bool(value) => Json::Bool(*value),
    }
}

/// A decimal without what does not change its value: `7.50` and `7.5`, `7` and `7.0` are the same.
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

/// Negation normal form; NOT is pushed down to the comparisons, which is exact also where values are NULL.
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
            joined(
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
        RowFilter::And(parts) => joined(
            if negated { "or" } else { "and" },
            parts.iter().map(|part| normal(part, negated)).collect(),
        ),
        RowFilter::Or(parts) => joined(
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
        FilterOperand::Consumer => named("consumer", Json::Bool(true)),
    }
}

/// Parts joined by the same word are taken apart; equal ones stand once; a single one stands alone.
fn joined(word: &str, parts: Vec<Json>) -> Json {
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
    named(word, Json::List(each.into_values().collect()))
}

fn text_of(value: &Json) -> String {
    String::from_utf8_lossy(&canonical(value)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ClauseId;
    use crate::row_filter::parse;

    fn hash(filter: &str) -> Digest {
        grant_hash(&[Clause {
            id: ClauseId(1),
            term: Term::Rows(parse(filter).unwrap()),
        }])
    }

    #[track_caller]
    fn same(a: &str, b: &str) {
        assert_eq!(hash(a), hash(b), "{a} | {b}");
    }

    #[track_caller]
    fn differ(a: &str, b: &str) {
        assert_ne!(hash(a), hash(b), "{a} | {b}");
    }

    #[test]
    fn spelling_does_not_change_the_hash() {
        same("a = 1 AND b = 2", "b = 2 AND a = 1");
        same("a = 1 AND a = 1 AND b = 2", "b = 2 AND a = 1");
        same("a IN (1, 2)", "a IN (2, 1, 2)");
        same("a BETWEEN 1 AND 3", "a >= 1 AND a <= 3");
        same("a NOT BETWEEN 1 AND 3", "NOT (a >= 1 AND a <= 3)");
        same("NOT (a = 1 OR b IS NULL)", "a <> 1 AND b IS NOT NULL");
        same("NOT (NOT (a = 1))", "a = 1");
        same("a = 0.50", "a = 0.5");
        same("a = 1 OR a = 1", "a = 1");
        same("c = 1 AND a BETWEEN 1 AND 3", "a >= 1 AND a <= 3 AND c = 1");
        differ("a = 1", "a = 2");
        differ("a = 1", "a = '1'");
        differ("a = 1 AND b = 2", "a = 1 OR b = 2");
        differ("a = {{consumer}}", "a = '{{consumer}}'");
        differ("a = 1 OR (b = 2 AND c = 3)", "(a = 1 OR b = 2) AND c = 3");
    }

    #[test]
    fn order_and_numbers_do_not_change_the_hash_but_content_does() {
        let clauses: Vec<Clause> = Term::samples()
            .into_iter()
            .zip(1..)
            .map(|(term, number)| Clause {
                id: ClauseId(number),
                term,
            })
            .collect();
        let mut turned = clauses.clone();
        turned.reverse();
        for (clause, number) in turned.iter_mut().zip(40..) {
            clause.id = ClauseId(number);
        }
        assert_eq!(grant_hash(&clauses), grant_hash(&turned));
        let mut hashes = BTreeSet::new();
        for index in 0..clauses.len() {
            let mut fewer = clauses.clone();
            fewer.remove(index);
            assert!(hashes.insert(grant_hash(&fewer)), "every term counts");
        }
    }

    /// NOT at the top, twice, or pushed down by hand: the hash of one condition, whatever NULL does to it.
    #[test]
    fn negation_normal_form_of_random_filters() {
        let of = |filter: RowFilter| {
            grant_hash(&[Clause {
                id: ClauseId(1),
                term: Term::Rows(filter),
            }])
        };
        let not = |filter: RowFilter| RowFilter::Not(Box::new(filter));
        let mut random = crate::fixture::random_terms::SeededRandom(23);
        for _ in 0..2_000 {
            let (a, b) = (random.filter(3), random.filter(3));
            assert_eq!(of(not(not(a.clone()))), of(a.clone()), "{a}");
            assert_ne!(of(not(a.clone())), of(a.clone()), "{a}");
            assert_eq!(
                of(not(RowFilter::And(vec![a.clone(), b.clone()]))),
                of(RowFilter::Or(vec![not(b.clone()), not(a.clone())])),
                "{a} | {b}"
            );
        }
    }
}
