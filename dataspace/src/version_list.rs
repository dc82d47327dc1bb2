//! Versions of the protocol that a participant supports.

use crate::document::{put_list, put_member};
use crate::message_error::MessageError;
use crate::node::Node;
use crate::strict_json;
use serde_json::{Map, Value, json};

/// Version of the protocol that this package reads and writes.
pub const PROTOCOL_VERSION: &str = "2025-1";
const HTTPS: &str = "HTTPS";

/// Response of `/.well-known/dspace-version` (Dataspace Protocol 2025-1, "Exposure of Dataspace Protocol Versions"). It has no
/// context and no type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionList {
    /// Versions, at least one.
    pub versions: Vec<ProtocolVersion>,
}

/// Version of the protocol with its path (Dataspace Protocol 2025-1, "Exposure of Dataspace Protocol Versions").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtocolVersion {
    /// Name of the version.
    pub version: String,
    /// Path below the root of the version list.
    pub path: String,
    /// Binding; `HTTPS` in 2025-1.
    pub binding: String,
    /// Service for the version.
    pub service_id: Option<String>,
    /// Type of the identifiers of participants.
    pub identifier_type: Option<String>,
    /// Authentication protocol of participants.
    pub auth: Option<VersionAuth>,
}

/// Authentication protocol of participants (Dataspace Protocol 2025-1, "Exposure of Dataspace Protocol Versions", `auth`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionAuth {
    /// Name of the protocol.
    pub protocol: String,
    /// Version of the authentication protocol.
    pub version: String,
    /// Profiles of the authentication protocol.
    pub profiles: Vec<String>,
}

impl VersionList {
    /// Parses the list.
    ///
    /// # Errors
    ///
    /// For bytes that are not such a list.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = strict_json::read_json(bytes)?;
        let node = Node::new(&value, "the version list")?;
        let versions = node.required_member("protocolVersions")?.as_array();
        let versions =
            versions.ok_or(node.invalid_member_error("protocolVersions", "is not a list"))?;
        if versions.is_empty() {
            return Err(node.invalid_member_error("protocolVersions", "is empty"));
        }
        let versions = versions.iter().map(ProtocolVersion::read);
        Ok(Self {
            versions: versions.collect::<Result<_, _>>()?,
        })
    }

    /// First entry of [`PROTOCOL_VERSION`] over HTTPS.
    #[must_use]
    pub fn of_2025_1(&self) -> Option<&ProtocolVersion> {
        let mut versions = self.versions.iter();
        versions.find(|entry| entry.version == PROTOCOL_VERSION && entry.binding == HTTPS)
    }

    /// List as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let versions = self.versions.iter().map(ProtocolVersion::to_json);
        json!({"protocolVersions": versions.collect::<Vec<Value>>()})
    }
}

impl ProtocolVersion {
    fn read(value: &Value) -> Result<Self, MessageError> {
        let node = Node::new(value, "protocolVersions")?;
        Ok(Self {
            version: node.required_text("version")?,
            path: node.required_text("path")?,
            binding: node.required_text("binding")?,
            service_id: node.text("serviceId")?,
            identifier_type: node.text("identifierType")?,
            auth: node.member("auth").map(VersionAuth::read).transpose()?,
        })
    }

    fn to_json(&self) -> Value {
        let mut members = Map::new();
        put_member(&mut members, "version", Some(self.version.as_str()));
        put_member(&mut members, "path", Some(self.path.as_str()));
        put_member(&mut members, "binding", Some(self.binding.as_str()));
        put_member(&mut members, "serviceId", self.service_id.as_deref());
        put_member(
            &mut members,
            "identifierType",
            self.identifier_type.as_deref(),
        );
        let auth = self.auth.as_ref().map(VersionAuth::to_json);
        put_member(&mut members, "auth", auth);
        Value::Object(members)
    }
}

impl VersionAuth {
    fn read(value: &Value) -> Result<Self, MessageError> {
        let node = Node::new(value, "auth")?;
        let text = |profile: &Value| profile.as_str().map(str::to_owned);
        let profiles: Option<Vec<String>> = node.list("profile").iter().map(text).collect();
        Ok(Self {
            protocol: node.required_text("protocol")?,
            version: node.required_text("version")?,
            profiles: profiles.ok_or(node.invalid_member_error("profile", "is not a text"))?,
        })
    }

    fn to_json(&self) -> Value {
        let mut members = Map::new();
        put_member(&mut members, "protocol", Some(self.protocol.as_str()));
        put_member(&mut members, "version", Some(self.version.as_str()));
        let profiles = self.profiles.iter().map(|profile| json!(profile));
        put_list(&mut members, "profile", profiles.collect());
        Value::Object(members)
    }
}
