//! Members of one object in a message, by their canonical names.

use crate::message_error::{MessageError, text_excerpt};
use crate::process_id::{ProcessId, ProcessPids};
use crate::vocabulary;
use serde_json::Value;
use std::collections::BTreeMap;

/// Object in a message. Members with the value `null` count as absent, as in JSON-LD.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    place: &'static str,
    members: BTreeMap<String, &'a Value>,
}

impl<'a> Node<'a> {
    pub(crate) fn new(value: &'a Value, place: &'static str) -> Result<Self, MessageError> {
        let object = value.as_object().ok_or(MessageError::NotAnObject(place))?;
        let mut members = BTreeMap::new();
        for (name, member) in object {
            if member.is_null() {
                continue;
            }
            let canonical = vocabulary::to_canonical_name(name);
            // `action` and `odrl:action` are one member. With both of them, readers could disagree on the value.
            if members.insert(canonical, member).is_some() {
                return Err(MessageError::DuplicateMember(text_excerpt(name)));
            }
        }
        Ok(Self { place, members })
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &'a Value)> {
        self.members
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
    }

    pub(crate) fn member(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).copied()
    }

    pub(crate) fn required_member(&self, name: &'static str) -> Result<&'a Value, MessageError> {
        self.member(name).ok_or(self.missing_member_error(name))
    }

    /// Checks that the object has the expected type.
    pub(crate) fn check_type(&self, expected: &'static str) -> Result<(), MessageError> {
        let found = self.member("@type");
        if found.and_then(Value::as_str) == Some(expected) {
            return Ok(());
        }
        Err(MessageError::TypeUnexpected {
            place: self.place,
            expected,
            found: match found {
                None => String::new(),
                Some(Value::String(text)) => text_excerpt(text),
                Some(other) => text_excerpt(&other.to_string()),
            },
        })
    }

    /// Checks the type of an object where it has one, since the schemas don't always require it.
    pub(crate) fn check_type_if_any(&self, expected: &'static str) -> Result<(), MessageError> {
        match self.member("@type") {
            None => Ok(()),
            Some(_) => self.check_type(expected),
        }
    }

    pub(crate) fn text(&self, name: &'static str) -> Result<Option<String>, MessageError> {
        let Some(value) = self.member(name) else {
            return Ok(None);
        };
        match plain_text(value) {
            Some("") => Err(self.invalid_member_error(name, "is empty")),
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(self.invalid_member_error(name, "is not a text")),
        }
    }

    pub(crate) fn required_text(&self, name: &'static str) -> Result<String, MessageError> {
        self.text(name)?.ok_or(self.missing_member_error(name))
    }

    pub(crate) fn pid(&self, name: &'static str) -> Result<Option<ProcessId>, MessageError> {
        let text = self.text(name)?;
        text.map(|text| {
            ProcessId::new(&text)
                .map_err(|_invalid| self.invalid_member_error(name, "is not a process id"))
        })
        .transpose()
    }

    pub(crate) fn required_pid(&self, name: &'static str) -> Result<ProcessId, MessageError> {
        self.pid(name)?.ok_or(self.missing_member_error(name))
    }

    pub(crate) fn pids(&self) -> Result<ProcessPids, MessageError> {
        Ok(ProcessPids {
            consumer: self.required_pid("consumerPid")?,
            provider: self.required_pid("providerPid")?,
        })
    }

    /// Entries of a list. EDC writes a single entry without brackets where its context does not define the list.
    pub(crate) fn list(&self, name: &str) -> &'a [Value] {
        match self.member(name) {
            None => &[],
            Some(Value::Array(values)) => values,
            Some(one) => std::slice::from_ref(one),
        }
    }

    pub(crate) fn code(&self) -> Option<String> {
        match self.member("code")? {
            Value::Number(number) => Some(number.to_string()),
            other => plain_text(other).map(str::to_owned),
        }
    }

    /// Reasons as texts; the protocol permits any values.
    pub(crate) fn reasons(&self) -> Vec<String> {
        let text = |value: &Value| match plain_text(value) {
            Some(text) => text.to_owned(),
            None => value.to_string(),
        };
        self.list("reason").iter().map(text).collect()
    }

    pub(crate) fn missing_member_error(&self, member: &'static str) -> MessageError {
        MessageError::MemberMissing {
            place: self.place,
            member,
        }
    }

    pub(crate) fn invalid_member_error(
        &self,
        member: &'static str,
        defect: &'static str,
    ) -> MessageError {
        MessageError::MemberInvalid {
            place: self.place,
            member,
            defect,
        }
    }
}

/// Text of a value: the text itself, or that of a JSON-LD reference or value object.
pub(crate) fn plain_text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Object(members) => match (members.get("@value"), members.get("@id")) {
            (Some(text), None) => text.as_str(),
            (None, Some(id)) if members.len() == 1 => id.as_str(),
            _ => None,
        },
        _ => None,
    }
}
