//! Comments on a clause of a proposal, and their check. A comment changes no state and ends with the negotiation.

use super::{NegotiationContent, NegotiationState, PartyRole, Phase};
use crate::contract::Agreement;
use crate::contract::signature::{SignatoryRole, Signature, SignatureVerifier};
use crate::contract::signature_purpose::SignaturePurpose;
use crate::id::{ClauseId, ContractId, ParticipantId};
use crate::refusal::{ErrorCode, Refusal};

/// Comment as read from its signed statement. Its signature is not checked yet.
#[derive(Debug, Clone, Copy)]
pub struct ClauseComment<'a> {
    /// Identifier of the negotiation.
    pub negotiation: &'a str,
    /// Identity of the proposal that the comment is about.
    pub contract: ContractId,
    /// Clause that the comment is about.
    pub clause: ClauseId,
    /// Author of the comment.
    pub party: &'a ParticipantId,
    /// The party's signature.
    pub signature: &'a Signature,
}

/// Largest number of comments of one side in one negotiation.
pub const MOST_REMARKS: usize = 50;

impl NegotiationState {
    /// Checks a comment of `from`, given the number of earlier comments of that side.
    ///
    /// # Errors
    /// `NEGOTIATION_STATE` when the negotiation is over, has no such clause, or has reached the limit; `SIGNER_NOT_PARTY`, or the
    /// code of the signature check.
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
        keys.check_signature(party, remark.signature, SignaturePurpose::Statement)
    }

    /// Agreement that is or was proposed under this hash. Earlier ones count, since messages of the two sides may cross.
    fn proposed_agreement(&self, contract: ContractId) -> Option<&Agreement> {
        self.handled
            .values()
            .find_map(|handled| match &handled.content {
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
