//! Ends each minute of the figures for the console's charts of operations.

use crate::status::daily_figures::count_finished_days;
use hansa_node::monitoring::minute_figures::MachineState;
use hansa_node::participant::Connector;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::refusal::Refusal;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Length of a minute.
const EVERY: Duration = Duration::from_secs(60);

/// Ends minutes until the connector stops.
pub(super) async fn end_minutes(
    connector: Arc<Connector>,
    stop: CancellationToken,
) -> Result<(), Refusal> {
    let mut minute = tokio::time::interval(EVERY);
    minute.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick comes at once.
    minute.tick().await;
    count_days(&connector).await;
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = minute.tick() => {}
        }
        count_days(&connector).await;
        let folder = connector.records.log.folder().to_path_buf();
        let free = run_blocking(move || Ok(hansa_audit_store::free_space(&folder).ok())).await;
        let memory = connector.queries.query_runtime.memory_used();
        connector.metrics.minutes.end_minute(MachineState {
            at: connector.now(),
            memory: u64::try_from(memory).unwrap_or(u64::MAX),
            free: free.ok().flatten(),
        });
    }
}

/// Counts finished days for the overview of the console, where there is one.
async fn count_days(connector: &Arc<Connector>) {
    if connector.config().console.listen.is_none() {
        return;
    }
    let inner = Arc::clone(connector);
    let counted = run_blocking(move || count_finished_days(&inner)).await;
    if let Err(refusal) = counted {
        tracing::info!(code = %refusal.code, "days.not_counted");
    }
}
