//! With which key this participant signs what.

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
    /// A participant of the league as a party of a contract, as the bundle registers it now.
    ///
    /// # Errors
    /// `PEER_NOT_TRUSTED` when it is not in the bundle, `KEY_NOT_VALID_AT_SIGNING` when its last key for contracts is over.
    pub fn party_of(
        &self,
        id: &ParticipantId,
        bundle: &TrustBundle,
    ) -> Result<ContractParty, Refusal> {
        let key = bundle.concluding_key(id, self.now()).ok_or_else(|| {
            if !bundle.concludes_apart(id, self.now()) {
                return stranger(id);
            }
            Refusal::new(
                ErrorCode::KeyNotValidAtSigning,
                format!(
                    "no key of {} that concludes contracts counts now",
                    id.domain()
                ),
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
        let stranger = || stranger(id);
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

    /// Whether the connector's own key concludes contracts, so that a person need not sign elsewhere.
    pub fn concludes(&self) -> bool {
        let (bundle, now) = (self.identity.trust.bundle(), self.now());
        !bundle.concludes_apart(&self.id(), now)
    }

    /// This participant as it stands in what its connector signs by itself.
    ///
    /// # Errors
    /// As [`Self::party_of`].
    pub(crate) fn party_of_views(&self) -> Result<ContractParty, Refusal> {
        let (bundle, id) = (self.identity.trust.bundle(), self.id());
        let key = bundle.connector_key(&id, self.now());
        self.party_with(&id, &bundle, key.ok_or_else(|| stranger(&id))?)
    }

    /// Signs a payload for this participant: the protected header and the signature.
    ///
    /// # Errors
    /// When the key is out of reach.
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

fn stranger(id: &ParticipantId) -> Refusal {
    Refusal::new(
        ErrorCode::PeerNotTrusted,
        format!("{} is not in the league", id.domain()),
    )
}
