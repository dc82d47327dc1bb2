//! Bodies of records for tests that need only a few of their members.

use hansa_audit_log::json::{Json, JsonLimits, parse_json};
use hansa_audit_log::record::body::{RecordBody, RecordBodyError};

/// Body of a kind with these members, as JSON. Other required members get an empty value of their type.
pub(crate) fn complete(kind: &str, members: &str) -> RecordBody {
    let members = parse_json(members.as_bytes(), JsonLimits::default()).unwrap();
    let mut members = members.as_object().unwrap().clone();
    loop {
        let body = Json::Object(members.clone());
        let missing = match RecordBody::read(kind, &body) {
            Ok(body) => return body,
            Err(error) => missing(&error).unwrap_or_else(|| panic!("{error}: {body:?}")),
        };
        let stands = members.contains_key(&missing);
        assert!(!stands, "`{missing}` is missing within a member: {body:?}");
        let fits = |value: &Json| {
            let mut members = members.clone();
            members.insert(missing.clone(), value.clone());
            let read = RecordBody::read(kind, &Json::Object(members));
            read.is_ok() || read.is_err_and(|error| self::missing(&error).is_some())
        };
        let value = empty_values().into_iter().find(fits);
        let value = value.unwrap_or_else(|| panic!("no value of `{missing}` of a `{kind}`"));
        members.insert(missing, value);
    }
}

/// Missing member, if that is the error.
fn missing(error: &RecordBodyError) -> Option<String> {
    let text = error.to_string();
    let (_, rest) = text.split_once("missing field `")?;
    rest.split_once('`').map(|(name, _)| name.to_owned())
}

/// Empty value of each type.
fn empty_values() -> [Json; 9] {
    let count = Json::Int(0);
    [
        Json::from_display(""),
        count.clone(),
        Json::Bool(false),
        Json::List(Vec::new()),
        Json::from_display("0".repeat(64)),
        Json::from_display("2026-06-01T12:00:00Z"),
        Json::object([("rows", count.clone()), ("bytes", count.clone())]),
        Json::object([("requests", count.clone()), ("bytes", count)]),
        Json::object([]),
    ]
}
