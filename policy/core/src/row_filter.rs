//! Row filter of a contract: a small language without functions, so that its evaluation can't fail.
//!
//! Grammar (term 8): columns, literals, `= <> < <= > >=`, `IN`, `BETWEEN`, `IS [NOT] NULL`, `AND`, `OR`, `NOT`.
//! A row for which the filter is NULL is hidden. `{{consumer}}` stands for the identity of the asking participant and is
//! bound as a typed literal (term 9), never by text substitution.

mod canonical_text;
mod parser;

use crate::id::SqlIdentifier;
use crate::refusal::{ErrorCode, Refusal};
use std::collections::BTreeSet;

/// Parses a filter. [`RowFilter`] displays as its canonical text.
///
/// # Errors
/// `TERM_UNKNOWN` for constructs outside the grammar (functions, arithmetic, comparisons of two columns), `TERM_ILL_TYPED` for text
/// that can't be parsed; both name the character position.
pub fn parse_row_filter(text: &str) -> Result<RowFilter, Refusal> {
    parser::parse_filter_text(text)
}

/// Largest number of characters in a filter.
pub const MOST_CHARACTERS: usize = 16_384;

/// Deepest nesting of AND, OR and NOT.
pub const DEEPEST: usize = 16;

/// Largest number of literals in a filter.
pub const MOST_LITERALS: usize = 1_000;

/// Condition on one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowFilter {
    /// `column op operand`.
    Compare {
        /// Column on the left side.
        column: SqlIdentifier,
        /// Comparison operator.
        op: ComparisonOperator,
        /// Operand on the right side.
        with: FilterOperand,
    },
    /// `column IN (…)` or `NOT IN`.
    In {
        /// Column on the left side.
        column: SqlIdentifier,
        /// True for `NOT IN`.
        negated: bool,
        /// List of operands; not empty.
        list: Vec<FilterOperand>,
    },
    /// `column BETWEEN low AND high`, both ends included.
    Between {
        /// Column on the left side.
        column: SqlIdentifier,
        /// True for `NOT BETWEEN`.
        negated: bool,
        /// Lower end.
        low: FilterOperand,
        /// Upper end.
        high: FilterOperand,
    },
    /// `column IS NULL` or `IS NOT NULL`.
    IsNull {
        /// Column to be tested.
        column: SqlIdentifier,
        /// True for `IS NOT NULL`.
        negated: bool,
    },
    /// Conjunction; at least two parts.
    And(Vec<RowFilter>),
    /// Disjunction; at least two parts.
    Or(Vec<RowFilter>),
    /// Negation.
    Not(Box<RowFilter>),
}

/// Comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparisonOperator {
    /// `=`
    Eq,
    /// `<>`
    NotEq,
    /// `<`
    Lt,
    /// `<=`
    LtEq,
    /// `>`
    Gt,
    /// `>=`
    GtEq,
}

impl ComparisonOperator {
    /// Operator that is true exactly where this one is false, NULL aside.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Eq => Self::NotEq,
            Self::NotEq => Self::Eq,
            Self::Lt => Self::GtEq,
            Self::LtEq => Self::Gt,
            Self::Gt => Self::LtEq,
            Self::GtEq => Self::Lt,
        }
    }
}

/// Right side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilterOperand {
    /// Literal of the column's type. Dates and instants are written as text.
    Literal(PolicyLiteral),
    /// Placeholder `{{consumer}}`: the domain of the asking participant, or the tenant that the provider maps it to.
    Consumer,
}

/// Literal in a policy. There is no floating point: decimals keep their text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicyLiteral {
    /// Text, also for dates (`2026-01-31`) and instants (RFC 3339).
    Text(String),
    /// An integer.
    Int(i64),
    /// Decimal number as written.
    Decimal(String),
    /// True or false.
    Bool(bool),
}

impl RowFilter {
    /// Checks rules beyond the type: lists are not empty, nesting and size are bounded, literals are well formed.
    ///
    /// # Errors
    /// `TERM_ILL_TYPED` with the reason.
    pub fn check(&self) -> Result<(), Refusal> {
        let mut literals = 0;
        self.check_at(0, &mut literals)
    }

    fn check_at(&self, depth: usize, literals: &mut usize) -> Result<(), Refusal> {
        if depth > DEEPEST {
            return Err(ill_typed(format!(
                "the row filter is nested deeper than {DEEPEST}"
            )));
        }
        match self {
            Self::Compare { with, .. } => with.check(literals),
            Self::In { column, list, .. } => {
                if list.is_empty() {
                    return Err(ill_typed(format!("the list of `{column} IN` is empty")));
                }
                list.iter().try_for_each(|operand| operand.check(literals))
            }
            Self::Between { low, high, .. } => {
                low.check(literals)?;
                high.check(literals)
            }
            Self::IsNull { .. } => Ok(()),
            Self::And(parts) | Self::Or(parts) => {
                if parts.len() < 2 {
                    return Err(ill_typed("AND and OR join at least two conditions"));
                }
                parts
                    .iter()
                    .try_for_each(|part| part.check_at(depth + 1, literals))
            }
            Self::Not(part) => part.check_at(depth + 1, literals),
        }
    }

