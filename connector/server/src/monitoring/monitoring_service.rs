//! What the monitoring face asks.

use crate::monitoring::connector_metrics::set_all;
use crate::monitoring::{current_state, readiness};
use crate::participant::Connector;
use crate::process::blocking_work::blocking;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::monitoring::{MonitoringHandler, ReadinessCheck};
use std::sync::Arc;

/// A connector, as its monitoring sees it.
#[derive(Debug)]
pub(crate) struct MonitoringService(pub(crate) Arc<Connector>);

#[async_trait::async_trait]
impl MonitoringHandler for MonitoringService {
    async fn metrics(&self) -> Result<String, Refusal> {
        let mut connected = Vec::new();
        for peer in self.0.known_peers()? {
            let is_open = self.0.open_call(&peer.id).await.is_some();
            let domain = peer.id.domain().to_owned();
            connected.push((domain, f64::from(u8::from(is_open))));
        }
        set_all(&self.0.metrics.connected, "peer", connected);
        let connector = Arc::clone(&self.0);
        blocking(move || {
            current_state::refresh(&connector)?;
            connector.metrics.text()
        })
        .await
    }

    async fn readiness(&self) -> Vec<ReadinessCheck> {
        let connector = Arc::clone(&self.0);
        let checks = tokio::task::spawn_blocking(move || readiness::checks(&connector)).await;
        checks.unwrap_or_else(|cause| {
            let why = Refusal::new(ErrorCode::Internal, "it could not be looked at");
            vec![ReadinessCheck {
                name: "connector",
                fault: Some(why.caused_by(cause)),
            }]
        })
    }
}
