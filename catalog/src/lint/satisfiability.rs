//! Lint of conditions that no row can satisfy, and of periods that are never open.
//!
//! It reports only proven cases: conditions that contradict each other on one column.

use super::{LintFinding, LintedPolicy, has_order};
use crate::dataset::{ColumnType, DatasetColumn};
use crate::literal_type;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::row_filter::{ComparisonOperator, FilterOperand, PolicyLiteral, RowFilter};
use hansa_policy::term::Term;
use hansa_policy::term::prohibition::ProhibitionCondition;
use hansa_policy::value::area::BoundingBox;
use hansa_policy::value::decimal_type::DecimalType;
use std::cmp::Ordering;
use std::collections::BTreeMap;

pub(super) fn check_satisfiability(policy: &LintedPolicy<'_>) -> Vec<LintFinding> {
    let mut findings = Vec::new();
    findings.extend(period_finding(policy));
    let mut conditions = Vec::new();
    let mut last = None;
    for clause in policy.clauses {
        if let Term::Rows(filter) = &clause.term
            && literal_type::filter_faults(&policy.dataset.columns, filter).is_empty()
        {
            conditions.push(filter.clone());
            last = Some(clause.id);
        }
        if let Term::Prohibition(one) = &clause.term
            && one.condition == ProhibitionCondition::ALWAYS
            && let Some(filter) = one.rows()
            && literal_type::filter_faults(&policy.dataset.columns, filter).is_empty()
        {
            conditions.push(RowFilter::Not(Box::new(filter.clone())));
            last = Some(clause.id);
        }
        if let Term::Area { lon, lat, bounds } = &clause.term {
            conditions.extend(bounds_filters(lon, lat, bounds));
            last = Some(clause.id);
        }
    }
    let open = conditions.iter().map(|filter| (filter, false)).collect();
    let mut steps = 0;
    if !can_have_solution(
        open,
        ColumnRanges::default(),
        &policy.dataset.columns,
        &mut steps,
    ) {
        let refusal = Refusal::new(
            ErrorCode::PolicyContradiction,
            "no row can pass the conditions: they exclude each other",
        )
        .with_help("remove one of the conditions");
        findings.push(LintFinding::error(last, refusal));
    }
    findings
}

fn period_finding(policy: &LintedPolicy<'_>) -> Option<LintFinding> {
    let (mut from, mut until) = (UtcTimestamp::EARLIEST, UtcTimestamp::LATEST);
    let mut last = None;
    for clause in policy.clauses {
        if let Term::NotBefore(instant) = clause.term {
            from = from.max(instant);
        }
        if let Term::NotAfter(instant) = clause.term {
            until = until.min(instant);
            last = Some(clause.id);
        }
    }
    (from >= until).then(|| {
        LintFinding::error(
            last,
            Refusal::new(
                ErrorCode::PolicyContradiction,
                format!("the window from {from} until {until} is empty"),
            ),
        )
    })
}

fn bounds_filters(
    lon: &SqlIdentifier,
    lat: &SqlIdentifier,
    bounds: &BoundingBox,
) -> [RowFilter; 2] {
    let between = |column: &SqlIdentifier, low: &str, high: &str| RowFilter::Between {
        column: column.clone(),
        negated: false,
        low: FilterOperand::Literal(PolicyLiteral::Decimal(low.to_owned())),
        high: FilterOperand::Literal(PolicyLiteral::Decimal(high.to_owned())),
    };
    [
        between(lon, &bounds.west, &bounds.east),
        between(lat, &bounds.south, &bounds.north),
    ]
}

/// Known range of each column's values.
type ColumnRanges<'a> = BTreeMap<&'a SqlIdentifier, ValueRange>;

#[derive(Debug, Clone, Default)]
struct ValueRange {
    null: bool,
    some: bool,
    low: Option<(RangeValue, bool)>,
    high: Option<(RangeValue, bool)>,
    one_of: Option<Vec<RangeValue>>,
    none_of: Vec<RangeValue>,
}

#[derive(Debug, Clone, PartialEq, PartialOrd)]
enum RangeValue {
    Whole(i128),
    Real(f64),
    Text(String),
}

/// Largest number of alternatives; after that the result is "possible".
const MOST_STEPS: usize = 10_000;

