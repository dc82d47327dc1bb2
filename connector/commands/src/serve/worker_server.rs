//! `hansa serve --role worker`: runs stages of the connector's answers; it has no log and takes no lock.

use crate::cli::command_report::{CommandReport, report_json};
use crate::cli::output::OutputSettings;
use crate::cli::terminal::{line_err, object_out};
use crate::serve::temporary_folder::TemporaryFolder;
use crate::serve::{PATIENCE, bind_listener};
use hansa_audit_log::time::Clock;
use hansa_identity::cluster;
use hansa_node::config::ConnectorConfig;
use hansa_node::participant::startup::start_runtime;
use hansa_node::process::clock;
use hansa_node::process::clock::AdjustableClock;
use hansa_node::process::thread_shutdown;
use hansa_node::worker::stage_worker::StageWorker;
use hansa_node::worker::workers::cluster_transport;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::cluster::server::{ClusterCaller, ClusterTls, serve_tasks};
use rustls::pki_types::CertificateDer;
use serde::Serialize;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// Serves until it is told to stop.
///
/// # Errors
/// What makes it impossible.
pub(crate) async fn serve_worker(
    config: ConnectorConfig,
    name: SqlIdentifier,
    listen: String,
    clock: Clock,
    show: OutputSettings,
) -> Result<u8, Refusal> {
    let moved = AdjustableClock::new(clock);
    moved.set(clock::clock_offset(&config)?);
    let clock = moved.clock();
    let tls = cluster::worker_config(&config.cluster.folder, &name, &clock)?;
    let (listener, address) = bind_listener(&listen).await?;
    let id = config.participant.id.clone();
    // Of its own: the state folder is the connector's.
    let spill = TemporaryFolder::new(&std::env::temp_dir(), "hansa-worker-")?;
    let (questions, runtime) = start_runtime(&config.limits, spill.path().to_owned(), &clock)?;
    let worker = Arc::new(StageWorker::open(config, name.clone(), clock, runtime)?);
    let none = |fault: std::io::Error| {
        Refusal::new(
            ErrorCode::Internal,
            format!("signals can't be received: {fault}"),
        )
        .caused_by(fault)
    };
    let mut term = signal(SignalKind::terminate()).map_err(none)?;
    let mut int = signal(SignalKind::interrupt()).map_err(none)?;
    let ready = ReadyWorker {
        event: "ready",
        participant: id.domain(),
        worker: name,
        listen: address,
    };
    if show.json {
        object_out(&report_json(&ready));
    } else {
        line_err(&ready.to_text());
    }
    let tls = Arc::new(move || Arc::clone(&tls));
    let served = serve_tasks(
        listener,
        ClusterTls {
            tls,
            caller: Arc::new(identify_caller),
        },
        worker,
        cluster_transport(),
        std::future::pending(),
    );
    let ended = tokio::select! {
        _ = term.recv() => Ok(()),
        _ = int.recv() => Ok(()),
        ended = served => ended,
    };
    thread_shutdown::shut_down_runtime(questions, PATIENCE).await;
    ended.map(|()| 0)
}

/// Worker that serves its connector.
#[derive(Debug, Serialize)]
struct ReadyWorker<'a> {
    event: &'static str,
    participant: &'a str,
    worker: SqlIdentifier,
    listen: String,
}

impl CommandReport for ReadyWorker<'_> {
    fn to_text(&self) -> String {
        format!(
            "the worker {} of {} serves its connector on {}; stop it with Ctrl-C",
            self.worker, self.participant, self.listen
        )
    }
}

/// Who has a certificate that the TLS of a worker accepted.
fn identify_caller(certificate: &CertificateDer<'_>) -> Result<ClusterCaller, Refusal> {
    let name = cluster::caller_name(certificate)?;
    Ok(name.map_or(ClusterCaller::Connector, ClusterCaller::Worker))
}
