//! `hansa doctor`: hop by hop, what works and what does not, with the command that repairs it.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::CommandReport;
use crate::dataset::dataset_lookup::configured_now;
use crate::status::describe_clock_offset;
use hansa_audit_log::time::Clock;
use hansa_identity::cluster;
use hansa_node::config::cluster::WorkerConfig;
use hansa_node::contract::combined_contracts;
use hansa_node::monitoring::readiness::find_write_fault;
use hansa_node::negotiation::unreadable_message;
use hansa_node::participant::Connector;
use hansa_node::peer::peer_connections::KnownPeer;
use hansa_node::peer::visible_dataset::VisibleDataset;
use hansa_node::process::blocking_work::run_blocking;
use hansa_node::question::reachable_tables;
use hansa_node::worker::workers::WorkerRegistry;
use hansa_policy::contract::ContractStatus;
use hansa_policy::id::{ContractId, DatasetId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// How long a port is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Hop by hop: this connector, then one participant or all.
pub(crate) async fn run_doctor(
    connector: &Arc<Connector>,
    named: Option<&str>,
    out: &EventSink,
) -> CommandResult {
    let mut status = 0;
    let mut say = Vec::new();
    let bundle = connector.identity.trust.bundle();
    say.push((
        "log",
        find_write_fault(connector).map_or_else(
            || {
                Ok(format!(
                    "{} records, writable",
                    connector.records.log.size()
                ))
            },
            |broken| Err(hansa_audit_store::unwritable_log_refusal(&broken)),
        ),
    ));
    say.push((
        "state",
        connector
            .records
            .index(|_| Ok(()))
            .map(|()| "readable and writable".to_owned()),
    ));
    say.push(("disk", check_disk(connector)));
    say.push((
        "trust bundle",
        bundle.check_expiry(connector.now()).map(|()| {
            format!(
                "number {}, good until {}",
                bundle.content().sequence,
                bundle.content().expires_at
            )
        }),
    ));
    let offset = &connector.config().clock;
    if let Err(refusal) = connector.trusted_clock() {
        say.push(("clock", Err(refusal)));
    } else if offset.micros != 0 {
        say.push(("clock", Ok(describe_clock_offset(&offset.text))));
    }
    say.push((
        "certificate",
        connector.own_certificate().map(|leaf| {
            let left = leaf
                .not_after
                .micros()
                .saturating_sub(connector.now().micros())
                / 3_600_000_000;
            format!("good for {left} hours more")
        }),
    ));
    if let Some(port) = own_port(connector).await {
        say.push(("port", port));
    }
    for worker in &connector.config().cluster.workers {
        say.push(("worker", check_worker(connector, worker).await));
    }
    say.push(("datasets", check_datasets(connector)));
    let messages = unreadable_message::describe_faults(connector)?;
    if messages.is_empty() {
        say.push(("messages", Ok("all can be read".to_owned())));
    }
    say.extend(messages.into_iter().map(|fault| ("messages", Err(fault))));
    for refusal in combined_contracts::find_refused_contracts(connector)? {
        say.push(("contracts beside each other", Err(refusal)));
    }
    for fork in connector.forks()? {
        say.push(("logs", Err(fork)));
    }
    for (_, text) in connector.incidents()? {
        say.push(("incident", Ok(text)));
    }
    for (what, found) in say {
        report_check("here", what, found, &mut status, out).await?;
    }
    check_snapshots(connector, &mut status, out).await?;
    for remark in connector.state_remarks() {
        report_check("here", "state folder", Err(remark), &mut status, out).await?;
    }
    let peers = match named {
        Some(named) => vec![connector.peer_or_member(named)?],
        None => connector.known_peers()?,
    };
    for peer in peers {
        check_peer_hops(connector, &peer, &mut status, out).await?;
    }
    Ok(status)
}

/// Whether a worker takes connections, by a new one.
async fn check_worker(connector: &Connector, worker: &WorkerConfig) -> Result<String, Refusal> {
    let folder = connector.config().cluster.folder.clone();
    let clock = Clock::clone(&connector.clock);
    let certificates = move || cluster::connector_config(&folder, &clock);
    let opened = WorkerRegistry::default().client(worker, certificates).await;
    opened.map(|_| format!("`{}` takes connections at {}", worker.name, worker.address))
}

/// What is free beside the log.
fn check_disk(connector: &Connector) -> Result<String, Refusal> {
    let folder = connector.records.log.folder();
    match hansa_audit_store::low_space(folder, connector.config().limits.reserve) {
        Some(low) => Err(hansa_audit_store::unwritable_log_refusal(&low)),
        None => hansa_audit_store::free_space(folder)
            .map(|free| format!("{} MB free", free / 1_000_000))
            .map_err(|fault| hansa_files::unreadable_file_refusal(folder, &fault)),
    }
}

/// Whether the own port takes connections, where one is configured.
async fn own_port(connector: &Connector) -> Option<Result<String, Refusal>> {
    let config = connector.config();
    let _listens = config.listen.as_ref()?;
    if !config.socket().exists() {
        return Some(Ok("no connector serves now; hansa serve begins".to_owned()));
    }
    let file = connector.state_file("address");
    let address = match hansa_node::process::named_file::read_named_file(&file) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).trim().to_owned(),
        Err(refusal) => return Some(Err(refusal)),
    };
    // Where it listens on every address, this machine reaches it by its own.
    let address = address
        .replace("0.0.0.0:", "127.0.0.1:")
        .replace("[::]:", "[::1]:");
    let taken = check_connection(&address).await;
    Some(taken.map(|()| format!("{address} takes connections")))
}

