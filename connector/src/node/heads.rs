//! The heads that peers show of their logs. Each must continue the one before: else a history was exchanged for another.

use crate::node::Node;
use crate::walk::fact::Fact;
use bytes::Bytes;
use evidence::json::Json;
use evidence::note::{self, NoteKey, SignedHead};
use evidence::tree::check_consistency;
use faces::peer::call::PeerClient;
use policy::id::ParticipantId;
use policy::refusal::{Code, Refusal};
use proto::peer::proof::{Proof, Wanted};
use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

/// What a peer could show for two of its heads.
enum Shown {
    /// A head that continues the one that is known.
    Proven(Box<SignedHead>),
    /// Nothing that holds.
    Nothing,
    /// It could not be asked.
    Unknown,
}

impl Node {
    /// A head that is signed by the peer's registered note key.
    pub(crate) fn checked_head(&self, peer: &ParticipantId, head: &[u8]) -> Option<SignedHead> {
        let bundle = self.trust.bundle();
        let member = bundle.member(peer)?;
        let head: SignedHead = std::str::from_utf8(head).ok()?.parse().ok()?;
        let key = NoteKey {
            name: note::origin(peer.domain()),
            algorithm: note::ED25519,
            public: member.note_key.raw().to_vec(),
        };
        head.is_signed_by(&key, &keep::audit::key::Ed25519Notes)
            .then_some(head)
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
        match self.known_head(peer)? {
            None => self.note_head(peer, &head, false).await,
            Some(known) if known.checkpoint == head.checkpoint => Ok(()),
            Some(known) if known.checkpoint.size == head.checkpoint.size => {
                self.note_fork(peer, &known, &head).await
            }
            Some(known) if known.checkpoint.size < head.checkpoint.size => {
                self.note_head(peer, &head, false).await
            }
            // It may have been overtaken on the way by a newer one.
            Some(_) => Ok(()),
        }
    }

    /// Takes in a head that a peer shows to us who have called it: where an older one is known, the peer proves that it goes
    /// on from there.
    ///
    /// # Errors
    /// When the log can't be written.
    pub(crate) async fn follow_head(
        &self,
        client: &PeerClient,
        head: &[u8],
    ) -> Result<(), Refusal> {
        let peer = client.participant();
        let Some(head) = self.checked_head(peer, head) else {
            return Ok(());
        };
        let Some(known) = self.known_head(peer)? else {
            self.note_head(peer, &head, true).await?;
            self.unwitnessed().insert(peer.clone(), head);
            return Ok(());
        };
        if known.checkpoint == head.checkpoint {
            return Ok(());
        }
        match self.prove(client, &known, &head).await {
            Shown::Proven(newest) => {
                self.note_head(peer, &newest, true).await?;
                self.unwitnessed().insert(peer.clone(), *newest);
                Ok(())
            }
            Shown::Nothing => self.note_fork(peer, &known, &head).await,
            Shown::Unknown => Ok(()),
        }
    }

    fn unwitnessed(&self) -> MutexGuard<'_, BTreeMap<ParticipantId, SignedHead>> {
        self.unwitnessed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest head of a peer's log that was seen to go on from the one before, cosigned, unless that was done already:
    /// it goes back to the peer with the word on a receipt.
    pub(crate) fn witness(&self, peer: &ParticipantId) -> Option<Bytes> {
        let mut head = self.unwitnessed().remove(peer)?;
        let seconds = u64::try_from(self.now().micros() / 1_000_000).ok()?;
        match self.log.cosign(&mut head, seconds) {
            Ok(()) => Some(head.to_string().into()),
            Err(error) => {
                tracing::warn!(%error, "log.not_witnessed");
                None
            }
        }
    }

    /// Takes in a head of the own log that a peer has cosigned: evidence that it was shown this history and no other. What
    /// is no such head says nothing, and changes nothing.
    ///
    /// # Errors
    /// When the log can't be written.
    pub(crate) async fn take_witness(
        &self,
        peer: &ParticipantId,
        note: &[u8],
    ) -> Result<(), Refusal> {
        let bundle = self.trust.bundle();
        let read = || {
            let key = NoteKey {
                name: note::origin(peer.domain()),
                algorithm: note::COSIGNATURE,
                public: bundle.member(peer)?.note_key.raw().to_vec(),
            };
            let head: SignedHead = std::str::from_utf8(note).ok()?.parse().ok()?;
            let seconds = head.cosigned_by(&key, &keep::audit::key::Ed25519Notes)?;
            let ours = self.log.checkpoint_at(head.checkpoint.size)? == head.checkpoint;
            ours.then_some((head, seconds))
        };
        let Some((head, seconds)) = read() else {
            tracing::warn!(peer = peer.domain(), "log.no_witness");
            return Ok(());
        };
        let _durable = self
            .record(Fact::new(
                "witnessed",
                [
                    ("peer", Json::text(peer)),
                    ("size", Json::count(head.checkpoint.size)),
                    ("seconds", Json::count(seconds)),
                    ("note", Json::text(head)),
                ],
            ))
            .await?;
        Ok(())
    }

