//! The physical plan of a question that is put again: made once, and run with nodes of its own each time.

use crate::execute::fresh::{self, NODES, RUNS, Shape};
use crate::execute::{build_side, hoard};
use crate::fault;
use crate::federate::exec::{Leaves, PeerExec};
use crate::limits::Limits;
use crate::plan::functions::{exact, total_order};
use crate::plan::stack;
use crate::session;
use datafusion::common::DataFusionError;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use hansa_policy::refusal::Refusal;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Plan = Arc<dyn ExecutionPlan>;

/// What a question and its copies keep for their next run.
#[derive(Debug, Default)]
pub(super) struct Ready(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// Those since a plan was let go of, or the question was planned.
    runs: usize,
    /// Never run itself.
    plan: Option<(Shape, Plan)>,
}

impl Ready {
    /// What is to be run of a question's plan.
    ///
    /// # Errors
    /// When the engine can't plan it.
    pub(super) async fn physical(
        self: Arc<Self>,
        plan: Arc<LogicalPlan>,
        limits: Limits,
        environment: Arc<RuntimeEnv>,
    ) -> Result<Plan, Refusal> {
        if let Some(found) = self.found(&limits) {
            let found = found.and_then(build_side::counted).and_then(hoard::counted);
            return found.map_err(|error| fault::planning(&error));
        }
        stack::run(limits.time, move || {
            let state = session::fresh(&limits, environment, Arc::new(Leaves));
            exact::guarded(Arc::unwrap_or_clone(plan))
                .and_then(total_order::totally_ordered)
                .and_then(|plan| {
                    let physical = state.query_planner().create_physical_plan(&plan, &state);
                    futures::executor::block_on(physical)
                })
                .and_then(|made| self.keep(&limits, made))
                .and_then(build_side::counted)
                .and_then(hoard::counted)
                .map_err(|error| fault::planning(&error))
        })
        .await
    }

    /// The plan that is kept for such limits, with nodes of its own; none where it is to be made.
    fn found(&self, limits: &Limits) -> Option<Result<Plan, DataFusionError>> {
        let mut kept = self.kept();
        if kept.runs >= RUNS {
            *kept = Kept::default();
        }
        kept.runs = kept.runs.saturating_add(1);
        let plan = kept.plan.as_ref();
        let (_, plan) = plan.filter(|(shape, _)| *shape == Shape::of(limits))?;
        let plan = Arc::clone(plan);
        drop(kept);
        Some(afresh(plan))
    }

    /// Keeps a plan that was made, if it was asked for before; gives the one to run.
    ///
    /// # Errors
    /// When the engine does not take its own nodes back.
    fn keep(&self, limits: &Limits, plan: Plan) -> Result<Plan, DataFusionError> {
        // Most questions are put once. In tests each runs as one that was put before.
        let is_first = self.kept().runs <= 1 && !cfg!(test);
        if is_first || !can_be_kept(&plan) {
            return Ok(plan);
        }
        let idle = afresh(Arc::clone(&plan))?;
        let first = afresh(plan)?;
        self.kept().plan = Some((Shape::of(limits), idle));
        Ok(first)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn afresh(plan: Plan) -> Result<Plan, DataFusionError> {
    // Rows of participants are found in the context of a run.
    fresh::afresh(plan, |node| is_leaf(node).then(|| Ok(Arc::clone(node))))
}

fn can_be_kept(plan: &Plan) -> bool {
    fresh::nodes(plan, is_leaf).is_some_and(|nodes| nodes <= NODES)
}

fn is_leaf(node: &Plan) -> bool {
    node.downcast_ref::<PeerExec>().is_some()
}

#[cfg(test)]
mod tests {
    use crate::execute::fresh::RUNS;
    use crate::federate::question::{Bounds, Question};
    use crate::federate::tests::{World, bounds, room, run, text};
    use futures::TryStreamExt as _;

    async fn rows(world: &World, question: &Question, bounds: &Bounds) -> Vec<String> {
        let answer = question.clone().run(world.courier(), &room(), bounds).await;
        let batches: Vec<_> = answer.unwrap().batches.try_collect().await.unwrap();
        let mut rows = text(&batches);
        rows.sort();
        rows
    }

    fn is_kept(question: &Question) -> bool {
        question.ready.kept().plan.is_some()
    }

    /// Nodes that have run hold what they read: the hash table of a join, the rows of a sort.
    #[test]
    fn each_run_of_a_question_has_nodes_of_its_own() {
        let world = World::new();
        for sql in [
            "SELECT place, count(*) AS c, avg(x) AS a FROM model.trips GROUP BY place",
            "SELECT t.id, s.level FROM munster.trips t JOIN zurich.sites s ON s.place = t.place",
            "SELECT a.level, b.level AS other FROM zurich.sites a, zurich.sites b",
            "SELECT id, place FROM model.trips ORDER BY id DESC LIMIT 5",
            "SELECT id FROM munster.trips UNION SELECT id FROM ottawa.trips",
        ] {
            run(async {
                let question = world.plan(sql).unwrap();
                let mut expected = text(&world.pooled(sql).await.unwrap());
                expected.sort();
                for _ in 0..2 {
                    assert_eq!(rows(&world, &question, &bounds()).await, expected, "{sql}");
                }
                let within = bounds();
                let twice = || rows(&world, &question, &within);
                let (one, other) = tokio::join!(twice(), twice());
                assert_eq!((&one, &other), (&expected, &expected), "{sql}");
                assert!(is_kept(&question), "{sql}");
            });
        }
    }

    #[test]
    fn a_plan_is_kept_for_its_limits_and_for_so_many_runs() {
        let world = World::new();
        run(async {
            let question = world.plan("SELECT max(n) FROM model.trips").unwrap();
            let expected = rows(&world, &question, &bounds()).await;
            let mut others = bounds();
            others.limits.partitions = 1;
            assert!(question.ready.found(&bounds().limits).is_some());
            assert!(question.ready.found(&others.limits).is_none());
            assert_eq!(rows(&world, &question, &others).await, expected);
            assert!(question.ready.found(&others.limits).is_some());
            for _ in 0..RUNS {
                assert_eq!(rows(&world, &question, &others).await, expected);
            }
            assert!(question.ready.kept().runs < RUNS);
        });
    }

    /// A window holds its rows under the eyes of this question alone.
    #[test]
    fn what_can_not_be_made_fresh_is_not_kept() {
        let world = World::new();
        run(async {
            let sql = "SELECT id, row_number() OVER (ORDER BY id) AS r FROM model.trips";
            let question = world.plan(sql).unwrap();
            let first = rows(&world, &question, &bounds()).await;
            assert_eq!(rows(&world, &question, &bounds()).await, first);
            assert!(!is_kept(&question));
        });
    }
}
