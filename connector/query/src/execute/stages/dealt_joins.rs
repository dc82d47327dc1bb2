//! Which joins of a plan in stages deal both sides by their keys, and about how many rows a join gives.

use datafusion::config::ConfigOptions;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use datafusion::physical_plan::operator_statistics::{
    ExtendedStatistics, StatisticsProvider, StatisticsRegistry, StatisticsResult,
};
use datafusion_common::stats::Precision;
use datafusion_common::tree_node::{Transformed, TransformedResult as _, TreeNode as _};
use datafusion_common::{JoinType, Result, Statistics};
use std::sync::Arc;

/// Deals both sides by their keys wherever a join gives rows of the side that it collects, and where that side is not far smaller than
/// the other one. What is collected is repeated for each task; rows that are given of it would come once for each, and where both sides
/// have about as many rows, all tasks together would do more for it than dealing them costs.
///
/// For the first the library has a rule of its own, which leaves out plans whose leaves have one partition each, as ours do: they would
/// be kept in one task. So this runs where the modes of joins have just been chosen, and what follows brings the rows together.
#[derive(Debug)]
pub(super) struct DealtJoins(pub(super) StatisticsRegistry);

impl PhysicalOptimizerRule for DealtJoins {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            let join = node.downcast_ref::<HashJoinExec>();
            let collects = |join: &&HashJoinExec| {
                *join.partition_mode() == PartitionMode::CollectLeft && !join.null_aware
            };
            let dealt = |join: &&HashJoinExec| {
                !can_be_repeated(*join.join_type()) || has_similar_sides(join, &self.0)
            };
            let Some(join) = join.filter(collects).filter(dealt) else {
                return Ok(Transformed::no(node));
            };
            let dealt = join
                .builder()
                .with_partition_mode(PartitionMode::Partitioned);
            let dealt: Arc<dyn ExecutionPlan> = Arc::new(dealt.build()?);
            Ok(Transformed::yes(dealt))
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "dealt_joins"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Whether both sides have about as many rows, as far as that is known.
fn has_similar_sides(join: &HashJoinExec, registry: &StatisticsRegistry) -> bool {
    let rows = |side: &Arc<dyn ExecutionPlan>| {
        let known = registry.compute(side.as_ref()).ok()?;
        known.base().num_rows.get_value().copied()
    };
    let sides = rows(join.left()).zip(rows(join.right()));
    sides.is_some_and(|(collected, other)| collected.saturating_mul(FAR) > other)
}

/// So many times the rows of the side that is repeated the other side has at least.
const FAR: usize = 4;

/// Whether a join gives no row of its left side that has no partner, and each of its right side by itself.
const fn can_be_repeated(join: JoinType) -> bool {
    match join {
        JoinType::Inner
        | JoinType::Right
        | JoinType::RightSemi
        | JoinType::RightAnti
        | JoinType::RightMark => true,
        JoinType::Left
        | JoinType::Full
        | JoinType::LeftSemi
        | JoinType::LeftAnti
        | JoinType::LeftMark => false,
    }
}

/// What is known of the rows of a plan: that of the engine, and of joins what [`JoinedRows`] makes of it.
pub(super) fn registry() -> StatisticsRegistry {
    let mut registry = StatisticsRegistry::default_with_builtin_providers();
    registry.register(Arc::new(JoinedRows));
    registry
}

/// Takes one side of a join for the one whose key it is by, so that each row of the other meets one of it at most. Of governed tables no
/// distinct values are known, without which the engine takes all pairs of rows for the answer.
#[derive(Debug)]
struct JoinedRows;

impl StatisticsProvider for JoinedRows {
    fn compute_statistics(
        &self,
        plan: &dyn ExecutionPlan,
        below: &[ExtendedStatistics],
    ) -> Result<StatisticsResult> {
        let rows = |side: usize| below.get(side)?.base().num_rows.get_value().copied();
        let (Some(join), Some((left, right))) =
            (plan.downcast_ref::<HashJoinExec>(), rows(0).zip(rows(1)))
        else {
            return Ok(StatisticsResult::Delegate);
        };
        let rows = match join.join_type() {
            JoinType::Inner | JoinType::Left | JoinType::Right => left.max(right),
            JoinType::Full => left.saturating_add(right),
            JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => left,
            JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => right,
        };
        let mut joined = Statistics::new_unknown(&join.schema());
        joined.num_rows = Precision::Inexact(rows);
        Ok(StatisticsResult::Computed(joined.into()))
    }
}
