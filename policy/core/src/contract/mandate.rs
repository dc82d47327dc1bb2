//! Mandates: who may sign for a participant, and up to which risk, as the participant itself states and signs.
//!
//! A mandate travels in the protected header of the signature that rests on it, so that whoever reads the contract can
//! judge it, and the payload keeps one hash.

use crate::id::ParticipantId;
use hansa_audit_log::time::UtcTimestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

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
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == word)
    }
}

hansa_audit_log::serialize_as_word!(DisclosureClass);

/// What a participant states of a key that signs for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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
