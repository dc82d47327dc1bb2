//! `hansa peer`: the participants that this connector talks to.

pub(crate) mod arguments;

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::{CommandReport, ReportRow};
use crate::peer::arguments::PeerCommand;
use hansa_audit_log::record::configuration::PeerRecord;
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::log::audit_event::AuditEvent;
use hansa_node::participant::Connector;
use hansa_node::participant::connector_identity::ConnectorIdentity;
use hansa_node::participant::startup::JudgedState;
use hansa_node::peer::peer_connections::KnownPeer;
use hansa_policy::contract::ContractStatus;
use hansa_policy::id::{ParticipantId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::sql::query_text::NamedTables;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Command for PeerCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::List { .. } | Self::Show { .. } => CommandEffect::Looks,
            Self::Add { .. } | Self::Remove { .. } => CommandEffect::Acts(""),
        }
    }
}

impl ConnectorVerb for PeerCommand {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        match self {
            Self::List { .. } | Self::Show { .. } | Self::Add { .. } | Self::Remove { .. } => {
                Vec::new()
            }
        }
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        match self {
            Self::List { .. } | Self::Show { .. } | Self::Add { .. } | Self::Remove { .. } => {
                JudgedState::None
            }
        }
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext { connector, out, .. } = context;
        match self {
            PeerCommand::List { after, limit } => {
                // Peers are sorted by alias.
                let mut peers = connector.known_peers()?;
                peers.retain(|peer| {
                    after
                        .as_deref()
                        .is_none_or(|after| peer.alias.as_str() > after)
                });
                peers.truncate(limit.unwrap_or(usize::MAX));
                let counts = PeerCounts::read(connector)?;
                let rows: Vec<ListedPeer> = peers
                    .iter()
                    .map(|peer| ListedPeer::new(connector, peer, &counts))
                    .collect();
                out.send_list(&rows).await?;
                let members = connector.reachable_members()?;
                let names: Vec<&str> = members.iter().map(|member| member.id.domain()).collect();
                if !names.is_empty() {
                    let text = format!("in the league, and no peers yet: {}", names.join(", "));
                    out.send_notice(text).await;
                }
            }
            PeerCommand::Add { address, id, alias } => {
                let peer = add_peer(connector, &address, id.as_deref(), alias.as_deref()).await?;
                out.send_report(&AddedPeerReport(PeerReport::new(connector, &peer)))
                    .await?;
            }
            PeerCommand::Show { peer } => {
                let peer = connector.peer_or_member(&peer)?;
                let head = connector.records.index(|state| state.head_of(&peer.id))?;
                out.send_report(&ShownPeerReport {
                    peer: PeerReport::new(connector, &peer),
                    log_head: head.map_or_else(
                        || "none seen yet".to_owned(),
                        |head| format!("{} records", head.note.lines().nth(1).unwrap_or("?")),
                    ),
                })
                .await?;
            }
            PeerCommand::Remove { peer } => {
                let peer = connector.find_peer(&peer)?;
                if connector
                    .config()
                    .peers
                    .iter()
                    .any(|known| known.id == peer.id)
                {
                    return Err(Refusal::new(
                        ErrorCode::UsageWrong,
                        format!("`{}` stands in the configuration", peer.alias),
                    )
                    .with_help("remove its [[peer]] there, then hansa reload")
                    .into());
                }
                let _durable = connector
                    .record(AuditEvent::from(PeerRecord {
                        peer: peer.id.to_string(),
                        address: None,
                        alias: None,
                    }))
                    .await?;
                connector.records.index(|_| Ok(()))?;
                connector.hang_up(&peer.id).await;
                out.send_report(&RemovedPeerReport {
                    participant: peer.id.domain().to_owned(),
                    removed: true,
                })
                .await?;
            }
        }
        Ok(0)
    }
}

/// Participant that this one talks to.
#[derive(Debug, Serialize)]
struct PeerReport {
    participant: String,
    alias: SqlIdentifier,
    address: String,
    member: bool,
}

impl PeerReport {
    fn new(connector: &Connector, peer: &KnownPeer) -> Self {
        let bundle = connector.identity.trust.bundle();
        Self {
            participant: peer.id.domain().to_owned(),
            alias: peer.alias.clone(),
            address: peer.address.clone(),
            member: bundle
                .member(&peer.id)
                .is_some_and(|member| member.expelled_at.is_none()),
        }
    }
}

/// Numbers of contracts and messages by peer.
struct PeerCounts {
    contracts: BTreeMap<ParticipantId, u64>,
    messages: BTreeMap<ParticipantId, u64>,
}

