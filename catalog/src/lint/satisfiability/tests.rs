//! Tests: a filter reported as empty is empty. Random filters are evaluated on every row of a small set.

use super::*;
use crate::fixture::{sample_column, sql_name};
use hansa_policy::row_filter::parse_row_filter;

/// Columns `i` int, `f` float, `t` text, `b` bool, with all values of a row, NULL first.
const WORLD: [(&str, ColumnType, &[&str]); 4] = [
    ("i", ColumnType::Int, &["0", "1", "2", "3"]),
    ("f", ColumnType::Float, &["0.0", "0.5", "1.0", "1.5"]),
    ("t", ColumnType::Text, &["'a'", "'b'", "'c'"]),
    ("b", ColumnType::Bool, &["TRUE", "FALSE"]),
];

struct FilterGenerator(u64);

impl FilterGenerator {
    fn below(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    fn filter(&mut self, depth: usize) -> String {
        if depth > 0 && self.below(2) == 0 {
            let (one, other) = (self.filter(depth - 1), self.filter(depth - 1));
            return match self.below(5) {
                0 => format!("NOT ({one})"),
                1 | 2 => format!("({one}) AND ({other})"),
                3 => format!("({one}) AND ({other}) AND ({})", self.filter(depth - 1)),
                _ => format!("({one}) OR ({other})"),
            };
        }
        let (column, kind, values) = WORLD[self.below(WORLD.len())];
        let mut value = || values[self.below(values.len())];
        let (x, y) = (value(), value());
        let ops: &[&str] = if kind == ColumnType::Bool {
            &["=", "<>"]
        } else {
            &["=", "<>", "<", "<=", ">", ">="]
        };
        let op = ops[self.below(ops.len())];
        let not = ["", "NOT "][self.below(2)];
        match self.below(6) {
            0 if kind != ColumnType::Bool => format!("{column} {not}BETWEEN {x} AND {y}"),
            1 => format!("{column} {not}IN ({x}, {y})"),
            2 => format!("{column} IS {not}NULL"),
            _ => format!("{column} {op} {x}"),
        }
    }
}

/// Value of a filter for a row in SQL's three-valued logic.
fn holds(filter: &RowFilter, row: &[(SqlIdentifier, Option<RangeValue>)]) -> Option<bool> {
    let compare = |column: &SqlIdentifier, op: ComparisonOperator, with: &FilterOperand| {
        let (kind, value) = stored(row, column);
        let value = value?;
        let with = super::operand_value(kind, with).unwrap();
        Some(match op {
            ComparisonOperator::Eq => value == with,
            ComparisonOperator::NotEq => value != with,
            ComparisonOperator::Lt => value < with,
            ComparisonOperator::LtEq => value <= with,
            ComparisonOperator::Gt => value > with,
            ComparisonOperator::GtEq => value >= with,
        })
    };
    match filter {
        RowFilter::Compare { column, op, with } => compare(column, *op, with),
        RowFilter::In {
            column,
            negated,
            list,
        } => {
            let any: Option<bool> = list
                .iter()
                .map(|with| compare(column, ComparisonOperator::Eq, with))
                .try_fold(false, |any, one| Some(any || one?));
            any.map(|any| any != *negated)
        }
        RowFilter::Between {
            column,
            negated,
            low,
            high,
        } => {
            let inside = compare(column, ComparisonOperator::GtEq, low)?
                && compare(column, ComparisonOperator::LtEq, high)?;
            Some(inside != *negated)
        }
        RowFilter::IsNull { column, negated } => Some(stored(row, column).1.is_none() != *negated),
        RowFilter::And(parts) => {
            let parts: Vec<_> = parts.iter().map(|part| holds(part, row)).collect();
            if parts.contains(&Some(false)) {
                Some(false)
            } else {
                (!parts.contains(&None)).then_some(true)
            }
        }
        RowFilter::Or(parts) => {
            let parts: Vec<_> = parts.iter().map(|part| holds(part, row)).collect();
            if parts.contains(&Some(true)) {
                Some(true)
            } else {
                (!parts.contains(&None)).then_some(false)
            }
        }
        RowFilter::Not(part) => holds(part, row).map(|holds| !holds),
    }
}

fn stored(
    row: &[(SqlIdentifier, Option<RangeValue>)],
    column: &SqlIdentifier,
) -> (ColumnType, Option<RangeValue>) {
    let kind = WORLD
        .iter()
        .find(|(known, _, _)| *known == column.as_str())
        .unwrap()
        .1;
    let value = row.iter().find(|(known, _)| known == column).unwrap();
    (kind, value.1.clone())
}

/// All rows.
fn rows() -> Vec<Vec<(SqlIdentifier, Option<RangeValue>)>> {
    let mut rows: Vec<Vec<(SqlIdentifier, Option<RangeValue>)>> = vec![Vec::new()];
    for (column, kind, values) in WORLD {
        let stored: Vec<Option<RangeValue>> = std::iter::once(None)
            .chain(values.iter().map(|text| {
                let RowFilter::Compare { with, .. } =
                    parse_row_filter(&format!("c = {text}")).unwrap()
                else {
                    panic!("a comparison")
                };
                operand_value(kind, &with)
            }))
            .collect();
        rows = rows
            .iter()
            .flat_map(|row| {
                stored.iter().map(|value| {
                    let mut row = row.clone();
                    row.push((sql_name(column), value.clone()));
                    row
                })
            })
            .collect();
    }
    rows
}

#[test]
fn what_is_called_empty_is_empty() {
    let columns: Vec<DatasetColumn> = WORLD
        .iter()
        .map(|(of, kind, _)| sample_column(of, *kind))
        .collect();
    let rows = rows();
    let mut random = FilterGenerator(29);
    let (mut found, mut missed) = (0, 0);
    for _ in 0..6_000 {
        let text = random.filter(3);
        let filter = parse_row_filter(&text).unwrap();
        let mut steps = 0;
        let possible = can_have_solution(
            vec![(&filter, false)],
            ColumnRanges::default(),
            &columns,
            &mut steps,
        );
        let passes = rows.iter().any(|row| holds(&filter, row) == Some(true));
        match (possible, passes) {
            (false, true) => panic!("called empty, but a row passes: {text}"),
            (false, false) => found += 1,
            (true, false) => missed += 1,
            (true, true) => {}
        }
    }
    assert!(
        found > 100,
        "only {found} empty filters were found, {missed} missed"
    );
    assert!(
        missed < found,
        "{found} empty filters were found, {missed} missed"
    );
}
