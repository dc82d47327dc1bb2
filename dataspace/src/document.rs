//! Frame of a message: context, type and refused keywords.

use crate::message_error::{MessageError, text_excerpt};
use crate::node::Node;
use crate::process_id::{ProcessId, ProcessPids};
use crate::strict_json::{self, DEPTH_LIMIT};
use crate::vocabulary::{DSPACE_CONTEXT, EDC_CONTEXT};
use serde_json::{Map, Value, json};

/// Keywords of JSON-LD 1.1 that can change the meaning of other members. A reader without a JSON-LD processor must refuse them.
const REFUSED_KEYWORDS: [&str; 14] = [
    "@graph",
    "@reverse",
    "@included",
    "@nest",
    "@index",
    "@set",
    "@list",
    "@container",
    "@base",
    "@vocab",
    "@import",
    "@propagate",
    "@protected",
    "@version",
];

/// Parses a message: strict JSON with the context of 2025-1, an object without refused keywords.
pub(crate) fn read_message(bytes: &[u8]) -> Result<Value, MessageError> {
    let value = strict_json::read_json(bytes)?;
    let members = value
        .as_object()
        .ok_or(MessageError::NotAnObject("the message"))?;
    check_context(members.get("@context"))?;
    for (name, member) in members {
        check_name(name)?;
        check_keywords(member, 2)?;
    }
    Ok(value)
}

/// Members of a message, after a check of its type.
pub(crate) fn open_message<'a>(
    value: &'a Value,
    expected: &'static str,
) -> Result<Node<'a>, MessageError> {
    let node = Node::new(value, expected)?;
    node.check_type(expected)?;
    Ok(node)
}

/// First members of a message that is written.
pub(crate) fn message_members(name: &str, message_id: Option<&str>) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("@context".to_owned(), json!([DSPACE_CONTEXT]));
    if let Some(id) = message_id {
        members.insert("@id".to_owned(), json!(id));
    }
    members.insert("@type".to_owned(), json!(name));
    members
}

/// Adds a member if it has a value.
pub(crate) fn put_member<T: Into<Value>>(
    members: &mut Map<String, Value>,
    name: &str,
    value: Option<T>,
) {
    if let Some(value) = value {
        members.insert(name.to_owned(), value.into());
    }
}

/// Adds a list if it is not empty, since the schemas demand at least one entry in a list.
pub(crate) fn put_list(members: &mut Map<String, Value>, name: &str, values: Vec<Value>) {
    if !values.is_empty() {
        members.insert(name.to_owned(), Value::Array(values));
    }
}

pub(crate) fn put_pid(members: &mut Map<String, Value>, name: &str, pid: &ProcessId) {
    members.insert(name.to_owned(), json!(pid.as_str()));
}

/// First members of a message about a process that both parties know.
pub(crate) fn process_message(
    name: &str,
    message_id: Option<&str>,
    pids: &ProcessPids,
) -> Map<String, Value> {
    let mut members = message_members(name, message_id);
    put_pid(&mut members, "consumerPid", &pids.consumer);
    put_pid(&mut members, "providerPid", &pids.provider);
    members
}

pub(crate) fn put_reasons(
    members: &mut Map<String, Value>,
    code: Option<&str>,
    reasons: &[String],
) {
    put_member(members, "code", code);
    put_list(
        members,
        "reason",
        reasons.iter().map(|reason| json!(reason)).collect(),
    );
}

/// Refuses keywords below the top of a message, and nesting beyond the limit.
pub(crate) fn check_keywords(value: &Value, depth: usize) -> Result<(), MessageError> {
    if depth > DEPTH_LIMIT && (value.is_object() || value.is_array()) {
        return Err(MessageError::TooDeep);
    }
    match value {
        Value::Array(values) => values
            .iter()
            .try_for_each(|value| check_keywords(value, depth + 1)),
        Value::Object(members) => members.iter().try_for_each(|(name, member)| {
            if name == "@context" {
                return Err(MessageError::NestedContext);
            }
            check_name(name)?;
            check_keywords(member, depth + 1)
        }),
        _ => Ok(()),
    }
}

fn check_name(name: &str) -> Result<(), MessageError> {
    match REFUSED_KEYWORDS.iter().find(|keyword| **keyword == name) {
        Some(keyword) => Err(MessageError::KeywordUnsupported(keyword)),
        None => Ok(()),
    }
}

fn check_context(context: Option<&Value>) -> Result<(), MessageError> {
    let entries = match context {
        None => return Err(MessageError::ContextMissing),
        Some(Value::Array(entries)) => entries.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    let mut is_of_2025_1 = false;
    for entry in entries {
        match entry.as_str() {
            Some(DSPACE_CONTEXT) => is_of_2025_1 = true,
            Some(EDC_CONTEXT) => {}
            Some(unknown) => return Err(MessageError::ContextUnknown(text_excerpt(unknown))),
            None => return Err(MessageError::ContextShape),
        }
    }
    if is_of_2025_1 {
        Ok(())
    } else {
        Err(MessageError::ContextMissing)
    }
}
