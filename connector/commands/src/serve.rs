//! `hansa serve`: faces up in order, down in reverse.

mod catalog_round;
mod client_servers;
mod inherited_listeners;
pub(crate) mod member_hosts;
mod minute_round;
pub(crate) mod service_manager;
pub(crate) mod temporary_folder;
pub(crate) mod trace_export;
pub(crate) mod worker_server;

use crate::admin::admin_service::AdminService;
use crate::cli::command_report::{CommandReport, report_json, serialize_path};
use crate::cli::output::OutputSettings;
use crate::cli::terminal::{line_err, object_out};
use crate::config::{reload_by_hand, reload_now};
use crate::league::league_join;
use hansa_identity::mtls;
use hansa_node::answer::query_intake;
use hansa_node::config::ConnectorConfig;
use hansa_node::config::person::find_person_of_user;
use hansa_node::contract::notice;
use hansa_node::league::group_membership;
use hansa_node::log::time_stamping;
use hansa_node::monitoring::awaiting_join::{AwaitingJoin, awaiting_join};
use hansa_node::monitoring::monitoring_service::MonitoringService;
use hansa_node::negotiation::resumption::resume_negotiations;
use hansa_node::offer::offer_renewal;
use hansa_node::offer::portal_notice::PortalNotifier;
use hansa_node::participant::Connector;
use hansa_node::peer::mailbox;
use hansa_node::peer::peer_handler::ParticipantHandler;
use hansa_node::process::blocking_work::{run_blocking, run_waiting};
use hansa_node::withdrawal;
use hansa_partners::catalog_terms::CatalogTerms;
use hansa_partners::process_engine::ProcessEngine;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::admin::server as admin;
use hansa_transport::admin::server::{SocketAccess, UserAuthorization};
use hansa_transport::member_hosts::MemberHosts;
use hansa_transport::monitoring::{self, MonitoringHandler, MonitoringToken};
use hansa_transport::peer::server::{TlsAcceptorConfig, serve_peers};
use hansa_transport::peer::settings::TransportSettings;
use hansa_transport::peer_handler::PeerHandler;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Serves until it is told to stop, by a signal or by the token.
///
/// # Errors
/// When an address is taken or a face can't be opened.
pub(crate) async fn serve_until_stopped(
    connector: Arc<Connector>,
    stop: CancellationToken,
    show: OutputSettings,
) -> Result<(), Refusal> {
    let listen = connector.config().listen.clone();
    // Before anybody can withdraw anything here, so that nothing is told twice; and before a message can finish what is signed
    // beside it.
    let unreported =
        run_waiting(|| withdrawal::unsent_withdrawals(&connector)).unwrap_or_else(|refusal| {
            tracing::warn!(code = %refusal.code, "contract.end_untold");
            Vec::new()
        });
    withdrawal::notify_parties(&connector, unreported).await;
    let mut signals = StopSignals::listen()?;
    // The end of what comes from outside; what runs, and whoever commands this connector, still have the drain.
    let shut = stop.child_token();
    let mut address = None;
    let mut tasks = tokio::task::JoinSet::new();
    if let Some(wanted) = listen {
        let (listener, bound) = bind_listener(&wanted).await?;
        address = Some(bound);
        let tls = mtls::server_config(&connector.identity.trust, &connector.clock)?;
        let (trust, clock) = (
            Arc::clone(&connector.identity.trust),
            Arc::clone(&connector.clock),
        );
        let members = Arc::new(MemberHosts::default());
        tasks.spawn(member_hosts::refresh_member_hosts(
            Arc::clone(&connector),
            Arc::clone(&members),
            stop.clone(),
        ));
        let entrance = TlsAcceptorConfig {
            tls: Arc::new(move || Arc::clone(&tls)),
            attest: Arc::new(move |connection| {
                mtls::attest_certificate(&trust, connection, clock().wall)
            }),
            hosts: members,
            settings: TransportSettings::default(),
            shut: shut.clone(),
        };
        let front: Arc<dyn PeerHandler> = Arc::new(ParticipantHandler::new(Arc::clone(&connector)));
        let ending = stop.clone();
        tasks.spawn(async move {
            serve_peers(listener, entrance, front, async move {
                ending.cancelled().await
            })
            .await
        });
    }
    client_servers::serve_clients(&connector, &shut, &mut tasks).await?;
    client_servers::serve_web(&connector, &shut, &mut tasks).await?;
    client_servers::open_console(&connector, &stop, &mut tasks).await?;
    let service = Arc::new(MonitoringService(Arc::clone(&connector)));
    start_monitoring(&connector.config(), service, &stop, &mut tasks).await?;
    let mut doors = vec![(connector.config().socket(), SocketAccess::Own)];
    let officers = connector.config().officers.socket.clone();
    doors.extend(officers.map(|socket| (socket, SocketAccess::Anybody)));
    for (file, open) in &doors {
        let socket = admin::bind_socket(file, *open)?;
        let ending = stop.clone();
        let admin_service = Arc::new(AdminService(Arc::clone(&connector)));
        let listed = Arc::clone(&connector);
        let users: UserAuthorization = Arc::new(move |user| {
            let config = listed.config();
            let is_person = find_person_of_user(&config.people, user).is_some();
            is_person || config.officers.users.contains(&user)
        });
        tasks.spawn(async move {
            admin::serve_admin(socket, admin_service, users, async move {
                ending.cancelled().await
            })
            .await
        });
    }
    if let Some(address) = &address {
        hansa_node::process::named_file::write_named_file(
            &connector.state_file("address"),
            address.as_bytes(),
        )?;
    }
    tasks.spawn(resume_open_work(Arc::clone(&connector), stop.clone()));
    tasks.spawn(deliver_messages(Arc::clone(&connector), stop.clone()));
    tasks.spawn(notify_contract_ends(Arc::clone(&connector), stop.clone()));
    tasks.spawn(portal_tellers(Arc::clone(&connector), stop.clone()));
    tasks.spawn(erase_expired_data(Arc::clone(&connector), stop.clone()));
    tasks.spawn(check_snapshots(Arc::clone(&connector), stop.clone()));
    tasks.spawn(stamp_heads(Arc::clone(&connector), stop.clone()));
    tasks.spawn(settle_sums(Arc::clone(&connector), stop.clone()));
    tasks.spawn(minute_round::end_minutes(
        Arc::clone(&connector),
        stop.clone(),
    ));
    tasks.spawn(catalog_round::refresh_catalogs(
        Arc::clone(&connector),
        stop.clone(),
    ));
    let (alive, ending) = (Arc::clone(&connector), stop.clone());
    tasks.spawn(async move {
        service_manager::run_watchdog(alive, ending).await;
        Ok(())
    });
    service_manager::notify_ready();
    let ready = ReadyConnector {
        event: "ready",
        participant: connector.id().domain().to_owned(),
        listen: address,
        socket: connector.config().socket(),
    };
    if show.json {
        object_out(&report_json(&ready));
    } else {
        line_err(&ready.to_text());
    }
    wait_for_stop(&connector, &stop, &mut tasks, &mut signals).await?;
    service_manager::notify_stopping();
    connector.queries.intake.close();
    shut.cancel();
    drain_answers(&connector, &stop, &mut tasks, &mut signals).await;
    stop.cancel();
    end_tasks(&connector, tasks).await;
    for (file, _) in doors {
        let _ = std::fs::remove_file(file);
    }
    connector.settle_refusals().await;
    let _ = connector.records.index(|_| Ok(()));
    connector.close(PATIENCE).await;
    Ok(())
}

