//! Exchange of log heads: parties of contracts are each other's witnesses. With the acknowledgement of a receipt, each shows its
//! newest head, proves that it extends the previous one, and gets it back with a timestamped cosignature. As in C2SP tlog-witness,
//! the witness says from which head it wants a proof.

use crate::log::audit_event::AuditEvent;
use crate::log::log_heads::HeadProof;
use crate::log::log_heads::forked_logs::ConflictingHeads;
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

/// Result of the proofs between an earlier head and the new one.
enum HeadContinuity {
    /// The new head extends the earlier one.
    On,
    /// A proof is missing.
    Lacking,
    /// The new head does not extend the earlier one.
    Not,
}

impl Connector {
    /// Exchanges heads with a peer that has our acknowledgement of a receipt: at once, or after a pause if the last exchange was
    /// recent.
    ///
    /// # Errors
    /// Errors of [`Connector::exchange_heads`], if it runs at once.
    pub(crate) async fn exchange_heads_in_turn(
        self: &Arc<Self>,
        peer: &KnownPeer,
        client: &PeerClient,
    ) -> Result<(), Refusal> {
        match self.peers.heads.schedule_exchange(&peer.id, self.ticks()) {
            ExchangeTiming::Now => self.exchange_heads(client).await,
            ExchangeTiming::Arranged => Ok(()),
            ExchangeTiming::Later(pause) => {
                let (connector, peer) = (Arc::downgrade(self), peer.clone());
                let _task = tokio::spawn(async move {
                    tokio::time::sleep(pause).await;
                    let Some(connector) = connector.upgrade() else {
                        return;
                    };
                    connector
                        .peers
                        .heads
                        .note_exchange_start(&peer.id, connector.ticks());
                    let exchanged = match connector.call_peer(&peer).await {
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

    /// Exchanges heads with a peer that has our acknowledgement of a receipt: follows its log to the newest head, cosigns that
    /// head, and requests a cosignature of our own newest head.
    ///
    /// Nothing happens if the peer has already cosigned our newest head. A head is signed every second at most, or after a fixed
    /// number of records.
    ///
    /// # Errors
    /// If the peer can't be asked, or the log can't be written.
    pub(crate) async fn exchange_heads(&self, client: &PeerClient) -> Result<(), Refusal> {
        let peer = client.participant();
        let turn = self.peers.heads.exchange_lock(peer);
        let _turn = turn.lock().await;
        // The cosigned head is looked up first; otherwise a head that arrives meanwhile would make the one here look older.
        let last = self.records.index(|state| state.witnessed_by(peer))?;
        let head = self.records.log.head();
        if last == Some(head.checkpoint.size) {
            return Ok(());
        }
        self.follow_newest(client).await?;
        let first = last.and_then(|from| self.prove_growth(from, &head.checkpoint));
        let mut outcome = client
            .submit_head(&witness::HeadSubmission {
                head: head.to_string().into(),
                growth: first.into_iter().collect(),
                witnessed: self.cosign_peer_head(peer),
            })
            .await?;
        if let CosignOutcome::Wanted(wanted) = &outcome {
            // Another participant may have seen a newer head meanwhile.
            let head = self.records.log.head();
            let wanted = wanted
                .iter()
                .filter_map(|earlier| self.signed_here(earlier))
                .map(|earlier| earlier.checkpoint.size);
            // The head is another one, so the proofs from the first head are made again.
            let growth = wanted
                .chain(last)
                .filter_map(|from| self.prove_growth(from, &head.checkpoint))
                .take(EARLIER);
            let again = witness::HeadSubmission {
                growth: growth.collect(),
                head: head.to_string().into(),
                witnessed: None,
            };
            outcome = client.submit_head(&again).await?;
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

    /// Asks a peer to prove that its newest head extends the one known here.
    async fn follow_newest(&self, client: &PeerClient) -> Result<(), Refusal> {
        let peer = client.participant();
        let Some(known) = self.known_head(peer)? else {
            return Ok(());
        };
        match self.prove_extension(client, &known, &known).await {
            HeadProof::Proven(newest) if newest.checkpoint == known.checkpoint => Ok(()),
            HeadProof::Proven(newest) => self.accept_extended_head(peer, *newest).await,
            HeadProof::Nothing(Some(newest)) => {
                let heads = ConflictingHeads {
                    known: &known,
                    shown: &newest,
                };
                self.note_fork(peer, heads, None).await
            }
            // A failure without a head is repeated at the next greeting.
            HeadProof::Nothing(None) | HeadProof::Unknown => Ok(()),
        }
    }

    /// Proof that our log grew from `from` records to this head. It is empty if the log never had so many.
    fn prove_growth(&self, from: u64, to: &Checkpoint) -> Option<HeadConsistencyProof> {
        if from > to.size {
            let hashes = Vec::new();
            return Some(HeadConsistencyProof { from, hashes });
        }
        let hashes = self.records.log.consistency_proof(from, to.size)?;
        Some(HeadConsistencyProof { from, hashes })
    }

    /// Parses a head of our own log with our own registered signature.
    fn signed_here(&self, note: &[u8]) -> Option<SignedHead> {
        self.checked_head(&self.id(), note)
    }

    /// Judges the newest head of a caller. It must extend the head that the caller showed before, and those that others have shown.
    /// Then it is recorded and returned with a cosignature.
    ///
    /// # Errors
    /// `MESSAGE_MALFORMED` if it is no head of the caller, or an error if the log can't be written.
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
        if !self.fits_known_heads(peer, &head, None).await? || self.fork_of(peer)?.is_some() {
            return self.refuse_forked_log(peer, &head);
        }
        let row = self.records.index(|state| state.head_of(peer))?;
        let proven = row.as_ref().is_some_and(|row| row.proven);
        let known: Option<SignedHead> = row.and_then(|row| row.note.parse().ok());
        // One more than can be requested at once shows that there are more.
        let mut earlier = self.unproven_heads(peer, EARLIER)?;
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
            match check_growth(&before.checkpoint, &head.checkpoint, &submission.growth) {
                HeadContinuity::On => over.push((before, via)),
                HeadContinuity::Lacking => wanted.push(before.to_string().into()),
                // INVARIANT: witnessed-growth. A head that does not extend each known head of this log is not cosigned.
                HeadContinuity::Not => {
                    let by = (via != peer).then_some(via);
                    let heads = ConflictingHeads {
                        known: before,
                        shown: &head,
                    };
                    self.note_fork(peer, heads, by).await?;
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
            // Without room in the log, a head is not cosigned; a later one can be.
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
            let rest = self.unproven_heads(peer, EARLIER)?;
            let rest = rest.into_iter().map(|(head, _)| head.to_string().into());
            return Ok(CosignOutcome::Wanted(rest.collect()));
        }
        self.records
            .log
            .cosign(&mut head, self.log_seconds())
            .map_err(|error| Refusal::new(ErrorCode::KeyInvalid, error.to_string()))?;
        Ok(CosignOutcome::Witnessed(head.to_string().into()))
    }

    /// Refuses to cosign a forked log, for good. Its owner gets another head that it has signed beside the current one.
    fn refuse_forked_log(
        &self,
        peer: &ParticipantId,
        head: &SignedHead,
    ) -> Result<CosignOutcome, Refusal> {
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
            // The record can be in a missing archive.
            None => Err(Refusal::new(
                ErrorCode::LogFork,
                "this log has shown two histories here; its heads are not cosigned any more",
            )),
        }
    }

    /// Seconds since 1970 by the log's clock.
    fn log_seconds(&self) -> u64 {
        u64::try_from(self.now().micros() / 1_000_000).unwrap_or_default()
    }

    /// Cosigns the newest head of a peer's log that was proven to extend the previous one, once. It goes to the peer with the
    /// acknowledgement of a receipt.
    pub(crate) fn cosign_peer_head(&self, peer: &ParticipantId) -> Option<Bytes> {
        let mut head = self.peers.heads.taken_to_cosign(peer)?;
        // A fork can have been found since. An unreadable index gives no cosignature.
        if !matches!(self.fork_of(peer), Ok(None)) {
            return None;
        }
        match self.records.log.cosign(&mut head, self.log_seconds()) {
            Ok(()) => Some(head.to_string().into()),
            Err(error) => {
                tracing::warn!(%error, "log.not_witnessed");
                None
            }
        }
    }

    /// Takes in a head of the own log that a peer has cosigned, as evidence that the peer saw this history. Anything else is
    /// ignored.
    ///
    /// # Errors
    /// If the log can't be written.
    pub(crate) async fn take_witness(
        &self,
        peer: &ParticipantId,
        note: &[u8],
    ) -> Result<(), Refusal> {
        let bundle = self.identity.trust.bundle();
        let read = || {
            let key = NoteKey {
                name: note::log_origin(peer.domain()),
                algorithm: note::COSIGNATURE,
                public: bundle.member(peer)?.note_key.raw_bytes().to_vec(),
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
        // A head that is no newer is ignored, so that repeated ones do not fill the log.
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

/// Checks the proofs that a head extends an earlier one.
fn check_growth(
    before: &Checkpoint,
    head: &Checkpoint,
    proofs: &[HeadConsistencyProof],
) -> HeadContinuity {
    // Every log extends the empty one, without a proof.
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
