//! The time that a question asks for, as far as its conditions say.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use evidence::time::Time;

/// The first and the last instant that plain comparisons of a time column leave.
pub(super) fn asked(conjuncts: &[Expr]) -> (Option<Time>, Option<Time>) {
    let mut from: Option<Time> = None;
    let mut to: Option<Time> = None;
    for conjunct in conjuncts {
        let Expr::BinaryExpr(BinaryExpr { left, op, right }) = conjunct else {
            continue;
        };
        let (Expr::Column(_), Expr::Literal(value, _)) = (&**left, &**right) else {
            continue;
        };
        let Some(at) = instant(value) else {
            continue;
        };
        if matches!(op, Operator::Gt | Operator::GtEq | Operator::Eq) {
            from = Some(from.map_or(at, |known| known.max(at)));
        }
        if matches!(op, Operator::Lt | Operator::LtEq | Operator::Eq) {
            to = Some(to.map_or(at, |known| known.min(at)));
        }
    }
    (from, to)
}

fn instant(value: &ScalarValue) -> Option<Time> {
    let micros = match value {
        ScalarValue::TimestampMicrosecond(Some(micros), _) => *micros,
        ScalarValue::Date32(Some(days)) => i64::from(*days).checked_mul(86_400_000_000)?,
        _ => return None,
    };
    Time::from_micros(micros).ok()
}
