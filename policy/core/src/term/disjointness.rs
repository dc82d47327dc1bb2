//! Disjointness of row filters, as far as ranges and lists of single columns decide it.

use super::tightness_order;
use crate::row_filter::RowFilter;
use std::cmp::Ordering;

/// True if no row satisfies both filters; false where this is not certain.
pub(crate) fn are_disjoint(one: &RowFilter, other: &RowFilter) -> bool {
    match (one, other) {
        (RowFilter::Or(parts), other) | (other, RowFilter::Or(parts)) => {
            parts.iter().all(|part| are_disjoint(part, other))
        }
        (RowFilter::And(parts), other) | (other, RowFilter::And(parts)) => {
            parts.iter().any(|part| are_disjoint(part, other))
        }
        (one, other) => excludes_rows(one, other) || excludes_rows(other, one),
    }
}

/// True if no row that `one` admits is admitted by `other`.
fn excludes_rows(one: &RowFilter, other: &RowFilter) -> bool {
    opposite_comparison(other).is_some_and(|opposite| {
        matches!(
            tightness_order::compare_filters(one, &opposite),
            Some(Ordering::Less | Ordering::Equal)
        )
    })
}

/// Filter that is true where a comparison is false, for a column that is not NULL.
fn opposite_comparison(filter: &RowFilter) -> Option<RowFilter> {
    match filter {
        RowFilter::Compare { column, op, with } => Some(RowFilter::Compare {
            column: column.clone(),
            op: op.opposite(),
            with: with.clone(),
        }),
        RowFilter::In {
            column,
            negated,
            list,
        } => Some(RowFilter::In {
            column: column.clone(),
            negated: !negated,
            list: list.clone(),
        }),
        RowFilter::Between {
            column,
            negated,
            low,
            high,
        } => Some(RowFilter::Between {
            column: column.clone(),
            negated: !negated,
            low: low.clone(),
            high: high.clone(),
        }),
        RowFilter::IsNull { column, negated } => Some(RowFilter::IsNull {
            column: column.clone(),
            negated: !negated,
        }),
        RowFilter::And(_) | RowFilter::Or(_) | RowFilter::Not(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row_filter::parse_row_filter;

    #[track_caller]
    fn check(one: &str, other: &str, expect: bool) {
        let (one, other) = (
            parse_row_filter(one).unwrap(),
            parse_row_filter(other).unwrap(),
        );
        assert_eq!(are_disjoint(&one, &other), expect);
        assert_eq!(are_disjoint(&other, &one), expect);
    }

    #[test]
    fn conditions() {
        check("a = 1", "a = 2", true);
        check("a = 1 AND b = 2", "b IN (3, 4)", true);
        check("a < 2", "a >= 2", true);
        check("a <= 2", "a >= 2", false);
        check("a BETWEEN 1 AND 3", "a > 3", true);
        check("a IN (1, 2) OR a = 5", "a NOT IN (1, 2, 5)", true);
        check("a = 1", "a IS NULL", true);
        check("a = 1", "b = 2", false);
        check("a = {{consumer}}", "a = 'x'", false);
        check("a = 1 OR b = 1", "a = 2", false);
        check("NOT (a = 1 AND b = 1)", "a = 1", false);
    }

    /// Filters reported as disjoint have no row in common, over all sample rows.
    #[test]
    fn no_row_meets_both() {
        let mut random = crate::fixture::random_terms::SeededRandom(78);
        let mut found = 0;
        for _ in 0..4_000 {
            let (one, other) = (random.filter(2), random.filter(2));
            if !are_disjoint(&one, &other) {
                continue;
            }
            found += 1;
            for row in crate::fixture::sample_rows::distinguishing_rows(&[&one, &other]) {
                assert!(
                    !row.meets(&one) || !row.meets(&other),
                    "{one} | {other} | {row:?}"
                );
            }
        }
        assert!(found > 20, "{found}");
    }
}
