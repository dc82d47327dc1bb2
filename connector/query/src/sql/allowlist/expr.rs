//! Check of expressions, operators and types.

use super::{AllowlistVisitor, add_location, not_allowed};
use arrow_array::timezone::Tz;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, CeilFloorKind, DataType, DateTimeField, ExactNumberInfo,
    Expr, Interval, Spanned, TypedString, UnaryOperator, Value, ValueWithSpan,
};
use hansa_policy::refusal::{ErrorCode, Refusal};

impl AllowlistVisitor<'_> {
    pub(super) fn check_exprs(&mut self, exprs: &[Expr]) -> Result<(), Refusal> {
        exprs.iter().try_for_each(|expr| self.check_expr(expr))
    }

    pub(super) fn check_expr(&mut self, expr: &Expr) -> Result<(), Refusal> {
        match expr {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => Ok(()),
            Expr::Value(value) => match &value.value {
                Value::Number(_, _)
                | Value::SingleQuotedString(_)
                | Value::EscapedStringLiteral(_)
                | Value::Boolean(_)
                | Value::Null => Ok(()),
                Value::Placeholder(_) if self.limits.parameters => Ok(()),
                Value::Placeholder(_) => {
                    Err(add_location(not_allowed("a parameter"), value.span.start))
                }
                _ => Err(add_location(
                    not_allowed("this kind of literal"),
                    value.span.start,
                )),
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
            Expr::Nested(inner) => self.enter_level(|walk| walk.check_expr(inner)),
            Expr::BinaryOp { left, op, right } => {
                self.count_operator()?;
                operator_ok(op).map_err(|refusal| add_location(refusal, expr.span().start))?;
                if is_comparison(op) && is_open_comparison(left) {
                    let refusal = add_location(
                        not_allowed("a comparison of a comparison"),
                        expr.span().start,
                    );
                    return Err(refusal.with_help("put one of them into parentheses"));
                }
                self.check_expr(left)?;
                self.check_expr(right)
            }
            Expr::UnaryOp { op, expr: inner } => match (op, inner.as_ref()) {
                // A signed number is a literal, also in long lists.
                (UnaryOperator::Minus | UnaryOperator::Plus, Expr::Value(_)) => {
                    self.check_expr(inner)
                }
                (UnaryOperator::Minus | UnaryOperator::Plus | UnaryOperator::Not, _) => {
                    self.count_operator()?;
                    self.check_expr(inner)
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
                self.count_operator()?;
                self.check_expr(inner)
            }
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                self.count_operator()?;
                self.check_expr(left)?;
                self.check_expr(right)
            }
            Expr::InList {
                expr: inner,
                list,
                negated: _,
            } => {
                self.count_operator()?;
                self.count_values(list.len())?;
                self.check_expr(inner)?;
                // The engine would treat the rows of such a subquery as values of the list.
                if list.iter().any(|item| matches!(item, Expr::Subquery(_))) {
                    let refusal = not_allowed("a query in a list of values");
                    return Err(
                        refusal.with_help("write IN (SELECT …), with one pair of parentheses")
                    );
                }
                self.check_exprs(list)
            }
            Expr::InSubquery {
                expr: inner,
                subquery,
                negated: _,
            } => {
                self.count_operator()?;
                self.check_expr(inner)?;
                self.check_query(subquery)
            }
            Expr::Exists {
                subquery,
                negated: _,
            }
            | Expr::Subquery(subquery) => self.check_query(subquery),
            Expr::AnyOp {
                left,
                compare_op,
                right,
                is_some: _,
            }
            | Expr::AllOp {
                left,
                compare_op,
                right,
            } => {
                self.count_operator()?;
                match compare_op {
                    BinaryOperator::Eq
                    | BinaryOperator::NotEq
                    | BinaryOperator::Lt
                    | BinaryOperator::LtEq
                    | BinaryOperator::Gt
                    | BinaryOperator::GtEq => {}
                    op => return Err(not_allowed(&format!("{op} before ANY or ALL"))),
                }
                self.check_expr(left)?;
                match right.as_ref() {
                    Expr::Subquery(subquery) => self.check_query(subquery),
                    _ => Err(not_allowed("ANY and ALL of something that is no query")),
                }
            }
            Expr::Between {
                expr: inner,
                negated: _,
                low,
                high,
            } => {
                self.count_operator()?;
                self.check_expr(inner)?;
                self.check_expr(low)?;
                self.check_expr(high)
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
            } => {
                self.count_operator()?;
                self.check_expr(inner)?;
                self.check_expr(pattern)
            }
            Expr::SimilarTo { .. } => {
                let refusal = add_location(not_allowed("SIMILAR TO"), expr.span().start);
                Err(refusal.with_help("write LIKE, or ~ with a regular expression"))
            }
            Expr::Cast {
                kind: CastKind::Cast | CastKind::TryCast | CastKind::DoubleColon,
                expr: inner,
                data_type,
                array: false,
                format: None,
            } => {
                self.count_operator()?;
                type_ok(data_type)?;
                self.check_expr(inner)
            }
            Expr::AtTimeZone {
                timestamp,
                time_zone,
            } => {
                self.count_operator()?;
                self.check_expr(timestamp)?;
                match time_zone.as_ref() {
                    Expr::Value(ValueWithSpan {
                        value: Value::SingleQuotedString(zone),
                        span: _,
                    }) => zone.parse::<Tz>().map(|_known| ()).map_err(|_| {
                        let sentence = format!("there is no time zone `{}`", zone.escape_debug());
                        let refusal = Refusal::new(ErrorCode::SqlInvalid, sentence);
                        add_location(refusal, expr.span().start)
                            .with_help("name it as in Europe/Berlin")
                    }),
                    _ => {
                        let refusal = not_allowed("AT TIME ZONE with a zone that is no text");
                        Err(add_location(refusal, expr.span().start)
                            .with_help("write the zone as it is: AT TIME ZONE 'Europe/Berlin'"))
                    }
                }
            }
            Expr::Function(function) => self.enter_level(|walk| walk.check_function(function)),
            Expr::Case {
                case_token: _,
                end_token: _,
                operand,
                conditions,
                else_result,
            } => self.enter_level(|walk| {
                for part in operand.iter().chain(else_result) {
                    walk.check_expr(part)?;
                }
                conditions
                    .iter()
                    .try_for_each(|CaseWhen { condition, result }| {
                        walk.check_expr(condition)?;
                        walk.check_expr(result)
                    })
            }),
            other => self.enter_level(|walk| walk.check_special_function(other)),
        }
    }

    /// Functions with a special syntax.
    fn check_special_function(&mut self, expr: &Expr) -> Result<(), Refusal> {
        match expr {
            Expr::Extract {
                field: _,
                syntax: _,
                expr: inner,
            } => self.check_expr(inner),
            Expr::Ceil { expr: inner, field } | Expr::Floor { expr: inner, field } => match field {
                CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) => self.check_expr(inner),
                CeilFloorKind::DateTimeField(_) | CeilFloorKind::Scale(_) => {
                    Err(not_allowed("this form of CEIL and FLOOR"))
                }
            },
            Expr::Position { expr: inner, r#in } => {
                self.check_expr(inner)?;
                self.check_expr(r#in)
            }
            Expr::Substring {
                expr: inner,
                substring_from,
                substring_for,
                special: _,
                shorthand: _,
            } => {
                self.check_expr(inner)?;
                for part in substring_from.iter().chain(substring_for) {
                    self.check_expr(part)?;
                }
                Ok(())
            }
            Expr::Trim {
                trim_where: _,
                trim_what,
                expr: inner,
                trim_characters,
            } => {
                self.check_expr(inner)?;
                if let Some(part) = trim_what {
                    self.check_expr(part)?;
                }
                if let Some(part) = trim_characters {
                    self.check_exprs(part)?;
                }
                Ok(())
            }
            Expr::Overlay {
                expr: inner,
                overlay_what,
                overlay_from,
                overlay_for,
            } => {
                self.check_expr(inner)?;
                self.check_expr(overlay_what)?;
                self.check_expr(overlay_from)?;
                overlay_for
                    .iter()
                    .try_for_each(|part| self.check_expr(part))
            }
            Expr::Tuple(_) => {
                let refusal = add_location(
                    not_allowed("a row of values in an expression"),
                    expr.span().start,
                );
                Err(refusal.with_help("compare the values one by one, with AND"))
            }
            Expr::Collate { .. } => {
                let refusal = add_location(not_allowed("COLLATE"), expr.span().start);
                Err(refusal.with_help("texts are compared by their bytes"))
            }
            other => Err(add_location(
                not_allowed("this expression"),
                other.span().start,
            )),
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
        | BinaryOperator::PGRegexMatch
        | BinaryOperator::PGRegexIMatch
        | BinaryOperator::PGRegexNotMatch
        | BinaryOperator::PGRegexNotIMatch => Ok(()),
        // Other databases use it for powers, and the engine for a bitwise operation.
        BinaryOperator::BitwiseXor => {
            Err(not_allowed("the operator ^").with_help("write power(a, b)"))
        }
        _ => Err(not_allowed(&format!("the operator {op}"))),
    }
}

const fn is_comparison(op: &BinaryOperator) -> bool {
    matches!(
        op,
        BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq
    )
}

/// Checks for a comparison without parentheses.
const fn is_open_comparison(expr: &Expr) -> bool {
    matches!(expr, Expr::BinaryOp { op, .. } if is_comparison(op))
}

fn type_ok(kind: &DataType) -> Result<(), Refusal> {
    match kind {
        DataType::CharacterVarying(None)
        | DataType::CharVarying(None)
        | DataType::Varchar(None)
        | DataType::Text
        | DataType::String(None)
        | DataType::Numeric(
            ExactNumberInfo::Precision(_) | ExactNumberInfo::PrecisionAndScale(_, _),
        )
        | DataType::Decimal(
            ExactNumberInfo::Precision(_) | ExactNumberInfo::PrecisionAndScale(_, _),
        )
        | DataType::Dec(ExactNumberInfo::Precision(_) | ExactNumberInfo::PrecisionAndScale(_, _))
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
        | DataType::Timestamp(None | Some(6), _)
        | DataType::Datetime(None | Some(6))
        | DataType::Interval { .. } => Ok(()),
        // Other databases truncate or pad texts of such a type; the engine does not.
        DataType::Character(_)
        | DataType::Char(_)
        | DataType::CharacterVarying(_)
        | DataType::CharVarying(_)
        | DataType::Varchar(_)
        | DataType::String(_) => Err(not_allowed(&format!("the type {kind}"))
            .with_help("write TEXT, and left(x, n) for its first n characters")),
        // PostgreSQL keeps all digits for this type; the engine rounds to ten decimal places.
        DataType::Numeric(ExactNumberInfo::None)
        | DataType::Decimal(ExactNumberInfo::None)
        | DataType::Dec(ExactNumberInfo::None) => Err(not_allowed(&format!(
            "the type {kind} without its digits"
        ))
        .with_help(
            "say how many digits it has, and how many of them behind the point: DECIMAL(38, 2)",
        )),
        DataType::Timestamp(_, _) | DataType::Datetime(_) => Err(not_allowed(&format!(
            "the type {kind}"
        ))
        .with_help("write TIMESTAMP, which has microseconds, and date_trunc for fewer digits")),
        _ => Err(not_allowed(&format!("the type {kind}"))),
    }
}
