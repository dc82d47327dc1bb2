//! Trust bundle of the league. Taking a newer bundle ends what it no longer permits.

mod voided_contracts;

use crate::participant::Connector;
use hansa_identity::bundle::TrustBundle;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::peer::{ProgramAccess, VerifiedPeer};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

impl Connector {
    /// Takes a newer bundle of this league. Any other bundle is ignored.
    ///
    /// # Errors
    /// If the bundle can't be stored or recorded.
    pub(crate) fn take_bundle(self: &Arc<Self>, bytes: &[u8]) -> Result<bool, Refusal> {
        let files = self.config().trust.identity_files();
        let before = self.identity.trust.bundle().content().sequence;
        let taken = self.identity.trust.take_newer(&files, bytes, self.now());
        match taken {
            Ok(None) => Ok(false),
            Ok(Some(_)) => self.live_by_bundle().map(|()| true),
            Err(refusal) => {
                // A bundle without a file gets no record, because the next start would look for the file. Its expulsions take
                // effect anyway.
                if self.identity.trust.bundle().content().sequence > before {
                    let _stop = self.records.log.begin_stop();
                    self.cut_strangers();
                }
                Err(refusal)
            }
        }
    }

    /// Takes the bundle from its file if it is newer. An expulsion takes effect even if the rest of a reload fails.
    ///
    /// # Errors
    /// If the file holds no valid bundle of the league, or the bundle can't be recorded.
    pub fn take_bundle_file(&self) -> Result<(), Refusal> {
        let bundle = TrustBundle::open(&self.config().trust.bundle)?;
        if bundle.content().sequence <= self.identity.trust.bundle().content().sequence {
            return Ok(());
        }
        bundle.check_expiry(self.now())?;
        self.identity.trust.swap_bundle(bundle)?;
        self.live_by_bundle()
    }

    /// Records the current bundle and ends what it no longer permits, even if nothing can be recorded.
    fn live_by_bundle(&self) -> Result<(), Refusal> {
        let _stop = self.records.log.begin_stop();
        let noted = self.note_bundle();
        self.cut_strangers();
        noted
    }

    /// Checks that a participant is in the league.
    ///
    /// # Errors
    /// `PEER_NOT_TRUSTED`.
    pub fn check_member(&self, peer: &ParticipantId) -> Result<(), Refusal> {
        let bundle = self.identity.trust.bundle();
        if bundle.roster().members().any(|member| member == peer) {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorCode::PeerNotTrusted,
            "the participant is no longer in the league",
        ))
    }

    /// Checks that a caller is in the league or is a configured partner.
    ///
    /// # Errors
    /// `PEER_NOT_TRUSTED`.
    pub(crate) fn asks_lawfully(&self, peer: &VerifiedPeer) -> Result<(), Refusal> {
        match peer.program() {
            Some(ProgramAccess::AccessToken { contract, .. })
                if self.is_with_partner(*contract) =>
            {
                self.named_partner(peer.id())
            }
            _ => self.check_member(peer.id()),
        }
    }

    /// Checks that a contract is with a Dataspace Protocol partner.
    fn is_with_partner(&self, contract: ContractId) -> bool {
        self.contracts.with_registry(|registry| {
            let agreement = registry.agreement(contract);
            agreement.is_some_and(|agreement| agreement.partner().is_some())
        })
    }

    /// Refuses a partner that is not configured, or that has become a participant of the league.
    fn named_partner(&self, partner: &ParticipantId) -> Result<(), Refusal> {
        let config = self.config();
        let mut named = config
            .dataspace
            .iter()
            .flat_map(|dataspace| &dataspace.partners);
        if named.any(|named| named.participant == *partner) && self.check_member(partner).is_err() {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorCode::PeerNotTrusted,
            "the partner is named no longer",
        ))
    }

    /// Cuts answers to participants outside the bundle and answers that rely on statements which an issuer may no longer make. Ends
    /// contracts that the bundle makes void.
    pub fn cut_strangers(&self) {
        // Open inbox requests check again that their participant is a member.
        self.peers.outbox_signal.notify_waiters();
        self.end_voided();
        let own = self.id();
        for (_, peer, _) in self.queries.running.list() {
            if let (true, Err(why)) = (peer != own, self.check_member(&peer)) {
                let lawful = self.named_partner(&peer);
                let is_with_partner = |contract| self.is_with_partner(contract) && lawful.is_ok();
                self.queries
                    .running
                    .cut_peer_under(&peer, is_with_partner, &why);
            }
        }
        let (bundle, now) = (self.identity.trust.bundle(), self.now());
        self.queries.running.cut_unattested(|credential, peer| {
            bundle
                .attested_attributes(credential, peer, now)
                .map(|_| ())
        });
    }
}
