//! Canonical text of a row filter: upper-case keywords, single blanks, parentheses only where needed.

use super::{ComparisonOperator, FilterOperand, PolicyLiteral, RowFilter};
use std::fmt;

impl fmt::Display for RowFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare { column, op, with } => write!(f, "{column} {} {with}", op.as_str()),
            Self::In {
                column,
                negated,
                list,
            } => {
                write!(f, "{column} {}IN (", not_prefix(*negated))?;
                for (index, operand) in list.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{operand}")?;
                }
                f.write_str(")")
            }
            Self::Between {
                column,
                negated,
                low,
                high,
            } => write!(
                f,
                "{column} {}BETWEEN {low} AND {high}",
                not_prefix(*negated)
            ),
            Self::IsNull { column, negated } => {
                write!(f, "{column} IS {}NULL", not_prefix(*negated))
            }
            Self::And(parts) => write_joined_parts(f, parts, " AND "),
            Self::Or(parts) => write_joined_parts(f, parts, " OR "),
            Self::Not(part) => write!(f, "NOT ({part})"),
        }
    }
}

impl ComparisonOperator {
    /// Text of the operator.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::NotEq => "<>",
            Self::Lt => "<",
            Self::LtEq => "<=",
            Self::Gt => ">",
            Self::GtEq => ">=",
        }
    }
}

impl fmt::Display for FilterOperand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal) => literal.fmt(f),
            Self::Consumer => f.write_str("{{consumer}}"),
        }
    }
}

impl fmt::Display for PolicyLiteral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Self::Int(value) => write!(f, "{value}"),
            Self::Decimal(text) => f.write_str(text),
            Self::Bool(true) => f.write_str("TRUE"),
            Self::Bool(false) => f.write_str("FALSE"),
        }
    }
}

const fn not_prefix(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}

/// Writes parts with parentheses around AND and OR; all other parts bind more tightly.
fn write_joined_parts(f: &mut fmt::Formatter<'_>, parts: &[RowFilter], word: &str) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(word)?;
        }
        match part {
            RowFilter::And(_) | RowFilter::Or(_) => write!(f, "({part})")?,
            RowFilter::Compare { .. }
            | RowFilter::In { .. }
            | RowFilter::Between { .. }
            | RowFilter::IsNull { .. }
            | RowFilter::Not(_) => write!(f, "{part}")?,
        }
    }
    Ok(())
}
