//! Partial order "tighter than" between the disclosures of two terms.
//!
//! Less is tighter: the other term discloses everything that the tighter one discloses. There is no order where each discloses
//! something that the other does not, or where the terms alone don't decide it. Then a person must look.

use super::canonical_value;
use crate::row_filter::{ComparisonOperator, FilterOperand, PolicyLiteral, RowFilter};
use crate::value::area::BoundingBox;
use hansa_audit_log::time::UtcTimestamp;
use std::cmp::Ordering;

/// Order of two lists of permitted things: a sublist is tighter.
pub(super) fn compare_lists<T: PartialEq>(one: &[T], other: &[T]) -> Option<Ordering> {
    let within = |one: &[T], other: &[T]| one.iter().all(|item| other.contains(item));
    order_from_inclusion(within(one, other), within(other, one))
}

/// Order of two things: the one that lies within the other is tighter.
pub(super) const fn order_from_inclusion(within: bool, around: bool) -> Option<Ordering> {
    match (within, around) {
        (true, true) => Some(Ordering::Equal),
        (true, false) => Some(Ordering::Less),
        (false, true) => Some(Ordering::Greater),
        (false, false) => None,
    }
}

/// Order of two boxes in degrees.
pub(super) fn compare_boxes(one: &BoundingBox, other: &BoundingBox) -> Option<Ordering> {
    let edge = |text: &String| text.parse::<f64>().ok();
    let within = |inner: &BoundingBox, outer: &BoundingBox| -> Option<bool> {
        Some(
            edge(&inner.west)? >= edge(&outer.west)?
                && edge(&inner.east)? <= edge(&outer.east)?
                && edge(&inner.south)? >= edge(&outer.south)?
                && edge(&inner.north)? <= edge(&outer.north)?,
        )
    };
    order_from_inclusion(within(one, other)?, within(other, one)?)
}

/// Order of two row filters, as far as ranges and lists of single columns decide it.
pub(super) fn compare_filters(one: &RowFilter, other: &RowFilter) -> Option<Ordering> {
    order_from_inclusion(implies_filter(one, other), implies_filter(other, one))
}

/// True if `other` admits every row that `one` admits; false where this is not certain. A row is admitted when the filter is true,
/// so a NULL satisfies no comparison.
fn implies_filter(one: &RowFilter, other: &RowFilter) -> bool {
    if canonical_value::canonical_row_filter(one) == canonical_value::canonical_row_filter(other) {
        return true;
    }
    match (one, other) {
        (_, RowFilter::And(parts)) => parts.iter().all(|part| implies_filter(one, part)),
        (RowFilter::Or(parts), _) => parts.iter().all(|part| implies_filter(part, other)),
        (RowFilter::And(parts), RowFilter::Or(several)) => {
            parts.iter().any(|part| implies_filter(part, other))
                || several.iter().any(|part| implies_filter(one, part))
        }
        (RowFilter::And(parts), _) => parts.iter().any(|part| implies_filter(part, other)),
        (_, RowFilter::Or(parts)) => parts.iter().any(|part| implies_filter(one, part)),
        (one, RowFilter::IsNull { column, negated }) => {
            *negated && compared_column(one) == Some(column)
        }
        (one, other) => match (ColumnRange::of(one), ColumnRange::of(other)) {
            (Some((here, one)), Some((there, other))) => here == there && one.is_within(&other),
            _ => false,
        },
    }
}

/// Column of a comparison, which is not NULL where the comparison is true.
const fn compared_column(filter: &RowFilter) -> Option<&crate::id::SqlIdentifier> {
    match filter {
        RowFilter::Compare { column, .. }
        | RowFilter::In { column, .. }
        | RowFilter::Between { column, .. } => Some(column),
        RowFilter::IsNull { .. } | RowFilter::And(_) | RowFilter::Or(_) | RowFilter::Not(_) => None,
    }
}

/// Values that one comparison admits for its column.
enum ColumnRange<'a> {
    /// Listed values only.
    List(Vec<&'a FilterOperand>),
    /// All values except these.
    Not(Vec<&'a FilterOperand>),
    /// Range between two edges.
    Between(Option<RangeEdge<'a>>, Option<RangeEdge<'a>>),
}

/// Edge of a range.
#[derive(Clone, Copy)]
struct RangeEdge<'a> {
    value: &'a FilterOperand,
    /// True if the range includes the value.
    is_included: bool,
}

impl<'a> RangeEdge<'a> {
    const fn including(value: &'a FilterOperand) -> Self {
        Self {
            value,
            is_included: true,
        }
    }

