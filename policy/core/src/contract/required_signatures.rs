//! Required signatures of a contract and their keys.

use super::signature::{SignatoryRole, SignatureVerifier};
use super::signature_purpose::SignaturePurpose;
use super::{Assignee, SignedContract, mandate_check};
use crate::refusal::{ErrorCode, Refusal};

impl SignedContract {
    /// Checks that the contract carries exactly one signature, that of `role`. Such a contract waits for the counterparty.
    ///
    /// # Errors
    /// A refusal with the code of the first check that fails.
    pub fn check_one(
        &self,
        role: SignatoryRole,
        keys: &(impl SignatureVerifier + ?Sized),
    ) -> Result<(), Refusal> {
        self.check_exactly(&[role], keys)
    }

    /// Checks the signature of `role`. Other signatures are not checked.
    ///
    /// # Errors
    /// A refusal with the code of the first check that fails.
    pub fn check_signature(
        &self,
        role: SignatoryRole,
        keys: &(impl SignatureVerifier + ?Sized),
    ) -> Result<(), Refusal> {
        let party = match (role, &self.agreement.assignee) {
            (SignatoryRole::Provider, _) => Some(&self.agreement.provider),
            (SignatoryRole::Consumer, Assignee::Participant(consumer)) => Some(consumer),
            (SignatoryRole::Consumer, Assignee::Public | Assignee::Partner(_)) => None,
        };
        let signature = self
            .signatures
            .iter()
            .find(|signature| signature.role == role);
        let (Some(party), Some(signature)) = (party, signature) else {
            return Err(Refusal::new(
                ErrorCode::SignatureMissing,
                format!("the signature of the {} is missing", role.as_str()),
            )
            .with_contract(self.id));
        };
        // A seal uses a key of its own; its certificate authority states the owner.
        if signature.seal.is_none() && signature.kid != party.signing_key {
            return Err(Refusal::new(
                ErrorCode::SignerNotParty,
                format!("the signature of the {} is by another key", role.as_str()),
            )
            .with_contract(self.id)
            .with_participant(party.id.clone()));
        }
        let purpose = match self.agreement.assignee {
            Assignee::Participant(_) | Assignee::Partner(_) => SignaturePurpose::Contract,
            Assignee::Public => SignaturePurpose::View,
        };
        keys.check_signature(&party.id, signature, purpose)
            .and_then(|()| match purpose {
                // The provider's connector signs a public view itself, since the view binds no other participant.
                SignaturePurpose::View => Ok(()),
                _ => mandate_check::check_mandate(&self.agreement, party, signature, keys),
            })
            .map_err(|refusal| refusal.with_contract(self.id))
    }

    /// Checks that the contract carries the signature of each required party, and no other.
    pub(super) fn check_all(
        &self,
        keys: &(impl SignatureVerifier + ?Sized),
    ) -> Result<(), Refusal> {
        match &self.agreement.assignee {
            Assignee::Participant(_) => {
                self.check_exactly(&[SignatoryRole::Provider, SignatoryRole::Consumer], keys)
            }
            Assignee::Public | Assignee::Partner(_) => {
                self.check_exactly(&[SignatoryRole::Provider], keys)
            }
        }
    }

    fn check_exactly(
        &self,
        roles: &[SignatoryRole],
        keys: &(impl SignatureVerifier + ?Sized),
    ) -> Result<(), Refusal> {
        let (carried, expected) = (self.signatures.len(), roles.len());
        if carried < expected {
            return Err(Refusal::new(
                ErrorCode::SignatureMissing,
                format!("the contract carries {carried} of {expected} signatures"),
            )
            .with_contract(self.id));
        }
        if carried > expected {
            return Err(Refusal::new(
                ErrorCode::SignatureCount,
                format!("the contract carries {carried} signatures instead of {expected}"),
            )
            .with_contract(self.id));
        }
        roles
            .iter()
            .try_for_each(|role| self.check_signature(*role, keys))
    }
}
