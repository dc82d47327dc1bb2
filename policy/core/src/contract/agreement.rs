//! Parties and assignee of an agreement.

use super::{Agreement, Assignee, ContractPartner, ContractStatus};
use crate::id::ParticipantId;
use hansa_audit_log::time::UtcTimestamp;

impl Agreement {
    /// True if the agreement may replace `old`: both have the same participants and the same dataset.
    #[must_use]
    pub fn may_replace(&self, old: &Self) -> bool {
        self.assignee_id() == old.assignee_id()
            && self.provider.id == old.provider.id
            && self.dataset.id == old.dataset.id
    }

    /// Identity of the participant or partner that is the assignee; none for a public view.
    #[must_use]
    pub const fn assignee_id(&self) -> Option<&ParticipantId> {
        match &self.assignee {
            Assignee::Participant(party) => Some(&party.id),
            Assignee::Partner(partner) => Some(&partner.id),
            Assignee::Public => None,
        }
    }

    /// Partner that is the assignee; none for a participant or a public view.
    #[must_use]
    pub const fn partner(&self) -> Option<&ContractPartner> {
        match &self.assignee {
            Assignee::Partner(partner) => Some(partner),
            Assignee::Participant(_) | Assignee::Public => None,
        }
    }

    /// True if the key with this thumbprint is the signing key of one of the parties.
    #[must_use]
    pub fn is_signed_with(&self, key: &str) -> bool {
        let consumer = match &self.assignee {
            Assignee::Participant(party) => Some(&party.signing_key),
            Assignee::Public | Assignee::Partner(_) => None,
        };
        self.provider.signing_key == key || consumer.is_some_and(|signing| signing == key)
    }

    /// State of the agreement at `now` by its own dates alone.
    pub(super) fn in_time(&self, now: UtcTimestamp) -> ContractStatus {
        if now < self.not_before {
            ContractStatus::NotYet
        } else if now >= self.not_after {
            ContractStatus::Expired
        } else {
            ContractStatus::InForce
        }
    }

    /// True if `who` is the assignee, or the agreement is a public view.
    pub(super) fn gives_to(&self, who: &ParticipantId) -> bool {
        self.assignee_id().is_none_or(|assignee| assignee == who)
    }

    /// True if `who` is the provider or the named assignee.
    pub(super) fn is_party(&self, who: &ParticipantId) -> bool {
        self.provider.id == *who || self.assignee_id() == Some(who)
    }
}
