//! The heads that peers show of their logs. Each must continue the one before: else a history was exchanged for another.

mod forked_logs;
mod gossiped_heads;
mod head_exchange;
pub(crate) mod head_tracker;

use crate::log::audit_event::AuditEvent;
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

/// What a peer could show for two of its heads.
enum HeadProof {
    /// A head that continues the one that is known.
    Proven(Box<SignedHead>),
    /// Nothing that holds; the head that it came with, if it was signed.
    Nothing(Option<Box<SignedHead>>),
    /// It could not be asked.
    Unknown,
}

impl Connector {
    /// A head that is signed by the peer's registered note key, with that signature alone.
    pub fn checked_head(&self, peer: &ParticipantId, head: &[u8]) -> Option<SignedHead> {
        let bundle = self.identity.trust.bundle();
        let member = bundle.member(peer)?;
        let head: SignedHead = std::str::from_utf8(head).ok()?.parse().ok()?;
        let key = NoteKey {
            name: note::origin(peer.domain()),
            algorithm: note::ED25519,
            public: member.note_key.raw().to_vec(),
        };
        head.only_by(&key, &hansa_audit_store::key::Ed25519NoteVerifier)
    }

    /// Takes in a head that a caller shows. A caller is never dialled, so it can't be asked for a proof: two heads of one size
    /// tell of two histories all the same.
    ///
    /// # Errors
    /// When the log can't be written.
    pub(crate) async fn see_head(&self, peer: &ParticipantId, head: &[u8]) -> Result<(), Refusal> {
        let Some(head) = self.checked_head(peer, head) else {
            return Ok(());
        };
        let _turn = self.peers.heads.lock_heads().await;
        if !self.fits(peer, &head, None).await? {
            return Ok(());
        }
        match self.known_head(peer)? {
            // It may have been overtaken on the way by a newer one.
            Some(known) if known.checkpoint.size >= head.checkpoint.size => Ok(()),
            _ if self.is_recorded(peer, &head)? => Ok(()),
            // One of those that come later tells of this one, too.
            _ if !self.has_room_for_head(peer) => Ok(()),
            _ => self.note_head(peer, &head, false, &[]).await,
        }
    }

    /// Holds a head against every one of the same size that is in our log, proven or not. Of two that differ both are
    /// recorded, and it does not fit.
    ///
    /// # Errors
    /// When the log can't be written.
    async fn fits(
        &self,
        peer: &ParticipantId,
        head: &SignedHead,
        via: Option<&ParticipantId>,
    ) -> Result<bool, Refusal> {
        // INVARIANT: one-history. Two heads of one log that do not fit each other are in our log, whoever has shown them.
        for (known, by) in self.recorded_heads(peer, head.checkpoint.size)? {
            if known.checkpoint != head.checkpoint {
                let via = via.or((by != *peer).then_some(&by));
                self.note_fork(peer, (&known, head), via).await?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn is_recorded(&self, peer: &ParticipantId, head: &SignedHead) -> Result<bool, Refusal> {
        let mut recorded = self.recorded_heads(peer, head.checkpoint.size)?.into_iter();
        Ok(recorded.any(|(known, _)| known.checkpoint == head.checkpoint))
    }

    /// The heads of a log of this size that are in our log, each with who has shown it.
    fn recorded_heads(
        &self,
        peer: &ParticipantId,
        size: u64,
    ) -> Result<Vec<(SignedHead, ParticipantId)>, Refusal> {
        let rows = self.records.index(|state| state.recorded_of(peer, size))?;
        let read = |row: GossipedHeadRow| Some((row.note.parse().ok()?, row.via));
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// Takes in a head that a peer shows to us who have called it: where an older one is known, the peer proves that it goes
    /// on from there.
    ///
    /// # Errors
    /// When the log can't be written.
    pub async fn follow_head(&self, client: &PeerClient, head: &[u8]) -> Result<(), Refusal> {
        let peer = client.participant();
        let Some(head) = self.checked_head(peer, head) else {
            return Ok(());
        };
        let turn = self.peers.heads.lock_heads().await;
        if !self.fits(peer, &head, None).await? {
            return Ok(());
        }
        let Some(known) = self.known_head(peer)? else {
            self.note_head(peer, &head, true, &[]).await?;
            self.peers.heads.to_be_cosigned(peer, head);
            return Ok(());
        };
        // Nobody waits for what a peer takes its time to prove.
        drop(turn);
        if known.checkpoint == head.checkpoint {
            return Ok(());
        }
        match self.prove(client, &known, &head).await {
            HeadProof::Proven(newest) => self.go_on(peer, *newest).await,
            HeadProof::Nothing(_) => self.note_fork(peer, (&known, &head), None).await,
            HeadProof::Unknown => Ok(()),
        }
    }

    /// Takes in a head that was proven to go on from the known one.
    async fn go_on(&self, peer: &ParticipantId, newest: SignedHead) -> Result<(), Refusal> {
        let _turn = self.peers.heads.lock_heads().await;
        if self.fits(peer, &newest, None).await? {
            self.note_head(peer, &newest, true, &[]).await?;
            self.peers.heads.to_be_cosigned(peer, newest);
        }
        Ok(())
    }

    async fn prove(
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
        let (hashes, newest) = match client.proof(request).await {
            Ok(LogProof::Consistency { hashes, head }) => (hashes, head),
            Ok(LogProof::Records { .. }) => return HeadProof::Nothing(None),
            // What says nothing of its log is asked again at the next greeting.
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

    /// The newest head that a peer has shown to us, and whether it has proven that it goes on from those before.
    fn known_head(&self, peer: &ParticipantId) -> Result<Option<SignedHead>, Refusal> {
        let row = self.records.index(|state| state.head_of(peer))?;
        Ok(row.and_then(|row| row.note.parse().ok()))
    }

    /// True if one more head of a peer, or one that it passes on or cosigns, may stand in our log: however many it shows, they must not
    /// fill it.
    pub(crate) fn has_room_for_head(&self, peer: &ParticipantId) -> bool {
        let allowances = &self.limits.allowances;
        allowances.take(peer, CountedAction::Head, self.ticks())
    }

    /// Records a head, and the recorded ones from which it was proven to go on.
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

/// Whether a failure says nothing of the peer's log.
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
