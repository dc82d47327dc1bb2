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
    /// Those that were not there, with the ticks from which they are asked again.
    resting: Mutex<BTreeMap<(Name, String), i64>>,
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
        let (folder, clock) = (config.cluster.folder.clone(), Clock::clone(clock));
        let read = move || cluster::connector_config(&folder, &clock);
        let tls = crate::desk::blocking(read).await?;
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

    /// Opens a new connection to a worker the next time, and leaves it alone for a while.
    pub(crate) fn rests(&self, worker: &Worker, ticks: i64) {
        let key = (worker.name.clone(), worker.address.clone());
        self.held().remove(&key);
        self.resting().insert(key, ticks.saturating_add(REST));
    }

    /// Whether a worker is left alone now.
    pub(crate) fn is_resting(&self, worker: &Worker, ticks: i64) -> bool {
        let key = (worker.name.clone(), worker.address.clone());
        self.resting().get(&key).is_some_and(|until| ticks < *until)
    }

    /// Opens new connections the next time: certificates or addresses may be others.
    pub(crate) fn forget_all(&self) {
        self.held().clear();
        self.resting().clear();
    }

    fn resting(&self) -> std::sync::MutexGuard<'_, BTreeMap<(Name, String), i64>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> std::sync::MutexGuard<'_, BTreeMap<(Name, String), WorkerClient>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// So long a worker that was not there is not asked again, microseconds.
const REST: i64 = 30 * 1_000_000;
