//! The JSON of a policy around its clauses. Each clause stays JSON here, since its term reads and writes it.

use hansa_audit_log::json::Json;
use hansa_policy::id::{ClauseId, DatasetId, ParticipantId};
use serde::{Deserialize, Serialize};

/// The whole policy.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyDocument {
    #[serde(rename = "@context")]
    pub(super) context: (OdrlContext, OdrlProfile),
    #[serde(rename = "@type")]
    pub(super) kind: PolicyKind,
    pub(super) uid: String,
    pub(super) profile: OdrlProfile,
    pub(super) conflict: ConflictStrategy,
    pub(super) assigner: ParticipantId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) assignee: Option<String>,
    pub(super) permission: Vec<PermissionObject>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) prohibition: Vec<Json>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) obligation: Vec<Json>,
}

/// The one permission.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PermissionObject {
    pub(super) uid: ClauseId,
    pub(super) action: Vec<ActionObject>,
    pub(super) target: TargetObject,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) constraint: Vec<Json>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) duty: Vec<Json>,
}

/// The one action of the permission.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActionObject {
    #[serde(rename = "rdf:value")]
    pub(super) value: ActionIri,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) refinement: Vec<Json>,
}

/// The IRI of an action.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActionIri {
    #[serde(rename = "@id")]
    pub(super) id: PermittedAction,
}

/// The dataset, and the part of it that is given.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetObject {
    #[serde(rename = "@type")]
    pub(super) kind: TargetKind,
    pub(super) source: DatasetId,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) refinement: Vec<Json>,
}

/// The kind of a policy.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum PolicyKind {
    Agreement,
    Offer,
}

/// The first entry of the context.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum OdrlContext {
    #[serde(rename = "http://www.w3.org/ns/odrl.jsonld")]
    Odrl,
}

/// The profile, and the second entry of the context.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum OdrlProfile {
    #[serde(rename = "urn:hansa:odrl:1")]
    Hansa,
}

/// Strategy for a conflict of a prohibition with the permission (`conflict` of ODRL).
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ConflictStrategy {
    Prohibit,
}

/// The action that the clauses need: rows, or aggregates alone.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum PermittedAction {
    #[serde(rename = "h:query")]
    Query,
    #[serde(rename = "odrl:aggregate")]
    Aggregate,
}

/// The kind of a target.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum TargetKind {
    AssetCollection,
}