/// Connector that serves.
#[derive(Debug, Serialize)]
struct ReadyConnector {
    event: &'static str,
    participant: String,
    /// Address for peers.
    listen: Option<String>,
    #[serde(serialize_with = "serialize_path")]
    socket: PathBuf,
}

impl CommandReport for ReadyConnector {
    fn to_text(&self) -> String {
        format!(
            "{} serves{}; stop it with Ctrl-C, reload it with `hansa reload`",
            self.participant,
            self.listen.as_ref().map_or_else(
                || " without an inbound port".to_owned(),
                |address| format!(" peers on {address}")
            )
        )
    }
}

/// Waits until the participant has joined a league, or is told to stop, which gives false. Where its league is known beforehand, what the
/// league sends back is installed as soon as it lies in the folder of the configuration. Meanwhile no peer is answered, and
/// the monitoring face, where there is one, says what is waited for.
///
/// # Errors
/// When the monitoring face can't be opened.
pub(crate) async fn wait_until_joined(
    config: &ConnectorConfig,
    ending: &CancellationToken,
    show: OutputSettings,
) -> Result<bool, Refusal> {
    let has_joined = || config.trust.bundle.exists() && config.trust.tls_cert.exists();
    if has_joined() {
        return Ok(true);
    }
    let stop = CancellationToken::new();
    let mut tasks = tokio::task::JoinSet::new();
    hansa_files::create_folder(&config.state)?;
    start_monitoring(config, Arc::new(AwaitingJoin), &stop, &mut tasks).await?;
    show.print_refusals(&[awaiting_join()]);
    // To whoever started it, it runs.
    service_manager::notify_ready();
    let mut signals = StopSignals::listen()?;
    let mut look = tokio::time::interval(LOOK);
    let mut refused = None;
    let joined = loop {
        tokio::select! {
            () = signals.wait() => break false,
            () = ending.cancelled() => break false,
            _ = look.tick() => {}
        }
        service_manager::notify_alive();
        if let Err(refusal) = league_join::join_with_waiting_file(config) {
            // The file stays until somebody replaces it; it is told once.
            if refused.as_ref() != Some(&refusal) {
                show.print_refusals(std::slice::from_ref(&refusal));
                refused = Some(refusal);
            }
        }
        if has_joined() {
            break true;
        }
    };
    stop.cancel();
    while tasks.join_next().await.is_some() {}
    Ok(joined)
}

