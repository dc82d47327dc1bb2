//! Peers and their open connections.

use hansa_policy::id::{ParticipantId, SqlIdentifier};
use hansa_transport::peer::client::PeerClient;
use hansa_transport::peer::listen_patience::ListenPatience;
use parking_lot::Mutex;
use std::collections::BTreeMap;

/// Participant with which this one exchanges messages and questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPeer {
    /// Participant ID.
    pub id: ParticipantId,
    /// `host:port`
    pub address: String,
    /// Local alias in SQL.
    pub alias: SqlIdentifier,
}

/// Open connections, and facts about addresses.
#[derive(Debug, Default)]
pub(crate) struct PeerConnections {
    pub(crate) held: tokio::sync::Mutex<BTreeMap<ParticipantId, (String, PeerClient)>>,
    /// Connection timeouts of addresses without a listener.
    listening: Mutex<BTreeMap<String, ListenPatience>>,
}

impl PeerConnections {
    /// Returns the connection timeout of an address.
    pub(crate) fn listen_patience(&self, address: &str) -> ListenPatience {
        let mut listening = self.listening.lock();
        if !listening.contains_key(address) && listening.len() >= MOST_ADDRESSES {
            listening.clear();
        }
        listening.entry(address.to_owned()).or_default().clone()
    }
}

/// Most addresses with stored facts.
const MOST_ADDRESSES: usize = 1_000;