impl PeerCounts {
    fn read(connector: &Connector) -> Result<Self, Refusal> {
        let (own, now) = (connector.id(), connector.now());
        let mut contracts = BTreeMap::new();
        connector.contracts.with_registry(|registry| {
            for (_, agreement, status) in registry.all_contracts(now) {
                let is_provider = agreement.provider.id == own;
                let other = match is_provider {
                    true => agreement.assignee_id(),
                    false => Some(&agreement.provider.id),
                };
                if let (Some(other), ContractStatus::InForce) = (other, status) {
                    let count: &mut u64 = contracts.entry(other.clone()).or_default();
                    *count = count.saturating_add(1);
                }
            }
        });
        let messages = connector
            .records
            .index(|state| state.count_waiting_messages())?;
        Ok(Self {
            contracts,
            messages: messages.into_iter().collect(),
        })
    }
}

/// Peer of the list, with what is known of it without a call.
#[derive(Debug, Serialize)]
struct ListedPeer {
    #[serde(flatten)]
    peer: PeerReport,
    /// Name for people, from the trust bundle.
    name: Option<String>,
    /// Last greeting by us that succeeded, since the start of the connector.
    reached_at: Option<UtcTimestamp>,
    /// Time of this greeting with its connection, in milliseconds.
    round_trip_ms: Option<u64>,
    /// Program and version in the words of the peer.
    program: Option<String>,
    /// Last call that failed; none after a greeting that succeeded.
    failure: Option<ContactFailureReport>,
    /// Contracts in force with the peer.
    contracts: u64,
    /// Messages that wait for the peer.
    messages: u64,
    /// `true` if the log of the peer has two histories.
    forked: bool,
}

/// Call of a peer that failed.
#[derive(Debug, Serialize)]
struct ContactFailureReport {
    at: UtcTimestamp,
    code: &'static str,
    sentence: String,
}

impl ListedPeer {
    fn new(connector: &Connector, peer: &KnownPeer, counts: &PeerCounts) -> Self {
        let bundle = connector.identity.trust.bundle();
        let contact = connector.peer_contact(&peer.id);
        let round_trip = contact.round_trip.map(|micros| micros / 1_000);
        Self {
            peer: PeerReport::new(connector, peer),
            name: bundle.member(&peer.id).map(|member| member.name.clone()),
            reached_at: contact.reached_at,
            round_trip_ms: round_trip.and_then(|millis| u64::try_from(millis).ok()),
            program: contact.program,
            failure: contact.failure.map(|failure| ContactFailureReport {
                at: failure.at,
                code: failure.code.as_str(),
                sentence: failure.sentence,
            }),
            contracts: counts.contracts.get(&peer.id).copied().unwrap_or_default(),
            messages: counts.messages.get(&peer.id).copied().unwrap_or_default(),
            forked: connector.fork_of(&peer.id).is_ok_and(|fork| fork.is_some()),
        }
    }
}

impl ReportRow for ListedPeer {
    const HEADER: &'static [&'static str] =
        &["ALIAS", "PARTICIPANT", "ADDRESS", "CONTRACTS", "LAST CALL"];

    fn cells(&self) -> Vec<String> {
        let last = match (&self.failure, self.reached_at) {
            (Some(failure), _) => format!("{} at {}", failure.code, failure.at),
            (None, Some(reached)) => format!("reached at {reached}"),
            (None, None) => "–".to_owned(),
        };
        vec![
            self.peer.alias.to_string(),
            self.peer.participant.clone(),
            self.peer.address.clone(),
            self.contracts.to_string(),
            last,
        ]
    }
}

/// Peer that was added.
#[derive(Debug, Serialize)]
struct AddedPeerReport(PeerReport);

impl CommandReport for AddedPeerReport {
    fn to_text(&self) -> String {
        let Self(peer) = self;
        format!(
            "{} is known as {} and answers at {}",
            peer.participant, peer.alias, peer.address
        )
    }
}

/// Peer with the newest head of its log, which people alone are told.
#[derive(Debug, Serialize)]
struct ShownPeerReport {
    #[serde(flatten)]
    peer: PeerReport,
    #[serde(skip)]
    log_head: String,
}

impl CommandReport for ShownPeerReport {
    fn to_text(&self) -> String {
        format!(
            "{}\n  alias     {}\n  address   {}\n  log head  {}",
            self.peer.participant, self.peer.alias, self.peer.address, self.log_head
        )
    }
}

/// Peer that was forgotten.
#[derive(Debug, Serialize)]
struct RemovedPeerReport {
    participant: String,
    removed: bool,
}

impl CommandReport for RemovedPeerReport {
    fn to_text(&self) -> String {
        format!("{} is forgotten", self.participant)
    }
}

