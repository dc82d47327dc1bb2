//! Whether the literals of a policy have the type of the column that they are compared with or put in place of.

use crate::dataset::{Column, ColumnType};
use hansa_audit_log::time::Time;
use hansa_policy::id::Name;
use hansa_policy::refusal::{Code, Refusal};
use hansa_policy::row_filter::{Comparison, Literal, Operand, RowFilter};

/// The column of that name.
///
/// # Errors
/// `TERM_COLUMN_UNKNOWN` with the columns that there are.
pub fn column<'a>(columns: &'a [Column], name: &Name) -> Result<&'a Column, Refusal> {
    columns
        .iter()
        .find(|column| column.name == *name)
        .ok_or_else(|| {
            let known: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            Refusal::new(
                Code::TermColumnUnknown,
                format!("the dataset has no column `{name}`"),
            )
            .with_help(format!("its columns are {}", known.join(", ")))
        })
}

/// Whether the literal can stand for a value of that type: dates and instants are written as text.
#[must_use]
pub fn fits(kind: ColumnType, literal: &Literal) -> bool {
    match (kind, literal) {
        (ColumnType::Text, Literal::Text(_))
        | (ColumnType::Int, Literal::Int(_))
        | (ColumnType::Float, Literal::Int(_) | Literal::Decimal(_))
        | (ColumnType::Bool, Literal::Bool(_)) => literal.check().is_ok(),
        (ColumnType::Date, Literal::Text(text)) => is_date(text),
        (ColumnType::Instant, Literal::Text(text)) => text.parse::<Time>().is_ok(),
        (
            ColumnType::Text
            | ColumnType::Int
            | ColumnType::Float
            | ColumnType::Bool
            | ColumnType::Date
            | ColumnType::Instant,
            Literal::Text(_) | Literal::Int(_) | Literal::Decimal(_) | Literal::Bool(_),
        ) => false,
    }
}

/// Everything that is wrong with a filter's columns and types.
#[must_use]
pub fn faults(columns: &[Column], filter: &RowFilter) -> Vec<Refusal> {
    let mut faults: Vec<Refusal> = filter
        .columns()
        .iter()
        .filter_map(|name| column(columns, name).err())
        .collect();
    filter.each_operand(&mut |name, operand| {
        if let Ok(column) = column(columns, name) {
            faults.extend(operand_fault(column, operand));
        }
    });
    filter.each_comparison(&mut |name, op| {
        if let Ok(column) = column(columns, name)
            && column.kind == ColumnType::Bool
            && !matches!(op, Comparison::Eq | Comparison::NotEq)
        {
            faults.push(ill_typed(format!(
                "`{name}` is true or false, which have no order"
            )));
        }
    });
    faults
}

/// What is wrong with putting `literal` in place of the column's values.
#[must_use]
pub fn literal_fault(column: &Column, literal: &Literal) -> Option<Refusal> {
    (!fits(column.kind, literal)).then(|| {
        ill_typed(format!(
            "{literal} is no value of `{}`, which holds {}",
            column.name,
            column.kind.as_str()
        ))
        .with_help(format!("write {}", example(column.kind)))
    })
}

fn operand_fault(column: &Column, operand: &Operand) -> Option<Refusal> {
    match operand {
        Operand::Literal(literal) => literal_fault(column, literal),
        Operand::Consumer => (column.kind != ColumnType::Text).then(|| {
            ill_typed(format!(
                "`{}` holds {}, but whoever asks is a text",
                column.name,
                column.kind.as_str()
            ))
        }),
    }
}

fn ill_typed(sentence: String) -> Refusal {
    Refusal::new(Code::TermIllTyped, sentence)
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && format!("{text}T00:00:00Z").parse::<Time>().is_ok()
}

const fn example(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Text => "a text, such as 'A'",
        ColumnType::Int => "an integer, such as 12",
        ColumnType::Float => "a number, such as 12 or 0.5",
        ColumnType::Bool => "TRUE or FALSE",
        ColumnType::Date => "a date, such as '2026-01-31'",
        ColumnType::Instant => "an instant, such as '2026-01-31T12:00:00Z'",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: ColumnType, operand: &str, expect: bool) {
        let filter = hansa_policy::row_filter::parse(&format!("c = {operand}")).unwrap();
        let column = crate::fixture::column("c", kind);
        assert_eq!(
            faults(&[column], &filter).is_empty(),
            expect,
            "{kind:?} {operand}"
        );
    }

    #[test]
    fn literals_have_the_columns_type() {
        use ColumnType::{Bool, Date, Float, Instant, Int, Text};
        check(Text, "'a'", true);
        check(Text, "1", false);
        check(Text, "{{consumer}}", true);
        check(Int, "{{consumer}}", false);
        check(Int, "1", true);
        check(Int, "1.0", false);
        check(Float, "1", true);
        check(Float, "0.5", true);
        check(Float, "'0.5'", false);
        check(Bool, "true", true);
        check(Bool, "1", false);
        check(Date, "'2026-01-31'", true);
        check(Date, "'2026-02-30'", false);
        check(Date, "'2026-01-31T00:00:00Z'", false);
        check(Instant, "'2026-01-31T00:00:00Z'", true);
        check(Instant, "'2026-01-31'", false);
    }

    #[test]
    fn truth_has_no_order_and_columns_exist() {
        let columns = [crate::fixture::column("c", ColumnType::Bool)];
        let faults = |text: &str| -> Vec<Code> {
            super::faults(&columns, &hansa_policy::row_filter::parse(text).unwrap())
                .into_iter()
                .map(|refusal| refusal.code)
                .collect()
        };
        assert_eq!(faults("c <> true"), []);
        assert_eq!(faults("c < true"), [Code::TermIllTyped]);
        assert_eq!(faults("d IS NULL OR e = 1"), [Code::TermColumnUnknown; 2]);
    }
}