    const fn excluding(value: &'a FilterOperand) -> Self {
        Self {
            value,
            is_included: false,
        }
    }
}

impl<'a> ColumnRange<'a> {
    fn of(filter: &'a RowFilter) -> Option<(&'a crate::id::SqlIdentifier, Self)> {
        match filter {
            RowFilter::Compare { column, op, with } => Some((
                column,
                match op {
                    ComparisonOperator::Eq => Self::List(vec![with]),
                    ComparisonOperator::NotEq => Self::Not(vec![with]),
                    ComparisonOperator::Lt => Self::Between(None, Some(RangeEdge::excluding(with))),
                    ComparisonOperator::LtEq => {
                        Self::Between(None, Some(RangeEdge::including(with)))
                    }
                    ComparisonOperator::Gt => Self::Between(Some(RangeEdge::excluding(with)), None),
                    ComparisonOperator::GtEq => {
                        Self::Between(Some(RangeEdge::including(with)), None)
                    }
                },
            )),
            RowFilter::In {
                column,
                negated,
                list,
            } => {
                let list = list.iter().collect();
                Some((
                    column,
                    if *negated {
                        Self::Not(list)
                    } else {
                        Self::List(list)
                    },
                ))
            }
            RowFilter::Between {
                column,
                negated: false,
                low,
                high,
            } => Some((
                column,
                Self::Between(
                    Some(RangeEdge::including(low)),
                    Some(RangeEdge::including(high)),
                ),
            )),
            _ => None,
        }
    }

    fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(one), Self::List(other)) => one.iter().all(|item| other.contains(item)),
            (Self::List(one), Self::Not(other)) => one
                .iter()
                .all(|item| other.iter().all(|no| are_different(item, no))),
            (Self::List(one), Self::Between(low, high)) => one.iter().all(|item| {
                let item = RangeEdge::including(item);
                low.is_none_or(|low| is_above_edge(item, low))
                    && high.is_none_or(|high| is_below_edge(item, high))
            }),
            (Self::Not(one), Self::Not(other)) => other.iter().all(|item| one.contains(item)),
            (Self::Between(low, high), Self::Between(from, to)) => {
                from.is_none_or(|from| low.is_some_and(|edge| is_above_edge(edge, from)))
                    && to.is_none_or(|to| high.is_some_and(|edge| is_below_edge(edge, to)))
            }
            (Self::Between(low, high), Self::Not(other)) => other.iter().all(|no| {
                low.is_some_and(|edge| lies_beyond_edge(no, edge, Ordering::Less))
                    || high.is_some_and(|edge| lies_beyond_edge(no, edge, Ordering::Greater))
            }),
            (Self::Not(_), Self::List(_) | Self::Between(..))
            | (Self::Between(..), Self::List(_)) => false,
        }
    }
}

/// True if the value lies beyond an edge of a range, on this side.
fn lies_beyond_edge(value: &FilterOperand, edge: RangeEdge<'_>, side: Ordering) -> bool {
    match compare_literals(value, edge.value) {
        Some(Ordering::Equal) => !edge.is_included,
        Some(met) => met == side,
        None => false,
    }
}

fn is_above_edge(edge: RangeEdge<'_>, from: RangeEdge<'_>) -> bool {
    match compare_literals(edge.value, from.value) {
        Some(Ordering::Greater) => true,
        Some(Ordering::Equal) => from.is_included || !edge.is_included,
        Some(Ordering::Less) | None => false,
    }
}

fn is_below_edge(edge: RangeEdge<'_>, to: RangeEdge<'_>) -> bool {
    match compare_literals(edge.value, to.value) {
        Some(Ordering::Less) => true,
        Some(Ordering::Equal) => to.is_included || !edge.is_included,
        Some(Ordering::Greater) | None => false,
    }
}

fn are_different(one: &FilterOperand, other: &FilterOperand) -> bool {
    matches!(
        compare_literals(one, other),
        Some(Ordering::Less | Ordering::Greater)
    )
}

/// Order of two literals of one kind, where certain.
fn compare_literals(one: &FilterOperand, other: &FilterOperand) -> Option<Ordering> {
    let (FilterOperand::Literal(one), FilterOperand::Literal(other)) = (one, other) else {
        return None;
    };
    match (one, other) {
        (PolicyLiteral::Int(one), PolicyLiteral::Int(other)) => Some(one.cmp(other)),
        (PolicyLiteral::Text(one), PolicyLiteral::Text(other)) => compare_texts(one, other),
        (PolicyLiteral::Bool(one), PolicyLiteral::Bool(other)) => Some(one.cmp(other)),
        (PolicyLiteral::Decimal(one), PolicyLiteral::Decimal(other)) => {
            compare_decimals(one, other)
        }
        (PolicyLiteral::Decimal(one), PolicyLiteral::Int(other)) => {
            compare_decimals(one, &other.to_string())
        }
        (PolicyLiteral::Int(one), PolicyLiteral::Decimal(other)) => {
            compare_decimals(&one.to_string(), other)
        }
        _ => None,
    }
}

