//! The workers of this connector, and the connections to them.

use crate::config::Config;
use crate::config::cluster::Worker;
use evidence::time::Clock;
use faces::cluster::call::WorkerClient;
use faces::peer::settings::Settings;
use keep::trust::cluster;
use policy::id::Name;
use policy::refusal::Refusal;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The connections that are open, by name and address.
#[derive(Debug, Default)]
pub(crate) struct Team {
    open: Mutex<BTreeMap<(Name, String), WorkerClient>>,
}

impl Team {
    /// A connection to a worker: the one that is open, or a new one.
    ///
    /// # Errors
    /// `WORKER_FAILED`, or what is wrong with the certificates.
    pub(crate) async fn client(
        &self,
        worker: &Worker,
        config: &Config,
        clock: &Clock,
    ) -> Result<WorkerClient, Refusal> {
        let key = (worker.name.clone(), worker.address.clone());
        if let Some(client) = self.held().get(&key) {
            return Ok(client.clone());
        }
        let tls = cluster::connector_config(&config.cluster.folder, clock)?;
        let client = WorkerClient::open(
            worker.name.clone(),
            &worker.address,
            tls,
            cluster::server_name(&worker.name)?,
            Settings::default(),
        )
        .await?;
        self.held().insert(key, client.clone());
        Ok(client)
    }

    /// Opens a new connection to a worker the next time.
    pub(crate) fn forget(&self, worker: &Worker) {
        let key = (worker.name.clone(), worker.address.clone());
        self.held().remove(&key);
    }

    /// Opens new connections the next time: certificates or addresses may be others.
    pub(crate) fn forget_all(&self) {
        self.held().clear();
    }

    fn held(&self) -> std::sync::MutexGuard<'_, BTreeMap<(Name, String), WorkerClient>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
