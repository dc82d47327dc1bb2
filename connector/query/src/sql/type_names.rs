//! Names of types with the meaning that they have in PostgreSQL.

use datafusion::sql::sqlparser::ast::{
    DataType, ExactNumberInfo, Expr, Query, TypedString, VisitMut as _, VisitorMut,
};
use std::convert::Infallible;
use std::ops::ControlFlow;

/// Writes the types of `query` so that the engine reads them as PostgreSQL does.
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
        // The engine takes nanoseconds since 1970, of which 64 bits end in 2262: beside such a value it can't hold the days without end
        // of registers (DataFusion 55.2).
        DataType::Timestamp(precision @ None, _) | DataType::Datetime(precision @ None) => {
            *precision = Some(6);
        }
        // The engine takes it for the short one.
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
