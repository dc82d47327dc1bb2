//! Heads that peers show of their logs. Each must extend the previous one; otherwise the peer has replaced its history.

mod forked_logs;
mod gossiped_heads;
mod head_exchange;
pub(crate) mod head_tracker;

use crate::log::audit_event::AuditEvent;
use crate::log::log_heads::forked_logs::ConflictingHeads;
use crate::participant::Connector;
use crate::peer::peer_allowances::CountedAction;
use hansa_audit_log::note::{self, Checkpoint, NoteKey, SignedHead};
use hansa_audit_log::record::incidents::{EarlierHead, ObservedHeadRecord};
use hansa_audit_log::tree::check_consistency;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::proof::{LogProof, LogProofRequest};
use hansa_store::state_index::row::GossipedHeadRow;
use hansa_transport::peer::client::PeerClient;

/// Result of asking a peer for a proof between two of its heads.
enum HeadProof {
    /// Proven head that extends the known one.
    Proven(Box<SignedHead>),
    /// No valid proof; the peer's new head, if it was signed.
    Nothing(Option<Box<SignedHead>>),
    /// The peer could not be asked.
    Unknown,
}

impl Connector {
    /// Parses a head with a single signature, by the peer's registered note key.
    pub fn checked_head(&self, peer: &ParticipantId, head: &[u8]) -> Option<SignedHead> {
        let bundle = self.identity.trust.bundle();
        let member = bundle.member(peer)?;
        let head: SignedHead = std::str::from_utf8(head).ok()?.parse().ok()?;
        let key = NoteKey {
            name: note::log_origin(peer.domain()),
            algorithm: note::ED25519,
            public: member.note_key.raw_bytes().to_vec(),
        };
        head.only_by(&key, &hansa_audit_store::key::Ed25519NoteVerifier)
    }

    /// Takes in a head that a caller shows.
    ///
    /// A caller is never dialled, so no proof can be requested. Two different heads of one size still show a fork.
    ///
    /// # Errors
    /// If the log can't be written.
    pub(crate) async fn see_head(&self, peer: &ParticipantId, head: &[u8]) -> Result<(), Refusal> {
        let Some(head) = self.checked_head(peer, head) else {
            return Ok(());
        };
        let _turn = self.peers.heads.lock_heads().await;
        if !self.fits_known_heads(peer, &head, None).await? {
            return Ok(());
        }
        match self.known_head(peer)? {
            // A newer head may have arrived first.
            Some(known) if known.checkpoint.size >= head.checkpoint.size => Ok(()),
            _ if self.is_recorded(peer, &head)? => Ok(()),
            // A later head covers this one, too.
            _ if !self.has_room_for_head(peer) => Ok(()),
            _ => self.note_head(peer, &head, false, &[]).await,
        }
    }