    /// Filter with `tenant` in place of `{{consumer}}`, as a typed literal and not as parsed text.
    #[must_use]
    pub fn bind_consumer(&self, tenant: &str) -> Self {
        let bind = |operand: &FilterOperand| match operand {
            FilterOperand::Consumer => {
                FilterOperand::Literal(PolicyLiteral::Text(tenant.to_owned()))
            }
            FilterOperand::Literal(literal) => FilterOperand::Literal(literal.clone()),
        };
        match self {
            Self::Compare { column, op, with } => Self::Compare {
                column: column.clone(),
                op: *op,
                with: bind(with),
            },
            Self::In {
                column,
                negated,
                list,
            } => Self::In {
                column: column.clone(),
                negated: *negated,
                list: list.iter().map(bind).collect(),
            },
            Self::Between {
                column,
                negated,
                low,
                high,
            } => Self::Between {
                column: column.clone(),
                negated: *negated,
                low: bind(low),
                high: bind(high),
            },
            Self::IsNull { column, negated } => Self::IsNull {
                column: column.clone(),
                negated: *negated,
            },
            Self::And(parts) => Self::And(
                parts
                    .iter()
                    .map(|part| part.bind_consumer(tenant))
                    .collect(),
            ),
            Self::Or(parts) => Self::Or(
                parts
                    .iter()
                    .map(|part| part.bind_consumer(tenant))
                    .collect(),
            ),
            Self::Not(part) => Self::Not(Box::new(part.bind_consumer(tenant))),
        }
    }

    /// Negation of the filter, pushed down to the comparisons. Exact also for NULL.
    #[must_use]
    pub fn negation(&self) -> Self {
        let all = |parts: &[Self]| parts.iter().map(Self::negation).collect();
        match self.clone() {
            Self::Compare { column, op, with } => Self::Compare {
                column,
                op: op.opposite(),
                with,
            },
            Self::In {
                column,
                negated,
                list,
            } => Self::In {
                column,
                negated: !negated,
                list,
            },
            Self::Between {
                column,
                negated,
                low,
                high,
            } => Self::Between {
                column,
                negated: !negated,
                low,
                high,
            },
            Self::IsNull { column, negated } => Self::IsNull {
                column,
                negated: !negated,
            },
            Self::And(parts) => Self::Or(all(&parts)),
            Self::Or(parts) => Self::And(all(&parts)),
            Self::Not(part) => *part,
        }
    }

    /// True if the filter contains `{{consumer}}`.
    #[must_use]
    pub fn names_consumer(&self) -> bool {
        let mut found = false;
        self.each_operand(&mut |_, operand| found |= *operand == FilterOperand::Consumer);
        found
    }

    /// Columns that the filter uses.
    #[must_use]
    pub fn collect_columns(&self) -> BTreeSet<SqlIdentifier> {
        let mut columns = BTreeSet::new();
        self.each_atom(&mut |atom| {
            if let Self::Compare { column, .. }
            | Self::In { column, .. }
            | Self::Between { column, .. }
            | Self::IsNull { column, .. } = atom
            {
                columns.insert(column.clone());
            }
        });
        columns
    }

    /// Calls `visit` with every operand and the column that it is compared with.
    pub fn each_operand(&self, visit: &mut impl FnMut(&SqlIdentifier, &FilterOperand)) {
        self.each_atom(&mut |atom| match atom {
            Self::Compare { column, with, .. } => visit(column, with),
            Self::In { column, list, .. } => list.iter().for_each(|operand| visit(column, operand)),
            Self::Between {
                column, low, high, ..
            } => {
                visit(column, low);
                visit(column, high);
            }
            Self::IsNull { .. } | Self::And(_) | Self::Or(_) | Self::Not(_) => {}
        });
    }

    /// Calls `visit` with every comparison; `BETWEEN` counts as `>=` and `<=`.
    pub fn each_comparison(&self, visit: &mut impl FnMut(&SqlIdentifier, ComparisonOperator)) {
        self.each_atom(&mut |atom| match atom {
            Self::Compare { column, op, .. } => visit(column, *op),
            Self::Between { column, .. } => {
                visit(column, ComparisonOperator::GtEq);
                visit(column, ComparisonOperator::LtEq);
            }
            Self::In { .. } | Self::IsNull { .. } | Self::And(_) | Self::Or(_) | Self::Not(_) => {}
        });
    }

    fn each_atom(&self, visit: &mut impl FnMut(&Self)) {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().for_each(|part| part.each_atom(visit));
            }
            Self::Not(part) => part.each_atom(visit),
            Self::Compare { .. } | Self::In { .. } | Self::Between { .. } | Self::IsNull { .. } => {
                visit(self);
            }
        }
    }
}

impl FilterOperand {
    fn check(&self, literals: &mut usize) -> Result<(), Refusal> {
        *literals += 1;
        if *literals > MOST_LITERALS {
            return Err(ill_typed(format!(
                "the row filter holds more than {MOST_LITERALS} values"
            )));
        }
        match self {
            Self::Consumer => Ok(()),
            Self::Literal(literal) => literal.check(),
        }
    }
}

impl PolicyLiteral {
    /// Checks rules beyond the type: a decimal has digits on both sides of the point; text has no NUL character.
    ///
    /// # Errors
    /// `TERM_ILL_TYPED` with the literal.
    pub fn check(&self) -> Result<(), Refusal> {
        match self {
            Self::Text(text) if text.contains('\0') || text.len() > MOST_CHARACTERS => {
                Err(ill_typed("a text holds a NUL, or is too long"))
            }
            Self::Decimal(text) if !is_decimal(text) => {
                Err(ill_typed(format!("`{text}` is no decimal number"))
                    .with_help("write it with a point and digits on both sides, such as 0.5"))
            }
            Self::Text(_) | Self::Decimal(_) | Self::Int(_) | Self::Bool(_) => Ok(()),
        }
    }
}

/// True for `-?(0|[1-9][0-9]*)\.[0-9]+` with at most 40 characters. Each number has only one such notation.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let Some((whole, part)) = digits.split_once('.') else {
        return false;
    };
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.len() <= 40
        && all_digits(whole)
        && all_digits(part)
        && (whole == "0" || !whole.starts_with('0'))
}

fn ill_typed(sentence: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::TermIllTyped, sentence)
}

#[cfg(test)]
mod tests;
