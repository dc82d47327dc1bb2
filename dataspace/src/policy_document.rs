//! Offers and agreements: rules with an id, a target and the parties.

use crate::document::put_member;
use crate::message_error::MessageError;
use crate::node::Node;
use crate::policy_rules::PolicyRules;
use serde_json::{Map, Value};

/// Offer in a message or in a dataset (Dataspace Protocol 2025-1, Contract Negotiation Protocol, "Offer").
///
/// In a message it has a `target`, in a dataset it has none. The receiver of a message decides on a missing target.
#[derive(Debug, Clone, PartialEq)]
pub struct OfferDocument {
    /// Opaque id of the offer.
    pub id: String,
    /// Offered dataset.
    pub target: Option<String>,
    /// Offering participant.
    pub assigner: Option<String>,
    /// Recipient of the offer.
    pub assignee: Option<String>,
    /// Rules of use.
    pub rules: PolicyRules,
}

impl OfferDocument {
    /// Parses an offer in a message: it has a type and at least one rule.
    pub(crate) fn read_in_message(value: &Value) -> Result<Self, MessageError> {
        let node = Node::new(value, "offer")?;
        node.check_type("Offer")?;
        let offer = Self::of_node(&node)?;
        if offer.rules.is_empty() {
            return Err(MessageError::PolicyEmpty("the offer"));
        }
        Ok(offer)
    }

    /// Parses an offer in a dataset. EDC lists policies without rules, too.
    pub(crate) fn read_in_dataset(value: &Value) -> Result<Self, MessageError> {
        let node = Node::new(value, "hasPolicy")?;
        node.check_type_if_any("Offer")?;
        Self::of_node(&node)
    }

    fn of_node(node: &Node<'_>) -> Result<Self, MessageError> {
        Ok(Self {
            id: node.required_text("@id")?,
            target: node.text("target")?,
            assigner: node.text("assigner")?,
            assignee: node.text("assignee")?,
            rules: PolicyRules::of_node(node)?,
        })
    }

    /// Offer as a member of a message.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = policy_members(&self.id, "Offer");
        put_member(&mut members, "target", self.target.as_deref());
        put_member(&mut members, "assigner", self.assigner.as_deref());
        put_member(&mut members, "assignee", self.assignee.as_deref());
        members.extend(self.rules.to_json());
        Value::Object(members)
    }
}

/// Agreement in a message (Dataspace Protocol 2025-1, Contract Negotiation Protocol, "Contract Agreement Message").
#[derive(Debug, Clone, PartialEq)]
pub struct AgreementDocument {
    /// Opaque id of the agreement.
    pub id: String,
    /// Dataset of the agreement.
    pub target: String,
    /// Provider of the dataset.
    pub assigner: String,
    /// Consumer of the dataset.
    pub assignee: String,
    /// Time of the agreement, as written by the provider. The text of the protocol demands it, the schema does not.
    pub timestamp: String,
    /// Rules of use.
    pub rules: PolicyRules,
}

impl AgreementDocument {
    pub(crate) fn read(value: &Value) -> Result<Self, MessageError> {
        let node = Node::new(value, "agreement")?;
        node.check_type("Agreement")?;
        let agreement = Self {
            id: node.required_text("@id")?,
            target: node.required_text("target")?,
            assigner: node.required_text("assigner")?,
            assignee: node.required_text("assignee")?,
            timestamp: node.required_text("timestamp")?,
            rules: PolicyRules::of_node(&node)?,
        };
        if agreement.rules.is_empty() {
            return Err(MessageError::PolicyEmpty("the agreement"));
        }
        Ok(agreement)
    }

    /// Agreement as a member of a message.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = policy_members(&self.id, "Agreement");
        put_member(&mut members, "target", Some(self.target.as_str()));
        put_member(&mut members, "assigner", Some(self.assigner.as_str()));
        put_member(&mut members, "assignee", Some(self.assignee.as_str()));
        put_member(&mut members, "timestamp", Some(self.timestamp.as_str()));
        members.extend(self.rules.to_json());
        Value::Object(members)
    }
}

pub(crate) fn policy_members(id: &str, of_type: &str) -> Map<String, Value> {
    let mut members = Map::new();
    put_member(&mut members, "@id", Some(id));
    put_member(&mut members, "@type", Some(of_type));
    members
}
