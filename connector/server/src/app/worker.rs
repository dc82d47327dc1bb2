//! `hansa serve --role worker`: computes shares of the connector's answers; it has no log and takes no lock.

use crate::app::clock::{self, Moved};
use crate::app::serve::{PATIENCE, bind};
use crate::app::threads;
use crate::cli::show::Show;
use crate::cli::terminal::{line_err, object_out};
use crate::config::Config;
use crate::node::open::room;
use crate::walk::share::Desk;
use hansa_audit_log::time::Clock;
use hansa_identity::cluster;
use hansa_policy::id::Name;
use hansa_policy::refusal::{Code, Refusal};
use hansa_transport::cluster::serve::serve;
use hansa_transport::peer::settings::Settings;
use serde_json::json;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// Serves shares until it is told to stop.
///
/// # Errors
/// What makes it impossible.
pub(crate) async fn run(
    config: Config,
    name: Name,
    listen: String,
    clock: Clock,
    show: Show,
) -> Result<u8, Refusal> {
    let moved = Moved::new(clock);
    moved.set(clock::offset(&config)?);
    let clock = moved.clock();
    let tls = cluster::worker_config(&config.cluster.folder, &name, &clock)?;
    let (listener, address) = bind(&listen).await?;
    let id = config.participant.id.clone();
    // Of its own: the state folder is the connector's.
    let spill = tempfile::Builder::new()
        .prefix("hansa-worker-")
        .tempdir()
        .map_err(|fault| Refusal::new(Code::StateBroken, format!("no folder to spill: {fault}")))?;
    let (questions, room) = room(&config.limits, spill.path().to_owned(), &clock)?;
    let desk = Arc::new(Desk::open(config, clock, room)?);
    let none = |fault: std::io::Error| {
        Refusal::new(Code::Internal, format!("signals can't be heard: {fault}"))
    };
    let mut term = signal(SignalKind::terminate()).map_err(none)?;
    let mut int = signal(SignalKind::interrupt()).map_err(none)?;
    let ready = json!({
        "event": "ready",
        "participant": id.domain(),
        "worker": name.as_str(),
        "listen": address,
    });
    if show.json {
        object_out(&ready);
    } else {
        line_err(&format!(
            "the worker {name} of {} serves its connector on {address}; stop it with Ctrl-C",
            id.domain()
        ));
    }
    let tls = Arc::new(move || Arc::clone(&tls));
    let served = serve(
        listener,
        tls,
        desk,
        Settings::default(),
        std::future::pending(),
    );
    let ended = tokio::select! {
        _ = term.recv() => Ok(()),
        _ = int.recv() => Ok(()),
        ended = served => ended,
    };
    threads::end(questions, PATIENCE).await;
    ended.map(|()| 0)
}
