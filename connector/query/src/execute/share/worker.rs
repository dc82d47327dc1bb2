//! A worker's side: the same plan as the connector's, one share of one fragment of it, and its states as messages.

use super::fragment::{dealt, replaced};
use super::{ShareSpec, digest};
use crate::answer::frames::AnswerFrame;
use crate::answer::frames::FrameCompression;
use crate::answer::frames::frame_encoder::FrameEncoder;
use crate::engine_error;
use crate::execute::cancellation::CancellationSignal;
use crate::execute::plan_preparation::{finished, made};
use crate::execute::plan_runner::{RunnablePlan, run};
use crate::execute::started_plan::StartedPlan;
use crate::execute::state;
use crate::limits::QueryResourceLimits;
use crate::runtime::QueryRuntime;
use crate::snapshot::registry::SnapshotSet;
use crate::sql::planner_threads;
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_expr::LogicalPlan;
use hansa_enforcement::worker_plan::DelegatedPlan;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// A share on its way. Dropping it ends it.
pub struct Share {
    started: StartedPlan,
    encoder: FrameEncoder,
    queue: VecDeque<AnswerFrame>,
    watch: CancellationSignal,
    over: bool,
}

/// Computes a share of a fragment of `delegated`, on the runtime's own threads.
///
/// # Errors
/// `WORKER_DIFFERS` where the plan is not the one that the connector made; what planning says.
pub async fn share(
    delegated: DelegatedPlan,
    holdings: &SnapshotSet,
    runtime: &QueryRuntime,
    limits: &QueryResourceLimits,
    watch: CancellationSignal,
    spec: ShareSpec,
) -> Result<Share, Refusal> {
    let (state, pool) = state(holdings, runtime, limits, &watch)?;
    let plan = delegated.into_plan();
    let planning = limits.time.min(crate::limits::PLANNING);
    #[cfg(test)]
    let mutant = runtime.mutant;
    let (states, state) = planner_threads::run(planning, move || {
        let states = states(
            plan,
            &state,
            spec,
            #[cfg(test)]
            mutant,
        )?;
        Ok((states, state))
    })
    .await?;
    let ready = RunnablePlan {
        physical: states,
        context: state.task_ctx(),
        holdings: holdings.clone(),
    };
    let (schema, started) = run(ready, None, runtime, limits, pool);
    let mut encoder = FrameEncoder::new(FrameCompression::Plain);
    let first = encoder.schema(&schema);
    Ok(Share {
        started,
        encoder,
        queue: VecDeque::from([first]),
        watch,
        over: false,
    })
}

fn states(
    plan: LogicalPlan,
    state: &SessionState,
    spec: ShareSpec,
    #[cfg(test)] mutant: crate::execute::mutant::GateMutant,
) -> Result<Arc<dyn ExecutionPlan>, Refusal> {
    let differs = |what: &str| Err(Refusal::new(ErrorCode::WorkerDiffers, what));
    let made = made(
        plan,
        state,
        #[cfg(test)]
        mutant,
    )?;
    if digest(&made) != spec.plan {
        return differs("the worker makes another plan of the question than its connector");
    }
    let mut states = None;
    replaced(made.physical, &mut |fragment| {
        if fragment.number == spec.fragment {
            states = Some(dealt(&fragment, spec.part, spec.of)?);
        }
        Ok(None)
    })
    .map_err(|error| engine_error::running(&error))?;
    match states {
        Some(states) => finished(states),
        None => differs("the plan has no such fragment"),
    }
}

impl Share {
    /// The next message, first the schema; `None` after the last one. After an error there is nothing more.
    pub async fn next(&mut self) -> Option<Result<AnswerFrame, Refusal>> {
        if self.over {
            return None;
        }
        loop {
            if let Some(frame) = self.queue.pop_front() {
                return Some(Ok(frame));
            }
            let encoded = match self.started.next(&mut self.watch).await? {
                Ok(batch) => self.encoder.rows(&batch, &mut self.queue),
                Err(refusal) => Err(refusal),
            };
            if let Err(refusal) = encoded {
                self.over = true;
                self.started.end();
                return Some(Err(refusal));
            }
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.started.end();
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Share").finish_non_exhaustive()
    }
}
