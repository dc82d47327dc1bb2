//! Cache of physical plans for repeated questions. A plan is valid as long as the question, the effects of its contracts and its
//! snapshots stay equal. Each run gets its own copy of the nodes.

use super::cancellation::CancellationSignal;
use super::gated_leaf::GovernedScanExec;
use super::plan_reset::{self, NODES, PlanSizing, RUNS};
use crate::engine_error;
use crate::plan_cache::PlanCache;
use crate::snapshot::Snapshot;
use crate::snapshot::registry::SnapshotSet;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_common::Result;
use hansa_enforcement::permitted_plan::PlanBasis;
use hansa_policy::refusal::Refusal;
use std::sync::{Arc, Weak};

/// Most recently used plans. A cached plan itself never runs.
#[derive(Debug)]
pub(crate) struct PhysicalPlanCache(PlanCache<PhysicalPlanKey, Arc<dyn ExecutionPlan>>);

#[derive(Debug)]
struct PhysicalPlanKey {
    basis: PlanBasis,
    /// Snapshots of the datasets, in the order of the basis. The references are weak, so that unused snapshots can be removed.
    snapshots: Vec<Weak<Snapshot>>,
    sizing: PlanSizing,
}

impl Default for PhysicalPlanCache {
    fn default() -> Self {
        Self(PlanCache::for_runs(MOST, RUNS))
    }
}

impl PhysicalPlanCache {
    /// Returns a copy of the cached plan for this basis and these snapshots, which `watch` can cancel, or `None` if the plan must
    /// be made.
    pub(super) fn find_plan(
        &self,
        basis: &PlanBasis,
        holdings: &SnapshotSet,
        sizing: PlanSizing,
        watch: &CancellationSignal,
    ) -> Option<Result<Arc<dyn ExecutionPlan>, Refusal>> {
        let snapshots = basis_snapshots(basis, holdings)?;
        let plan = self.0.find_plan(|kept| {
            kept.sizing == sizing
                && kept.basis == *basis
                && kept.snapshots.len() == snapshots.len()
                && kept
                    .snapshots
                    .iter()
                    .zip(&snapshots)
                    .all(|(kept, current)| is_same(kept, current))
        })?;
        let again =
            reset_plan(plan, watch).map_err(|error| engine_error::execution_refusal(&error));
        Some(again)
    }

    /// Stores a plan that was made for this basis and these snapshots, and returns the copy to run.
    ///
    /// # Errors
    /// An error if the engine refuses the replacement of its nodes.
    pub(super) fn keep(
        &self,
        basis: PlanBasis,
        holdings: &SnapshotSet,
        sizing: PlanSizing,
        plan: Arc<dyn ExecutionPlan>,
        watch: &CancellationSignal,
    ) -> Result<Arc<dyn ExecutionPlan>, Refusal> {
        let Some(snapshots) = basis_snapshots(&basis, holdings) else {
            return Ok(plan);
        };
        if !can_be_kept(&plan) {
            return Ok(plan);
        }
        let first = reset_plan(Arc::clone(&plan), watch)
            .map_err(|error| engine_error::execution_refusal(&error))?;
        let idle = reset_plan(plan, &CancellationSignal::new_idle())
            .map_err(|error| engine_error::execution_refusal(&error))?;
        let key = PhysicalPlanKey {
            basis,
            snapshots: snapshots.into_iter().map(Arc::downgrade).collect(),
            sizing,
        };
        self.0.keep(key, idle, |kept, new| {
            // Two questions may have made the same plan at once; one is enough.
            let twice = kept.sizing == new.sizing && kept.basis == new.basis;
            twice || kept.snapshots.iter().any(is_gone)
        });
        Ok(first)
    }
}

/// Snapshots that a plan of this basis reads. `None` if a table has its rows in place, since these are read anew each time.
fn basis_snapshots<'h>(
    basis: &PlanBasis,
    holdings: &'h SnapshotSet,
) -> Option<Vec<&'h Arc<Snapshot>>> {
    basis
        .datasets()
        .map(|dataset| {
            let snapshot = holdings.get(dataset)?;
            snapshot.in_place.is_none().then_some(snapshot)
        })
        .collect()
}

fn is_same(kept: &Weak<Snapshot>, current: &Arc<Snapshot>) -> bool {
    std::ptr::eq(kept.as_ptr(), Arc::as_ptr(current))
}

fn is_gone(snapshot: &Weak<Snapshot>) -> bool {
    snapshot.strong_count() == 0
}

/// Copy of the plan with unused nodes. `watch` cancels its governed tables.
fn reset_plan(
    plan: Arc<dyn ExecutionPlan>,
    watch: &CancellationSignal,
) -> Result<Arc<dyn ExecutionPlan>> {
    plan_reset::reset_plan(plan, |node| {
        let leaf = node.downcast_ref::<GovernedScanExec>()?;
        Some(leaf.copy_for_query(watch.clone()))
    })
}

/// Checks that a plan is small and that all its nodes can be reset.
fn can_be_kept(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let mut inside = Vec::new();
    let above = plan_reset::count_nodes(plan, |node| {
        let leaf = node.downcast_ref::<GovernedScanExec>();
        inside.extend(leaf.map(|leaf| Arc::clone(leaf.inner_plan())));
        leaf.is_some()
    });
    let all = inside
        .iter()
        .try_fold(above.unwrap_or(usize::MAX), |all, plan| {
            Some(all.saturating_add(plan_reset::count_nodes(plan, |_| false)?))
        });
    all.is_some_and(|all| all <= NODES)
}

/// Maximum number of cached plans.
const MOST: usize = 64;

#[cfg(test)]
mod tests;