/// Ends transfers whose contracts have ended.
async fn ended_transfers(
    engine: Arc<ProcessEngine<CatalogTerms>>,
    stop: CancellationToken,
) -> Result<(), Refusal> {
    let mut look = tokio::time::interval(std::time::Duration::from_secs(2));
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = look.tick() => engine.end_transfers().await,
        }
    }
}

/// Opens the monitoring face, where the configuration names an address for it.
async fn start_monitoring(
    config: &ConnectorConfig,
    handler: Arc<dyn MonitoringHandler>,
    stop: &CancellationToken,
    tasks: &mut ServerTasks,
) -> Result<(), Refusal> {
    let Some(address) = config.monitoring.listen else {
        return Ok(());
    };
    let token = match &config.monitoring.token_file {
        None => None,
        Some(file) => {
            // A volume of secrets is readable by a group; whoever holds the token reads metrics alone.
            let bytes = hansa_files::read_file(file, 4096)?;
            let text = String::from_utf8_lossy(&bytes);
            Some(MonitoringToken::new(text.trim())?)
        }
    };
    let (listener, bound) = bind_listener(&address.to_string()).await?;
    hansa_node::process::named_file::write_named_file(
        &config.state.join("monitoring"),
        bound.as_bytes(),
    )?;
    let ending = stop.clone();
    tasks.spawn(async move {
        monitoring::serve_monitoring(listener, handler, token, async move {
            ending.cancelled().await;
        })
        .await;
        Ok(())
    });
    Ok(())
}

/// Listens at an address, and says which one it has become.
///
/// # Errors
/// `ADDRESS_IN_USE`
pub(crate) async fn bind_listener(wanted: &str) -> Result<(TcpListener, String), Refusal> {
    let listener = match inherited_listeners::take_listener(wanted) {
        Some(held) => TcpListener::from_std(held),
        None => TcpListener::bind(wanted).await,
    };
    let listener = listener.map_err(|fault| {
        Refusal::new(
            ErrorCode::AddressInUse,
            format!("`{wanted}` can't be listened on: {fault}"),
        )
    })?;
    let bound = listener.local_addr().map_err(|fault| {
        Refusal::new(
            ErrorCode::Internal,
            format!("the address is not known: {fault}"),
        )
        .caused_by(fault)
    })?;
    Ok((listener, bound.to_string()))
}

