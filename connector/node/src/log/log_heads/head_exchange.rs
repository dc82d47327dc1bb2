//! Contract partners are each other's witnesses: with the word on a receipt each shows its newest head, proves that it goes
//! on from the one before, and gets it back with the other's timestamped cosignature. In the manner of C2SP tlog-witness:
//! who is asked says from which head it wants a proof.

use crate::log::audit_event::AuditEvent;
use crate::log::log_heads::HeadProof;
use crate::log::log_heads::head_tracker::ExchangeTiming;
use crate::participant::Connector;
use crate::peer::peer_connections::KnownPeer;
use bytes::Bytes;
use hansa_audit_log::note::{self, Checkpoint, NoteKey, SignedHead};
use hansa_audit_log::record::body::{IncidentBody, RecordBody};
use hansa_audit_log::record::incidents::WitnessedHeadRecord;
use hansa_audit_log::tree::check_consistency;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::witness::{self, CosignOutcome, EARLIER, HeadConsistencyProof};
use hansa_transport::peer::client::PeerClient;
use std::sync::Arc;

/// What the proofs that came with a head say of an earlier one.
enum HeadContinuity {
    /// The log went on.
    On,
    /// Nothing yet.
    Lacking,
    /// It did not.
    Not,
}

impl Connector {
    /// Exchanges heads with a peer that was given our word on a receipt, now or, where that was done a moment ago, after a pause.
    ///
    /// # Errors
    /// Those of [`Connector::exchange_heads`], where it is done now.
    pub(crate) async fn exchange_heads_in_turn(
        self: &Arc<Self>,
        peer: &KnownPeer,
        client: &PeerClient,
    ) -> Result<(), Refusal> {
        match self.peers.heads.due(&peer.id, self.ticks()) {
            ExchangeTiming::Now => self.exchange_heads(client).await,
            ExchangeTiming::Arranged => Ok(()),
            ExchangeTiming::Later(pause) => {
                let (connector, peer) = (Arc::downgrade(self), peer.clone());
                let _task = tokio::spawn(async move {
                    tokio::time::sleep(pause).await;
                    let Some(connector) = connector.upgrade() else {
                        return;
                    };
                    connector.peers.heads.begins(&peer.id, connector.ticks());
                    let exchanged = match connector.call(&peer).await {
                        Ok(client) => connector.exchange_heads(&client).await,
                        Err(refusal) => Err(refusal),
                    };
                    if let Err(refusal) = exchanged {
                        tracing::info!(peer = peer.id.domain(), code = %refusal.code, "heads.kept");
                    }
                });
                Ok(())
            }
        }
    }

    /// Exchanges heads with a peer that was given our word on a receipt: follows its log to the newest head, cosigns that,
    /// and has our own newest head cosigned. Nothing is done while we have no newer head than the peer has cosigned; one
    /// is signed each second at most, or after so many records.
    ///
    /// # Errors
    /// When the peer can't be asked, or the log can't be written.
    pub(crate) async fn exchange_heads(&self, client: &PeerClient) -> Result<(), Refusal> {
        let peer = client.participant();
        let turn = self.peers.heads.turn(peer);
        let _turn = turn.lock().await;
        // What was cosigned is asked for first: of a head that came meanwhile the one here would seem to be put back.
        let last = self.records.index(|state| state.witnessed_by(peer))?;
        let head = self.records.log.head();
        if last == Some(head.checkpoint.size) {
            return Ok(());
        }
        self.follow_newest(client).await?;
        let first = last.and_then(|from| self.growth(from, &head.checkpoint));
        let mut outcome = client
            .witness(&witness::HeadSubmission {
                head: head.to_string().into(),
                growth: first.into_iter().collect(),
                witnessed: self.witness(peer),
            })
            .await?;
        if let CosignOutcome::Wanted(wanted) = &outcome {
            // A newer one may have been shown to somebody meanwhile.
            let head = self.records.log.head();
            let wanted = wanted
                .iter()
                .filter_map(|earlier| self.signed_here(earlier))
                .map(|earlier| earlier.checkpoint.size);
            // What was proven with the first one is proven again: this is another head.
            let growth = wanted
                .chain(last)
                .filter_map(|from| self.growth(from, &head.checkpoint))
                .take(EARLIER);
            let again = witness::HeadSubmission {
                growth: growth.collect(),
                head: head.to_string().into(),
                witnessed: None,
            };
            outcome = client.witness(&again).await?;
        }
        match outcome {
            CosignOutcome::Witnessed(note) => self.take_witness(peer, &note).await,
            CosignOutcome::Wanted(_) => Ok(()),
            CosignOutcome::Refuted(note) => match self.signed_here(&note) {
                Some(held) => self.meet_own(peer, &held).await,
                None => Ok(()),
            },
        }
    }

