//! Writer of the snapshot's files: rows are sorted and cast to the supported types, and statistics for the catalogue are collected.

mod distinct_count;
mod file_writer;
pub(crate) mod profile;

use crate::dedicated_thread::run_on_dedicated_thread;
use crate::engine_error;
use crate::publication::context::{PublicationContext, PublicationProgress};
use crate::publication::preparation::PreparationPlan;
use crate::publication::snapshot_writer::file_writer::SnapshotFileWriter;
use crate::publication::written_snapshot::WrittenSnapshot;
use crate::session;
use crate::snapshot::dataset_dir;
use crate::sql::functions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::physical_plan::execute_stream;
use datafusion_expr::{LogicalPlanBuilder, SortExpr, col};
use futures::StreamExt;
use hansa_catalog::dataset::Dataset;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::Path;
use std::sync::Arc;

/// Runs the plan, sorts its rows and writes them into `folder`.
///
/// # Errors
/// A refusal if `prepare` fails on a value, if a required value is missing, if a limit is reached, or if the disk is full.
pub fn write_snapshot(
    prepared: PreparationPlan,
    entry: &Dataset,
    order: &[SqlIdentifier],
    folder: &Path,
    context: &PublicationContext,
    progress: &(dyn Fn(PublicationProgress<'_>) + Sync),
) -> Result<WrittenSnapshot, Refusal> {
    run_on_dedicated_thread("publishing", context.limits.time, async || {
        write_sorted_rows(prepared, entry, order, folder, context, progress).await
    })
}

async fn write_sorted_rows(
    prepared: PreparationPlan,
    entry: &Dataset,
    order: &[SqlIdentifier],
    folder: &Path,
    context: &PublicationContext,
    progress: &(dyn Fn(PublicationProgress<'_>) + Sync),
) -> Result<WrittenSnapshot, Refusal> {
    let spill = folder.join("spill");
    let made = std::fs::create_dir_all(&spill);
    made.map_err(|error| dataset_dir::disk_refusal(&spill, &error))?;
    let planning =
        |error: datafusion_common::DataFusionError| engine_error::planning_refusal(&error);
    let environment = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(context.limits.memory)))
        .with_disk_manager_builder(
            DiskManagerBuilder::default()
                .with_mode(DiskManagerMode::Directories(vec![spill.clone()]))
                .with_max_temp_directory_size(u64::MAX),
        )
        .build_arc()
        .map_err(planning)?;
    // Spilled rows are merged first, which needs memory of about the size of their sort keys. The engine's default reservation is
    // too small to sort a table larger than the memory.
    let merging = context.limits.memory / 20 * 11;
    let state = SessionStateBuilder::new()
        .with_config(
            session::session_config(&context.limits).with_sort_spill_reservation_bytes(merging),
        )
        .with_runtime_env(environment)
        .with_optimizer_rules(session::optimizer_rules())
        .build();
    let sort: Vec<SortExpr> = order
        .iter()
        .map(|name| col(datafusion_common::Column::from_name(name.as_str())).sort(true, true))
        .collect();
    let plan = if sort.is_empty() {
        prepared.plan
    } else {
        LogicalPlanBuilder::from(prepared.plan)
            .sort(sort)
            .and_then(LogicalPlanBuilder::build)
            .map_err(planning)?
    };
    let plan = functions::use_sound_calls(plan)
        .and_then(|plan| session::optimize_plan(&state, plan))
        .map_err(planning)?;
    let physical = state.query_planner().create_physical_plan(&plan, &state);
    let physical = physical.await.map_err(planning)?;
    let mut rows =
        execute_stream(physical, state.task_ctx()).map_err(|error| publication_refusal(&error))?;
    let mut files = SnapshotFileWriter::new(folder, entry, order)?;
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(|error| publication_refusal(&error))?;
        files.take_batch(&batch)?;
        progress(PublicationProgress::Rows(files.rows()));
    }
    drop(rows);
    let removed = std::fs::remove_dir_all(&spill);
    removed.map_err(|error| dataset_dir::disk_refusal(&spill, &error))?;
    files.finish()
}

/// Refusal with the engine's text. The operator may see it, since the data is the operator's own.
fn publication_refusal(error: &datafusion_common::DataFusionError) -> Refusal {
    let mut refusal = engine_error::execution_refusal(error);
    if refusal.code == ErrorCode::ResourceLimit {
        let text = error.find_root().to_string();
        let line: String = text
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(300)
            .collect();
        refusal.sentence = format!("publishing needs more memory or disk than its limit: {line}");
    }
    if matches!(
        refusal.code,
        ErrorCode::EvaluationFailed | ErrorCode::Internal
    ) {
        let text = error.find_root().to_string();
        let line = text.lines().next().unwrap_or_default();
        refusal.code = ErrorCode::EvaluationFailed;
        refusal.sentence = line.chars().take(300).collect();
    }
    refusal
}