/// Every hour erases what is kept no longer; decisions once a day, since their files are read for it.
async fn erase_expired_data(
    connector: Arc<Connector>,
    stop: CancellationToken,
) -> Result<(), Refusal> {
    let mut hours = tokio::time::interval(std::time::Duration::from_secs(3600));
    let mut done = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = hours.tick() => {
                let inner = Arc::clone(&connector);
                let erased = run_blocking(move || inner.erase_expired()).await;
                if let Err(refusal) = erased {
                    tracing::warn!(%refusal, "side.not_erased");
                }
                let inner = Arc::clone(&connector);
                let expired = run_blocking(move || inner.expire_staged_files()).await;
                if let Err(refusal) = expired {
                    tracing::warn!(%refusal, "uploads.not_expired");
                }
                let day = connector.now().micros().div_euclid(DAY);
                if done == Some(day) {
                    continue;
                }
                done = Some(day);
                let inner = Arc::clone(&connector);
                let expired = run_blocking(move || inner.expire_snapshots()).await;
                if let Err(refusal) = expired {
                    tracing::warn!(%refusal, "snapshots.not_expired");
                }
                let inner = Arc::clone(&connector);
                let expired = run_blocking(move || inner.expire_decisions()).await;
                if let Err(refusal) = expired {
                    tracing::warn!(%refusal, "log.not_expired");
                }
            }
        }
    }
}

/// Has the newest head of the log stamped now and then; whatever the authority does, nothing else waits for it.
async fn stamp_heads(connector: Arc<Connector>, stop: CancellationToken) -> Result<(), Refusal> {
    let mut look = tokio::time::interval(std::time::Duration::from_secs(1));
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = look.tick() => {}
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = time_stamping::stamp_newest_head(&connector) => {}
        }
    }
}

/// Records the sums of refusals whose minute is over.
async fn settle_sums(connector: Arc<Connector>, stop: CancellationToken) -> Result<(), Refusal> {
    let mut look = tokio::time::interval(std::time::Duration::from_secs(30));
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = look.tick() => connector.settle_due_refusals().await,
        }
    }
}

/// Reads what is published to its last byte, a little after the start and once a day; and puts in the log at once what questions
/// find.
async fn check_snapshots(
    connector: Arc<Connector>,
    stop: CancellationToken,
) -> Result<(), Refusal> {
    let mut look = tokio::time::interval(std::time::Duration::from_secs(2));
    let mut due = connector.ticks().saturating_add(SETTLED);
    let mut known = BTreeSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = look.tick() => {}
        }
        let whole = connector.ticks() >= due;
        if whole {
            due = connector.ticks().saturating_add(DAY);
        }
        let (inner, before) = (Arc::clone(&connector), known.clone());
        let checks = run_blocking(move || {
            if whole {
                return inner.check_snapshots();
            }
            let found = inner.new_damage(&before)?;
            inner.note_checks(&found)?;
            Ok(found)
        });
        match checks.await {
            Err(refusal) => tracing::warn!(%refusal, "snapshots.not_checked"),
            Ok(checks) => {
                for check in checks {
                    if let Err(damage) = check.found
                        && known.insert((check.dataset, check.version))
                    {
                        line_err(&crate::cli::output::refusal_text(&damage));
                    }
                }
            }
        }
    }
}

/// Gives what runs the time of the configuration to end by itself. Withdrawals and expulsions still cut, and a second signal ends
/// the time. It takes none where nothing runs.
async fn drain_answers(
    connector: &Arc<Connector>,
    stop: &CancellationToken,
    tasks: &mut ServerTasks,
    signals: &mut StopSignals,
) {
    let ended = async {
        let mut look = tokio::time::interval(DRAIN_LOOK);
        while connector.limits.concurrency.permits_in_use() > 0
            || connector.queries.intake.count_open() > 0
        {
            look.tick().await;
        }
    };
    let most = connector.config().limits.drain;
    tokio::select! {
        biased;
        _ = tokio::time::timeout(most, ended) => {}
        again = wait_for_stop(connector, stop, tasks, signals) => {
            if let Err(refusal) = again {
                line_err(&crate::cli::output::refusal_text(&refusal));
            }
        }
    }
}

/// How often it is looked whether all has ended.
const DRAIN_LOOK: std::time::Duration = std::time::Duration::from_millis(20);

