//! Offers and agreements: rules with an id, what they are about, and between whom.

use crate::document::put;
use crate::message_error::MessageError;
use crate::node::Node;
use crate::policy_rules::PolicyRules;
use serde_json::{Map, Value};

/// Offer in a message or in a dataset (Dataspace Protocol 2025-1, Contract Negotiation Protocol, "Offer").
///
/// In a message it has a `target`, in a dataset it has none; who gets the message decides what follows where it is missing.
#[derive(Debug, Clone, PartialEq)]
pub struct OfferDocument {
    /// Id of the offer; opaque.
    pub id: String,
    /// Dataset that is offered.
    pub target: Option<String>,
    /// Participant who offers.
    pub assigner: Option<String>,
    /// Participant to whom it is offered.
    pub assignee: Option<String>,
    /// Rules of use.
    pub rules: PolicyRules,
}

impl OfferDocument {
    /// Offer that is a member of a message: it has a type, and a rule.
    pub(crate) fn read_in_message(value: &Value) -> Result<Self, MessageError> {
        let node = Node::new(value, "offer")?;
        node.check_type("Offer")?;
        let offer = Self::of_node(&node)?;
        if offer.rules.is_empty() {
            return Err(MessageError::PolicyEmpty("the offer"));
        }
        Ok(offer)
    }

    /// Offer that is a member of a dataset. EDC lists policies without rules, too.
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

    /// The offer as a member of a message.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = policy(&self.id, "Offer");
        put(&mut members, "target", self.target.as_deref());
        put(&mut members, "assigner", self.assigner.as_deref());
        put(&mut members, "assignee", self.assignee.as_deref());
        members.extend(self.rules.to_json());
        Value::Object(members)
    }
}

/// Agreement in a message (Dataspace Protocol 2025-1, Contract Negotiation Protocol, "Contract Agreement Message").
#[derive(Debug, Clone, PartialEq)]
pub struct AgreementDocument {
    /// Id of the agreement; opaque.
    pub id: String,
    /// Dataset that is agreed on.
    pub target: String,
    /// Participant who provides.
    pub assigner: String,
    /// Participant who consumes.
    pub assignee: String,
    /// Time of the agreement, as the provider wrote it. The text of the protocol wants it, the schema does not.
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

    /// The agreement as a member of a message.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = policy(&self.id, "Agreement");
        put(&mut members, "target", Some(self.target.as_str()));
        put(&mut members, "assigner", Some(self.assigner.as_str()));
        put(&mut members, "assignee", Some(self.assignee.as_str()));
        put(&mut members, "timestamp", Some(self.timestamp.as_str()));
        members.extend(self.rules.to_json());
        Value::Object(members)
    }
}

pub(crate) fn policy(id: &str, of_type: &str) -> Map<String, Value> {
    let mut members = Map::new();
    put(&mut members, "@id", Some(id));
    put(&mut members, "@type", Some(of_type));
    members
}
