//! Parameters of a new agreement: the own party, and the values that differ between agreements.

use crate::participant::Connector;
use crate::process::randomness::{random_bytes, random_hex};
use hansa_catalog::offer::AgreementParameters;
use hansa_policy::contract::rendering::PageRendering;
use hansa_policy::contract::{Assignee, ContractParty};
use hansa_policy::id::ContractId;
use hansa_policy::refusal::Refusal;

impl Connector {
    /// Returns this participant as a party of a contract.
    pub fn party(&self) -> Result<ContractParty, Refusal> {
        let config = self.config();
        let bundle = self.identity.trust.bundle();
        self.party_of(&config.participant.id, &bundle)
    }

    /// Returns the values that differ between agreements.
    ///
    /// # Errors
    /// If one of the parties is not in the league.
    pub fn new_agreement_parameters(
        &self,
        provider: ContractParty,
        assignee: Assignee,
        supersedes: Option<ContractId>,
    ) -> AgreementParameters {
        AgreementParameters {
            uid: format!("urn:uuid:{}", random_uuid()),
            version: 1,
            supersedes,
            provider,
            assignee,
            purposes: hansa_proto::purpose_taxonomy::vocabulary_label(),
            signatory: None,
            rendering: PageRendering::of(self.config().participant.language),
            proposed_at: self.now(),
            nonce: hansa_proto::base64url::encode(&random_bytes::<16>()),
        }
    }
}

/// Returns a random UUID, version 4.
pub fn random_uuid() -> String {
    let mut digits: Vec<char> = random_hex(16).chars().collect();
    if let Some(version) = digits.get_mut(12) {
        *version = '4';
    }
    if let Some(variant) = digits.get_mut(16) {
        *variant = '8';
    }
    for at in [20, 16, 12, 8] {
        digits.insert(at, '-');
    }
    digits.into_iter().collect()
}
