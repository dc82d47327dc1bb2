//! Facts around a question under one contract, beyond the contract and the asking participant.

use crate::attribute::PresentedAttributes;
use crate::group::GroupMembership;
use crate::id::RequestId;
use crate::money::MoneyAmount;
use crate::refusal::Refusal;
use crate::value::delivery::DeliveryFormat;
use hansa_audit_log::time::UtcTimestamp;
use std::net::IpAddr;

/// Facts around a question under one contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractContext {
    /// Address from which the question comes; absent where unknown.
    pub address: Option<IpAddr>,
    /// Format in which the answer would be sent.
    pub format: DeliveryFormat,
    /// Number of other running answers under the contract.
    pub running: u64,
    /// Instant of entry into force, by the record of the activation.
    pub activated: Option<UtcTimestamp>,
    /// Instant of the first permitted question under the contract.
    pub first_use: Option<UtcTimestamp>,
    /// Number of receipts under the contract that the asking participant has not countersigned.
    pub outstanding: u64,
    /// Attributes of the asking participant, as stated by issuers.
    pub presented: PresentedAttributes,
    /// Remaining prepaid amount.
    pub balance: PrepaidBalance,
    /// Overdue statements of deletion by the asking participant.
    pub overdue: OverdueAttestations,
    /// Membership of the asking participant in the contract's group, or the refusal; absent where there is no list.
    pub listed: Option<Result<GroupMembership, Refusal>>,
}

impl ContractContext {
    /// Context where nothing was looked up. All counts are at their maximum, so that every clause that depends on one refuses.
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

/// Remaining prepaid amount under a contract and its later versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrepaidBalance {
    /// Remaining amount.
    pub left: MoneyAmount,
    /// Number of months that have begun and are not paid yet.
    pub months_due: u64,
}

impl PrepaidBalance {
    /// Balance where nothing was looked up: empty.
    pub const EMPTY: Self = Self {
        left: MoneyAmount::NOTHING,
        months_due: u64::MAX,
    };
}

/// Overdue statements of deletion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OverdueAttestations {
    /// Number of answers without the statement.
    pub count: u64,
    /// First of these answers, for the refusal.
    pub first: Vec<RequestId>,
}

impl OverdueAttestations {
    /// No overdue statement.
    pub const NOTHING: Self = Self {
        count: 0,
        first: Vec::new(),
    };

    /// State where nothing was looked up: everything is overdue.
    pub const EVERYTHING: Self = Self {
        count: u64::MAX,
        first: Vec::new(),
    };

    /// Largest number of answers that a refusal names.
    pub const NAMED: usize = 5;
}
