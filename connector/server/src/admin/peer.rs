//! `hansa peer`: the participants that this connector talks to.

use crate::admin::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::connector_command::peer::PeerCommand;
use crate::cli::output::table;
use crate::participant::Connector;
use crate::participant::audit_event::AuditEvent;
use crate::participant::peer_connections::KnownPeer;
use hansa_audit_log::json::Json;
use hansa_policy::id::{ParticipantId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde_json::{Value, json};
use std::sync::Arc;

/// Carries out one of the verbs.
pub(crate) async fn run(
    connector: &Arc<Connector>,
    command: PeerCommand,
    out: &EventSink,
) -> CommandResult {
    match command {
        PeerCommand::List => {
            let mut rows = Vec::new();
            for peer in connector.known_peers()? {
                out.object(peer_json(connector, &peer), "").await?;
                rows.push(vec![
                    peer.alias.to_string(),
                    peer.id.domain().to_owned(),
                    peer.address.clone(),
                ]);
            }
            out.text(table(&["ALIAS", "PARTICIPANT", "ADDRESS"], &rows))
                .await?;
        }
        PeerCommand::Add { address, id, alias } => {
            let peer = add(connector, &address, id.as_deref(), alias.as_deref()).await?;
            out.object(
                peer_json(connector, &peer),
                format!(
                    "{} is known as {} and answers at {}",
                    peer.id.domain(),
                    peer.alias,
                    peer.address
                ),
            )
            .await?;
        }
        PeerCommand::Show { peer } => {
            let peer = connector.peer(&peer)?;
            let head = connector.records.index(|state| state.head_of(&peer.id))?;
            out.object(
                peer_json(connector, &peer),
                format!(
                    "{}\n  alias     {}\n  address   {}\n  log head  {}",
                    peer.id.domain(),
                    peer.alias,
                    peer.address,
                    head.map_or_else(
                        || "none seen yet".to_owned(),
                        |head| format!("{} records", head.note.lines().nth(1).unwrap_or("?"))
                    )
                ),
            )
            .await?;
        }
        PeerCommand::Remove { peer } => {
            let peer = connector.peer(&peer)?;
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
                .record(AuditEvent::new("peer", [("peer", Json::text(&peer.id))]))
                .await?;
            connector.records.index(|_| Ok(()))?;
            connector.hang_up(&peer.id).await;
            out.object(
                json!({"participant": peer.id.domain(), "removed": true}),
                format!("{} is forgotten", peer.id.domain()),
            )
            .await?;
        }
    }
    Ok(0)
}

fn peer_json(connector: &Connector, peer: &KnownPeer) -> Value {
    json!({
        "participant": peer.id.domain(),
        "alias": peer.alias.as_str(),
        "address": peer.address,
        "member": connector.identity.trust.bundle().member(&peer.id).is_some_and(|member| member.expelled_at.is_none()),
    })
}

async fn add(
    connector: &Arc<Connector>,
    address: &str,
    id: Option<&str>,
    alias: Option<&str>,
) -> Result<KnownPeer, Refusal> {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let named = id.unwrap_or(host);
    let id: ParticipantId = named.parse().map_err(|cause| {
        Refusal::new(
            ErrorCode::UsageWrong,
            format!("`{named}` is not the identity of a participant"),
        )
        .with_help(format!("hansa peer add {address} --id DOMAIN"))
        .caused_by(cause)
    })?;
    if id == connector.id() {
        return Err(Refusal::new(
            ErrorCode::UsageWrong,
            "that is this participant",
        ));
    }
    let alias: SqlIdentifier = match alias {
        Some(alias) => alias
            .parse()
            .map_err(|fault| Refusal::new(ErrorCode::AliasClash, format!("`{alias}`: {fault}")))?,
        None => id.default_alias().ok_or_else(|| {
            Refusal::new(
                ErrorCode::AliasClash,
                format!("`{}` does not begin with a name", id.domain()),
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
    let peer = KnownPeer {
        id,
        address: address.to_owned(),
        alias,
    };
    free(connector, &peer)?;
    connector.hang_up(&peer.id).await;
    connector.call(&peer).await?;
    // Of two that are added at once under the same alias one is refused.
    let _turn = connector.contracts.negotiation_lock.lock().await;
    free(connector, &peer)?;
    let _durable = connector
        .record(AuditEvent::new(
            "peer",
            [
                ("peer", Json::text(&peer.id)),
                ("address", Json::text(&peer.address)),
                ("alias", Json::text(&peer.alias)),
            ],
        ))
        .await?;
    connector.records.index(|_| Ok(()))?;
    Ok(peer)
}

/// Checks that nobody else has the alias of that peer.
fn free(connector: &Connector, peer: &KnownPeer) -> Result<(), Refusal> {
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
