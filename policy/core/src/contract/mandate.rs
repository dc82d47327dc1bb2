//! Mandates: who may sign for a participant, and up to which risk, as the participant itself states and signs.
//!
//! A mandate travels in the protected header of the signature that rests on it, so that whoever reads the contract can
//! judge it, and the payload keeps one hash.

use super::signature_purpose::SignaturePurpose;
use super::{Agreement, Assignee, ContractParty, Signature, SignatureVerifier};
use crate::id::{ClauseId, ParticipantId};
use crate::refusal::{ErrorCode, Refusal};
use crate::term::{Term, aggregate};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeSet;

#[cfg(test)]
mod tests;

/// What a contract lets out, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DisclosureClass {
    /// What anybody may have.
    Public,
    /// Aggregates, and no row.
    Aggregate,
    /// Rows.
    Rows,
    /// What is about persons: there is a clause on its legal basis, or on their consent.
    Personal,
}

impl DisclosureClass {
    /// Every class, the least first.
    pub const ALL: [Self; 4] = [Self::Public, Self::Aggregate, Self::Rows, Self::Personal];

    /// Its word in mandates and commands.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Aggregate => "aggregate",
            Self::Rows => "rows",
            Self::Personal => "personal",
        }
    }

    /// The class of that word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == word)
    }

    /// What an agreement lets out, and the clause that says so, if one does.
    #[must_use]
    pub fn of(agreement: &Agreement) -> (Self, Option<ClauseId>) {
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
        // What can't be told apart counts as the more.
        match aggregate::cube(&agreement.clauses) {
            Ok(Some(_)) => (Self::Aggregate, None),
            Ok(None) | Err(_) => (Self::Rows, None),
        }
    }
}

/// What a participant states of a key that signs for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mandate {
    /// For whom.
    pub participant: ParticipantId,
    /// Thumbprint of the key that may sign.
    pub holder: String,
    /// In what capacity, for people: one line.
    pub capacity: String,
    /// The most that a contract may let out.
    pub up_to: DisclosureClass,
    /// The most days that a contract may last.
    pub longest_days: u32,
    /// With whom; none: with anybody.
    pub counterparties: BTreeSet<ParticipantId>,
    /// First instant at which it counts.
    pub not_before: UtcTimestamp,
    /// First instant at which it no longer counts.
    pub not_after: UtcTimestamp,
}

/// A mandate as read from its envelope, its signature not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedMandate {
    /// SHA-256 of its payload.
    pub statement: Digest,
    /// What it says.
    pub mandate: Mandate,
    /// By a key of the participant that signs no contracts.
    pub signature: Signature,
    /// Its envelope, as it travels.
    pub bytes: Vec<u8>,
}

impl Mandate {
    /// Whether the key may sign this agreement for `party` at `at`.
    ///
    /// # Errors
    /// `MANDATE_EXPIRED` or `MANDATE_EXCEEDED`, with what is beyond it and the clause of the contract.
    pub fn permits(
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
        let (class, clause) = DisclosureClass::of(agreement);
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

/// Whether the signature of `party` is within its mandate: needed where the participant states that it uses mandates, and
/// checked wherever one is there.
pub(super) fn check(
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
            "`holder` of the mandate: nobody mandates itself",
        ));
    }
    keys.check(&party.id, &signed.signature, SignaturePurpose::Mandate)?;
    if keys.mandate_revoked(&party.id, signed, signature) {
        return Err(Refusal::new(
            ErrorCode::MandateRevoked,
            format!(
                "the mandate `{}` of {} was revoked before the signature that rests on it was made, or was first seen",
                signed.statement.short(),
                party.id
            ),
        ));
    }
    let made = signature.issued_at.checked_mul(1_000_000);
    let made = made.and_then(|micros| UtcTimestamp::from_micros(micros).ok());
    // A signer can write any time into a signature, so that of the log counts, too.
    for at in [made, keys.logged()].into_iter().flatten() {
        signed
            .mandate
            .permits(agreement, &party.id, &signature.kid, at)?;
    }
    Ok(())
}

const DAY: i64 = 24 * 3600 * 1_000_000;
