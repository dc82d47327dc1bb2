//! Rows numbered within groups, in a plan.

use datafusion::functions_window::row_number::row_number_udwf;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::expr::WindowFunction;
use datafusion_expr::{
    Expr, ExprFunctionExt, SortExpr, WindowFrame, WindowFrameBound, WindowFrameUnits,
    WindowFunctionDefinition,
};

/// The number of a row among those of its group.
pub(super) fn row_number(group: Vec<Expr>, order: Vec<SortExpr>) -> Result<Expr> {
    let call = Expr::from(WindowFunction::new(
        WindowFunctionDefinition::WindowUDF(row_number_udwf()),
        Vec::new(),
    ));
    // A frame of values would need an order.
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
