//! A withdrawal that was checked, and what it leaves in the log.

use super::VerifiedWithdrawal;
use crate::id::{ContractId, ParticipantId};
use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::record::contracts::WithdrawalRecord;
use hansa_audit_log::time::UtcTimestamp;

impl VerifiedWithdrawal {
    /// The contract that ends.
    #[must_use]
    pub const fn contract(&self) -> ContractId {
        self.contract
    }

    /// Who withdrew it.
    #[must_use]
    pub const fn party(&self) -> &ParticipantId {
        &self.party
    }

    /// The same, with the statement as it was signed in its record: for where that can't be kept in a file of its own beforehand.
    #[must_use]
    pub fn with_envelope(mut self, envelope: String) -> Self {
        self.envelope = Some(envelope);
        self
    }

    /// From when, where notice was given; else from its record on.
    #[must_use]
    pub const fn effective_at(&self) -> Option<UtcTimestamp> {
        self.effective_at
    }
}

impl Evidence for VerifiedWithdrawal {
    fn entry(&self) -> RecordBody {
        WithdrawalRecord {
            contract: self.contract.to_string(),
            party: self.party.to_string(),
            effective: self.effective_at,
            statement: self.statement,
            envelope: self.envelope.clone(),
            at: None,
            reserve_sha256: None,
        }
        .into()
    }
}
