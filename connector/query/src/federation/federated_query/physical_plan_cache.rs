//! Cached physical plan of a repeated question. It is made once, and each run gets its own copy of the nodes.

use crate::engine_error;
use crate::execute::plan_reset::{self, NODES, PlanSizing, RUNS};
use crate::execute::{build_side_memory, window_memory};
use crate::federation::remote_query_exec::{RemoteExecPlanner, RemoteQueryExec};
use crate::limits::QueryResourceLimits;
use crate::plan_cache::PlanCache;
use crate::session;
use crate::sql::functions;
use crate::sql::planner_threads;
use datafusion::common::DataFusionError;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use hansa_policy::refusal::Refusal;
use parking_lot::Mutex;
use std::sync::Arc;

type PhysicalPlanRef = Arc<dyn ExecutionPlan>;

/// Cache of one plan, shared by a question and its copies. The cached plan itself never runs. All runs are counted, since no plan
/// is kept for a question that runs once.
#[derive(Debug)]
pub(crate) struct FederatedPlanCache {
    plan: PlanCache<PlanSizing, PhysicalPlanRef>,
    /// Number of runs since the last plan was dropped, or since the question was planned.
    runs: Mutex<usize>,
}

impl Default for FederatedPlanCache {
    fn default() -> Self {
        Self {
            plan: PlanCache::new(1),
            runs: Mutex::default(),
        }
    }
}

impl FederatedPlanCache {
    /// Physical plan to run for a question.
    ///
    /// # Errors
    /// An error if the engine can't plan the question.
    pub(super) async fn physical_plan(
        self: Arc<Self>,
        plan: Arc<LogicalPlan>,
        limits: QueryResourceLimits,
        environment: Arc<RuntimeEnv>,
    ) -> Result<PhysicalPlanRef, Refusal> {
        if let Some(found) = self.find_plan(&limits) {
            let found = found
                .and_then(build_side_memory::with_counted_build_sides)
                .and_then(window_memory::with_counted_windows);
            return found.map_err(|error| engine_error::planning_refusal(&error));
        }
        planner_threads::run_on_planner_thread(limits.time, move || {
            let state = session::create_session(&limits, environment, Arc::new(RemoteExecPlanner));
            functions::use_sound_calls(Arc::unwrap_or_clone(plan))
                .and_then(|plan| {
                    let physical = state.query_planner().create_physical_plan(&plan, &state);
                    futures::executor::block_on(physical)
                })
                .and_then(|made| self.keep(&limits, made))
                .and_then(build_side_memory::with_counted_build_sides)
                .and_then(window_memory::with_counted_windows)
                .map_err(|error| engine_error::planning_refusal(&error))
        })
        .await
    }

    /// Copy of the cached plan for these limits, or `None` if the plan must be made.
    fn find_plan(
        &self,
        limits: &QueryResourceLimits,
    ) -> Option<Result<PhysicalPlanRef, DataFusionError>> {
        self.count_run();
        let sizing = PlanSizing::of(limits);
        let plan = self.plan.find_plan(|kept| *kept == sizing);
        plan.map(reset_plan)
    }

    /// Counts a run; after so many of them the plan is let go of.
    pub(crate) fn count_run(&self) {
        let mut runs = self.runs.lock();
        if *runs >= RUNS {
            *runs = 0;
            self.plan.clear();
        }
        *runs = runs.saturating_add(1);
    }

    /// Stores a plan if the question ran before, and returns the copy to run.
    ///
    /// # Errors
    /// An error if the engine refuses the replacement of its nodes.
    fn keep(
        &self,
        limits: &QueryResourceLimits,
        plan: PhysicalPlanRef,
    ) -> Result<PhysicalPlanRef, DataFusionError> {
        // Most questions are put once.
        let is_first = *self.runs.lock() <= 1;
        if is_first || !can_be_kept(&plan) {
            return Ok(plan);
        }
        let idle = reset_plan(Arc::clone(&plan))?;
        let first = reset_plan(plan)?;
        self.plan.keep(PlanSizing::of(limits), idle, |_, _| true);
        Ok(first)
    }
}

