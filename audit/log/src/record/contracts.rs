//! Records of contracts: activation, withdrawal, restriction, use, deletion, notices, approvals.

use crate::digest::Digest;
use crate::time::UtcTimestamp;
use serde::{Deserialize, Serialize};

/// A contract in force.
///
/// Written by both parties. Proves the time from which each party treats the contract as valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivationRecord {
    /// The contract.
    pub contract: String,
    /// `activate`.
    pub event: String,
    /// The provider.
    pub provider: String,
    /// The consumer; `h:public` for a public view.
    pub consumer: String,
    /// The dataset.
    pub dataset: String,
    /// The first instant in force.
    pub not_before: UtcTimestamp,
    /// The first instant no longer in force.
    pub not_after: UtcTimestamp,
}

/// The withdrawal of a contract.
///
/// Written by both parties. Proves the time at which each party knew of it; nothing that the withdrawal forbids is sent after this
/// record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawalRecord {
    /// The contract.
    pub contract: String,
    /// The party that withdraws.
    pub party: String,
    /// The instant of effect; absent for an immediate effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective: Option<UtcTimestamp>,
    /// The digest of the statement.
    pub statement: Digest,
    /// The signed statement, where its file could not be stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub envelope: Option<String>,
    /// The time of the record in the reserve, for a record that was taken from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<UtcTimestamp>,
    /// The digest of the reserve, for a record that was taken from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserve_sha256: Option<Digest>,
}

/// A restriction of the provider on a dataset, set or removed.
///
/// Written by the provider. Proves the restriction that applies to later questions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestrictionRecord {
    /// The dataset.
    pub dataset: String,
    /// The digest of the restriction; absent for a removed one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restriction: Option<Digest>,
    /// The digest of the preceding restriction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Digest>,
    /// The restriction itself, where its file could not be stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub envelope: Option<String>,
    /// The time of the record in the reserve, for a record that was taken from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<UtcTimestamp>,
    /// The digest of the reserve, for a record that was taken from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserve_sha256: Option<Digest>,
}

/// A signed list of a group's members.
///
/// Written by a provider whose contracts name the group. Proves the members from then on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRecord {
    /// The group.
    pub group: String,
    /// The serial number of the statement.
    pub serial: u64,
    /// The digest of the statement.
    pub statement: Digest,
    /// The digest of its file.
    pub file: Digest,
    /// `changed` or `renewed`.
    pub event: String,
    /// The new members.
    pub added: Vec<String>,
    /// The removed members.
    pub removed: Vec<String>,
    /// The signed statement, where its file could not be stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub envelope: Option<String>,
    /// The time of the record in the reserve, for a record that was taken from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<UtcTimestamp>,
    /// The digest of the reserve, for a record that was taken from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserve_sha256: Option<Digest>,
}

/// An officer's approval of a contract or a change, or the refusal of one that was asked for.
///
/// Written by the participant of the officers. Proves that one or two of them have agreed, or that one has declined, under pseudonyms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRecord {
    /// The contract, for an approval of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The change, for an approval of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// The step.
    pub action: String,
    /// The pseudonym of the first officer.
    pub first: String,
    /// The pseudonym of the second officer; absent while there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<String>,
    /// The pseudonym of the officer who has declined what the first one asked for; the request ends with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declined: Option<String>,
    /// A commitment to the reason of the first officer, or to that of the one who has declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_commit: Option<String>,
}

/// A statement of use under a contract.
///
/// Written by its author. Proves the issued statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsageRecord {
    /// The contract.
    pub contract: String,
    /// The digest of the statement's file.
    pub statement: Digest,
}

/// A prepaid amount.
///
/// Written by the provider. Proves the time from which it can be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopUpRecord {
    /// The first version of the contract.
    pub contract: String,
    /// The amount, with its currency.
    pub amount: String,
}

/// A statement of deletion.
///
/// Written by both parties. Proves that the consumer has stated the deletion of received data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeletionRecord {
    /// The other party.
    pub peer: String,
    /// `in` for a received statement, `out` for an own one.
    pub direction: String,
    /// The contract.
    pub contract: String,
    /// The first version of the contract.
    pub first: String,
    /// The digest of the statement's file.
    pub statement: Digest,
    /// The requests whose answers are deleted.
    pub requests: Vec<String>,
}

/// An attempt to deliver a notice to people or to the other party.
///
/// Written by the notifying participant. Proves the attempt and its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeRecord {
    /// The contract.
    pub contract: String,
    /// The number of days before an end, for a notice about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// The topic.
    pub topic: String,
    /// The channel.
    pub channel: String,
    /// `delivered`, or the kind of failure.
    pub outcome: String,
    /// The number of the attempt, from 1.
    pub attempt: u64,
    /// The reason of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A notice from the other party.
///
/// Written by the party that received it. Proves the time from which it knew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceivedNoticeRecord {
    /// The other party.
    pub peer: String,
    /// The contract.
    pub contract: String,
    /// The topic.
    pub topic: String,
    /// The snapshot, or another subject of the topic.
    pub detail: String,
    /// The time of the event at the other party.
    pub happened: UtcTimestamp,
    /// The digest of the statement's file.
    pub statement: Digest,
}

/// A credential that was added to the own store, or removed.
///
/// Written by the participant that holds it. Proves the time in which it could be presented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialRecord {
    /// The digest of the statement.
    pub statement: Digest,
    /// The issuer.
    pub issuer: String,
    /// The end of its validity.
    pub until: UtcTimestamp,
    /// `true` for a removed credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<bool>,
}

/// A template of a policy, taken from another participant.
///
/// Written by the participant that took it. Proves the origin of its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateRecord {
    /// The participant that offers the template.
    pub peer: String,
    /// The name.
    pub name: String,
    /// The digest of its text.
    pub sha256: Digest,
}
