//! What systemd is told where it runs the connector: that it is ready, reloads or stops, and that it still answers. Elsewhere
//! nobody listens, and nothing happens.

use hansa_node::participant::Connector;
use sd_notify::NotifyState;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// It serves; also after a reload.
pub(crate) fn notify_ready() {
    let _ = sd_notify::notify(&[NotifyState::Ready]);
}

/// It reads its configuration again.
pub(crate) fn notify_reloading() {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        let _ = sd_notify::notify(&[NotifyState::Reloading, now]);
    }
}

/// It ends.
pub(crate) fn notify_stopping() {
    let _ = sd_notify::notify(&[NotifyState::Stopping]);
}

/// It is alive. To be said more often than the watchdog is patient, also while a league is waited for.
pub(crate) fn notify_alive() {
    let _ = sd_notify::notify(&[NotifyState::Watchdog]);
}

/// Says that it is alive, twice as often as the watchdog asks for it, as long as tasks and threads get their turn and nobody
/// holds the index for good. One that hangs is begun anew.
pub(crate) async fn run_watchdog(connector: Arc<Connector>, stop: CancellationToken) {
    let Some(patience) = sd_notify::watchdog_enabled() else {
        return;
    };
    let mut beat = tokio::time::interval(patience / 2);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = beat.tick() => {}
        }
        let inner = Arc::clone(&connector);
        let looked = tokio::task::spawn_blocking(move || inner.records.index(|_| Ok(())).is_ok());
        // That the state is broken is told by readiness; to begin anew would not repair it.
        if looked.await.is_ok() {
            notify_alive();
        }
    }
}
