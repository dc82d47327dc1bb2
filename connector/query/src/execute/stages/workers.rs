//! Interface to the workers of a question, independent of the transport.

use super::eligibility::HomeReason;
use super::task_source::TaskSource;
use async_trait::async_trait;
use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::Refusal;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Workers of one question.
#[async_trait]
pub trait Workers: Send + Sync + 'static {
    /// Number of workers, constant for the question.
    fn count(&self) -> u32;

    /// Asks each worker to prepare its own tasks of the question. The tasks run until the returned source is dropped.
    ///
    /// # Errors
    /// The refusal of a worker, or a refusal if a worker is unreachable.
    async fn begin_tasks(&self, plan: StagedPlanName) -> Result<Arc<dyn TaskSource>, Refusal>;
}

/// Identity of a plan in stages. A worker with another plan must not take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StagedPlanName {
    /// Digest of the plan before it is cut: its optimised logical form with all filters and columns, and its physical form.
    pub digest: Digest,
    /// Number of workers for which the plan is cut.
    pub workers: u32,
}

/// Settings for the execution of a question at workers.
#[derive(Clone)]
pub struct Staging {
    /// Workers that run the tasks.
    pub workers: Arc<dyn Workers>,
    /// Minimum stored rows of the largest table; smaller questions run at the connector.
    pub at_least: u64,
    /// Place of execution, set after planning.
    pub placement: Arc<OnceLock<QueryPlacement>>,
}

/// Place of execution of a question. Only the owner sees it; peers never learn the distribution of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryPlacement {
    /// In stages, at this number of workers.
    Workers(u32),
    /// At the connector, for this reason.
    Home(HomeReason),
}

impl fmt::Display for QueryPlacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workers(count) => write!(f, "in stages at {count} workers"),
            Self::Home(why) => write!(f, "at home, since {why}"),
        }
    }
}

impl fmt::Debug for Staging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Staging")
            .field("at_least", &self.at_least)
            .finish_non_exhaustive()
    }
}
