//! The workers of this connector, and the connections to them.

use crate::config::ConnectorConfig;
use crate::config::cluster::WorkerConfig;
use crate::process::blocking_work::blocking;
use hansa_audit_log::time::Clock;
use hansa_identity::cluster;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::Refusal;
use hansa_transport::cluster::client::WorkerClient;
use hansa_transport::peer::settings::TransportSettings;
use parking_lot::Mutex;
use std::collections::BTreeMap;

/// How each worker stands that was asked before, by name and address.
#[derive(Debug, Default)]
pub(crate) struct WorkerRegistry {
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
    /// A connection to a worker: the one that is open, or a new one.
    ///
    /// # Errors
    /// `WORKER_FAILED`, or what is wrong with the certificates.
    pub(crate) async fn client(
        &self,
        worker: &WorkerConfig,
        config: &ConnectorConfig,
        clock: &Clock,
    ) -> Result<WorkerClient, Refusal> {
        if let Some(WorkerConnection::Open(client)) = self.known.lock().get(&key(worker)) {
            return Ok(WorkerClient::clone(client));
        }
        let (folder, clock) = (config.cluster.folder.clone(), Clock::clone(clock));
        let read = move || cluster::connector_config(&folder, &clock);
        let tls = blocking(read).await?;
        let client = WorkerClient::open(
            worker.name.clone(),
            &worker.address,
            tls,
            cluster::server_name(&worker.name)?,
            TransportSettings::default(),
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
