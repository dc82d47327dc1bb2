//! Which signatures a contract needs, and whose each must be.

use super::deed::Deed;
use super::{Assignee, Role, SignatureCheck, SignedContract, mandate};
use crate::refusal::{Code, Refusal};

impl SignedContract {
    /// Checks that it carries exactly one signature, that of `role`: a contract on its way.
    ///
    /// # Errors
    /// A refusal with the code of the first fault.
    pub fn check_one(
        &self,
        role: Role,
        keys: &(impl SignatureCheck + ?Sized),
    ) -> Result<(), Refusal> {
        self.check_exactly(&[role], keys)
    }

    /// Checks the signature of `role`, whatever others it carries.
    ///
    /// # Errors
    /// A refusal with the code of the first fault.
    pub fn check_signature(
        &self,
        role: Role,
        keys: &(impl SignatureCheck + ?Sized),
    ) -> Result<(), Refusal> {
        let party = match (role, &self.agreement.assignee) {
            (Role::Provider, _) => Some(&self.agreement.provider),
            (Role::Consumer, Assignee::Participant(consumer)) => Some(consumer),
            (Role::Consumer, Assignee::Public) => None,
        };
        let signature = self
            .signatures
            .iter()
            .find(|signature| signature.role == role);
        let (Some(party), Some(signature)) = (party, signature) else {
            return Err(Refusal::new(
                Code::SignatureMissing,
                format!("the signature of the {} is missing", role.as_str()),
            )
            .with_contract(self.id));
        };
        // A seal is a key of its own: whose it is, its authority says.
        if signature.seal.is_none() && signature.kid != party.signing_key {
            return Err(Refusal::new(
                Code::SignerNotParty,
                format!("the signature of the {} is by another key", role.as_str()),
            )
            .with_contract(self.id)
            .with_participant(party.id.clone()));
        }
        let deed = match self.agreement.assignee {
            Assignee::Participant(_) => Deed::Contract,
            Assignee::Public => Deed::View,
        };
        keys.check(&party.id, signature, deed)
            .and_then(|()| match deed {
                // A public view binds nobody else, and is signed by the connector itself.
                Deed::View => Ok(()),
                _ => mandate::check(&self.agreement, party, signature, keys),
            })
            .map_err(|refusal| refusal.with_contract(self.id))
    }

    /// Checks that it carries the signature of each side that must sign, and no other.
    pub(super) fn check_all(&self, keys: &(impl SignatureCheck + ?Sized)) -> Result<(), Refusal> {
        match &self.agreement.assignee {
            Assignee::Participant(_) => self.check_exactly(&[Role::Provider, Role::Consumer], keys),
            Assignee::Public => self.check_exactly(&[Role::Provider], keys),
        }
    }

    fn check_exactly(
        &self,
        roles: &[Role],
        keys: &(impl SignatureCheck + ?Sized),
    ) -> Result<(), Refusal> {
        let (carried, expected) = (self.signatures.len(), roles.len());
        if carried < expected {
            return Err(Refusal::new(
                Code::SignatureMissing,
                format!("the contract carries {carried} of {expected} signatures"),
            )
            .with_contract(self.id));
        }
        if carried > expected {
            return Err(Refusal::new(
                Code::SignatureCount,
                format!("the contract carries {carried} signatures instead of {expected}"),
            )
            .with_contract(self.id));
        }
        roles
            .iter()
            .try_for_each(|role| self.check_signature(*role, keys))
    }
}
