//! Between whom an agreement is, and to whom it gives.

use super::{Agreement, Assignee, ContractPartner, ContractStatus};
use crate::id::ParticipantId;
use hansa_audit_log::time::UtcTimestamp;

impl Agreement {
    /// Whether it is between the same participants and about the same dataset as `old`, so that it may take its place.
    #[must_use]
    pub fn may_replace(&self, old: &Self) -> bool {
        self.assignee_id() == old.assignee_id()
            && self.provider.id == old.provider.id
            && self.dataset.id == old.dataset.id
    }

    /// The participant or partner that takes; nobody in particular for a public view.
    #[must_use]
    pub const fn assignee_id(&self) -> Option<&ParticipantId> {
        match &self.assignee {
            Assignee::Participant(party) => Some(&party.id),
            Assignee::Partner(partner) => Some(&partner.id),
            Assignee::Public => None,
        }
    }

    /// The partner that takes, where it is one.
    #[must_use]
    pub const fn partner(&self) -> Option<&ContractPartner> {
        match &self.assignee {
            Assignee::Partner(partner) => Some(partner),
            Assignee::Participant(_) | Assignee::Public => None,
        }
    }

    /// Whether the key with this thumbprint signs it, for either party.
    #[must_use]
    pub fn is_signed_with(&self, key: &str) -> bool {
        let consumer = match &self.assignee {
            Assignee::Participant(party) => Some(&party.signing_key),
            Assignee::Public | Assignee::Partner(_) => None,
        };
        self.provider.signing_key == key || consumer.is_some_and(|signing| signing == key)
    }

    /// How it stands at `now` by its own text alone.
    pub(super) fn in_time(&self, now: UtcTimestamp) -> ContractStatus {
        if now < self.not_before {
            ContractStatus::NotYet
        } else if now >= self.not_after {
            ContractStatus::Expired
        } else {
            ContractStatus::InForce
        }
    }

    /// Whether it gives to `who`, by name or as to anybody.
    pub(super) fn gives_to(&self, who: &ParticipantId) -> bool {
        self.assignee_id().is_none_or(|assignee| assignee == who)
    }

    /// Whether `who` is named in it, as provider or as assignee.
    pub(super) fn is_party(&self, who: &ParticipantId) -> bool {
        self.provider.id == *who || self.assignee_id() == Some(who)
    }
}