    async fn prove(&self, client: &PeerClient, known: &SignedHead, shown: &SignedHead) -> Shown {
        let from = &known.checkpoint;
        let wanted = Wanted::Consistency {
            from: from.size,
            to: None,
        };
        let (hashes, newest) = match client.proof(wanted).await {
            Ok(Proof::Consistency { hashes, head }) => (hashes, head),
            Ok(Proof::Records { .. }) => return Shown::Nothing,
            // What says nothing of its log is asked again at the next greeting.
            Err(refusal) if on_the_way(refusal.code) => return Shown::Unknown,
            Err(refusal)
                if refusal.code == Code::Internal && shown.checkpoint.size >= from.size =>
            {
                return Shown::Unknown;
            }
            Err(_) => return Shown::Nothing,
        };
        let Some(newest) = self.checked_head(client.participant(), &newest) else {
            return Shown::Nothing;
        };
        let to = &newest.checkpoint;
        if check_consistency(from.size, to.size, from.root, to.root, &hashes) {
            Shown::Proven(Box::new(newest))
        } else {
            Shown::Nothing
        }
    }

    fn known_head(&self, peer: &ParticipantId) -> Result<Option<SignedHead>, Refusal> {
        let note = self.index(|state| state.head_of(peer))?;
        Ok(note.and_then(|note| note.parse().ok()))
    }

    async fn note_head(
        &self,
        peer: &ParticipantId,
        head: &SignedHead,
        proven: bool,
    ) -> Result<(), Refusal> {
        let _durable = self
            .record(Fact::new(
                "checkpoint_seen",
                [
                    ("peer", Json::text(peer)),
                    ("size", Json::count(head.checkpoint.size)),
                    ("proven", Json::Bool(proven)),
                    ("note", Json::text(head)),
                ],
            ))
            .await?;
        Ok(())
    }

    /// Both heads are on the books, signed by the peer: that is the proof. It is noted once.
    async fn note_fork(
        &self,
        peer: &ParticipantId,
        known: &SignedHead,
        shown: &SignedHead,
    ) -> Result<(), Refusal> {
        if self.fork_of(peer)?.is_some() {
            return Ok(());
        }
        tracing::error!(peer = peer.domain(), "log.forked");
        let _durable = self
            .record(Fact::new(
                "log_fork",
                [
                    ("peer", Json::text(peer)),
                    ("code", Json::text(Code::LogFork)),
                    ("known", Json::text(known)),
                    ("shown", Json::text(shown)),
                ],
            ))
            .await?;
        Ok(())
    }

    /// That a peer has shown two histories of its log, if it has.
    ///
    /// # Errors
    /// When the index can't be read.
    pub(crate) fn fork_of(&self, peer: &ParticipantId) -> Result<Option<Refusal>, Refusal> {
        let forks = self.index(|state| state.forks())?;
        Ok(forks.into_iter().find(|(id, _)| id == peer).map(forked))
    }

    /// All of them.
    ///
    /// # Errors
    /// When the index can't be read.
    pub(crate) fn forks(&self) -> Result<Vec<Refusal>, Refusal> {
        let forks = self.index(|state| state.forks())?;
        Ok(forks.into_iter().map(forked).collect())
    }
}

fn forked((peer, record): (ParticipantId, u64)) -> Refusal {
    Refusal::new(
        Code::LogFork,
        format!(
            "the log of {} does not go on from the head that it has shown before",
            peer.domain()
        ),
    )
    .with_participant(peer)
    .with_help(format!(
        "both signed heads: hansa audit show {record}; tell the league"
    ))
}

/// Whether a failure says nothing of the peer's log.
const fn on_the_way(code: Code) -> bool {
    matches!(
        code,
        Code::PeerUnreachable
            | Code::PeerNotTrusted
            | Code::CertificateExpired
            | Code::BundleInvalid
            | Code::TimedOut
            | Code::StreamCut
            | Code::EvidenceUnavailable
            | Code::DiskFull
            | Code::TooManyStreams
    )
}