/// True if all conditions in `open` (each with a flag for negation) may hold together with the known ranges.
fn can_have_solution<'a>(
    mut open: Vec<(&'a RowFilter, bool)>,
    mut known: ColumnRanges<'a>,
    columns: &[DatasetColumn],
    steps: &mut usize,
) -> bool {
    while let Some((filter, negated)) = open.pop() {
        *steps += 1;
        if *steps > MOST_STEPS {
            return true;
        }
        match filter {
            RowFilter::Not(part) => open.push((part, !negated)),
            RowFilter::And(parts) if !negated => {
                open.extend(parts.iter().map(|part| (part, false)));
            }
            RowFilter::Or(parts) if negated => open.extend(parts.iter().map(|part| (part, true))),
            RowFilter::And(parts) | RowFilter::Or(parts) => {
                return parts.iter().any(|part| {
                    let mut open = open.clone();
                    open.push((part, negated));
                    can_have_solution(open, known.clone(), columns, steps)
                });
            }
            RowFilter::Between {
                column,
                negated: not,
                low,
                high,
            } if *not != negated => {
                // Outside the range means below or above. Both alternatives are tried.
                let sides = [
                    (ComparisonOperator::Lt, low),
                    (ComparisonOperator::Gt, high),
                ];
                return sides.into_iter().any(|(op, with)| {
                    let mut known = known.clone();
                    narrow_range(&mut known, columns, column, op, with)
                        && can_have_solution(open.clone(), known, columns, steps)
                });
            }
            atom => {
                if !narrow_by(&mut known, columns, atom, negated) {
                    return false;
                }
            }
        }
    }
    true
}

/// Narrows the ranges by one condition; false when no value is left.
fn narrow_by<'a>(
    known: &mut ColumnRanges<'a>,
    columns: &[DatasetColumn],
    atom: &'a RowFilter,
    negated: bool,
) -> bool {
    match atom {
        RowFilter::Compare { column, op, with } => {
            let op = if negated { op.opposite() } else { *op };
            narrow_range(known, columns, column, op, with)
        }
        RowFilter::Between {
            column, low, high, ..
        } => {
            narrow_range(known, columns, column, ComparisonOperator::GtEq, low)
                && narrow_range(known, columns, column, ComparisonOperator::LtEq, high)
        }
        RowFilter::In {
            column,
            negated: not,
            list,
        } => {
            let Some(kind) = kind_of(columns, column) else {
                return true;
            };
            let range = known.entry(column).or_default();
            range.some = true;
            // The asking participant is unknown here, so a list that contains it excludes nothing.
            let values: Option<Vec<RangeValue>> =
                list.iter().map(|each| operand_value(kind, each)).collect();
            match values {
                None => {}
                Some(values) if *not != negated => range.none_of.extend(values),
                Some(values) => match &mut range.one_of {
                    None => range.one_of = Some(values),
                    Some(kept) => kept.retain(|known| values.contains(known)),
                },
            }
            range.holds_something()
        }
        RowFilter::IsNull {
            column,
            negated: not,
        } => {
            let range = known.entry(column).or_default();
            if *not == negated {
                range.null = true;
                let never = columns
                    .iter()
                    .any(|known| known.name == *column && !known.nullable);
                if never {
                    return false;
                }
            } else {
                range.some = true;
            }
            range.holds_something()
        }
        RowFilter::And(_) | RowFilter::Or(_) | RowFilter::Not(_) => true,
    }
}

fn narrow_range<'a>(
    known: &mut ColumnRanges<'a>,
    columns: &[DatasetColumn],
    column: &'a SqlIdentifier,
    op: ComparisonOperator,
    with: &FilterOperand,
) -> bool {
    let Some(kind) = kind_of(columns, column) else {
        return true;
    };
    let range = known.entry(column).or_default();
    range.some = true;
    let Some(value) = operand_value(kind, with) else {
        return range.holds_something();
    };
    match op {
        ComparisonOperator::Eq => match &mut range.one_of {
            None => range.one_of = Some(vec![value]),
            Some(kept) => kept.retain(|known| *known == value),
        },
        ComparisonOperator::NotEq => range.none_of.push(value),
        ComparisonOperator::Lt | ComparisonOperator::LtEq if has_order(kind) => {
            range.tighten_maximum(value, op == ComparisonOperator::LtEq);
        }
        ComparisonOperator::Gt | ComparisonOperator::GtEq if has_order(kind) => {
            range.tighten_minimum(value, op == ComparisonOperator::GtEq);
        }
        ComparisonOperator::Lt
        | ComparisonOperator::LtEq
        | ComparisonOperator::Gt
        | ComparisonOperator::GtEq => {}
    }
    range.holds_something()
}

