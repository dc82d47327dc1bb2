//! The workers of this connector, and the connections to them.

use crate::config::cluster::WorkerConfig;
use crate::process::blocking_work::blocking;
use hansa_identity::cluster;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::Refusal;
use hansa_transport::cluster::client::WorkerClient;
use hansa_transport::peer::settings::TransportSettings;
use parking_lot::Mutex;
use rustls::ClientConfig;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How each worker stands that was asked before, by name and address.
#[derive(Debug, Default)]
pub struct WorkerRegistry {
    known: Mutex<BTreeMap<(SqlIdentifier, String), WorkerConnection>>,
}

#[derive(Debug)]
enum WorkerConnection {
    /// A connection is open.
    Open(Box<WorkerClient>),
    /// It was not there, and is asked again from these ticks on.
    Rests(i64),
}

impl WorkerRegistry {
    /// A connection to a worker: the one that is open, or a new one by the certificates that `read` gives.
    ///
    /// # Errors
    /// `WORKER_FAILED`, or what is wrong with the certificates.
    pub async fn client(
        &self,
        worker: &WorkerConfig,
        read: impl FnOnce() -> Result<Arc<ClientConfig>, Refusal> + Send + 'static,
    ) -> Result<WorkerClient, Refusal> {
        if let Some(WorkerConnection::Open(client)) = self.known.lock().get(&key(worker)) {
            return Ok(WorkerClient::clone(client));
        }
        let tls = blocking(read).await?;
        let client = WorkerClient::open(
            worker.name.clone(),
            &worker.address,
            tls,
            cluster::server_name(&worker.name)?,
            cluster_transport(),
        )
        .await?;
        self.known.lock().insert(
            key(worker),
            WorkerConnection::Open(Box::new(client.clone())),
        );
        Ok(client)
    }

    /// Opens a new connection to a worker the next time, and leaves it alone for a while.
    pub(crate) fn rests(&self, worker: &WorkerConfig, ticks: i64) {
        let until = ticks.saturating_add(REST);
        self.known
            .lock()
            .insert(key(worker), WorkerConnection::Rests(until));
    }

    /// Whether a worker is left alone now.
    pub(crate) fn is_resting(&self, worker: &WorkerConfig, ticks: i64) -> bool {
        matches!(self.known.lock().get(&key(worker)), Some(WorkerConnection::Rests(until)) if ticks < *until)
    }

    /// Opens new connections the next time: certificates or addresses may be others.
    pub(crate) fn forget_all(&self) {
        self.known.lock().clear();
    }
}

fn key(worker: &WorkerConfig) -> (SqlIdentifier, String) {
    (worker.name.clone(), worker.address.clone())
}

/// How connections of the cluster are kept. The tasks of all questions between two machines share one connection: none of their streams
/// must wait for the place or the window of another, or two of them could wait for each other.
pub fn cluster_transport() -> TransportSettings {
    TransportSettings {
        streams: STREAMS,
        stream_window: WINDOW,
        connection_window: STREAMS * WINDOW,
        ..TransportSettings::default()
    }
}

/// The most streams of one connection, and the bytes of each that nobody has read yet.
const STREAMS: u32 = 2_000;
const WINDOW: u32 = 256 * 1024;

/// So long a worker that was not there is not asked again, microseconds.
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
        team.rests(&gone, 7);
        assert!(team.is_resting(&gone, 7 + REST - 1) && !team.is_resting(&gone, 7 + REST));
        assert!(!team.is_resting(&moved, 7));
        team.forget_all();
        assert!(!team.is_resting(&gone, 7));
    }
}
