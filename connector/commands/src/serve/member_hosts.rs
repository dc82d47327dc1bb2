//! From where members are expected to call: their connections come before those of strangers.

use hansa_node::participant::Connector;
use hansa_policy::refusal::Refusal;
use hansa_transport::member_hosts::MemberHosts;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Keeps the list: every ten minutes anew, since names come to mean other addresses.
///
/// # Errors
/// None; it ends when it is told to.
pub(crate) async fn refresh_member_hosts(
    connector: Arc<Connector>,
    hosts: Arc<MemberHosts>,
    stop: CancellationToken,
) -> Result<(), Refusal> {
    let mut look = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = look.tick() => {}
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            found = resolve_member_addresses(&connector) => hosts.set(found),
        }
    }
}

const EVERY: Duration = Duration::from_secs(600);

/// The longest that a name is looked up.
const LOOKUP: Duration = Duration::from_secs(5);

/// The addresses of all members that are written as numbers, and of peers, which are dialled anyway, also those that are
/// written as names.
async fn resolve_member_addresses(connector: &Connector) -> BTreeSet<IpAddr> {
    let bundle = connector.identity.trust.bundle();
    let members = bundle.content().parties.iter();
    let mut found: BTreeSet<IpAddr> = members
        .filter(|member| member.expelled_at.is_none())
        .filter_map(|member| member.address.as_deref()?.parse::<SocketAddr>().ok())
        .map(|address| address.ip())
        .collect();
    for peer in connector.known_peers().unwrap_or_default() {
        let lookup = tokio::time::timeout(LOOKUP, tokio::net::lookup_host(peer.address.as_str()));
        if let Ok(Ok(addresses)) = lookup.await {
            found.extend(addresses.map(|address| address.ip()));
        }
    }
    found
}
