//! Service behind the monitoring interface.

use crate::monitoring::{current_state, readiness};
use crate::participant::Connector;
use crate::process::blocking_work::run_blocking;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::monitoring::{MonitoringHandler, ReadinessCheck};
use std::sync::Arc;

/// Monitoring of a connector.
#[derive(Debug)]
pub struct MonitoringService(pub Arc<Connector>);

#[async_trait::async_trait]
impl MonitoringHandler for MonitoringService {
    async fn metrics(&self) -> Result<String, Refusal> {
        let mut peers = Vec::new();
        for peer in self.0.known_peers()? {
            let is_open = self.0.open_call(&peer.id).await.is_some();
            peers.push((peer.id, is_open));
        }
        let connector = Arc::clone(&self.0);
        run_blocking(move || {
            // One reader at a time: gauges are cleared before they are set.
            let _whole = connector.metrics.reading.lock();
            current_state::refresh_gauges(&connector, &peers)?;
            connector.metrics.render_text()
        })
        .await
    }

    async fn readiness(&self) -> Vec<ReadinessCheck> {
        let connector = Arc::clone(&self.0);
        let checks = tokio::task::spawn_blocking(move || readiness::run_checks(&connector)).await;
        checks.unwrap_or_else(|cause| {
            let why = Refusal::new(ErrorCode::Internal, "it could not be looked at");
            vec![ReadinessCheck {
                name: "connector",
                fault: Some(why.caused_by(cause)),
            }]
        })
    }
}