impl ValueRange {
    fn tighten_maximum(&mut self, value: RangeValue, included: bool) {
        let (value, included) = match value {
            RangeValue::Whole(whole) if !included => (RangeValue::Whole(whole - 1), true),
            other => (other, included),
        };
        let tighter = self
            .high
            .as_ref()
            .is_none_or(|(known, with)| value < *known || (value == *known && *with && !included));
        if tighter {
            self.high = Some((value, included));
        }
    }

    fn tighten_minimum(&mut self, value: RangeValue, included: bool) {
        let (value, included) = match value {
            RangeValue::Whole(whole) if !included => (RangeValue::Whole(whole + 1), true),
            other => (other, included),
        };
        let tighter = self
            .low
            .as_ref()
            .is_none_or(|(known, with)| value > *known || (value == *known && *with && !included));
        if tighter {
            self.low = Some((value, included));
        }
    }

    fn holds_something(&self) -> bool {
        if self.null && self.some {
            return false;
        }
        if let (Some((low, with_low)), Some((high, with_high))) = (&self.low, &self.high) {
            match low.partial_cmp(high) {
                Some(Ordering::Greater) => return false,
                Some(Ordering::Equal) if !(*with_low && *with_high) => return false,
                Some(Ordering::Equal) if self.none_of.contains(low) => return false,
                Some(Ordering::Less | Ordering::Equal) | None => {}
            }
        }
        self.one_of
            .as_ref()
            .is_none_or(|values| values.iter().any(|value| self.admits(value)))
    }

    fn admits(&self, value: &RangeValue) -> bool {
        let above = self
            .low
            .as_ref()
            .is_none_or(|(low, with)| value > low || (*with && value == low));
        let below = self
            .high
            .as_ref()
            .is_none_or(|(high, with)| value < high || (*with && value == high));
        above && below && !self.none_of.contains(value)
    }
}

fn kind_of(columns: &[DatasetColumn], name: &SqlIdentifier) -> Option<ColumnType> {
    columns
        .iter()
        .find(|column| column.name == *name)
        .map(|column| column.kind)
}

/// Value of the operand in the type of the column; none for the asking participant.
fn operand_value(kind: ColumnType, operand: &FilterOperand) -> Option<RangeValue> {
    let FilterOperand::Literal(literal) = operand else {
        return None;
    };
    match (kind, literal) {
        (ColumnType::Date, PolicyLiteral::Text(text)) => format!("{text}T00:00:00Z")
            .parse::<UtcTimestamp>()
            .ok()
            // Dates are whole days, so that `> a AND < the day after` is recognised as empty.
            .map(|time| RangeValue::Whole(i128::from(time.micros()) / 86_400_000_000)),
        (ColumnType::Instant, PolicyLiteral::Text(text)) => text
            .parse::<UtcTimestamp>()
            .ok()
            .map(|time| RangeValue::Whole(i128::from(time.micros()))),
        (ColumnType::Text, PolicyLiteral::Text(text)) => Some(RangeValue::Text(text.clone())),
        (ColumnType::Int, PolicyLiteral::Int(whole)) => Some(RangeValue::Whole(i128::from(*whole))),
        (ColumnType::Bool, PolicyLiteral::Bool(truth)) => {
            Some(RangeValue::Whole(i128::from(*truth)))
        }
        (ColumnType::Float, PolicyLiteral::Int(whole)) => real_value(&whole.to_string()),
        (ColumnType::Float, PolicyLiteral::Decimal(text)) => real_value(text),
        (ColumnType::Decimal(kind), PolicyLiteral::Int(whole)) => {
            decimal_value(kind, &whole.to_string())
        }
        (ColumnType::Decimal(kind), PolicyLiteral::Decimal(text)) => decimal_value(kind, text),
        (
            ColumnType::Text
            | ColumnType::Int
            | ColumnType::Float
            | ColumnType::Decimal(_)
            | ColumnType::Bool
            | ColumnType::Date
            | ColumnType::Instant,
            PolicyLiteral::Text(_)
            | PolicyLiteral::Int(_)
            | PolicyLiteral::Decimal(_)
            | PolicyLiteral::Bool(_),
        ) => None,
    }
}

/// Decimal number in units of its last decimal, so that `> 0.10 AND < 0.11` is recognised as empty.
fn decimal_value(kind: DecimalType, text: &str) -> Option<RangeValue> {
    kind.parse_number(text).ok().map(RangeValue::Whole)
}

fn real_value(text: &str) -> Option<RangeValue> {
    text.parse().ok().map(RangeValue::Real)
}

#[cfg(test)]
mod tests;
