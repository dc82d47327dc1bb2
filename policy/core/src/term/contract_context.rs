//! What is known around a question, beyond the contract and the asker.

use crate::attribute::PresentedAttributes;
use crate::group::GroupMembership;
use crate::id::RequestId;
use crate::money::MoneyAmount;
use crate::refusal::Refusal;
use crate::value::delivery::DeliveryFormat;
use hansa_audit_log::time::UtcTimestamp;
use std::net::IpAddr;

/// What is known around a question under one contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractContext {
    /// The address from which it comes; absent where nobody knows.
    pub address: Option<IpAddr>,
    /// The form in which the answer would be sent.
    pub format: DeliveryFormat,
    /// The other answers under the contract that run.
    pub running: u64,
    /// When the contract came into force, by its record.
    pub activated: Option<UtcTimestamp>,
    /// When the first question was permitted under it.
    pub first_use: Option<UtcTimestamp>,
    /// Receipts under it that the asker has not countersigned.
    pub outstanding: u64,
    /// What issuers have stated of the asker.
    pub presented: PresentedAttributes,
    /// What is left of what was paid beforehand.
    pub balance: PrepaidBalance,
    /// What the asker has not stated yet though its time is over: that what it received is deleted.
    pub overdue: OverdueAttestations,
    /// Whether the asker is a member of the group of the contract, or why not; absent where there is no list.
    pub listed: Option<Result<GroupMembership, Refusal>>,
}

impl ContractContext {
    /// What stands in where nobody looked: every count is at its most, so that a clause which depends on one refuses.
    pub const UNKNOWN: Self = Self {
        address: None,
        format: DeliveryFormat::ArrowIpc,
        running: u64::MAX,
        activated: None,
        first_use: None,
        outstanding: u64::MAX,
        presented: PresentedAttributes::NOTHING,
        balance: PrepaidBalance::EMPTY,
        overdue: OverdueAttestations::EVERYTHING,
        listed: None,
    };
}

/// What is left of what was paid beforehand under a contract and its later versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrepaidBalance {
    /// So much.
    pub left: MoneyAmount,
    /// How many months have begun that were not paid for yet.
    pub months_due: u64,
}

impl PrepaidBalance {
    /// What stands in where nobody looked.
    pub const EMPTY: Self = Self {
        left: MoneyAmount::NOTHING,
        months_due: u64::MAX,
    };
}

/// Statements that are overdue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OverdueAttestations {
    /// How many answers lack one.
    pub count: u64,
    /// The first of these answers, to be named.
    pub first: Vec<RequestId>,
}

impl OverdueAttestations {
    /// No statement.
    pub const NOTHING: Self = Self {
        count: 0,
        first: Vec::new(),
    };

    /// What stands in where nobody looked.
    pub const EVERYTHING: Self = Self {
        count: u64::MAX,
        first: Vec::new(),
    };

    /// So many are named in a refusal.
    pub const NAMED: usize = 5;
}
