//! Catalogue requests, with the filter that EDC sends in each of them.

use crate::document::{self, message_members, put_list, put_member};
use crate::message_error::MessageError;
use crate::node::Node;
use crate::vocabulary::EDC_NAMESPACE;
use serde_json::{Map, Value};

const CATALOG_REQUEST: &str = "CatalogRequestMessage";
const DATASET_REQUEST: &str = "DatasetRequestMessage";

/// Members of EDC's filter that select a part of the catalogue and its order. The order is ignored.
const FILTER_MEMBERS: [&str; 7] = [
    "@id",
    "@type",
    "offset",
    "limit",
    "sortOrder",
    "sortField",
    "filterExpression",
];

/// Request for a catalogue (Dataspace Protocol 2025-1, Catalog Protocol, "Catalog Request Message").
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CatalogRequest {
    /// Id of the message, equal in all attempts to send it.
    pub message_id: Option<String>,
    /// Number of datasets to skip at the start (EDC).
    pub offset: Option<u64>,
    /// Largest number of datasets (EDC).
    pub limit: Option<u64>,
}

impl CatalogRequest {
    /// Parses the request.
    ///
    /// # Errors
    ///
    /// [`MessageError::FilterUnsupported`] for a filter by anything other than position; another error for an invalid message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read_message(bytes)?;
        let node = document::open_message(&value, CATALOG_REQUEST)?;
        let mut request = Self {
            message_id: node.text("@id")?,
            offset: None,
            limit: None,
        };
        match node.list("filter") {
            [] => {}
            [filter] => request.apply_filter(filter)?,
            _ => return Err(MessageError::FilterUnsupported),
        }
        Ok(request)
    }

    fn apply_filter(&mut self, filter: &Value) -> Result<(), MessageError> {
        let members = filter.as_object().ok_or(MessageError::FilterUnsupported)?;
        for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
            let name = of_edc(name);
            let has_expression = name == "filterExpression" && !says_nothing(value);
            let is_foreign = name == "@type" && value.as_str().map(of_edc) != Some("QuerySpec");
            if !FILTER_MEMBERS.contains(&name) || has_expression || is_foreign {
                return Err(MessageError::FilterUnsupported);
            }
            match name {
                "offset" => self.offset = Some(read_number(value, "offset", self.offset)?),
                "limit" => self.limit = Some(read_number(value, "limit", self.limit)?),
                _ => {}
            }
        }
        Ok(())
    }

    /// Request as JSON. A range is written with EDC's terms as full IRIs, since the context of 2025-1 does not define them.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = message_members(CATALOG_REQUEST, self.message_id.as_deref());
        if self.offset.is_some() || self.limit.is_some() {
            let mut filter = Map::new();
            let name = |local: &str| format!("{EDC_NAMESPACE}{local}");
            put_member(&mut filter, "@type", Some(name("QuerySpec")));
            put_member(&mut filter, &name("offset"), self.offset);
            put_member(&mut filter, &name("limit"), self.limit);
            put_list(&mut members, "filter", vec![Value::Object(filter)]);
        }
        Value::Object(members)
    }
}

fn of_edc(name: &str) -> &str {
    let local = name
        .strip_prefix("edc:")
        .or(name.strip_prefix(EDC_NAMESPACE));
    local.unwrap_or(name)
}

fn says_nothing(expression: &Value) -> bool {
    expression.as_array().is_some_and(Vec::is_empty)
}

fn read_number(
    value: &Value,
    name: &'static str,
    before: Option<u64>,
) -> Result<u64, MessageError> {
    if before.is_some() {
        return Err(MessageError::DuplicateMember(name.to_owned()));
    }
    let value = value.get("@value").unwrap_or(value);
    value.as_u64().ok_or(MessageError::MemberInvalid {
        place: "filter",
        member: name,
        defect: "is not a whole number from 0 on",
    })
}

/// Request for one dataset (Dataspace Protocol 2025-1, Catalog Protocol, "Dataset Request Message"); over HTTPS it is a GET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetRequest {
    /// Id of the message, equal in all attempts to send it.
    pub message_id: Option<String>,
    /// Id of the dataset.
    pub dataset: String,
}

impl DatasetRequest {
    /// Parses the request.
    ///
    /// # Errors
    ///
    /// For an invalid message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read_message(bytes)?;
        let node: Node<'_> = document::open_message(&value, DATASET_REQUEST)?;
        Ok(Self {
            message_id: node.text("@id")?,
            dataset: node.required_text("dataset")?,
        })
    }

    /// Request as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = message_members(DATASET_REQUEST, self.message_id.as_deref());
        put_member(&mut members, "dataset", Some(self.dataset.as_str()));
        Value::Object(members)
    }
}
