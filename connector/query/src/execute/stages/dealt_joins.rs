//! Choice of joins in a staged plan that distribute both inputs by their keys, and estimates of join row counts.

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

/// Optimizer rule that distributes both inputs of a join by their keys, if the join returns unmatched rows of its build side, or if
/// the build side is not much smaller than the probe side. A build side is otherwise repeated for each task. Its unmatched rows
/// would then be returned once for each task, and for inputs of similar size the repetition costs more than the distribution.
///
/// The library has a rule for the first case, but it skips plans whose leaves have one partition each, as in this product; such
/// joins would stay in one task. This rule therefore runs directly after the choice of the join modes, and later rules repartition
/// the rows.
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

/// Checks that both inputs have similar row counts, as far as these are known.
fn has_similar_sides(join: &HashJoinExec, registry: &StatisticsRegistry) -> bool {
    let rows = |side: &Arc<dyn ExecutionPlan>| {
        let known = registry.compute(side.as_ref()).ok()?;
        known.base().num_rows.get_value().copied()
    };
    let sides = rows(join.left()).zip(rows(join.right()));
    sides.is_some_and(|(collected, other)| collected.saturating_mul(FAR) > other)
}

/// Minimum ratio of the row counts of probe side and repeated side.
const FAR: usize = 4;

/// Checks that a join type returns no unmatched rows of its left side and treats each right row independently.
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

/// Statistics registry: the engine's estimates, and [`JoinedRows`] for joins.
pub(super) fn statistics_registry() -> StatisticsRegistry {
    let mut registry = StatisticsRegistry::default_with_builtin_providers();
    registry.register(Arc::new(JoinedRows));
    registry
}

/// Estimator of join row counts. It assumes that the keys of one side are unique, so that each row of the other side has at most
/// one match. Governed tables have no distinct counts, and without them the engine assumes a cross product.
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
