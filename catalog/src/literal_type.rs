//! Type check of a policy's literals against their columns.

use crate::dataset::{ColumnType, DatasetColumn};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::row_filter::{ComparisonOperator, FilterOperand, PolicyLiteral, RowFilter};

/// Column with this name.
///
/// # Errors
/// `TERM_COLUMN_UNKNOWN` with the existing columns.
pub fn find_column<'a>(
    columns: &'a [DatasetColumn],
    name: &SqlIdentifier,
) -> Result<&'a DatasetColumn, Refusal> {
    columns
        .iter()
        .find(|column| column.name == *name)
        .ok_or_else(|| {
            let known: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            Refusal::new(
                ErrorCode::TermColumnUnknown,
                format!("the dataset has no column `{name}`"),
            )
            .with_help(format!("its columns are {}", known.join(", ")))
        })
}

/// True if the literal is a value of the type. Dates and instants are written as text.
#[must_use]
pub fn fits_type(kind: ColumnType, literal: &PolicyLiteral) -> bool {
    match (kind, literal) {
        (ColumnType::Text, PolicyLiteral::Text(_))
        | (ColumnType::Int, PolicyLiteral::Int(_))
        | (ColumnType::Float, PolicyLiteral::Int(_) | PolicyLiteral::Decimal(_))
        | (ColumnType::Bool, PolicyLiteral::Bool(_)) => literal.check().is_ok(),
        (ColumnType::Date, PolicyLiteral::Text(text)) => is_date(text),
        (ColumnType::Instant, PolicyLiteral::Text(text)) => text.parse::<UtcTimestamp>().is_ok(),
        // A number outside the type is probably a mistake, and equals none of the type's values.
        (ColumnType::Decimal(kind), PolicyLiteral::Int(number)) => {
            kind.parse_number(&number.to_string()).is_ok()
        }
        (ColumnType::Decimal(kind), PolicyLiteral::Decimal(text)) => {
            literal.check().is_ok() && kind.parse_number(text).is_ok()
        }
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
        ) => false,
    }
}

/// All errors of a filter's columns and types.
#[must_use]
pub fn filter_faults(columns: &[DatasetColumn], filter: &RowFilter) -> Vec<Refusal> {
    let mut faults: Vec<Refusal> = filter
        .collect_columns()
        .iter()
        .filter_map(|name| find_column(columns, name).err())
        .collect();
    filter.each_operand(&mut |name, operand| {
        if let Ok(column) = find_column(columns, name) {
            faults.extend(operand_fault(column, operand));
        }
    });
    filter.each_comparison(&mut |name, op| {
        if let Ok(column) = find_column(columns, name)
            && column.kind == ColumnType::Bool
            && !matches!(op, ComparisonOperator::Eq | ComparisonOperator::NotEq)
        {
            faults.push(ill_typed(format!(
                "`{name}` is true or false, which have no order"
            )));
        }
    });
    faults
}

/// Error of `literal` as a replacement of the column's values.
#[must_use]
pub fn literal_fault(column: &DatasetColumn, literal: &PolicyLiteral) -> Option<Refusal> {
    (!fits_type(column.kind, literal)).then(|| {
        ill_typed(format!(
            "{literal} is no value of `{}`, which holds {}",
            column.name, column.kind
        ))
        .with_help(format!("write {}", example_literal(column.kind)))
    })
}

fn operand_fault(column: &DatasetColumn, operand: &FilterOperand) -> Option<Refusal> {
    match operand {
        FilterOperand::Literal(literal) => literal_fault(column, literal),
        FilterOperand::Consumer => (column.kind != ColumnType::Text).then(|| {
            ill_typed(format!(
                "`{}` holds {}, but whoever asks is a text",
                column.name, column.kind
            ))
        }),
    }
}

fn ill_typed(sentence: String) -> Refusal {
    Refusal::new(ErrorCode::TermIllTyped, sentence)
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && format!("{text}T00:00:00Z").parse::<UtcTimestamp>().is_ok()
}

fn example_literal(kind: ColumnType) -> String {
    let plain = match kind {
        ColumnType::Text => "a text, such as 'A'",
        ColumnType::Int => "an integer, such as 12",
        ColumnType::Float => "a number, such as 12 or 0.5",
        ColumnType::Bool => "TRUE or FALSE",
        ColumnType::Date => "a date, such as '2026-01-31'",
        ColumnType::Instant => "an instant, such as '2026-01-31T12:00:00Z'",
        ColumnType::Decimal(kind) => {
            return format!(
                "a number with at most {} digits, {} of them behind the point",
                kind.precision(),
                kind.scale()
            );
        }
    };
    plain.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hansa_policy::value::decimal_type::DecimalType;

    #[track_caller]
    fn check(kind: ColumnType, operand: &str, expect: bool) {
        let filter = hansa_policy::row_filter::parse_row_filter(&format!("c = {operand}")).unwrap();
        let column = crate::fixture::sample_column("c", kind);
        assert_eq!(
            filter_faults(&[column], &filter).is_empty(),
            expect,
            "{kind:?} {operand}"
        );
    }

    #[test]
    fn literals_have_the_columns_type() {
        use ColumnType::{Bool, Date, Decimal, Float, Instant, Int, Text};
        check(Text, "'a'", true);
        check(Text, "1", false);
        check(Text, "{{consumer}}", true);
        check(Int, "{{consumer}}", false);
        check(Int, "1", true);
        check(Int, "1.0", false);
        check(Float, "1", true);
        check(Float, "0.5", true);
        check(Float, "'0.5'", false);
        let money = Decimal(DecimalType::new(5, 2).unwrap());
        for (operand, expect) in [
            ("1", true),
            ("999.99", true),
            ("0.500", true),
            ("-0.5", true),
            ("1000", false),
            ("0.005", false),
            ("'0.5'", false),
        ] {
            check(money, operand, expect);
        }
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
        let columns = [crate::fixture::sample_column("c", ColumnType::Bool)];
        let faults = |text: &str| -> Vec<ErrorCode> {
            super::filter_faults(
                &columns,
                &hansa_policy::row_filter::parse_row_filter(text).unwrap(),
            )
            .into_iter()
            .map(|refusal| refusal.code)
            .collect()
        };
        assert_eq!(faults("c <> true"), []);
        assert_eq!(faults("c < true"), [ErrorCode::TermIllTyped]);
        assert_eq!(
            faults("d IS NULL OR e = 1"),
            [ErrorCode::TermColumnUnknown; 2]
        );
    }
}