fn reset_plan(plan: PhysicalPlanRef) -> Result<PhysicalPlanRef, DataFusionError> {
    // Leaves find the rows of participants in the context of the run, so they are shared.
    plan_reset::reset_plan(plan, |node| is_leaf(node).then(|| Ok(Arc::clone(node))))
}

fn can_be_kept(plan: &PhysicalPlanRef) -> bool {
    plan_reset::count_nodes(plan, is_leaf).is_some_and(|nodes| nodes <= NODES)
}

fn is_leaf(node: &PhysicalPlanRef) -> bool {
    node.downcast_ref::<RemoteQueryExec>().is_some()
}

#[cfg(test)]
mod tests {
    use crate::execute::plan_reset::RUNS;
    use crate::federation::federated_query::FederatedQuery;
    use crate::federation::options::FederatedQueryLimits;
    use crate::federation::tests::{FederationFixture, bounds, run, test_runtime, text};
    use futures::TryStreamExt as _;

    async fn rows(
        fixture: &FederationFixture,
        question: &FederatedQuery,
        bounds: &FederatedQueryLimits,
    ) -> Vec<String> {
        let answer = question
            .clone()
            .run(fixture.executor(), &test_runtime(), bounds)
            .await;
        let batches: Vec<_> = answer.unwrap().batches.try_collect().await.unwrap();
        let mut rows = text(&batches);
        rows.sort();
        rows
    }

    fn is_kept(question: &FederatedQuery) -> bool {
        !question.plan_cache.plan.use_counts().is_empty()
    }

    /// Used nodes keep state: the hash table of a join, the rows of a sort.
    #[test]
    fn each_run_of_a_question_has_nodes_of_its_own() {
        let fixture = FederationFixture::new();
        for sql in [
            "SELECT place, count(*) AS c, avg(x) AS a FROM model.trips GROUP BY place",
            "SELECT t.id, s.level FROM munster.trips t JOIN zurich.sites s ON s.place = t.place",
            "SELECT a.level, b.level AS other FROM zurich.sites a, zurich.sites b",
            "SELECT id, place FROM model.trips ORDER BY id DESC LIMIT 5",
            "SELECT id FROM munster.trips UNION SELECT id FROM ottawa.trips",
        ] {
            run(async {
                let question = fixture.plan(sql).unwrap();
                let mut expected = text(&fixture.pooled(sql).await.unwrap());
                expected.sort();
                for _ in 0..2 {
                    assert_eq!(
                        rows(&fixture, &question, &bounds()).await,
                        expected,
                        "{sql}"
                    );
                }
                let within = bounds();
                let twice = || rows(&fixture, &question, &within);
                let (one, other) = tokio::join!(twice(), twice());
                assert_eq!((&one, &other), (&expected, &expected), "{sql}");
                assert!(is_kept(&question), "{sql}");
            });
        }
    }

    #[test]
    fn a_plan_is_kept_for_its_limits_and_for_so_many_runs() {
        let fixture = FederationFixture::new();
        run(async {
            let question = fixture.plan("SELECT max(n) FROM model.trips").unwrap();
            let expected = rows(&fixture, &question, &bounds()).await;
            let mut others = bounds();
            others.limits.partitions = 1;
            assert!(question.plan_cache.find_plan(&bounds().limits).is_some());
            assert!(question.plan_cache.find_plan(&others.limits).is_none());
            assert_eq!(rows(&fixture, &question, &others).await, expected);
            assert!(question.plan_cache.find_plan(&others.limits).is_some());
            for _ in 0..RUNS {
                assert_eq!(rows(&fixture, &question, &others).await, expected);
            }
            assert!(*question.plan_cache.runs.lock() < RUNS);
        });
    }

    /// The memory of a window is accounted to one question, so its plan is not reusable.
    #[test]
    fn what_can_not_be_made_fresh_is_not_kept() {
        let fixture = FederationFixture::new();
        run(async {
            let sql = "SELECT id, row_number() OVER (ORDER BY id) AS r FROM model.trips";
            let question = fixture.plan(sql).unwrap();
            let first = rows(&fixture, &question, &bounds()).await;
            assert_eq!(rows(&fixture, &question, &bounds()).await, first);
            assert!(!is_kept(&question));
        });
    }
}