/// Ends what runs: answers are cut and get their receipts; whoever does not read them does not hold up the end.
async fn end_tasks(connector: &Arc<Connector>, mut tasks: ServerTasks) {
    let why = query_intake::tell_moved();
    let closed = async {
        // An answer gives back its slot when it is closed in the log and its receipt is signed.
        let mut look = tokio::time::interval(std::time::Duration::from_millis(50));
        while connector.limits.concurrency.permits_in_use() > 0 {
            connector.queries.running.cut_all(&why);
            look.tick().await;
        }
    };
    let _ = tokio::time::timeout(PATIENCE, closed).await;
    let ended = async {
        while let Some(ended) = tasks.join_next().await {
            if let Ok(Err(refusal)) = ended {
                line_err(&crate::cli::output::refusal_text(&refusal));
            }
        }
    };
    let _ = tokio::time::timeout(PATIENCE, ended).await;
    tasks.abort_all();
    // Words on receipts that came just now: whoever waits for one may refuse the next question.
    connector.queries.background_tasks.close();
    let _ = tokio::time::timeout(PATIENCE, connector.queries.background_tasks.wait()).await;
}

/// After the start peers come first; in microseconds.
const SETTLED: i64 = 15_000_000;

/// In microseconds.
const DAY: i64 = 86_400_000_000;

/// How long the end of one thing is waited for when the connector stops.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

/// The tasks of the faces, and of what goes on beside them.
type ServerTasks = tokio::task::JoinSet<Result<(), Refusal>>;

/// The signals by which a connector is told to stop. They are listened to from the start to the end, so that none is lost between.
struct StopSignals {
    term: Signal,
    int: Signal,
}

impl StopSignals {
    fn listen() -> Result<Self, Refusal> {
        Ok(Self {
            term: signal(SignalKind::terminate()).map_err(signal_refusal)?,
            int: signal(SignalKind::interrupt()).map_err(signal_refusal)?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}

/// Waits for a reason to stop; reloads on SIGHUP and when the trust bundle's file changes.
async fn wait_for_stop(
    connector: &Arc<Connector>,
    stop: &CancellationToken,
    tasks: &mut ServerTasks,
    signals: &mut StopSignals,
) -> Result<(), Refusal> {
    let mut hup = signal(SignalKind::hangup()).map_err(signal_refusal)?;
    let mut look = tokio::time::interval(LOOK);
    let mut trusted = trust_file_times(connector);
    loop {
        tokio::select! {
            () = signals.wait() => return Ok(()),
            () = stop.cancelled() => return Ok(()),
            ended = tasks.join_next() => {
                if let Some(Ok(Err(refusal))) = ended {
                    return Err(refusal);
                }
            }
            _ = hup.recv() => reload_and_report(connector, reload_by_hand).await,
            _ = look.tick() => {
                let now = trust_file_times(connector);
                if now != trusted {
                    trusted = now;
                    // First the bundle alone: a configuration that is being edited must not hold up an expulsion.
                    let inner = Arc::clone(connector);
                    match run_blocking(move || inner.take_bundle_file()).await {
                        Ok(()) => reload_and_report(connector, reload_now).await,
                        Err(refusal) => line_err(&crate::cli::output::refusal_text(&refusal)),
                    }
                }
            }
        }
    }
}

fn signal_refusal(fault: std::io::Error) -> Refusal {
    Refusal::new(
        ErrorCode::Internal,
        format!("signals can't be received: {fault}"),
    )
    .caused_by(fault)
}

/// How often the files of trust are looked at: whoever is expelled has to be cut within a second.
const LOOK: std::time::Duration = std::time::Duration::from_millis(250);

/// When the files of trust were last written; the operator need not tell that a new bundle or certificate is there.
fn trust_file_times(connector: &Connector) -> Vec<Option<std::time::SystemTime>> {
    let trust = &connector.config().trust;
    [&trust.bundle, &trust.tls_cert]
        .into_iter()
        .map(|file| {
            std::fs::metadata(file)
                .and_then(|meta| meta.modified())
                .ok()
        })
        .collect()
}

type ReloadHandler = fn(&Arc<Connector>) -> Result<Vec<Refusal>, Refusal>;

async fn reload_and_report(connector: &Arc<Connector>, how: ReloadHandler) {
    service_manager::notify_reloading();
    let inner = Arc::clone(connector);
    let done = run_blocking(move || how(&inner)).await;
    match done {
        Ok(faults) => {
            for fault in faults {
                line_err(&crate::cli::output::refusal_text(&fault));
            }
        }
        Err(refusal) => line_err(&crate::cli::output::refusal_text(&refusal)),
    }
    service_manager::notify_ready();
}

/// Takes up what was open at the last end. Where nothing can be recorded, it is tried again: a full disk ends no connector.
async fn resume_open_work(
    connector: Arc<Connector>,
    stop: CancellationToken,
) -> Result<(), Refusal> {
    let mut look = tokio::time::interval(std::time::Duration::from_secs(2));
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = look.tick() => {}
        }
        match resume_negotiations(&connector, None).await {
            Ok(()) => return Ok(()),
            Err(refusal) => tracing::warn!(code = %refusal.code, "negotiations.not_resumed"),
        }
    }
}

/// Keeps the post to every peer going, also to those that are added later. What goes wrong is in the trace, and stops nothing.
async fn deliver_messages(
    connector: Arc<Connector>,
    stop: CancellationToken,
) -> Result<(), Refusal> {
    let mut rounds: BTreeMap<hansa_policy::id::ParticipantId, (String, tokio::task::AbortHandle)> =
        BTreeMap::new();
    let mut men = tokio::task::JoinSet::new();
    let mut look = tokio::time::interval(std::time::Duration::from_secs(2));
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = look.tick() => {}
        }
        let peers = match connector.known_peers() {
            Ok(peers) => peers,
            Err(refusal) => {
                tracing::warn!(code = %refusal.code, "peers.not_read");
                continue;
            }
        };
        rounds.retain(|id, (address, man)| {
            let stays = peers
                .iter()
                .any(|peer| peer.id == *id && peer.address == *address);
            if !stays {
                man.abort();
            }
            stays
        });
        for peer in peers {
            if !rounds.contains_key(&peer.id) {
                let man = men.spawn(mailbox::serve_peer(Arc::clone(&connector), peer.clone()));
                rounds.insert(peer.id.clone(), (peer.address.clone(), man));
            }
        }
    }
}

