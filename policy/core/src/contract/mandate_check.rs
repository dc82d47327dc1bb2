//! Check of a signature against its mandate.

use super::mandate::{DisclosureClass, Mandate};
use super::signature::{Signature, SignatureVerifier};
use super::signature_purpose::SignaturePurpose;
use super::{Agreement, Assignee, ContractParty};
use crate::id::{ClauseId, ParticipantId};
use crate::refusal::{ErrorCode, Refusal};
use crate::term::{Term, aggregate};
use hansa_audit_log::time::UtcTimestamp;

impl DisclosureClass {
    /// Disclosure class of an agreement, and the clause that decides it, if one does.
    #[must_use]
    pub fn for_agreement(agreement: &Agreement) -> (Self, Option<ClauseId>) {
        let personal = agreement
            .clauses
            .iter()
            .find(|clause| matches!(clause.term, Term::LegalBasis(_) | Term::ObtainConsent));
        if let Some(clause) = personal {
            return (Self::Personal, Some(clause.id));
        }
        if agreement.assignee == Assignee::Public {
            return (Self::Public, None);
        }
        // An undecidable policy counts as the higher class.
        match aggregate::build_cube(&agreement.clauses) {
            Ok(Some(_)) => (Self::Aggregate, None),
            Ok(None) | Err(_) => (Self::Rows, None),
        }
    }
}

impl Mandate {
    /// Checks that the key may sign this agreement for `party` at `at`.
    ///
    /// # Errors
    /// `MANDATE_EXPIRED` or `MANDATE_EXCEEDED`, with the exceeded limit and the clause of the contract.
    pub fn check_agreement(
        &self,
        agreement: &Agreement,
        party: &ParticipantId,
        holder: &str,
        at: UtcTimestamp,
    ) -> Result<(), Refusal> {
        let beyond = |member: &str, sentence: String| {
            Err(Refusal::new(
                ErrorCode::MandateExceeded,
                format!("`{member}` of the mandate: {sentence}"),
            ))
        };
        if self.participant != *party {
            return beyond(
                "participant",
                format!(
                    "it is of {}, and the contract is signed for {party}",
                    self.participant
                ),
            );
        }
        if self.holder != holder {
            return beyond(
                "holder",
                format!("it is for the key `{}`, and `{holder}` signs", self.holder),
            );
        }
        if at < self.not_before || self.not_after <= at {
            return Err(Refusal::new(
                ErrorCode::MandateExpired,
                format!(
                    "the mandate counts from {} until {}, and not on {at}",
                    self.not_before, self.not_after
                ),
            ));
        }
        let (class, clause) = DisclosureClass::for_agreement(agreement);
        if class > self.up_to {
            let refused = beyond(
                "upTo",
                format!(
                    "it goes up to {}, and the contract lets out {}",
                    self.up_to.as_str(),
                    class.as_str()
                ),
            );
            return match clause {
                Some(clause) => {
                    refused.map_err(|refusal| refusal.with_clause(clause, "what is about persons"))
                }
                None => refused,
            };
        }
        let longest = i64::from(self.longest_days).saturating_mul(DAY);
        if agreement.not_before.plus_micros(longest) < agreement.not_after {
            return beyond(
                "longestDays",
                format!(
                    "it goes up to {} days, and the contract lasts from {} until {}",
                    self.longest_days, agreement.not_before, agreement.not_after
                ),
            );
        }
        let other = if agreement.provider.id == *party {
            agreement.assignee_id()
        } else {
            Some(&agreement.provider.id)
        };
        if let Some(other) = other
            && !self.counterparties.is_empty()
            && !self.counterparties.contains(other)
        {
            return beyond(
                "counterparties",
                format!("{other} is none of those with whom it lets sign"),
            );
        }
        Ok(())
    }
}

/// Checks that the signature of `party` is within its mandate. A mandate is required where the participant states that it uses
/// mandates, and is checked wherever one is present.
pub(super) fn check_mandate(
    agreement: &Agreement,
    party: &ContractParty,
    signature: &Signature,
    keys: &(impl SignatureVerifier + ?Sized),
) -> Result<(), Refusal> {
    let Some(signed) = &signature.mandate else {
        if keys.needs_mandate(&party.id) {
            return Err(Refusal::new(
                ErrorCode::MandateMissing,
                format!(
                    "{} signs with mandates, and this signature has none",
                    party.id
                ),
            ));
        }
        return Ok(());
    };
    if signed.signature.kid == signature.kid {
        return Err(Refusal::new(
            ErrorCode::MandateExceeded,
            "`holder` of the mandate: a key can't mandate itself",
        ));
    }
    keys.check_signature(&party.id, &signed.signature, SignaturePurpose::Mandate)?;
    if keys.mandate_revoked(&party.id, signed, signature) {
        return Err(Refusal::new(
            ErrorCode::MandateRevoked,
            format!(
                "the mandate `{}` of {} was revoked before the signature that rests on it was made, or was first seen",
                signed.statement.to_short_text(),
                party.id
            ),
        ));
    }
    let made = signature.issued_at.checked_mul(1_000_000);
    let made = made.and_then(|micros| UtcTimestamp::from_micros(micros).ok());
    // A signer can write any time into a signature, so the time of the log is checked too.
    for at in [made, keys.logged_at()].into_iter().flatten() {
        signed
            .mandate
            .check_agreement(agreement, &party.id, &signature.kid, at)?;
    }
    Ok(())
}

const DAY: i64 = 24 * 3600 * 1_000_000;

#[cfg(test)]
mod tests;
