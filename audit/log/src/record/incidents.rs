//! Records of other logs: their heads, forks, and the statements that explain them.

use crate::digest::Digest;
use crate::time::UtcTimestamp;
use serde::{Deserialize, Serialize};

/// A head of another participant's log, shown by its owner.
///
/// Written by the observer. Proves that the log had this head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedHeadRecord {
    /// The participant.
    pub peer: String,
    /// The number of records under the head.
    pub size: u64,
    /// `true` where it was proven to continue the earlier head.
    pub proven: bool,
    /// The recorded heads that it was proven to continue.
    pub over: Vec<EarlierHead>,
    /// The signed head.
    pub note: String,
}

/// A recorded head that a later one continues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlierHead {
    /// The number of records under the head.
    pub size: u64,
    /// The root of the tree over the records, in base 64.
    pub root: String,
}

/// A head of a log, passed on by a third participant.
///
/// Written by the recipient. Proves that the log had this head, if the signature is valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GossipedHeadRecord {
    /// The owner of the log.
    pub peer: String,
    /// The participant that passed it on.
    pub via: String,
    /// The number of records under the head.
    pub size: u64,
    /// `true` where it and the earlier head were proven to belong to one log.
    pub proven: bool,
    /// The signed head.
    pub note: String,
}

/// A head of the own log that another participant has cosigned.
///
/// Written by the owner of the log. Proves that another participant has seen it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessedHeadRecord {
    /// The participant that cosigned it.
    pub peer: String,
    /// The number of records under the head.
    pub size: u64,
    /// The time of the cosignature, in seconds since 1970.
    pub seconds: u64,
    /// The signed head, with the cosignature.
    pub note: String,
}

/// A fork of another log.
///
/// Written by the observer. Proves the fork by two signed heads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogForkRecord {
    /// The participant.
    pub peer: String,
    /// `LOG_FORK`.
    pub code: String,
    /// The participant that passed on one of the heads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// The signed head that was known before.
    pub known: String,
    /// The signed head that contradicts it.
    pub shown: String,
}

/// A statement that closes an incident of a log.
///
/// Written by the owner of the log and by the recipients of the statement. Proves the owner's explanation of a fork or a loss.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentRecord {
    /// The owner of the log.
    pub peer: String,
    /// `in` for a received statement, `out` for an own one.
    pub direction: String,
    /// The digest of the statement's file.
    pub statement: Digest,
    /// The cause.
    pub cause: String,
    /// The first record with two histories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// The place after the last record with two histories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upto: Option<u64>,
    /// The time of the fork.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<UtcTimestamp>,
    /// The number of late permits in the statement.
    pub late: u64,
    /// The number of records under the head that is valid from now on.
    pub size: u64,
    /// That head with its signature.
    pub head: String,
    /// The time of the statement.
    pub stated_at: UtcTimestamp,
}
