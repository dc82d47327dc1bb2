//! Checked withdrawal and its record in the log.

use super::VerifiedWithdrawal;
use crate::id::{ContractId, ParticipantId};
use hansa_audit_log::ledger::Evidence;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::record::contracts::WithdrawalRecord;
use hansa_audit_log::time::UtcTimestamp;

impl VerifiedWithdrawal {
    /// Contract that ends.
    #[must_use]
    pub const fn contract(&self) -> ContractId {
        self.contract
    }

    /// Party that withdrew the contract.
    #[must_use]
    pub const fn party(&self) -> &ParticipantId {
        &self.party
    }

    /// Withdrawal whose record holds the signed statement. For a statement that can't be stored in its own file beforehand.
    #[must_use]
    pub fn with_envelope(mut self, envelope: String) -> Self {
        self.envelope = Some(envelope);
        self
    }

    /// Instant of effect, where notice was given; none for an effect from the record on.
    #[must_use]
    pub const fn effective_at(&self) -> Option<UtcTimestamp> {
        self.effective_at
    }
}

impl Evidence for VerifiedWithdrawal {
    fn to_record_body(&self) -> RecordBody {
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
