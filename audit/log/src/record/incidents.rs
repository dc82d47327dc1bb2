//! Records of the logs of others: their heads, forks, and the statements that explain these.

use crate::digest::Digest;
use crate::time::UtcTimestamp;
use serde::{Deserialize, Serialize};

/// A head that another participant has shown of its log.
///
/// Written by who saw it. Proves that the log had this head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedHeadRecord {
    /// The participant.
    pub peer: String,
    /// The records under it.
    pub size: u64,
    /// `true` where it was proven to go on from the one seen before.
    pub proven: bool,
    /// Recorded heads that it was proven to go on from.
    pub over: Vec<EarlierHead>,
    /// The signed head.
    pub note: String,
}

/// A recorded head that a later one goes on from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlierHead {
    /// The records under it.
    pub size: u64,
    /// The root of the tree over these, in base 64.
    pub root: String,
}

/// A head of a log that a third participant has passed on.
///
/// Written by who was told. Proves that the log had this head, if the signature holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GossipedHeadRecord {
    /// The participant whose log it is.
    pub peer: String,
    /// The participant that passed it on.
    pub via: String,
    /// The records under it.
    pub size: u64,
    /// `true` where it and the one seen before were proven to be of one log.
    pub proven: bool,
    /// The signed head.
    pub note: String,
}

/// A head of the own log that another participant has cosigned.
///
/// Written by the owner of the log. Proves that somebody else has seen it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessedHeadRecord {
    /// The participant that cosigned it.
    pub peer: String,
    /// The records under it.
    pub size: u64,
    /// The time of the cosignature, in seconds since 1970.
    pub seconds: u64,
    /// The signed head, with the cosignature.
    pub note: String,
}

/// Two histories of another log.
///
/// Written by who saw both. Proves the fork by two signed heads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogForkRecord {
    /// The participant.
    pub peer: String,
    /// `LOG_FORK`.
    pub code: String,
    /// The participant that passed one of them on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// The signed head that was known.
    pub known: String,
    /// The signed head that was shown.
    pub shown: String,
}

/// A statement that closes an incident of a log.
///
/// Written by its owner and by those who take it. Proves how the owner explains the fork or the loss.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentRecord {
    /// The participant whose log it is.
    pub peer: String,
    /// `in` for a statement that came, `out` for an own one.
    pub direction: String,
    /// The digest of the file that holds the statement.
    pub statement: Digest,
    /// The cause.
    pub cause: String,
    /// The first record that has two histories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// The record behind the last that has two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upto: Option<u64>,
    /// The time since which there are two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<UtcTimestamp>,
    /// The permits that are stated late.
    pub late: u64,
    /// The records under the head that counts from now on.
    pub size: u64,
    /// That head, signed.
    pub head: String,
    /// The time of the statement.
    pub stated_at: UtcTimestamp,
}
