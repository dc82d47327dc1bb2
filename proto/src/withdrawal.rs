//! Statement `withdrawal/1` by which a party ends a contract.

use crate::envelope::kind::StatementKind;
use crate::statement::Statement;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::{ContractId, ParticipantId};
use serde::{Deserialize, Serialize};

/// Content of a withdrawal before its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WithdrawalStatement {
    /// Contract that ends.
    pub contract: ContractId,
    /// Party that withdraws.
    pub party: ParticipantId,
    /// Instant at which the withdrawal takes effect; never before its arrival.
    pub effective_at: UtcTimestamp,
    /// Time of writing.
    pub issued_at: UtcTimestamp,
    /// Reason, for people.
    pub reason: String,
}

impl Statement for WithdrawalStatement {
    const FORM: &'static str = "withdrawal/1";
    const KIND: StatementKind = StatementKind::Withdrawal;
    const SIGNER: Option<SignatoryRole> = None;
}