    /// Has a peer prove that its newest head goes on from the one that is known here.
    async fn follow_newest(&self, client: &PeerClient) -> Result<(), Refusal> {
        let peer = client.participant();
        let Some(known) = self.known_head(peer)? else {
            return Ok(());
        };
        match self.prove(client, &known, &known).await {
            HeadProof::Proven(newest) if newest.checkpoint == known.checkpoint => Ok(()),
            HeadProof::Proven(newest) => self.go_on(peer, *newest).await,
            HeadProof::Nothing(Some(newest)) => self.note_fork(peer, (&known, &newest), None).await,
            // What it says of its log without a head, the next greeting tells.
            HeadProof::Nothing(None) | HeadProof::Unknown => Ok(()),
        }
    }

    /// The proof that our log went on from so many records to this head; nothing in it where it never had so many.
    fn growth(&self, from: u64, to: &Checkpoint) -> Option<HeadConsistencyProof> {
        if from > to.size {
            let hashes = Vec::new();
            return Some(HeadConsistencyProof { from, hashes });
        }
        let hashes = self.records.log.consistency(from, to.size)?;
        Some(HeadConsistencyProof { from, hashes })
    }

    /// A head of our own log that our own registered key has signed.
    fn signed_here(&self, note: &[u8]) -> Option<SignedHead> {
        self.checked_head(&self.id(), note)
    }

    /// Judges the newest head of a caller: it must go on from the one that the caller has shown before, and from those that
    /// others were shown. Then it is recorded, and goes back cosigned.
    ///
    /// # Errors
    /// `MESSAGE_MALFORMED` for what is no head of the caller, or when the log can't be written.
    pub(crate) async fn judge_head(
        &self,
        peer: &ParticipantId,
        submission: &witness::HeadSubmission,
    ) -> Result<CosignOutcome, Refusal> {
        if let Some(note) = &submission.witnessed {
            self.take_witness(peer, note).await?;
        }
        let Some(mut head) = self.checked_head(peer, &submission.head) else {
            return Err(Refusal::new(
                ErrorCode::MessageMalformed,
                "the head is not signed by the key that the league registers",
            ));
        };
        let _turn = self.peers.heads.lock_heads().await;
        if !self.fits(peer, &head, None).await? || self.fork_of(peer)?.is_some() {
            return self.refute(peer, &head);
        }
        let row = self.records.index(|state| state.head_of(peer))?;
        let proven = row.as_ref().is_some_and(|row| row.proven);
        let known: Option<SignedHead> = row.and_then(|row| row.note.parse().ok());
        // One more than can be asked for at once tells that there are more.
        let mut earlier = self.unproven(peer, EARLIER)?;
        let all = earlier.len() < EARLIER;
        earlier.truncate(EARLIER.saturating_sub(1));
        if let Some(known) = &known
            && earlier
                .iter()
                .all(|(head, _)| head.checkpoint != known.checkpoint)
        {
            earlier.insert(0, (known.clone(), peer.clone()));
        }
        let (mut wanted, mut over) = (Vec::new(), Vec::new());
        for (before, via) in &earlier {
            match grown(&before.checkpoint, &head.checkpoint, &submission.growth) {
                HeadContinuity::On => over.push((before, via)),
                HeadContinuity::Lacking => wanted.push(before.to_string().into()),
                // INVARIANT: witnessed-growth. What does not go on from each head that is known of this log is not cosigned.
                HeadContinuity::Not => {
                    let by = (via != peer).then_some(via);
                    self.note_fork(peer, (before, &head), by).await?;
                    return Ok(CosignOutcome::Refuted(before.to_string().into()));
                }
            }
        }
        if !wanted.is_empty() {
            return Ok(CosignOutcome::Wanted(wanted));
        }
        let same = known.is_some_and(|known| known.checkpoint == head.checkpoint);
        let own = over.iter().filter(|(_, via)| *via == peer);
        let own: Vec<&Checkpoint> = own.map(|(head, _)| &head.checkpoint).collect();
        if !(same && proven && own.len() < 2) {
            // A head without a place in the log is not cosigned; a later one is.
            if !self.has_room_for_head(peer) {
                let sentence = format!("{} shows too many heads", peer.domain());
                return Err(Refusal::new(ErrorCode::TooManyStreams, sentence));
            }
            self.note_head(peer, &head, true, &own).await?;
        }
        for (head, via) in over.into_iter().filter(|(_, via)| *via != peer) {
            self.note_heard(peer, via, head, true).await?;
        }
        if !all {
            let rest = self.unproven(peer, EARLIER)?;
            let rest = rest.into_iter().map(|(head, _)| head.to_string().into());
            return Ok(CosignOutcome::Wanted(rest.collect()));
        }
        self.records
            .log
            .cosign(&mut head, self.seconds())
            .map_err(|error| Refusal::new(ErrorCode::KeyInvalid, error.to_string()))?;
        Ok(CosignOutcome::Witnessed(head.to_string().into()))
    }

