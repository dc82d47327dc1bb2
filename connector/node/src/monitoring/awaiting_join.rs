//! Monitoring of a participant that has not joined a league yet. It can answer nothing, and reports the missing bundle.

use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::monitoring::{MonitoringHandler, ReadinessCheck};

/// Readiness of a participant before it joins a league.
#[derive(Debug)]
pub struct AwaitingJoin;

#[async_trait::async_trait]
impl MonitoringHandler for AwaitingJoin {
    async fn metrics(&self) -> Result<String, Refusal> {
        let text = "# HELP hansa_ready Whether questions can be answered, as /readyz says.\n\
             # TYPE hansa_ready gauge\nhansa_ready 0\n# EOF\n";
        Ok(text.to_owned())
    }

    async fn readiness(&self) -> Vec<ReadinessCheck> {
        vec![ReadinessCheck {
            name: "league",
            fault: Some(awaiting_join()),
        }]
    }
}

/// Refusal that names the missing step.
pub fn awaiting_join() -> Refusal {
    Refusal::new(
        ErrorCode::PeerNotTrusted,
        "awaiting join: no league has admitted this participant yet",
    )
    .with_help("send the .request file to the league, and install what comes back: hansa join FILE")
}