/// Whether somebody takes connections there.
async fn check_connection(address: &str) -> Result<(), Refusal> {
    let refused = |why: String| {
        Refusal::new(
            ErrorCode::PeerUnreachable,
            format!("`{address}` accepts no connection: {why}"),
        )
        .with_help(
            "check that the connector there is running, and that no firewall blocks the connection",
        )
    };
    match tokio::time::timeout(PATIENCE, tokio::net::TcpStream::connect(address)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(cause)) => Err(refused(cause.to_string()).caused_by(cause)),
        Err(late) => {
            Err(refused(format!("no answer within {} seconds", PATIENCE.as_secs())).caused_by(late))
        }
    }
}

/// What is configured and published, and what is not.
fn check_datasets(connector: &Connector) -> Result<String, Refusal> {
    let configured = configured_now(connector)?;
    let is_published = |name: &_| {
        connector
            .datasets
            .catalog(|catalog| catalog.dataset(name).is_some())
    };
    let missing: Vec<&str> = configured
        .iter()
        .filter(|config| !is_published(&config.name))
        .map(|config| config.name.as_str())
        .collect();
    let published = configured.len().saturating_sub(missing.len());
    Ok(match missing.first() {
        None => format!("{published} published"),
        Some(first) => format!(
            "{published} published; not yet: {}; hansa dataset publish {first}",
            missing.join(", ")
        ),
    })
}

/// Reads what is published to its last byte.
async fn check_snapshots(
    connector: &Arc<Connector>,
    status: &mut u8,
    out: &EventSink,
) -> Result<(), crate::admin::command_result::CommandError> {
    let inner = Arc::clone(connector);
    let checks = run_blocking(move || inner.check_snapshots()).await?;
    let good = checks.iter().filter_map(|check| check.found.as_ref().ok());
    let (mut count, mut bytes) = (0_u64, 0_u64);
    for own in good {
        count = count.saturating_add(1);
        bytes = bytes.saturating_add(*own);
    }
    if count > 0 {
        let text = format!("{count} as they were published, {bytes} bytes");
        report_check("here", "snapshots", Ok(text), status, out).await?;
    }
    for damage in checks.into_iter().filter_map(|check| check.found.err()) {
        report_check("here", "snapshots", Err(damage), status, out).await?;
    }
    Ok(())
}

async fn check_peer_hops(
    connector: &Arc<Connector>,
    peer: &KnownPeer,
    status: &mut u8,
    out: &EventSink,
) -> Result<(), crate::admin::command_result::CommandError> {
    let who = peer.id.domain();
    let member = bundle_member(connector, peer);
    report_check(who, "in the league", member, status, out).await?;
    let name = tokio::net::lookup_host(peer.address.clone())
        .await
        .map_err(|fault| {
            Refusal::new(
                hansa_policy::refusal::ErrorCode::PeerUnreachable,
                format!("`{}` can't be resolved: {fault}", peer.address),
            )
        })
        .map(|found| {
            let all: Vec<String> = found.map(|address| address.to_string()).collect();
            all.join(", ")
        });
    let is_named = name.is_ok();
    report_check(who, "name", name, status, out).await?;
    if !is_named {
        return Ok(());
    }
    let port = check_connection(&peer.address).await;
    let is_open = port.is_ok();
    let port = port.map(|()| format!("{} takes connections", peer.address));
    report_check(who, "port", port, status, out).await?;
    if !is_open {
        return Ok(());
    }
    connector.hang_up(&peer.id).await;
    let call = connector.call_peer(peer).await;
    let reached = call.as_ref().map_err(Clone::clone).map(|_| {
        format!(
            "TLS 1.3, certificate and version accepted at {}",
            peer.address
        )
    });
    report_check(who, "connection", reached, status, out).await?;
    if call.is_err() {
        return Ok(());
    }
    let log = match connector.fork_of(&peer.id)? {
        None => Ok("goes on from the head that it has shown before".to_owned()),
        Some(fork) => Err(fork),
    };
    report_check(who, "log", log, status, out).await?;
    let catalogue = reachable_tables::fetch_catalog(connector, peer).await;
    let shown = catalogue.as_ref().map_err(Clone::clone);
    let shown = shown.map(|visible| format!("{} datasets shown to us", visible.len()));
    report_check(who, "catalogue", shown, status, out).await?;
    let contracts = contracts_with_peer(connector, peer);
    let found = Ok(format!("{} in force", contracts.len()));
    report_check(who, "contracts", found, status, out).await?;
    let visible = catalogue.unwrap_or_default();
    for (id, dataset) in contracts.iter().take(CONTRACTS) {
        let found = under_contract(*id, dataset, peer, &visible);
        report_check(who, dataset.name.as_str(), found, status, out).await?;
    }
    Ok(())
}

