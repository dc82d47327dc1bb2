//! Questions whose plan runs in stages at workers of the same participant, which exchange rows between them. No plan travels: a worker
//! is told what was asked and under which contracts, makes the same plan, has it cut into the same stages, and runs the tasks that are
//! its own. The connector runs the last stage, so that limits, quotas and records are where they always are.
//!
//! What comes out does not depend on how rows are dealt: only plans have stages whose last sorting or grouping is put into a total
//! order, and in which nothing looks at the order of rows or is rounded in between. Where stored rows lie, hidden ones too, is not to
//! be seen in an answer.

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
