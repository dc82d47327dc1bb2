//! Expressions, their operators and types.

use super::{AllowlistVisitor, at, not_allowed};
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, CeilFloorKind, DataType, DateTimeField, Expr, Interval,
    Spanned, TypedString, UnaryOperator, Value,
};
use hansa_policy::refusal::Refusal;

impl AllowlistVisitor<'_> {
    pub(super) fn exprs(&mut self, exprs: &[Expr]) -> Result<(), Refusal> {
        exprs.iter().try_for_each(|expr| self.expr(expr))
    }

    pub(super) fn expr(&mut self, expr: &Expr) -> Result<(), Refusal> {
        match expr {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => Ok(()),
            Expr::Value(value) => match &value.value {
                Value::Number(_, _)
                | Value::SingleQuotedString(_)
                | Value::EscapedStringLiteral(_)
                | Value::Boolean(_)
                | Value::Null => Ok(()),
                Value::Placeholder(_) if self.limits.parameters => Ok(()),
                Value::Placeholder(_) => Err(at(not_allowed("a parameter"), value.span.start)),
                _ => Err(at(not_allowed("this kind of literal"), value.span.start)),
            },
            Expr::TypedString(TypedString {
                data_type,
                value: _,
                uses_odbc_syntax: false,
            }) => type_ok(data_type),
            Expr::Interval(Interval {
                value,
                leading_field: _,
                leading_precision: _,
                last_field: _,
                fractional_seconds_precision: _,
            }) => match value.as_ref() {
                Expr::Value(_) => Ok(()),
                _ => Err(not_allowed("an INTERVAL that is not a literal")),
            },
            Expr::Nested(inner) => self.deeper(|walk| walk.expr(inner)),
            Expr::BinaryOp { left, op, right } => {
                self.operator()?;
                operator_ok(op)?;
                self.expr(left)?;
                self.expr(right)
            }
            Expr::UnaryOp { op, expr: inner } => match (op, inner.as_ref()) {
                // A signed number is a literal, also in long lists.
                (UnaryOperator::Minus | UnaryOperator::Plus, Expr::Value(_)) => self.expr(inner),
                (UnaryOperator::Minus | UnaryOperator::Plus | UnaryOperator::Not, _) => {
                    self.operator()?;
                    self.expr(inner)
                }
                _ => Err(not_allowed("this operator")),
            },
            Expr::IsFalse(inner)
            | Expr::IsNotFalse(inner)
            | Expr::IsTrue(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsNull(inner)
            | Expr::IsNotNull(inner)
            | Expr::IsUnknown(inner)
            | Expr::IsNotUnknown(inner) => {
                self.operator()?;
                self.expr(inner)
            }
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                self.operator()?;
                self.expr(left)?;
                self.expr(right)
            }
            Expr::InList {
                expr: inner,
                list,
                negated: _,
            } => {
                self.operator()?;
                self.values(list.len())?;
                self.expr(inner)?;
                self.exprs(list)
            }
            Expr::InSubquery {
                expr: inner,
                subquery,
                negated: _,
            } => {
                self.operator()?;
                self.expr(inner)?;
                self.query(subquery)
            }
            Expr::Exists {
                subquery,
                negated: _,
            }
            | Expr::Subquery(subquery) => self.query(subquery),
            Expr::Between {
                expr: inner,
                negated: _,
                low,
                high,
            } => {
                self.operator()?;
                self.expr(inner)?;
                self.expr(low)?;
                self.expr(high)
            }
            Expr::Like {
                negated: _,
                any: false,
                expr: inner,
                pattern,
                escape_char: _,
            }
            | Expr::ILike {
                negated: _,
                any: false,
                expr: inner,
                pattern,
                escape_char: _,
            }
            | Expr::SimilarTo {
                negated: _,
                expr: inner,
                pattern,
                escape_char: _,
            } => {
                self.operator()?;
                self.expr(inner)?;
                self.expr(pattern)
            }
            Expr::Cast {
                kind: CastKind::Cast | CastKind::TryCast | CastKind::DoubleColon,
                expr: inner,
                data_type,
                array: false,
                format: None,
            } => {
                self.operator()?;
                type_ok(data_type)?;
                self.expr(inner)
            }
            Expr::AtTimeZone {
                timestamp,
                time_zone,
            } => {
                self.operator()?;
                self.expr(timestamp)?;
                self.expr(time_zone)
            }
            Expr::Function(function) => self.deeper(|walk| walk.function(function)),
            Expr::Case {
                case_token: _,
                end_token: _,
                operand,
                conditions,
                else_result,
            } => self.deeper(|walk| {
                for part in operand.iter().chain(else_result) {
                    walk.expr(part)?;
                }
                conditions
                    .iter()
                    .try_for_each(|CaseWhen { condition, result }| {
                        walk.expr(condition)?;
                        walk.expr(result)
                    })
            }),
            other => self.deeper(|walk| walk.special(other)),
        }
    }

    /// Functions that have a syntax of their own.
    fn special(&mut self, expr: &Expr) -> Result<(), Refusal> {
        match expr {
            Expr::Extract {
                field: _,
                syntax: _,
                expr: inner,
            } => self.expr(inner),
            Expr::Ceil { expr: inner, field } | Expr::Floor { expr: inner, field } => match field {
                CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) => self.expr(inner),
                CeilFloorKind::DateTimeField(_) | CeilFloorKind::Scale(_) => {
                    Err(not_allowed("this form of CEIL and FLOOR"))
                }
            },
            Expr::Position { expr: inner, r#in } => {
                self.expr(inner)?;
                self.expr(r#in)
            }
            Expr::Substring {
                expr: inner,
                substring_from,
                substring_for,
                special: _,
                shorthand: _,
            } => {
                self.expr(inner)?;
                for part in substring_from.iter().chain(substring_for) {
                    self.expr(part)?;
                }
                Ok(())
            }
            Expr::Trim {
                trim_where: _,
                trim_what,
                expr: inner,
                trim_characters,
            } => {
                self.expr(inner)?;
                if let Some(part) = trim_what {
                    self.expr(part)?;
                }
                if let Some(part) = trim_characters {
                    self.exprs(part)?;
                }
                Ok(())
            }
            Expr::Overlay {
                expr: inner,
                overlay_what,
                overlay_from,
                overlay_for,
            } => {
                self.expr(inner)?;
                self.expr(overlay_what)?;
                self.expr(overlay_from)?;
                overlay_for.iter().try_for_each(|part| self.expr(part))
            }
            other => Err(at(not_allowed("this expression"), other.span().start)),
        }
    }
}

