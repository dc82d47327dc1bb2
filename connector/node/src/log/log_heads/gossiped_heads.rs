//! Gossiped heads. A greeting carries the newest heads of other logs that the sender knows. Two histories of one log are found as
//! soon as two participants with different heads are connected, directly or through others.

use crate::log::audit_event::AuditEvent;
use crate::log::log_heads::forked_logs::ConflictingHeads;
use crate::log::log_heads::{HeadProof, on_the_way};
use crate::participant::Connector;
use bytes::Bytes;
use hansa_audit_log::note::SignedHead;
use hansa_audit_log::record::incidents::GossipedHeadRecord;
use hansa_audit_log::tree::check_consistency;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::greeting::MOST_GOSSIPED_HEADS;
use hansa_proto::peer::proof::{LogProof, LogProofRequest};
use hansa_proto::peer::witness::EARLIER;
use hansa_store::state_index::row::GossipedHeadRow;
use hansa_transport::peer::client::PeerClient;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Connector {
    /// Returns the newest heads of other logs to pass on, at most one per member of the league. A head shown by its owner comes
    /// before one passed on by others.
    pub(crate) fn heads_to_gossip(&self) -> Vec<Bytes> {
        let bundle = self.identity.trust.bundle();
        let shown = self
            .records
            .index(|state| state.heads())
            .unwrap_or_default();
        let mut newest: BTreeMap<ParticipantId, String> =
            shown.into_iter().map(|row| (row.peer, row.note)).collect();
        for row in self
            .records
            .index(|state| state.newest_heard())
            .unwrap_or_default()
        {
            newest.entry(row.peer).or_insert(row.note);
        }
        newest
            .into_iter()
            .filter(|(owner, _)| bundle.member(owner).is_some())
            .take(MOST_GOSSIPED_HEADS)
            .map(|(_, note)| note.into())
            .collect()
    }

    /// Takes in heads that a peer passes on. A head of the own log must belong to its history. A head of another log must match the
    /// recorded ones, now or when its owner can be asked.
    ///
    /// # Errors
    /// If the log can't be written.
    pub(crate) async fn take_in_heads(
        self: &Arc<Self>,
        via: &ParticipantId,
        gossiped: &[Bytes],
    ) -> Result<(), Refusal> {
        let members = self.identity.trust.bundle().roster().members().count();
        let mut newest: BTreeMap<ParticipantId, SignedHead> = BTreeMap::new();
        let heads = gossiped.iter().take(members);
        for (owner, head) in heads.filter_map(|note| self.parse_member_head(note)) {
            let newer = |known: &SignedHead| known.checkpoint.size < head.checkpoint.size;
            if owner != *via && newest.get(&owner).is_none_or(newer) {
                newest.insert(owner, head);
            }
        }
        let own = self.id();
        for (owner, head) in newest {
            if owner == own {
                self.meet_own(via, &head).await?;
            } else {
                self.compare_passed_head(via, &owner, &head).await?;
            }
        }
        Ok(())
    }

    /// Parses a head that is signed by the registered key of the member whose log it names.
    fn parse_member_head(&self, note: &[u8]) -> Option<(ParticipantId, SignedHead)> {
        let text = std::str::from_utf8(note).ok()?;
        let (domain, _) = text.split_once('/')?;
        let owner: ParticipantId = format!("hansa://{domain}").parse().ok()?;
        let head = self.checked_head(&owner, note)?;
        Some((owner, head))
    }

    /// Takes in a head of the own log that a peer holds. If it is not of our history, an older copy has replaced our log, or
    /// another party uses its key.
    ///
    /// # Errors
    /// If the log can't be written.
    pub(super) async fn meet_own(
        &self,
        via: &ParticipantId,
        held: &SignedHead,
    ) -> Result<(), Refusal> {
        let size = held.checkpoint.size;
        let ours = self.records.log.checkpoint_at(size);
        // A head that an incident statement already covers is not new.
        if ours.as_ref() == Some(&held.checkpoint) || self.is_void(&self.id(), size)? {
            return Ok(());
        }
        let (own, newest) = (self.id(), self.records.log.head());
        let heads = ConflictingHeads {
            known: &newest,
            shown: held,
        };
        self.note_fork(&own, heads, Some(via)).await
    }

    /// Compares a head that was passed on with the recorded heads of its log. It is recorded even if its owner was never met, so
    /// that the owner's first head must extend it.
    async fn compare_passed_head(
        self: &Arc<Self>,
        via: &ParticipantId,
        owner: &ParticipantId,
        head: &SignedHead,
    ) -> Result<(), Refusal> {
        let turn = self.peers.heads.lock_heads().await;
        // Peers without the incident statement still pass on void heads.
        if self.is_void(owner, head.checkpoint.size)? {
            return Ok(());
        }
        if self
            .known_head(owner)?
            .is_some_and(|known| known.checkpoint == head.checkpoint)
        {
            return Ok(());
        }
        if !self.fits_known_heads(owner, head, Some(via)).await? {
            return Ok(());
        }
        let before = self.records.index(|state| state.heard_of(owner))?;
        let last = before.iter().find(|row| row.via == *via);
        let last = last.and_then(|row| row.note.parse::<SignedHead>().ok());
        if last.is_some_and(|last| last.checkpoint.size >= head.checkpoint.size)
            || !self.has_room_for_head(via)
        {
            return Ok(());
        }
        let recorded = self
            .records
            .index(|state| state.recorded_of(owner, head.checkpoint.size))?;
        // A head that matches one with an earlier proof by its owner needs no other proof.
        if recorded.iter().any(|row| row.proven) {
            return self.note_heard(owner, via, head, true).await;
        }
        self.note_heard(owner, via, head, false).await?;
        drop(turn);
        if let Some(client) = self.open_call(owner).await {
            let connector = Arc::clone(self);
            self.queries.background_tasks.spawn(async move {
                if let Err(refusal) = connector.settle_heard(&client).await {
                    tracing::warn!(code = %refusal.code, "log.unsettled");
                }
            });
        }
        Ok(())
    }

    /// Asks a peer to prove that its log extends the recorded heads of it that others have shown.
    ///
    /// # Errors
    /// If the log can't be written.
    pub(crate) async fn settle_heard(&self, client: &PeerClient) -> Result<(), Refusal> {
        let owner = client.participant();
        for (head, via) in self.unproven_heads(owner, EARLIER)? {
            let Some(known) = self.known_head(owner)? else {
                return Ok(());
            };
            let by = (via != *owner).then_some(&via);
            match ask_head_proof(client, &known, &head).await {
                HeadProof::Proven(_) => match by {
                    Some(via) => self.note_heard(owner, via, &head, true).await?,
                    None => self.note_head(owner, &head, true, &[]).await?,
                },
                HeadProof::Nothing(_) => {
                    let heads = ConflictingHeads {
                        known: &known,
                        shown: &head,
                    };
                    self.note_fork(owner, heads, by).await?;
                }
                HeadProof::Unknown => {}
            }
        }
        Ok(())
    }

    /// Newest recorded heads of a log that its owner has not yet proven to be of one history, each with the participant that has
    /// shown it.
    pub(super) fn unproven_heads(
        &self,
        owner: &ParticipantId,
        most: usize,
    ) -> Result<Vec<(SignedHead, ParticipantId)>, Refusal> {
        let rows = self.records.index(|state| state.unproven_of(owner, most))?;
        let read = |row: GossipedHeadRow| Some((row.note.parse().ok()?, row.via));
        Ok(rows.into_iter().filter_map(read).collect())
    }

    pub(super) async fn note_heard(
        &self,
        owner: &ParticipantId,
        via: &ParticipantId,
        head: &SignedHead,
        proven: bool,
    ) -> Result<(), Refusal> {
        let _durable = self
            .record(AuditEvent::from(GossipedHeadRecord {
                peer: owner.to_string(),
                via: via.to_string(),
                size: head.checkpoint.size,
                proven,
                note: head.to_string(),
            }))
            .await?;
        Ok(())
    }
}

/// Asks a peer to prove that the larger of two of its heads extends the smaller one.
async fn ask_head_proof(client: &PeerClient, one: &SignedHead, other: &SignedHead) -> HeadProof {
    let (older, newer) = if one.checkpoint.size <= other.checkpoint.size {
        (one, other)
    } else {
        (other, one)
    };
    let (from, to) = (&older.checkpoint, &newer.checkpoint);
    let mut hashes = Vec::new();
    if from.size < to.size {
        let request = LogProofRequest::Consistency {
            from: from.size,
            to: Some(to.size),
        };
        hashes = match client.fetch_proof(request).await {
            Ok(LogProof::Consistency { hashes, .. }) => hashes,
            Ok(LogProof::Records { .. }) => return HeadProof::Nothing(None),
            Err(refusal) if on_the_way(refusal.code) || refusal.code == ErrorCode::Internal => {
                return HeadProof::Unknown;
            }
            Err(_) => return HeadProof::Nothing(None),
        };
    }
    if check_consistency(from.size, to.size, from.root, to.root, &hashes) {
        HeadProof::Proven(Box::new(newer.clone()))
    } else {
        HeadProof::Nothing(None)
    }
}
