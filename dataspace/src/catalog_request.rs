//! Requests to a catalogue, and the filter that EDC sends with each of them.

use crate::document::{self, envelope, put, put_list};
use crate::message_error::MessageError;
use crate::node::Node;
use crate::vocabulary::EDC_NAMESPACE;
use serde_json::{Map, Value};

const CATALOG_REQUEST: &str = "CatalogRequestMessage";
const DATASET_REQUEST: &str = "DatasetRequestMessage";

/// Members of EDC's filter that say which part of the catalogue is wanted, and in which order; the order is ignored.
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
    /// Id of the message, the same in each attempt to send it.
    pub message_id: Option<String>,
    /// Number of datasets to leave out at the beginning (EDC).
    pub offset: Option<u64>,
    /// Number of datasets wanted at most (EDC).
    pub limit: Option<u64>,
}

impl CatalogRequest {
    /// The request that the bytes are.
    ///
    /// # Errors
    ///
    /// [`MessageError::FilterUnsupported`] for a filter that leaves out datasets by anything but their place; any other for a message
    /// that is not valid.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read(bytes)?;
        let node = document::open(&value, CATALOG_REQUEST)?;
        let mut request = Self {
            message_id: node.text("@id")?,
            offset: None,
            limit: None,
        };
        match node.list("filter") {
            [] => {}
            [filter] => request.apply(filter)?,
            _ => return Err(MessageError::FilterUnsupported),
        }
        Ok(request)
    }

    fn apply(&mut self, filter: &Value) -> Result<(), MessageError> {
        let members = filter.as_object().ok_or(MessageError::FilterUnsupported)?;
        for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
            let name = of_edc(name);
            let has_expression = name == "filterExpression" && !says_nothing(value);
            let is_foreign = name == "@type" && value.as_str().map(of_edc) != Some("QuerySpec");
            if !FILTER_MEMBERS.contains(&name) || has_expression || is_foreign {
                return Err(MessageError::FilterUnsupported);
            }
            match name {
                "offset" => self.offset = Some(number(value, "offset", self.offset)?),
                "limit" => self.limit = Some(number(value, "limit", self.limit)?),
                _ => {}
            }
        }
        Ok(())
    }

    /// The message. A part of the catalogue is asked for in the words of EDC, in full: they are not in the context of 2025-1.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = envelope(CATALOG_REQUEST, self.message_id.as_deref());
        if self.offset.is_some() || self.limit.is_some() {
            let mut filter = Map::new();
            let name = |local: &str| format!("{EDC_NAMESPACE}{local}");
            put(&mut filter, "@type", Some(name("QuerySpec")));
            put(&mut filter, &name("offset"), self.offset);
            put(&mut filter, &name("limit"), self.limit);
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

fn number(value: &Value, name: &'static str, before: Option<u64>) -> Result<u64, MessageError> {
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

/// Request for one dataset (Dataspace Protocol 2025-1, Catalog Protocol, "Dataset Request Message"); over HTTPS a GET stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetRequest {
    /// Id of the message, the same in each attempt to send it.
    pub message_id: Option<String>,
    /// Id of the dataset.
    pub dataset: String,
}

impl DatasetRequest {
    /// The request that the bytes are.
    ///
    /// # Errors
    ///
    /// For a message that is not valid.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read(bytes)?;
        let node: Node<'_> = document::open(&value, DATASET_REQUEST)?;
        Ok(Self {
            message_id: node.text("@id")?,
            dataset: node.required_text("dataset")?,
        })
    }

    /// The message.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = envelope(DATASET_REQUEST, self.message_id.as_deref());
        put(&mut members, "dataset", Some(self.dataset.as_str()));
        Value::Object(members)
    }
}
