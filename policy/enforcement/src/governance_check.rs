//! Check after optimization that every table of a plan is a governed one.

use crate::table_source::GovernedTable;
use datafusion_common::tree_node::TreeNodeRecursion;
use datafusion_expr::LogicalPlan;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Checks that every scan of the plan, with those inside expressions, reads a governed table.
///
/// # Errors
/// `INTERNAL` when a scan reads another table. The plan is then not executed.
pub fn still_gated(plan: &LogicalPlan) -> Result<(), Refusal> {
    let mut gated = true;
    let walked = plan.apply_with_subqueries(|node| {
        let refused = match node {
            LogicalPlan::TableScan(scan) => !scan.source.is::<GovernedTable>(),
            LogicalPlan::Dml(_)
            | LogicalPlan::Ddl(_)
            | LogicalPlan::Copy(_)
            | LogicalPlan::Statement(_)
            | LogicalPlan::Explain(_)
            | LogicalPlan::Analyze(_)
            | LogicalPlan::DescribeTable(_)
            | LogicalPlan::Extension(_)
            | LogicalPlan::RecursiveQuery(_)
            | LogicalPlan::Unnest(_) => true,
            _ => false,
        };
        if refused {
            gated = false;
            return Ok(TreeNodeRecursion::Stop);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    if gated && walked.is_ok() {
        Ok(())
    } else {
        Err(Refusal::new(
            ErrorCode::Internal,
            "a table of the optimised plan is not governed",
        ))
    }
}
