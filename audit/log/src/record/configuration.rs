//! Records of what a connector goes by: its configuration, the league, peers, access tokens.

use crate::digest::Digest;
use crate::time::UtcTimestamp;
use serde::{Deserialize, Serialize};

/// A trust bundle in force.
///
/// Written by each participant. Proves whom it took for a member from then on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustRecord {
    /// The digest of the bundle.
    pub bundle: Digest,
    /// Its sequence number.
    pub sequence: u64,
    /// The league.
    pub league: String,
    /// The members.
    pub members: Vec<String>,
}

/// A configuration in force.
///
/// Written by each participant. Proves from when on it went by another one; texts and values are not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigurationRecord {
    /// The file.
    pub path: String,
    /// The digest before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// The digest of the file, of what overrides it and of the policies.
    pub new: Digest,
    /// The digest of the policies.
    pub policies: Digest,
    /// The settings that the environment overrides.
    pub overrides: Vec<String>,
    /// The digest of the rules for the own people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub house: Option<Digest>,
    /// Added to the wall clock, in microseconds.
    pub clock_offset_us: i64,
}

/// A participant that was made known, or forgotten.
///
/// Written by each participant. Proves whom it had as a peer, at which address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerRecord {
    /// The participant.
    pub peer: String,
    /// The address; absent where it was forgotten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The name by which statements write it; absent where it was forgotten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
}

/// A rulebook of the league, installed or accepted.
///
/// Written by each participant. Proves which version it had accepted, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulebookRecord {
    /// `installed` or `accepted`.
    pub event: String,
    /// The version.
    pub version: u64,
    /// The digest of the rulebook.
    pub rulebook: Digest,
    /// The day from which on it holds, where it was installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The digest of the statement of acceptance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<Digest>,
    /// The digest of the file.
    pub file: Digest,
    /// The pseudonym of who accepted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// An access token for a program, created or revoked.
///
/// Written by the participant that issues it. Proves for which purposes and until when; its secret is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessTokenRecord {
    /// `created` or `revoked`.
    pub event: String,
    /// The token.
    pub token: String,
    /// The pseudonym of the person that it is for.
    pub actor: String,
    /// The purposes.
    pub purposes: Vec<String>,
    /// The instant at which it ends.
    pub until: UtcTimestamp,
    /// The pseudonym of the person that created or revoked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The contract that it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The digest of the file that says what it is for, where it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<Digest>,
}