async fn add_peer(
    connector: &Arc<Connector>,
    named: &str,
    id: Option<&str>,
    alias: Option<&str>,
) -> Result<KnownPeer, Refusal> {
    let (id, address) = match named.rsplit_once(':') {
        Some((host, _)) => (parse_identity(named, id.unwrap_or(host))?, named.to_owned()),
        None => {
            let id = parse_identity(named, id.unwrap_or(named))?;
            let address = member_address(&connector.identity, &id)?;
            (id, address)
        }
    };
    if id == connector.id() {
        return Err(Refusal::new(
            ErrorCode::UsageWrong,
            "that is the identity of this participant itself",
        ));
    }
    let alias: SqlIdentifier = match alias {
        Some(alias) => alias
            .parse()
            .map_err(|fault| Refusal::new(ErrorCode::AliasClash, format!("`{alias}`: {fault}")))?,
        None => id.default_alias().ok_or_else(|| {
            Refusal::new(
                ErrorCode::AliasClash,
                format!(
                    "`{}` does not begin with a label that can be an alias",
                    id.domain()
                ),
            )
            .with_help("choose one with --alias")
        })?,
    };
    if connector.config().peers.iter().any(|known| known.id == id) {
        return Err(Refusal::new(
            ErrorCode::UsageWrong,
            format!("`{}` stands in the configuration", id.domain()),
        )
        .with_help("change its [[peer]] there, then hansa reload"));
    }
    let peer = KnownPeer { id, address, alias };
    check_alias_free(connector, &peer)?;
    connector.hang_up(&peer.id).await;
    remember_peer(connector, &peer).await?;
    Ok(peer)
}

/// The identity of a participant as a person wrote it.
fn parse_identity(named: &str, id: &str) -> Result<ParticipantId, Refusal> {
    id.parse().map_err(|cause| {
        Refusal::new(
            ErrorCode::UsageWrong,
            format!("`{id}` is not the identity of a participant"),
        )
        .with_help(format!("hansa peer add {named} --id DOMAIN"))
        .caused_by(cause)
    })
}

/// The address that the league has signed for a member.
fn member_address(identity: &ConnectorIdentity, id: &ParticipantId) -> Result<String, Refusal> {
    let bundle = identity.trust.bundle();
    let member = bundle
        .member(id)
        .filter(|member| member.expelled_at.is_none());
    let address = member.and_then(|member| member.address.clone());
    address.ok_or_else(|| {
        let domain = id.domain();
        Refusal::new(
            ErrorCode::PeerUnknown,
            format!("the league has no address of a member `{domain}`"),
        )
        .with_help(format!(
            "name its address: hansa peer add HOST:PORT --id {domain}"
        ))
    })
}

/// Takes a participant as a peer from now on, if it is none yet: it is greeted first, and the log says so.
///
/// # Errors
/// `PEER_UNREACHABLE`, `ALIAS_CLASH`, or when nothing can be recorded.
pub(crate) async fn remember_peer(
    connector: &Arc<Connector>,
    peer: &KnownPeer,
) -> Result<(), Refusal> {
    if connector.known_peers()?.contains(peer) {
        return Ok(());
    }
    connector.call_peer(peer).await?;
    // Of two that are added at once under the same alias one is refused.
    let _turn = connector.contracts.negotiation_lock.lock().await;
    check_alias_free(connector, peer)?;
    let _durable = connector
        .record(AuditEvent::from(PeerRecord {
            peer: peer.id.to_string(),
            address: Some(peer.address.to_string()),
            alias: Some(peer.alias.to_string()),
        }))
        .await?;
    connector.records.index(|_| Ok(()))
}

/// Takes as peers those members of the league of whose datasets a statement names one as `participant.dataset`. One that can't be reached
/// is mentioned and stops nothing.
///
/// # Errors
/// When the index can't be read.
pub(crate) async fn remember_named(
    connector: &Arc<Connector>,
    named: &NamedTables,
    out: &EventSink,
) -> Result<(), Refusal> {
    for member in connector.reachable_members()? {
        if !named.has_participant(member.alias.as_str()) {
            continue;
        }
        if let Err(refusal) = remember_peer(connector, &member).await {
            let domain = member.id.domain();
            out.send_notice(format!("{domain} was not reached: {}", refusal.sentence))
                .await;
        }
    }
    Ok(())
}

/// Checks that nobody else has the alias of that peer.
fn check_alias_free(connector: &Connector, peer: &KnownPeer) -> Result<(), Refusal> {
    let mut known = connector.known_peers()?.into_iter();
    let alias = &peer.alias;
    let taken = connector.config().participant.alias == *alias
        || known.any(|known| known.alias == *alias && known.id != peer.id);
    match taken {
        false => Ok(()),
        true => Err(Refusal::new(
            ErrorCode::AliasClash,
            format!("`{alias}` is already somebody's alias here"),
        )
        .with_help("choose another with --alias")),
    }
}