/// Order of two texts. For two instants the orders as instants and as text must agree, since the column may be of either type.
fn compare_texts(one: &str, other: &str) -> Option<Ordering> {
    let order = one.cmp(other);
    match (one.parse::<UtcTimestamp>(), other.parse::<UtcTimestamp>()) {
        (Ok(first), Ok(second)) => (first.cmp(&second) == order).then_some(order),
        _ => Some(order),
    }
}

/// Order of two decimals. Equal only in their shortest notation; none where rounding hides a difference.
fn compare_decimals(one: &str, other: &str) -> Option<Ordering> {
    if canonical_value::canonical_decimal(one) == canonical_value::canonical_decimal(other) {
        return Some(Ordering::Equal);
    }
    let order = one.parse::<f64>().ok()?.partial_cmp(&other.parse().ok()?)?;
    (order != Ordering::Equal).then_some(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row_filter::parse_row_filter;

    #[track_caller]
    fn check(one: &str, other: &str, expect: Option<Ordering>) {
        let (one, other) = (
            parse_row_filter(one).unwrap(),
            parse_row_filter(other).unwrap(),
        );
        assert_eq!(compare_filters(&one, &other), expect);
        assert_eq!(compare_filters(&other, &one), expect.map(Ordering::reverse));
    }

    #[test]
    fn conditions() {
        let (less, equal) = (Some(Ordering::Less), Some(Ordering::Equal));
        check("a = 1", "a IN (1, 2)", less);
        check("a = 1 AND b = 2", "a = 1", less);
        check("a = 1", "a = 1 OR b = 2", less);
        check("b = 2 AND a = 1", "a = 1 AND b = 2", equal);
        check("a BETWEEN 2 AND 3", "a >= 1", less);
        check("a > 1", "a >= 1", less);
        check("a > 1.5", "a > 1", less);
        check("a < 5", "a <> 5", less);
        check("a NOT IN (1, 2)", "a <> 1", less);
        check("a = 1", "a <> 2", less);
        check("a = 1", "a IS NOT NULL", less);
        check("a = 'x' AND b < 3", "a IN ('x', 'y') AND b < 4", less);
        check("a = {{consumer}}", "a IN ({{consumer}}, 'x')", less);
        check("a = 1", "a = 2", None);
        check("a < 2", "a > 1", None);
        check("a = 1", "b = 1", None);
        check("a = {{consumer}}", "a <> 'x'", None);
        check("a IS NULL", "a = 1", None);
        check("NOT (a = 1 AND b = 2)", "a <> 1", None);
    }

    /// A filter reported as tighter admits no row that the other does not, over all sample rows.
    #[test]
    fn tighter_lets_out_no_more() {
        let mut random = crate::fixture::random_terms::SeededRandom(77);
        let mut found = 0;
        for _ in 0..4_000 {
            let (one, other) = (random.filter(2), random.filter(2));
            if compare_filters(&one, &other) != Some(Ordering::Less) {
                continue;
            }
            found += 1;
            for row in crate::fixture::sample_rows::distinguishing_rows(&[&one, &other]) {
                assert!(
                    !row.meets(&one) || row.meets(&other),
                    "{one} | {other} | {row:?}"
                );
            }
        }
        assert!(found > 20, "{found}");
    }

    #[test]
    fn lists_and_boxes() {
        assert_eq!(compare_lists(&[1, 2], &[2, 1, 3]), Some(Ordering::Less));
        assert_eq!(compare_lists(&[1, 2], &[2, 3]), None);
        let bounds = |edges: [&str; 4]| {
            let [west, south, east, north] = edges.map(str::to_owned);
            BoundingBox {
                west,
                south,
                east,
                north,
            }
        };
        let wide = bounds(["7", "51", "8", "52"]);
        assert_eq!(
            compare_boxes(&bounds(["7.5", "51", "8", "52"]), &wide),
            Some(Ordering::Less)
        );
        assert_eq!(
            compare_boxes(&bounds(["6", "51", "7.5", "52"]), &wide),
            None
        );
    }
}