fn operator_ok(op: &BinaryOperator) -> Result<(), Refusal> {
    match op {
        BinaryOperator::Plus
        | BinaryOperator::Minus
        | BinaryOperator::Multiply
        | BinaryOperator::Divide
        | BinaryOperator::Modulo
        | BinaryOperator::StringConcat
        | BinaryOperator::Gt
        | BinaryOperator::Lt
        | BinaryOperator::GtEq
        | BinaryOperator::LtEq
        | BinaryOperator::Eq
        | BinaryOperator::NotEq
        | BinaryOperator::And
        | BinaryOperator::Or
        | BinaryOperator::BitwiseOr
        | BinaryOperator::BitwiseAnd
        | BinaryOperator::BitwiseXor
        | BinaryOperator::PGRegexMatch
        | BinaryOperator::PGRegexIMatch
        | BinaryOperator::PGRegexNotMatch
        | BinaryOperator::PGRegexNotIMatch => Ok(()),
        _ => Err(not_allowed(&format!("the operator {op}"))),
    }
}

fn type_ok(kind: &DataType) -> Result<(), Refusal> {
    match kind {
        DataType::Character(_)
        | DataType::Char(_)
        | DataType::CharacterVarying(_)
        | DataType::CharVarying(_)
        | DataType::Varchar(_)
        | DataType::Text
        | DataType::String(_)
        | DataType::Numeric(_)
        | DataType::Decimal(_)
        | DataType::Dec(_)
        | DataType::Float(_)
        | DataType::Float4
        | DataType::Float8
        | DataType::Real
        | DataType::Double(_)
        | DataType::DoublePrecision
        | DataType::TinyInt(_)
        | DataType::SmallInt(_)
        | DataType::Int2(_)
        | DataType::Int4(_)
        | DataType::Int8(_)
        | DataType::Int(_)
        | DataType::Integer(_)
        | DataType::BigInt(_)
        | DataType::TinyIntUnsigned(_)
        | DataType::SmallIntUnsigned(_)
        | DataType::IntUnsigned(_)
        | DataType::IntegerUnsigned(_)
        | DataType::BigIntUnsigned(_)
        | DataType::Bool
        | DataType::Boolean
        | DataType::Date
        | DataType::Time(_, _)
        | DataType::Timestamp(_, _)
        | DataType::Datetime(_)
        | DataType::Interval { .. } => Ok(()),
        _ => Err(not_allowed(&format!("the type {kind}"))),
    }
}
