//! Execution of plans in stages at workers of the same participant, which exchange rows. Plans are not sent: a worker gets the
//! question and its contracts, makes the same plan, cuts it into the same stages, and runs its own tasks. The connector runs the
//! last stage, so limits, quotas and records are applied there as for every question.
//!
//! The result does not depend on the distribution of rows. A plan has stages only if its last sort or aggregation gets a total
//! order, no node depends on row order, and no intermediate result is rounded. The location of stored rows, including hidden ones,
//! is therefore invisible in an answer.

mod dealt_joins;
pub mod eligibility;
mod exact_aggregates;
pub(super) mod leaf_parts;
pub(super) mod plan_name;
pub mod question_tasks;
mod row_counts;
mod staged_plan;
pub(super) mod staged_plan_exec;
mod task_channels;
pub mod task_source;
pub mod workers;

#[cfg(test)]
pub(super) mod answers;