/// Tells the inboxes of portals what changes in what is open. What goes wrong is in the trace, and stops nothing.
async fn portal_tellers(connector: Arc<Connector>, stop: CancellationToken) -> Result<(), Refusal> {
    let mut notifier = match PortalNotifier::new(connector) {
        Ok(notifier) => notifier,
        Err(refusal) => {
            line_err(&crate::cli::output::refusal_text(&refusal));
            return Ok(());
        }
    };
    let mut look = tokio::time::interval(std::time::Duration::from_secs(1));
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = look.tick() => {}
        }
        if let Err(refusal) = notifier.deliver_changes().await {
            tracing::warn!(code = %refusal.code, "portal.round_failed");
        }
    }
}

/// Tells the own people in time of contracts that end, and renews the lists of groups. What goes wrong is in the log or in the
/// trace, and stops nothing.
async fn notify_contract_ends(
    connector: Arc<Connector>,
    stop: CancellationToken,
) -> Result<(), Refusal> {
    let mut look = tokio::time::interval(std::time::Duration::from_secs(2));
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = look.tick() => {}
        }
        if let Err(refusal) = group_membership::renew_lists(&connector).await {
            tracing::warn!(code = %refusal.code, "group.not_renewed");
        }
        let inner = Arc::clone(&connector);
        match run_blocking(move || offer_renewal::renew_for_rulebook(&inner)).await {
            Ok(faults) => {
                for fault in &faults {
                    line_err(&crate::cli::output::refusal_text(fault));
                }
            }
            Err(refusal) => tracing::warn!(code = %refusal.code, "offers.not_renewed"),
        }
        if let Err(refusal) = notice::deliver_due_notices(&connector).await {
            tracing::warn!(code = %refusal.code, "notice.round_failed");
        }
    }
}
