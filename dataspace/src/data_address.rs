//! Data addresses with their access tokens.

use crate::document::{put_list, put_member};
use crate::message_error::MessageError;
use crate::node::Node;
use crate::vocabulary::EDC_NAMESPACE;
use serde_json::{Map, Value, json};
use std::fmt;

/// Properties that EDC looks up by their full name.
const PROPERTIES_OF_EDC: [&str; 2] = ["authorization", "authType"];

/// Data address (Dataspace Protocol 2025-1, Transfer Process Protocol, "Data Address").
///
/// Its `Debug` output contains no values of properties, since one of them is a token.
#[derive(Clone, PartialEq, Eq)]
pub struct DataAddress {
    /// Kind of the endpoint.
    pub endpoint_type: String,
    /// Address, from the member or from EDC's property.
    pub endpoint: Option<String>,
    /// Names without their namespaces, with values; without the endpoint.
    pub properties: Vec<(String, String)>,
}

impl DataAddress {
    /// Parses the value of a member `dataAddress`.
    ///
    /// # Errors
    ///
    /// For a value that is not an address.
    pub fn read(value: &Value) -> Result<Self, MessageError> {
        let node = Node::new(value, "dataAddress")?;
        node.check_type_if_any("DataAddress")?;
        let mut address = Self {
            endpoint_type: node.required_text("endpointType")?,
            endpoint: node.text("endpoint")?,
            properties: Vec::new(),
        };
        for value in node.list("endpointProperties") {
            let property = Node::new(value, "endpointProperties")?;
            property.check_type_if_any("EndpointProperty")?;
            let name = property.required_text("name")?;
            let name = last_segment(&name);
            let value = property.required_text("value")?;
            let before = match name {
                "endpoint" => address.endpoint.as_deref(),
                other => address.property(other),
            };
            match before {
                // Two values with one name: readers could disagree on the value.
                Some(before) if before != value => {
                    return Err(property
                        .invalid_member_error("value", "differs from that of the same name"));
                }
                Some(_) => {}
                None if name == "endpoint" => address.endpoint = Some(value),
                None => address.properties.push((name.to_owned(), value)),
            }
        }
        Ok(address)
    }

    /// Value of the property with this name.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&str> {
        let mut properties = self.properties.iter();
        let (_, value) = properties.find(|(known, _)| known == name)?;
        Some(value)
    }

    /// Address as a member of a message. Endpoint and token are repeated under EDC's names, since EDC reads the endpoint only
    /// there.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = Map::new();
        put_member(&mut members, "@type", Some("DataAddress"));
        put_member(
            &mut members,
            "endpointType",
            Some(self.endpoint_type.as_str()),
        );
        put_member(&mut members, "endpoint", self.endpoint.as_deref());
        let mut properties = Vec::new();
        if let Some(endpoint) = &self.endpoint {
            properties.push(property_node(&of_edc("endpoint"), endpoint));
        }
        for (name, value) in &self.properties {
            properties.push(property_node(name, value));
            if PROPERTIES_OF_EDC.contains(&name.as_str()) {
                properties.push(property_node(&of_edc(name), value));
            }
        }
        put_list(&mut members, "endpointProperties", properties);
        Value::Object(members)
    }
}

impl fmt::Debug for DataAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self
            .properties
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        formatter
            .debug_struct("DataAddress")
            .field("endpoint_type", &self.endpoint_type)
            .field("endpoint", &self.endpoint)
            .field("properties", &names)
            .finish()
    }
}

fn last_segment(name: &str) -> &str {
    let (_, last) = name.rsplit_once(['/', '#', ':']).unwrap_or(("", name));
    if last.is_empty() { name } else { last }
}

fn of_edc(name: &str) -> String {
    format!("{EDC_NAMESPACE}{name}")
}

fn property_node(name: &str, value: &str) -> Value {
    json!({"@type": "EndpointProperty", "name": name, "value": value})
}
