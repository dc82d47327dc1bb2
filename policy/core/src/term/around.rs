//! What is known around a question, beyond the contract and the asker.

use super::delivery::Format;
use crate::attribute::Shown;
use crate::group::Listed;
use crate::id::RequestId;
use crate::money::Money;
use crate::refusal::Refusal;
use hansa_audit_log::time::Time;
use std::net::IpAddr;

/// What is known around a question under one contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Around {
    /// The address from which it comes; absent where nobody knows.
    pub address: Option<IpAddr>,
    /// The form in which the answer would be sent.
    pub format: Format,
    /// The other answers under the contract that run.
    pub running: u64,
    /// When the contract came into force, by its record.
    pub activated: Option<Time>,
    /// When the first question was permitted under it.
    pub first_use: Option<Time>,
    /// Receipts under it that the asker has not countersigned.
    pub outstanding: u64,
    /// What issuers have stated of the asker.
    pub shown: Shown,
    /// What is left of what was paid beforehand.
    pub purse: Purse,
    /// What the asker has not stated yet though its time is over: that what it received is deleted.
    pub owed: Owed,
    /// Whether the asker is a member of the group of the contract, or why not; absent where there is no list.
    pub listed: Option<Result<Listed, Refusal>>,
}

impl Around {
    /// What stands in where nobody looked: every count is at its most, so that a clause which depends on one refuses.
    pub const UNKNOWN: Self = Self {
        address: None,
        format: Format::ArrowIpc,
        running: u64::MAX,
        activated: None,
        first_use: None,
        outstanding: u64::MAX,
        shown: Shown::NOTHING,
        purse: Purse::EMPTY,
        owed: Owed::EVERYTHING,
        listed: None,
    };
}

/// What is left of what was paid beforehand under a contract and its later versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purse {
    /// So much.
    pub left: Money,
    /// How many months have begun that were not paid for yet.
    pub months_due: u64,
}

impl Purse {
    /// What stands in where nobody looked.
    pub const EMPTY: Self = Self {
        left: Money::NOTHING,
        months_due: u64::MAX,
    };
}

/// Statements that are overdue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owed {
    /// How many answers lack one.
    pub count: u64,
    /// The first of these answers, to be named.
    pub first: Vec<RequestId>,
}

impl Owed {
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