    /// Compares a head with all recorded heads of its size, proven or not. If two differ, both are recorded and the method returns
    /// false.
    ///
    /// # Errors
    /// If the log can't be written.
    async fn fits_known_heads(
        &self,
        peer: &ParticipantId,
        head: &SignedHead,
        via: Option<&ParticipantId>,
    ) -> Result<bool, Refusal> {
        // INVARIANT: one-history. Two conflicting heads of one log are in our log, whoever has shown them.
        for (known, by) in self.recorded_heads(peer, head.checkpoint.size)? {
            if known.checkpoint != head.checkpoint {
                let via = via.or((by != *peer).then_some(&by));
                let heads = ConflictingHeads {
                    known: &known,
                    shown: head,
                };
                self.note_fork(peer, heads, via).await?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn is_recorded(&self, peer: &ParticipantId, head: &SignedHead) -> Result<bool, Refusal> {
        let mut recorded = self.recorded_heads(peer, head.checkpoint.size)?.into_iter();
        Ok(recorded.any(|(known, _)| known.checkpoint == head.checkpoint))
    }

    /// Recorded heads of a log with this size, each with the participant that has shown it.
    fn recorded_heads(
        &self,
        peer: &ParticipantId,
        size: u64,
    ) -> Result<Vec<(SignedHead, ParticipantId)>, Refusal> {
        let rows = self.records.index(|state| state.recorded_of(peer, size))?;
        let read = |row: GossipedHeadRow| Some((row.note.parse().ok()?, row.via));
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// Takes in a head that a called peer shows. If an older one is known, the peer proves that its log extends it.
    ///
    /// # Errors
    /// If the log can't be written.
    pub async fn follow_head(&self, client: &PeerClient, head: &[u8]) -> Result<(), Refusal> {
        let peer = client.participant();
        let Some(head) = self.checked_head(peer, head) else {
            return Ok(());
        };
        let turn = self.peers.heads.lock_heads().await;
        if !self.fits_known_heads(peer, &head, None).await? {
            return Ok(());
        }
        let Some(known) = self.known_head(peer)? else {
            self.note_head(peer, &head, true, &[]).await?;
            self.peers.heads.to_be_cosigned(peer, head);
            return Ok(());
        };
        // The lock is released, so that nobody waits for a slow proof of a peer.
        drop(turn);
        if known.checkpoint == head.checkpoint {
            return Ok(());
        }
        match self.prove_extension(client, &known, &head).await {
            HeadProof::Proven(newest) => self.accept_extended_head(peer, *newest).await,
            HeadProof::Nothing(_) => {
                let heads = ConflictingHeads {
                    known: &known,
                    shown: &head,
                };
                self.note_fork(peer, heads, None).await
            }
            HeadProof::Unknown => Ok(()),
        }
    }

    /// Takes in a head that was proven to extend the known one.
    async fn accept_extended_head(
        &self,
        peer: &ParticipantId,
        newest: SignedHead,
    ) -> Result<(), Refusal> {
        let _turn = self.peers.heads.lock_heads().await;
        if self.fits_known_heads(peer, &newest, None).await? {
            self.note_head(peer, &newest, true, &[]).await?;
            self.peers.heads.to_be_cosigned(peer, newest);
        }
        Ok(())
    }

    async fn prove_extension(
        &self,
        client: &PeerClient,
        known: &SignedHead,
        shown: &SignedHead,
    ) -> HeadProof {
        let from = &known.checkpoint;
        let request = LogProofRequest::Consistency {
            from: from.size,
            to: None,
        };
        let (hashes, newest) = match client.fetch_proof(request).await {
            Ok(LogProof::Consistency { hashes, head }) => (hashes, head),
            Ok(LogProof::Records { .. }) => return HeadProof::Nothing(None),
            // An error of the connection is no evidence about the log; the next greeting asks again.
            Err(refusal) if on_the_way(refusal.code) => return HeadProof::Unknown,
            Err(refusal)
                if refusal.code == ErrorCode::Internal && shown.checkpoint.size >= from.size =>
            {
                return HeadProof::Unknown;
            }
            Err(_) => return HeadProof::Nothing(None),
        };
        let Some(newest) = self.checked_head(client.participant(), &newest) else {
            return HeadProof::Nothing(None);
        };
        let to = &newest.checkpoint;
        if check_consistency(from.size, to.size, from.root, to.root, &hashes) {
            HeadProof::Proven(Box::new(newest))
        } else {
            HeadProof::Nothing(Some(Box::new(newest)))
        }
    }

    /// Newest head that a peer has shown here, and true if it was proven to extend the earlier ones.
    fn known_head(&self, peer: &ParticipantId) -> Result<Option<SignedHead>, Refusal> {
        let row = self.records.index(|state| state.head_of(peer))?;
        Ok(row.and_then(|row| row.note.parse().ok()))
    }

    /// True if the log has room for another head of a peer, or one that the peer passes on or cosigns. The limit prevents a peer
    /// from filling the log.
    pub(crate) fn has_room_for_head(&self, peer: &ParticipantId) -> bool {
        let allowances = &self.limits.allowances;
        allowances.take_action(peer, CountedAction::Head, self.ticks())
    }

    /// Records a head, and the recorded heads that it was proven to extend.
    pub(crate) async fn note_head(
        &self,
        peer: &ParticipantId,
        head: &SignedHead,
        proven: bool,
        over: &[&Checkpoint],
    ) -> Result<(), Refusal> {
        let over = over.iter().map(|earlier| EarlierHead {
            size: earlier.size,
            root: note::base64::encode(earlier.root.as_bytes()),
        });
        let _durable = self
            .record(AuditEvent::from(ObservedHeadRecord {
                peer: peer.to_string(),
                size: head.checkpoint.size,
                proven,
                over: over.collect(),
                note: head.to_string(),
            }))
            .await?;
        Ok(())
    }
}

/// Checks that an error is no evidence about the peer's log.
const fn on_the_way(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::PeerUnreachable
            | ErrorCode::PeerNotTrusted
            | ErrorCode::CertificateExpired
            | ErrorCode::BundleInvalid
            | ErrorCode::TimedOut
            | ErrorCode::StreamCut
            | ErrorCode::Moved
            | ErrorCode::EvidenceUnavailable
            | ErrorCode::DiskFull
            | ErrorCode::TooManyStreams
            | ErrorCode::TooManyConnections
    )
}