    /// Of a log with two histories nothing is cosigned any more, for good: its owner gets a head that it has signed beside the
    /// one that it shows now.
    fn refute(&self, peer: &ParticipantId, head: &SignedHead) -> Result<CosignOutcome, Refusal> {
        let forks = self.records.index(|state| state.forks())?;
        let record = forks.into_iter().find(|(id, _)| id == peer);
        let record = record.and_then(|(_, record)| self.records.log.read(record).next()?.ok());
        let held = record.and_then(|record| {
            let Ok(RecordBody::Incident(IncidentBody::LogFork(fork))) = record.read_body() else {
                return None;
            };
            let other = |held: &SignedHead| held.checkpoint != head.checkpoint;
            let shown = fork.shown.parse().ok().filter(other);
            shown.or_else(|| fork.known.parse().ok())
        });
        match held {
            Some(held) => Ok(CosignOutcome::Refuted(held.to_string().into())),
            // The record may be in an archive that is not here.
            None => Err(Refusal::new(
                ErrorCode::LogFork,
                "this log has shown two histories here; its heads are not cosigned any more",
            )),
        }
    }

    /// Seconds since 1970 by the log's clock.
    fn seconds(&self) -> u64 {
        u64::try_from(self.now().micros() / 1_000_000).unwrap_or_default()
    }

    /// The newest head of a peer's log that was seen to go on from the one before, cosigned, unless that was done already:
    /// it goes back to the peer with the word on a receipt.
    pub(crate) fn witness(&self, peer: &ParticipantId) -> Option<Bytes> {
        let mut head = self.peers.heads.taken_to_cosign(peer)?;
        // A fork may have been found since, and what the index can't tell is not vouched for.
        if !matches!(self.fork_of(peer), Ok(None)) {
            return None;
        }
        match self.records.log.cosign(&mut head, self.seconds()) {
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
        let bundle = self.identity.trust.bundle();
        let read = || {
            let key = NoteKey {
                name: note::origin(peer.domain()),
                algorithm: note::COSIGNATURE,
                public: bundle.member(peer)?.note_key.raw().to_vec(),
            };
            let head: SignedHead = std::str::from_utf8(note).ok()?.parse().ok()?;
            let seconds = head.cosigned_by(&key, &hansa_audit_store::key::Ed25519NoteVerifier)?;
            let ours = self.records.log.checkpoint_at(head.checkpoint.size)? == head.checkpoint;
            ours.then_some((head, seconds))
        };
        let Some((head, seconds)) = read() else {
            tracing::warn!(peer = peer.domain(), "log.no_witness");
            return Ok(());
        };
        // One that is no newer says nothing new, and must not fill the log however often it comes.
        let last = self.records.index(|state| state.witnessed_by(peer))?;
        if last.is_some_and(|last| last >= head.checkpoint.size) || !self.has_room_for_head(peer) {
            return Ok(());
        }
        let _durable = self
            .record(AuditEvent::from(WitnessedHeadRecord {
                peer: peer.to_string(),
                size: head.checkpoint.size,
                seconds,
                note: head.to_string(),
            }))
            .await?;
        Ok(())
    }
}

/// Whether a head goes on from an earlier one, by one of the proofs that came with it.
fn grown(
    before: &Checkpoint,
    head: &Checkpoint,
    proofs: &[HeadConsistencyProof],
) -> HeadContinuity {
    // From nothing every log goes on, and there is no proof of it.
    if before == head || before.size == 0 {
        return HeadContinuity::On;
    }
    let Some(proof) = proofs.iter().find(|proof| proof.from == before.size) else {
        return HeadContinuity::Lacking;
    };
    let (from, to) = (before.size, head.size);
    if check_consistency(from, to, before.root, head.root, &proof.hashes) {
        HeadContinuity::On
    } else {
        HeadContinuity::Not
    }
}
