//! A remark on a clause: what must hold of it. It changes nothing, and ends with the negotiation.

use super::{NegotiationContent, NegotiationState, PartyRole, Phase};
use crate::contract::Agreement;
use crate::contract::signature::{SignatoryRole, Signature, SignatureVerifier};
use crate::contract::signature_purpose::SignaturePurpose;
use crate::id::{ClauseId, ContractId, ParticipantId};
use crate::refusal::{ErrorCode, Refusal};

/// A remark as its signed statement makes it, the signature not yet checked.
#[derive(Debug, Clone, Copy)]
pub struct ClauseComment<'a> {
    /// The negotiation that it names.
    pub negotiation: &'a str,
    /// The proposal that it is about, by what it would become.
    pub contract: ContractId,
    /// Which clause of it.
    pub clause: ClauseId,
    /// Who says so.
    pub party: &'a ParticipantId,
    /// The party's signature.
    pub signature: &'a Signature,
}

/// The most remarks of one side in one negotiation.
pub const MOST_REMARKS: usize = 50;

impl NegotiationState {
    /// Checks a remark of `from`, who has made so many before.
    ///
    /// # Errors
    /// `NEGOTIATION_STATE` when the negotiation is over, knows no such clause, or has had enough; `SIGNER_NOT_PARTY`, or
    /// the fault of its signature.
    pub fn check_remark(
        &self,
        from: PartyRole,
        remark: &ClauseComment<'_>,
        before: usize,
        keys: &(impl SignatureVerifier + ?Sized),
    ) -> Result<(), Refusal> {
        let refuse = |sentence: String, help: &str| {
            Err(Refusal::new(ErrorCode::NegotiationState, sentence).with_help(help))
        };
        if matches!(self.phase, Phase::Finalized | Phase::Terminated) {
            return refuse(
                "the negotiation is over, and comments with it".to_owned(),
                "request a contract in the place of this one: hansa contract request --replaces",
            );
        }
        if before >= MOST_REMARKS {
            return refuse(
                format!("one side makes {MOST_REMARKS} comments in a negotiation and no more"),
                "say the rest with changed terms: hansa contract counter",
            );
        }
        let party = match from {
            PartyRole::Provider => &self.parties.provider,
            PartyRole::Consumer => &self.parties.consumer,
        };
        let role = match from {
            PartyRole::Provider => SignatoryRole::Provider,
            PartyRole::Consumer => SignatoryRole::Consumer,
        };
        if remark.party != party || remark.signature.role != role {
            return Err(Refusal::new(
                ErrorCode::SignerNotParty,
                "the comment is not by the side that sends it",
            ));
        }
        let known = self
            .proposed_agreement(remark.contract)
            .is_some_and(|agreement| agreement.clauses.iter().any(|one| one.id == remark.clause));
        if remark.negotiation != self.parties.negotiation || !known {
            return refuse(
                format!("there is no clause {} of that proposal here", remark.clause),
                "hansa contract show lists the clauses",
            );
        }
        keys.check(party, remark.signature, SignaturePurpose::Statement)
    }

    /// What was proposed under this hash, now or before: messages of the two sides may cross.
    fn proposed_agreement(&self, contract: ContractId) -> Option<&Agreement> {
        self.handled
            .values()
            .find_map(|heard| match &heard.content {
                NegotiationContent::Request { proposal, .. }
                | NegotiationContent::Offer { proposal }
                    if proposal.contract == contract =>
                {
                    Some(&proposal.agreement)
                }
                _ => None,
            })
    }
}
