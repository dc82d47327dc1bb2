//! Row numbers within groups, as a plan expression.

use datafusion::functions_window::row_number::row_number_udwf;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::expr::WindowFunction;
use datafusion_expr::{
    Expr, ExprFunctionExt, SortExpr, WindowFrame, WindowFrameBound, WindowFrameUnits,
    WindowFunctionDefinition,
};

/// Number of a row within its group.
pub(super) fn row_number(group: Vec<Expr>, order: Vec<SortExpr>) -> Result<Expr> {
    let call = Expr::from(WindowFunction::new(
        WindowFunctionDefinition::WindowUDF(row_number_udwf()),
        Vec::new(),
    ));
    // A RANGE frame would need an order.
    let all_rows = WindowFrame::new_bounds(
        WindowFrameUnits::Rows,
        WindowFrameBound::Preceding(ScalarValue::UInt64(None)),
        WindowFrameBound::Following(ScalarValue::UInt64(None)),
    );
    call.partition_by(group)
        .order_by(order)
        .window_frame(all_rows)
        .build()
}
