//! Normal form of a policy, and its hash. They identify the applied policy independently of order and notation of the clauses.

use super::canonical_value::{named_object, text_of};
use super::{Clause, Term};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, to_canonical_bytes};
use std::collections::BTreeSet;

/// Version of the normal form. Only hashes of the same version are comparable.
pub const FORM: &str = "grant/1";

/// SHA-256 over the canonical JSON of the normal form. Clause numbers and clause order do not change it.
#[must_use]
pub fn grant_hash(clauses: &[Clause]) -> Digest {
    Digest::of(&to_canonical_bytes(&normal_form(clauses)))
}

/// Normal form: each term once, in a fixed order, lists sorted, row filters in negation normal form.
#[must_use]
pub fn normal_form(clauses: &[Clause]) -> Json {
    let terms: BTreeSet<String> = clauses
        .iter()
        .map(|clause| text_of(&canonical_term(&clause.term)))
        .collect();
    Json::object([
        ("form", Json::from_display(FORM)),
        (
            "terms",
            Json::List(terms.into_iter().map(Json::Text).collect()),
        ),
    ])
}

/// Term without its number.
fn canonical_term(term: &Term) -> Json {
    term.with_rule(|rule| named_object(rule.spec().name, rule.to_canonical_json()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ClauseId;
    use crate::row_filter::{RowFilter, parse_row_filter};

    fn hash(filter: &str) -> Digest {
        grant_hash(&[Clause {
            id: ClauseId(1),
            term: Term::Rows(parse_row_filter(filter).unwrap()),
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

    /// NOT at the top, twice, or pushed down by hand gives the same hash, also for NULL.
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
