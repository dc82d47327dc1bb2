//! Type names with the meaning of PostgreSQL.

use datafusion::sql::sqlparser::ast::{
    DataType, ExactNumberInfo, Expr, Query, TypedString, VisitMut as _, VisitorMut,
};
use std::convert::Infallible;
use std::ops::ControlFlow;

/// Replaces the types in `query`, so that the engine interprets them as PostgreSQL does.
pub(super) fn use_postgresql_types(query: &mut Query) {
    let _done = query.visit(&mut TypeNameRewriter);
}

struct TypeNameRewriter;

impl VisitorMut for TypeNameRewriter {
    type Break = Infallible;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Infallible> {
        if let Expr::Cast { data_type, .. } | Expr::TypedString(TypedString { data_type, .. }) =
            expr
        {
            use_postgresql_type(data_type);
        }
        ControlFlow::Continue(())
    }
}

fn use_postgresql_type(kind: &mut DataType) {
    match kind {
        // The engine uses nanoseconds since 1970, which end in the year 2262 in 64 bits. Open-ended dates of registers would
        // overflow if they are combined with such a value (DataFusion 55.2).
        DataType::Timestamp(precision @ None, _) | DataType::Datetime(precision @ None) => {
            *precision = Some(6);
        }
        // The engine treats it as the single-precision type.
        DataType::Float(ExactNumberInfo::None) => *kind = DataType::DoublePrecision,
        DataType::Float(ExactNumberInfo::Precision(bits)) => {
            *kind = match *bits > 24 {
                true => DataType::DoublePrecision,
                false => DataType::Real,
            };
        }
        _ => {}
    }
}
