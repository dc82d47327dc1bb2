//! Arguments of aggregates: bare measures, and columns that a dataset lacks.

use crate::federation::remote_sql::rendering::casts_to_float;
use crate::sql::functions::sketch_state::SketchKind;
use arrow_schema::DataType;
use datafusion::common::{DFSchema, DataFusionError, ScalarValue};
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::{Expr, lit};

/// Removes the cast of an integer from `sum(CAST(m AS DOUBLE))`, since an aggregate-only contract permits bare measures only. The
/// cast is applied to the result here.
pub(super) fn bare_measure(expr: Expr, relation: &DFSchema) -> Expr {
    let widened = |cast: &Cast| match &*cast.expr {
        Expr::Column(column) if *cast.field.data_type() == DataType::Float64 => relation
            .maybe_index_of_column(column)
            .is_some_and(|index| *relation.field(index).data_type() == DataType::Int64),
        _ => false,
    };
    match expr {
        Expr::AggregateFunction(mut call) if !casts_to_float(call.func.name()) => {
            for argument in &mut call.params.args {
                if let Expr::Cast(cast) = argument
                    && widened(cast)
                {
                    *argument = (*cast.expr).clone();
                }
            }
            Expr::AggregateFunction(call)
        }
        other => other,
    }
}

/// Result of an aggregate over a column that a branch lacks. No remote query is needed for it.
pub(super) fn of_nothing(
    expr: &Expr,
    simplify: impl Fn(Expr) -> Result<Expr, DataFusionError>,
) -> Option<Expr> {
    let Expr::AggregateFunction(call) = expr else {
        return None;
    };
    let nothing = call.params.args.iter().any(|argument| {
        matches!(simplify(argument.clone()), Ok(Expr::Literal(value, _)) if value.is_null())
    });
    match call.func.name() {
        "count" if nothing => Some(lit(0_i64)),
        "sum" | "min" | "max" | "avg" | "var_pop" | "covar_pop" if nothing => {
            Some(lit(ScalarValue::Null))
        }
        name if nothing && SketchKind::from_function_name(name).is_some() => {
            Some(lit(ScalarValue::Null))
        }
        _ => None,
    }
}
