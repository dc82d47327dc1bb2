//! Catalogs of peers, read now and then, so that the console shows them without asking a peer.

use hansa_audit_log::time::UtcTimestamp;
use hansa_node::participant::Connector;
use hansa_node::peer::peer_connections::KnownPeer;
use hansa_node::question::reachable_tables;
use hansa_policy::refusal::Refusal;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Time between two rounds. A peer that was away is asked again in the next one.
const EVERY: Duration = Duration::from_secs(60);

/// Age in microseconds from which a catalog is read again.
const STALE: i64 = 15 * 60 * 1_000_000;

/// Longest wait for one peer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reads catalogs until the connector stops. Without a console nobody looks at them, and no peer is asked.
pub(super) async fn refresh_catalogs(
    connector: Arc<Connector>,
    stop: CancellationToken,
) -> Result<(), Refusal> {
    if connector.config().console.listen.is_none() {
        return Ok(());
    }
    let mut look = tokio::time::interval(EVERY);
    // After a long round the next one waits, too.
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = look.tick() => {}
        }
        let peers = connector.known_peers().unwrap_or_else(|refusal| {
            tracing::warn!(%refusal, "catalogs.not_read");
            Vec::new()
        });
        reachable_tables::retain_catalogs(&connector, &peers);
        for peer in peers {
            if !is_stale(&connector, &peer) {
                continue;
            }
            let reading = reachable_tables::fetch_catalog(&connector, &peer);
            let read = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                read = tokio::time::timeout(PATIENCE, reading) => read,
            };
            match read {
                Ok(Ok(_)) => {}
                Ok(Err(refusal)) => {
                    tracing::info!(peer = peer.id.domain(), code = %refusal.code, "catalog.not_read");
                }
                Err(_) => tracing::info!(peer = peer.id.domain(), "catalog.not_read"),
            }
        }
    }
}

fn is_stale(connector: &Connector, peer: &KnownPeer) -> bool {
    let known = reachable_tables::known_catalog(connector, peer);
    let age = |read_at: UtcTimestamp| {
        let now = connector.now().micros();
        now.saturating_sub(read_at.micros())
    };
    known.is_none_or(|known| age(known.read_at) >= STALE)
}