/// So many contracts with one participant are looked at.
const CONTRACTS: usize = 100;

/// The contracts in force under which we take data from a participant.
fn contracts_with_peer(connector: &Connector, peer: &KnownPeer) -> Vec<(ContractId, DatasetId)> {
    let now = connector.now();
    connector.contracts.with_registry(|registry| {
        let all = registry.all_contracts(now);
        all.filter(|(_, agreement, contract_status)| {
            agreement.provider.id == peer.id && *contract_status == ContractStatus::InForce
        })
        .map(|(id, agreement, _)| (id, agreement.dataset.id.clone()))
        .collect()
    })
}

/// Whether the dataset of a contract is there.
fn under_contract(
    id: ContractId,
    dataset: &DatasetId,
    peer: &KnownPeer,
    visible: &[VisibleDataset],
) -> Result<String, Refusal> {
    match visible.iter().find(|one| one.dataset.id == *dataset) {
        Some(_) => Ok(format!(
            "contract {} is in force, and the dataset is shown",
            id.to_short_text()
        )),
        None => Err(Refusal::new(
            ErrorCode::DatasetUnknown,
            format!(
                "contract {} is in force, but its provider does not show the dataset",
                id.to_short_text()
            ),
        )
        .with_help(format!(
            "ask {} whether it has withdrawn the dataset: hansa catalog list {}",
            peer.id.domain(),
            peer.alias
        ))),
    }
}

fn bundle_member(connector: &Connector, peer: &KnownPeer) -> Result<String, Refusal> {
    connector
        .party_of(&peer.id, &connector.identity.trust.bundle())
        .map(|party| party.name)
}

async fn report_check(
    who: &str,
    what: &str,
    found: Result<String, Refusal>,
    status: &mut u8,
    out: &EventSink,
) -> Result<(), crate::admin::command_result::CommandError> {
    let finding = match found {
        Ok(found) => CheckFinding::Good { found },
        Err(refusal) => {
            *status = refusal.code.kind().exit_code();
            CheckFinding::of_fault(&refusal)
        }
    };
    let report = CheckReport {
        at: who,
        check: what,
        ok: matches!(finding, CheckFinding::Good { .. }),
        finding,
    };
    out.send_report(&report).await?;
    Ok(())
}

/// Check of one hop.
#[derive(Debug, Serialize)]
struct CheckReport<'a> {
    at: &'a str,
    check: &'a str,
    ok: bool,
    #[serde(flatten)]
    finding: CheckFinding,
}

/// Finding of a check.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum CheckFinding {
    Good {
        found: String,
    },
    Faulty {
        code: &'static str,
        found: String,
        help: String,
        /// Fault as text for people.
        #[serde(skip)]
        text: String,
    },
}

impl CheckFinding {
    fn of_fault(refusal: &Refusal) -> Self {
        let help = refusal.help.first().cloned();
        Self::Faulty {
            code: refusal.code.as_str(),
            found: refusal.sentence.clone(),
            help: help.unwrap_or_else(|| refusal.code.remedy().to_owned()),
            text: refusal.to_string(),
        }
    }
}

impl CommandReport for CheckReport<'_> {
    fn to_text(&self) -> String {
        let (who, what) = (self.at, self.check);
        match &self.finding {
            CheckFinding::Good { found } => format!("ok    {who}: {what}: {found}"),
            CheckFinding::Faulty { text, help, .. } => {
                format!("FAIL  {who}: {what}: {text}\n      {help}")
            }
        }
    }
}
