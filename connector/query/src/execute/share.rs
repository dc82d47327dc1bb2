//! Questions that workers of the same participant help with. No plan travels: a worker is told what was asked and under which
//! contracts, makes the same plan, and computes of one fragment the groups that a share of the stored rows gives. The connector puts the
//! shares together and runs the rest, so that limits, quotas and records are where they always are.
//!
//! What comes out does not depend on how the rows are dealt: only aggregates whose states add up exactly are shared, and their groups
//! come in the order of their keys. Where the stored rows lie, hidden ones too, is not to be seen in an answer.

mod fragment;
mod remote_share_exec;
pub mod worker;

use crate::engine_error;
use crate::execute::plan_preparation::OptimizedPlan;
use arrow_array::RecordBatch;
use async_trait::async_trait;
use datafusion::physical_plan::{ExecutionPlan, displayable};
use futures::stream::BoxStream;
use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::Refusal;
use remote_share_exec::RemoteShareExec;
use std::cell::LazyCell;
use std::sync::Arc;

/// One share of one fragment of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShareSpec {
    /// Which fragment of the question's plan, from 0.
    pub fragment: u32,
    /// What names that plan: whoever makes another one must not answer.
    pub plan: Digest,
    /// Which share of the stored rows, from 0.
    pub part: u32,
    /// Of how many.
    pub of: u32,
}

/// Who computes shares of one question: what `federation::remote_query::RemoteExecutor` is for other participants.
#[async_trait]
pub trait Workers: Send + Sync + 'static {
    /// How many there are.
    fn count(&self) -> u32;

    /// Has a share computed. Dropping the rows ends it. They have ended well only if no error comes.
    ///
    /// # Errors
    /// What a worker refused with, or that it could not be reached.
    async fn share(
        &self,
        spec: ShareSpec,
    ) -> Result<BoxStream<'static, Result<RecordBatch, Refusal>>, Refusal>;
}

/// How a question is shared.
#[derive(Clone)]
pub struct Sharing {
    /// Among whom.
    pub workers: Arc<dyn Workers>,
    /// Fragments over fewer stored rows stay at home.
    pub at_least: u64,
}

impl std::fmt::Debug for Sharing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sharing")
            .field("at_least", &self.at_least)
            .finish_non_exhaustive()
    }
}

/// What names a plan, its logical form with all filters and columns and its physical one: who makes the same of the same question gets
/// the same.
fn digest(made: &OptimizedPlan) -> Digest {
    let logical = made.optimized.display_indent_schema().to_string();
    let physical = displayable(made.physical.as_ref()).indent(true).to_string();
    Digest::of_parts(&[logical.as_bytes(), physical.as_bytes()])
}

/// The plan with its fragments computed by workers as far as they pay, the groups of each in the order of their keys; and whether any
/// worker is needed.
pub(super) fn shared(
    made: &OptimizedPlan,
    sharing: Option<&Sharing>,
) -> Result<(Arc<dyn ExecutionPlan>, bool), Refusal> {
    let sharing = sharing.filter(|sharing| sharing.workers.count() > 0);
    let mut shares = 0;
    // Few questions have a fragment that pays.
    let name = LazyCell::new(|| digest(made));
    let plan = fragment::replaced(Arc::clone(&made.physical), &mut |fragment| {
        let pays = |sharing: &&Sharing| fragment.rows >= sharing.at_least && shares < MOST;
        let sharing = sharing.filter(pays);
        shares += usize::from(sharing.is_some());
        Ok(sharing.map(|sharing| {
            let workers = Arc::clone(&sharing.workers);
            let afar: Arc<dyn ExecutionPlan> =
                Arc::new(RemoteShareExec::new(workers, &fragment, *name));
            afar
        }))
    })
    .map_err(|error| engine_error::running(&error))?;
    Ok((plan, shares > 0))
}

/// So many fragments of one question are shared, each by all workers at once; more are computed at home, so that one question does not
/// take all places of a worker.
const MOST: usize = 4;

#[cfg(test)]
mod tests;
