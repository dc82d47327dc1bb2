//! Numbers of a statement that neither 64 bits nor a floating-point number hold: they are decimals of the digits that are written.

use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, ExactNumberInfo, Expr, Query, Value, VisitMut as _, VisitorMut,
};
use hansa_policy::value::decimal_type::DecimalType;
use std::convert::Infallible;
use std::ops::ControlFlow;

/// Digits that a floating-point number always holds.
pub(super) const FLOAT_DIGITS: usize = 15;

/// Writes such numbers of `query` as casts of their text: the engine reads them as floating-point numbers, of which one may be
/// equal to another key or amount (DataFusion 55.2).
pub(super) fn write_exact_literals(query: &mut Query) {
    let _done = query.visit(&mut LiteralRewriter);
}

struct LiteralRewriter;

impl VisitorMut for LiteralRewriter {
    type Break = Infallible;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Infallible> {
        if let Expr::Value(value) = expr
            && let Value::Number(text, _) = &value.value
            && let Some(kind) = exact_type(text)
        {
            let scale = i64::from(kind.scale());
            let info = ExactNumberInfo::PrecisionAndScale(u64::from(kind.precision()), scale);
            let mut written = value.clone();
            written.value = Value::SingleQuotedString(text.clone());
            *expr = Expr::Cast {
                kind: CastKind::Cast,
                expr: Box::new(Expr::Value(written)),
                data_type: DataType::Decimal(info),
                array: false,
                format: None,
            };
        }
        ControlFlow::Continue(())
    }
}

/// The decimal type of a number that has no other exact type; one with an exponent is a floating-point number.
fn exact_type(text: &str) -> Option<DecimalType> {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    let is_whole = !text.contains('.');
    let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain(whole) || !is_plain(places) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    if is_whole && text.parse::<i64>().is_ok() {
        return None;
    }
    let all = format!("{whole}{places}");
    let digits = all.trim_start_matches('0');
    let digits = if is_whole {
        digits
    } else {
        digits.trim_end_matches('0')
    };
    if !is_whole && digits.len() <= FLOAT_DIGITS {
        return None;
    }
    let precision = u8::try_from(all.len()).ok()?;
    DecimalType::new(precision, u8::try_from(places.len()).ok()?)
}

#[cfg(test)]
mod tests {
    use super::exact_type;

    #[test]
    fn numbers_that_nothing_else_holds_are_decimals() {
        for (text, expect) in [
            ("1", None),
            ("9223372036854775807", None),
            ("9223372036854775808", Some("decimal(19,0)")),
            ("12345678901234567890", Some("decimal(20,0)")),
            ("0.1", None),
            ("1.50000000000000000000", None),
            ("123456789012345", None),
            ("12345678901234.5", None),
            ("12345678901234567.89", Some("decimal(19,2)")),
            ("0.1234567890123456", Some("decimal(16,16)")),
            ("0.30000000000000004", Some("decimal(17,17)")),
            ("1e300", None),
            ("1.2345678901234567e3", None),
            ("1234567890123456789012345678901234567890", None),
        ] {
            let kind = exact_type(text).map(|kind| kind.to_string());
            assert_eq!(kind.as_deref(), expect, "{text}");
        }
    }
}
