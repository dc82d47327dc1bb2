//! Tests of changed messages: each is parsed or refused, and a parsed one can be written.

use super::*;

const OWN_MESSAGES: &str = include_str!("../../tests-data/messages.jsonl");

fn name_of(message: &Value) -> &str {
    message["@type"].as_str().unwrap_or_default()
}

#[test]
fn a_message_that_ends_early_is_refused() {
    for line in OWN_MESSAGES.lines() {
        let message: Value = serde_json::from_str(line).unwrap();
        for length in 0..line.len() {
            let error = reread(name_of(&message), &line.as_bytes()[..length]).unwrap_err();
            assert!(matches!(error, MessageError::NotJson(_)));
        }
    }
}

/// JSON Pointers of all values in a message.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                places(value, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                places(value, &format!("{at}/{name}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn any_value_in_any_place_is_read_or_refused() {
    let others = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(1.5e300),
        json!(""),
        json!("x"),
        json!([]),
        json!({}),
        json!([[]]),
        json!([{}]),
        json!({"@id": "x"}),
        json!({"@value": {"@value": []}}),
        json!({"@id": 5, "@value": 5}),
    ];
    let mut read = 0;
    let mut refused = 0;
    for line in OWN_MESSAGES.lines() {
        let message: Value = serde_json::from_str(line).unwrap();
        let mut found = Vec::new();
        places(&message, "", &mut found);
        for place in found {
            for other in &others {
                let mut changed = message.clone();
                *changed.pointer_mut(&place).unwrap() = other.clone();
                match reread(name_of(&message), &bytes(&changed)) {
                    Err(_) => refused += 1,
                    Ok(written) => {
                        read += 1;
                        // The written message is parsed with an equal result.
                        if let Some(written) = written {
                            let again = reread(name_of(&message), &bytes(&written)).unwrap();
                            assert_eq!(again, Some(written), "{place} {other} {line}");
                        }
                    }
                }
            }
        }
    }
    assert!(
        read > 100 && refused > 1000,
        "{read} read, {refused} refused"
    );
}
