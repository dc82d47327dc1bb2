//! Peers and their open connections.

use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ParticipantId, SqlIdentifier};
use hansa_policy::refusal::ErrorCode;
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

/// Last contacts with a peer that this participant began, since its start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeerContact {
    /// Last greeting that succeeded.
    pub reached_at: Option<UtcTimestamp>,
    /// Time of this greeting with its connection, in microseconds.
    pub round_trip: Option<i64>,
    /// Program and version, in the words of the peer.
    pub program: Option<String>,
    /// Last connection that failed; none after a greeting that succeeded.
    pub failure: Option<ContactFailure>,
}

/// Connection to a peer that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactFailure {
    /// Instant of the failure.
    pub at: UtcTimestamp,
    /// Code of the reason.
    pub code: ErrorCode,
    /// Sentence of the reason.
    pub sentence: String,
}

/// Greeting of a peer that succeeded.
#[derive(Debug)]
pub(crate) struct SuccessfulContact {
    pub(crate) at: UtcTimestamp,
    /// Time of the greeting with its connection, in microseconds.
    pub(crate) round_trip: i64,
    pub(crate) program: String,
}

/// Open connections, and facts about addresses.
#[derive(Debug, Default)]
pub(crate) struct PeerConnections {
    pub(crate) held: tokio::sync::Mutex<BTreeMap<ParticipantId, (String, PeerClient)>>,
    /// Connection timeouts of addresses without a listener.
    listening: Mutex<BTreeMap<String, ListenPatience>>,
    /// Last contacts with each peer.
    contacts: Mutex<BTreeMap<ParticipantId, PeerContact>>,
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

    /// Last contacts with a peer.
    pub(crate) fn contact(&self, peer: &ParticipantId) -> PeerContact {
        self.contacts.lock().get(peer).cloned().unwrap_or_default()
    }

    /// Notes a greeting that succeeded.
    pub(crate) fn note_success(&self, peer: &ParticipantId, success: SuccessfulContact) {
        // The text of a peer is bounded, since it stays in memory.
        let program = success.program.chars().take(MOST_PROGRAM_LETTERS).collect();
        self.change_contact(peer, |contact| {
            *contact = PeerContact {
                reached_at: Some(success.at),
                round_trip: Some(success.round_trip),
                program: Some(program),
                failure: None,
            };
        });
    }

    /// Notes a connection that failed.
    pub(crate) fn note_failure(&self, peer: &ParticipantId, failure: ContactFailure) {
        self.change_contact(peer, |contact| contact.failure = Some(failure));
    }

    fn change_contact(&self, peer: &ParticipantId, change: impl FnOnce(&mut PeerContact)) {
        let mut contacts = self.contacts.lock();
        if !contacts.contains_key(peer) && contacts.len() >= MOST_ADDRESSES {
            contacts.clear();
        }
        change(contacts.entry(peer.clone()).or_default());
    }
}

/// Most addresses with stored facts.
const MOST_ADDRESSES: usize = 1_000;

/// Most letters of the program of a peer.
const MOST_PROGRAM_LETTERS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_that_succeeds_ends_the_failure_before_it() {
        let connections = PeerConnections::default();
        let peer: ParticipantId = "hansa://lindau.example".parse().unwrap();
        assert_eq!(connections.contact(&peer), PeerContact::default());
        connections.note_failure(
            &peer,
            ContactFailure {
                at: UtcTimestamp::EARLIEST,
                code: ErrorCode::PeerUnreachable,
                sentence: "no answer".to_owned(),
            },
        );
        assert!(connections.contact(&peer).failure.is_some());
        let success = SuccessfulContact {
            at: UtcTimestamp::EARLIEST,
            round_trip: 1_000,
            program: "x".repeat(1_000),
        };
        connections.note_success(&peer, success);
        let contact = connections.contact(&peer);
        assert_eq!(contact.failure, None);
        assert_eq!(contact.program.map(|program| program.len()), Some(100));
    }
}
