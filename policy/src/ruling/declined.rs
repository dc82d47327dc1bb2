//! A question that is refused, on its way to the books.

use crate::id::{ContractId, ParticipantId, PurposeId, RequestId};
use crate::refusal::Refusal;
use evidence::digest::Digest;
use evidence::ledger::Receipt;

/// A refusal about to be recorded.
#[derive(Debug)]
pub struct Declined {
    pub(super) refusal: Refusal,
    pub(super) opened: Option<Receipt>,
    pub(super) asked: Option<Asked>,
}

/// What is known of a question that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The question's identity.
    pub request: RequestId,
    /// Who asked.
    pub peer: ParticipantId,
    /// SHA-256 of its leaf certificate.
    pub certificate: Option<Digest>,
    /// Under which contracts.
    pub contracts: Vec<ContractId>,
    /// For which purpose.
    pub purpose: Option<PurposeId>,
    /// Commitment to the SQL text.
    pub sql_commit: Digest,
}

impl Declined {
    /// A refusal before anything was opened.
    #[must_use]
    pub const fn unopened(refusal: Refusal, asked: Option<Asked>) -> Self {
        Self {
            refusal,
            opened: None,
            asked,
        }
    }

    /// A refusal that closes an opened entry.
    #[must_use]
    pub const fn closing(opened: Receipt, refusal: Refusal, asked: Option<Asked>) -> Self {
        Self {
            refusal,
            opened: Some(opened),
            asked,
        }
    }

    /// The refusal.
    #[must_use]
    pub const fn refusal(&self) -> &Refusal {
        &self.refusal
    }

    /// Whether it closes an opened entry.
    #[must_use]
    pub const fn closes(&self) -> bool {
        self.opened.is_some()
    }

    /// What is known of the question.
    #[must_use]
    pub const fn asked(&self) -> Option<&Asked> {
        self.asked.as_ref()
    }
}
