//! Mandates: a participant's signed statement that a key may sign contracts for it, up to a disclosure class.
//!
//! A mandate is part of the protected header of the contract signature. A reader of the contract can judge the mandate, and the
//! hash of the payload does not depend on it.

use crate::id::ParticipantId;
use hansa_audit_log::time::UtcTimestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Disclosure class of a contract, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DisclosureClass {
    /// Data for everybody.
    Public,
    /// Aggregates without rows.
    Aggregate,
    /// Single rows.
    Rows,
    /// Personal data: a clause states its legal basis or consent.
    Personal,
}

impl DisclosureClass {
    /// All classes in ascending order.
    pub const ALL: [Self; 4] = [Self::Public, Self::Aggregate, Self::Rows, Self::Personal];

    /// Word of the class in mandates and commands.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Aggregate => "aggregate",
            Self::Rows => "rows",
            Self::Personal => "personal",
        }
    }

    /// Class with this word; none for an unknown word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == word)
    }
}

hansa_audit_log::serialize_as_word!(DisclosureClass);

/// Mandate: a participant's statement about a key that signs for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mandate {
    /// Participant that gives the mandate.
    pub participant: ParticipantId,
    /// RFC 7638 thumbprint of the key that may sign.
    pub holder: String,
    /// Capacity of the signatory, for people: one line.
    pub capacity: String,
    /// Highest disclosure class of a contract under the mandate.
    pub up_to: DisclosureClass,
    /// Longest duration of a contract under the mandate, days.
    pub longest_days: u32,
    /// Permitted counterparties; empty permits all.
    pub counterparties: BTreeSet<ParticipantId>,
    /// First instant of validity.
    pub not_before: UtcTimestamp,
    /// First instant at which the mandate is no longer valid.
    pub not_after: UtcTimestamp,
}
