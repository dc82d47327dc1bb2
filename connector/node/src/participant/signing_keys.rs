//! Signing keys of this participant, by purpose.

use crate::participant::Connector;
use hansa_identity::bundle::TrustBundle;
use hansa_identity::signature::RegisteredKey;
use hansa_policy::contract::ContractParty;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;

impl Connector {
    /// Returns a participant of the league as a party of a contract, by the current bundle.
    ///
    /// # Errors
    /// `PEER_NOT_TRUSTED` if it is not in the bundle, `KEY_NOT_VALID_AT_SIGNING` if its last key for contracts has expired.
    pub fn party_of(
        &self,
        id: &ParticipantId,
        bundle: &TrustBundle,
    ) -> Result<ContractParty, Refusal> {
        let key = bundle.concluding_key(id, self.now()).ok_or_else(|| {
            if !bundle.concludes_apart(id, self.now()) {
                return unknown_member_refusal(id);
            }
            Refusal::new(
                ErrorCode::KeyNotValidAtSigning,
                format!("{} has no valid key that concludes contracts", id.domain()),
            )
            .with_help("have the league register one: hansa key add, then hansa league key")
        })?;
        self.party_with(id, bundle, key)
    }

    fn party_with(
        &self,
        id: &ParticipantId,
        bundle: &TrustBundle,
        key: &RegisteredKey,
    ) -> Result<ContractParty, Refusal> {
        let stranger = || unknown_member_refusal(id);
        let member = bundle.member(id).ok_or_else(stranger)?;
        let (_, anchor) = bundle
            .anchors_for(id, self.now())
            .next()
            .ok_or_else(stranger)?;
        Ok(ContractParty {
            id: id.clone(),
            name: member.name.clone(),
            legal_id: None,
            signing_key: key.key.kid().to_owned(),
            tls_issuer: anchor.spki,
        })
    }

    /// Returns true if the connector's key concludes contracts. Otherwise a person signs elsewhere.
    pub fn concludes_contracts(&self) -> bool {
        let (bundle, now) = (self.identity.trust.bundle(), self.now());
        !bundle.concludes_apart(&self.id(), now)
    }

    /// Returns this participant as a party of documents that the connector signs alone.
    ///
    /// # Errors
    /// Same errors as [`Self::party_of`].
    pub(crate) fn party_of_views(&self) -> Result<ContractParty, Refusal> {
        let (bundle, id) = (self.identity.trust.bundle(), self.id());
        let key = bundle.connector_key(&id, self.now());
        self.party_with(
            &id,
            &bundle,
            key.ok_or_else(|| unknown_member_refusal(&id))?,
        )
    }

    /// Signs a payload for this participant. Returns the protected header and the signature.
    ///
    /// # Errors
    /// If the key can't be used.
    pub fn sign(
        &self,
        kind: StatementKind,
        role: SignatoryRole,
        payload: &[u8],
    ) -> Result<(String, Vec<u8>), Refusal> {
        let seconds = self.now().micros().div_euclid(1_000_000);
        let signer = self.identity.signer();
        let header = envelope::protected_header(
            kind,
            role,
            signer.algorithm().as_str(),
            signer.kid(),
            seconds,
        );
        let signature = signer.sign(&envelope::signing_input(&header, payload))?;
        Ok((header, signature))
    }
}

fn unknown_member_refusal(id: &ParticipantId) -> Refusal {
    Refusal::new(
        ErrorCode::PeerNotTrusted,
        format!("{} is not in the league", id.domain()),
    )
}
