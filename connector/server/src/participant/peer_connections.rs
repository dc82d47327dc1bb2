//! Peers, and the connections to them that hold.

use hansa_policy::id::{ParticipantId, SqlIdentifier};
use hansa_transport::peer::client::PeerClient;
use std::collections::BTreeMap;

/// A participant that this one talks to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownPeer {
    /// Who it is.
    pub(crate) id: ParticipantId,
    /// `host:port`
    pub(crate) address: String,
    /// Its alias in SQL here.
    pub(crate) alias: SqlIdentifier,
}

/// The connections that hold.
#[derive(Debug, Default)]
pub(crate) struct PeerConnections(
    pub(super) tokio::sync::Mutex<BTreeMap<ParticipantId, (String, PeerClient)>>,
);
