//! The workers of a question, whoever reaches them.

use super::eligibility::HomeReason;
use super::task_source::TaskSource;
use async_trait::async_trait;
use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::Refusal;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// The workers of one question.
#[async_trait]
pub trait Workers: Send + Sync + 'static {
    /// How many there are, as long as the question is.
    fn count(&self) -> u32;

    /// Has each of them make the tasks of the question ready that are its own. They run until what is returned is dropped.
    ///
    /// # Errors
    /// What one of them refused with, or that it could not be reached.
    async fn begin(&self, plan: StagedPlanName) -> Result<Arc<dyn TaskSource>, Refusal>;
}

/// What names a plan in stages: whoever makes another one must not take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StagedPlanName {
    /// Of the plan before it was cut: its logical form with all filters and columns, and its physical one.
    pub digest: Digest,
    /// For how many workers it was cut.
    pub workers: u32,
}

/// How a question is given to workers.
#[derive(Clone)]
pub struct Staging {
    /// To whom.
    pub workers: Arc<dyn Workers>,
    /// Questions stay at home that read no table with so many stored rows.
    pub at_least: u64,
    /// Where the question runs, once it is planned.
    pub placement: Arc<OnceLock<QueryPlacement>>,
}

/// Where a question runs. It is the owner's business alone: how rows are dealt is not to be seen in what a peer is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryPlacement {
    /// In stages, at so many workers.
    Workers(u32),
    /// At home, and why.
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
