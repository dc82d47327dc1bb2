//! The statement `withdrawal/1` by which a party ends a contract.

use crate::envelope::kind::StatementKind;
use crate::statement::Statement;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::{ContractId, ParticipantId};
use serde::{Deserialize, Serialize};

/// What a withdrawal says, not signed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WithdrawalStatement {
    /// The contract that ends.
    pub contract: ContractId,
    /// Who withdraws.
    pub party: ParticipantId,
    /// From when; never before it is received.
    pub effective_at: UtcTimestamp,
    /// When it was written.
    pub issued_at: UtcTimestamp,
    /// Why, for people.
    pub reason: String,
}

impl Statement for WithdrawalStatement {
    const FORM: &'static str = "withdrawal/1";
    const KIND: StatementKind = StatementKind::Withdrawal;
    const SIGNER: Option<SignatoryRole> = None;
}
