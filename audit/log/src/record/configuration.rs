//! Records of the configuration, the league, peers and access tokens.

use crate::digest::Digest;
use crate::time::UtcTimestamp;
use serde::{Deserialize, Serialize};

/// A trust bundle in force.
///
/// Written by each participant. Proves the members that it trusts from then on.
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
/// Written by each participant. Proves the time of a change; the record contains no texts and no values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigurationRecord {
    /// The path of the file.
    pub path: String,
    /// The digest of the preceding configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// The digest of the file, its overrides and the policies.
    pub new: Digest,
    /// The digest of the policies.
    pub policies: Digest,
    /// The settings that the environment overrides.
    pub overrides: Vec<String>,
    /// The digest of the rules for the participant's own users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub house: Option<Digest>,
    /// The offset of the wall clock, microseconds.
    pub clock_offset_us: i64,
}

/// A change of a file of the configuration by a command.
///
/// Written by each participant, before the file is replaced. Proves who changed the file and its bytes before and after; `config` proves when
/// they took effect. The record contains no texts, no values and no name of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigurationChangeRecord {
    /// The words of the command, such as `policy put`.
    pub change: String,
    /// The policy or the dataset; absent for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The path of the file, below the folder of the configuration.
    pub path: String,
    /// The digest of the replaced file; absent for a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Digest>,
    /// The digest of the new file.
    pub new: Digest,
    /// The pseudonym of the person that gave the command; absent where no connector ran, so that nobody was recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// A peer that was added or removed.
///
/// Written by each participant. Proves its peers and their addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerRecord {
    /// The participant.
    pub peer: String,
    /// The address; absent for a removed peer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The alias of the participant in statements; absent for a removed peer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
}

/// A rulebook of the league, installed or accepted.
///
/// Written by each participant. Proves the accepted version, and the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulebookRecord {
    /// `installed` or `accepted`.
    pub event: String,
    /// The version.
    pub version: u64,
    /// The digest of the rulebook.
    pub rulebook: Digest,
    /// The day from which the version applies, for an installed one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The digest of the statement of acceptance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<Digest>,
    /// The digest of the file.
    pub file: Digest,
    /// The pseudonym of the accepting person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// An access token for a program, created or revoked.
///
/// Written by the participant that issues it. Proves its purposes and its end; the secret is not in the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessTokenRecord {
    /// `created` or `revoked`.
    pub event: String,
    /// The token.
    pub token: String,
    /// The pseudonym of the token's person.
    pub actor: String,
    /// The purposes.
    pub purposes: Vec<String>,
    /// The instant at which it ends.
    pub until: UtcTimestamp,
    /// The pseudonym of the person that created or revoked the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The contract of the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The digest of the file with the token's permissions, where it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<Digest>,
}
