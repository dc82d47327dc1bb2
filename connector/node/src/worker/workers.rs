//! Workers of this connector, and the connections to them.

use crate::config::cluster::WorkerConfig;
use crate::process::blocking_work::run_blocking;
use hansa_identity::cluster;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::Refusal;
use hansa_transport::cluster::client::WorkerClient;
use hansa_transport::peer::settings::TransportSettings;
use parking_lot::Mutex;
use rustls::ClientConfig;
use std::collections::BTreeMap;
use std::sync::Arc;

/// State of a worker, as it is known from the last question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerState {
    /// A connection is open.
    Connected,
    /// The worker was unreachable and is not asked for a while.
    Unreachable,
    /// The worker was not asked yet, or not since it was unreachable.
    NotAsked,
}

impl WorkerState {
    /// Word of the state.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Unreachable => "unreachable",
            Self::NotAsked => "not asked",
        }
    }
}

/// State of each worker that was asked before, by name and address.
#[derive(Debug, Default)]
pub struct WorkerRegistry {
    known: Mutex<BTreeMap<(SqlIdentifier, String), WorkerConnection>>,
}

#[derive(Debug)]
enum WorkerConnection {
    /// A connection is open.
    Open(Box<WorkerClient>),
    /// The worker was unreachable and is asked again from these ticks on.
    Rests(i64),
}

impl WorkerRegistry {
    /// Returns the open connection to a worker, or opens one with the certificates from `read`.
    ///
    /// # Errors
    /// `WORKER_FAILED`, or errors of the certificates.
    pub async fn client(
        &self,
        worker: &WorkerConfig,
        read: impl FnOnce() -> Result<Arc<ClientConfig>, Refusal> + Send + 'static,
    ) -> Result<WorkerClient, Refusal> {
        if let Some(WorkerConnection::Open(client)) = self.known.lock().get(&worker_key(worker)) {
            return Ok(WorkerClient::clone(client));
        }
        let tls = run_blocking(read).await?;
        let client = WorkerClient::open(
            worker.name.clone(),
            &worker.address,
            tls,
            cluster::server_name(&worker.name)?,
            cluster_transport(),
        )
        .await?;
        self.known.lock().insert(
            worker_key(worker),
            WorkerConnection::Open(Box::new(client.clone())),
        );
        Ok(client)
    }

    /// Drops the connection to a worker, and does not ask it for a while.
    pub(crate) fn pause_worker(&self, worker: &WorkerConfig, ticks: i64) {
        let until = ticks.saturating_add(REST);
        self.known
            .lock()
            .insert(worker_key(worker), WorkerConnection::Rests(until));
    }

    /// Returns true if a worker is not asked now.
    pub(crate) fn is_resting(&self, worker: &WorkerConfig, ticks: i64) -> bool {
        matches!(self.known.lock().get(&worker_key(worker)), Some(WorkerConnection::Rests(until)) if ticks < *until)
    }

    /// State of a worker as it is known, without a call.
    pub fn known_state(&self, worker: &WorkerConfig, ticks: i64) -> WorkerState {
        match self.known.lock().get(&worker_key(worker)) {
            None => WorkerState::NotAsked,
            Some(WorkerConnection::Open(_)) => WorkerState::Connected,
            Some(WorkerConnection::Rests(until)) if ticks < *until => WorkerState::Unreachable,
            // It is asked again with the next question.
            Some(WorkerConnection::Rests(_)) => WorkerState::NotAsked,
        }
    }

    /// Drops all connections, because certificates or addresses may have changed.
    pub(crate) fn forget_all(&self) {
        self.known.lock().clear();
    }
}

fn worker_key(worker: &WorkerConfig) -> (SqlIdentifier, String) {
    (worker.name.clone(), worker.address.clone())
}

/// Transport settings of cluster connections. All tasks of all questions between two machines share one connection: no stream may
/// wait for the place or the window of another, or two streams could wait for each other.
pub fn cluster_transport() -> TransportSettings {
    TransportSettings {
        streams: STREAMS,
        stream_window: WINDOW,
        connection_window: STREAMS * WINDOW,
        ..TransportSettings::default()
    }
}

/// Most streams of one connection, and unread bytes of each stream.
const STREAMS: u32 = 2_000;
const WINDOW: u32 = 256 * 1024;

/// Time during which an unreachable worker is not asked again, in microseconds.
const REST: i64 = 30 * 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_not_there_is_left_alone_for_a_while() {
        let worker = |address: &str| WorkerConfig {
            name: "one".parse().unwrap(),
            address: address.to_owned(),
        };
        let (gone, moved) = (worker("10.0.0.1:1"), worker("10.0.0.2:1"));
        let team = WorkerRegistry::default();
        assert!(!team.is_resting(&gone, 7));
        team.pause_worker(&gone, 7);
        assert!(team.is_resting(&gone, 7 + REST - 1) && !team.is_resting(&gone, 7 + REST));
        assert!(!team.is_resting(&moved, 7));
        assert_eq!(team.known_state(&gone, 8), WorkerState::Unreachable);
        assert_eq!(team.known_state(&gone, 7 + REST), WorkerState::NotAsked);
        assert_eq!(team.known_state(&moved, 8), WorkerState::NotAsked);
        team.forget_all();
        assert!(!team.is_resting(&gone, 7));
    }
}
