//! Peers, and the connections to them that hold.

use hansa_policy::id::{ParticipantId, SqlIdentifier};
use hansa_transport::peer::client::PeerClient;
use hansa_transport::peer::listen_patience::ListenPatience;
use parking_lot::Mutex;
use std::collections::BTreeMap;

/// A participant that this one talks to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPeer {
    /// Who it is.
    pub id: ParticipantId,
    /// `host:port`
    pub address: String,
    /// Its alias in SQL here.
    pub alias: SqlIdentifier,
}

/// The connections that hold, and what is known of the addresses.
#[derive(Debug, Default)]
pub(crate) struct PeerConnections {
    pub(crate) held: tokio::sync::Mutex<BTreeMap<ParticipantId, (String, PeerClient)>>,
    /// How long each address is tried at which nobody listens.
    listening: Mutex<BTreeMap<String, ListenPatience>>,
}

impl PeerConnections {
    /// The patience with an address.
    pub(crate) fn patience_with(&self, address: &str) -> ListenPatience {
        let mut listening = self.listening.lock();
        if !listening.contains_key(address) && listening.len() >= MOST_ADDRESSES {
            listening.clear();
        }
        listening.entry(address.to_owned()).or_default().clone()
    }
}

/// The most addresses of which something is known.
const MOST_ADDRESSES: usize = 1_000;
