//! Tests of refused messages, and of the reasons.

use super::*;

fn refused(bytes: &[u8]) -> MessageError {
    ContractRequest::read(bytes).unwrap_err()
}

#[test]
fn the_message_of_these_tests_is_read() {
    let bare_context = with(&contract_request(), json!({"@context": DSPACE_CONTEXT}));
    ContractRequest::read(&bare_context).unwrap();
    let both = with(
        &contract_request(),
        json!({"@context": [DSPACE_CONTEXT, EDC_CONTEXT]}),
    );
    ContractRequest::read(&both).unwrap();
    let unknown = with(
        &contract_request(),
        json!({"x:y": {"z": [1, null]}, "providerPid": null}),
    );
    ContractRequest::read(&unknown).unwrap();
}

#[test]
fn a_message_over_one_mebibyte() {
    let request = bytes(&contract_request());
    let padded = |length: usize| {
        let mut padded = request.clone();
        padded.resize(length, b' ');
        padded
    };
    ContractRequest::read(&padded(MESSAGE_LIMIT)).unwrap();
    let error = refused(&padded(MESSAGE_LIMIT + 1));
    assert!(matches!(error, MessageError::TooLarge(length) if length == MESSAGE_LIMIT + 1));
}

#[test]
fn nesting_over_the_limit() {
    let nested = |levels: usize| {
        let mut value = json!("inside");
        for _ in 0..levels {
            value = json!([value]);
        }
        with(&contract_request(), json!({"x": value}))
    };
    // The message itself is the first level.
    ContractRequest::read(&nested(DEPTH_LIMIT - 1)).unwrap();
    assert!(matches!(
        refused(&nested(DEPTH_LIMIT)),
        MessageError::TooDeep
    ));
    let endless = "[".repeat(MESSAGE_LIMIT);
    assert!(matches!(refused(endless.as_bytes()), MessageError::TooDeep));
    let mut rule = json!({"action": "use"});
    for _ in 0..DEPTH_LIMIT {
        rule = json!({"duty": [rule]});
    }
    let error = PolicyRules::read(&json!({"permission": [rule]})).unwrap_err();
    assert!(matches!(error, MessageError::TooDeep));
}

#[test]
fn a_name_that_stands_twice() {
    let twice = [
        r#"{"a": 1, "a": 1}"#,
        r#"{"a": {"b": 1, "b": 2}}"#,
        r#"{"a": [{"b": 1, "\u0062": 2}]}"#,
        r#"{"@type": "CatalogRequestMessage", "@type": "Catalog"}"#,
    ];
    for text in twice {
        let error = refused(text.as_bytes());
        assert!(matches!(error, MessageError::DuplicateMember(_)), "{text}");
    }
    let names = [
        "dspace:consumerPid",
        "https://w3id.org/dspace/2025/1/consumerPid",
    ];
    for name in names {
        let error = refused(&with(&contract_request(), json!({name: PROVIDER})));
        assert!(matches!(error, MessageError::DuplicateMember(_)), "{name}");
    }
    let rule = json!({"action": "use", "odrl:action": "read"});
    let error = PolicyRules::read(&json!({"permission": [rule]})).unwrap_err();
    assert!(matches!(error, MessageError::DuplicateMember(_)));
}

#[test]
fn what_is_not_one_object_of_json() {
    for text in [
        "",
        "{",
        "{} {}",
        "\u{feff}{}",
        "{\"a\": NaN}",
        "{'a': 1}",
        "{\"a\": 1e999}",
    ] {
        assert!(
            matches!(refused(text.as_bytes()), MessageError::NotJson(_)),
            "{text}"
        );
    }
    assert!(matches!(
        refused(b"{\"a\": \"\xff\"}"),
        MessageError::NotJson(_)
    ));
    for text in ["[]", "null", "\"text\"", "5"] {
        assert!(
            matches!(refused(text.as_bytes()), MessageError::NotAnObject(_)),
            "{text}"
        );
    }
}

#[test]
fn contexts_other_than_the_two() {
    let with_context = |context: Value| {
        let mut message = contract_request();
        message["@context"] = context;
        refused(&bytes(&message))
    };
    assert!(matches!(
        refused(&with(&contract_request(), json!({"@context": null}))),
        MessageError::ContextMissing
    ));
    for context in [json!([]), json!([EDC_CONTEXT]), json!(EDC_CONTEXT)] {
        assert!(matches!(
            with_context(context),
            MessageError::ContextMissing
        ));
    }
    for other in [
        "https://w3id.org/dspace/2024/1/context.json",
        "https://evil.example/",
        "",
    ] {
        let context = json!([DSPACE_CONTEXT, other]);
        assert!(matches!(
            with_context(context),
            MessageError::ContextUnknown(_)
        ));
        assert!(matches!(
            with_context(json!(other)),
            MessageError::ContextUnknown(_)
        ));
    }
    // An object could map `callbackAddress` to another member, or `x` to `@type`.
    let shapes = [
        json!({}),
        json!({"x": "@type"}),
        json!([DSPACE_CONTEXT, {"x": "@type"}]),
    ];
    let others = [
        json!(5),
        json!(true),
        Value::Null,
        json!([[DSPACE_CONTEXT]]),
    ];
    for context in shapes.into_iter().chain(others) {
        assert!(matches!(with_context(context), MessageError::ContextShape));
    }
    let nested = json!({"x": [{"@context": [DSPACE_CONTEXT]}]});
    assert!(matches!(
        refused(&with(&contract_request(), nested)),
        MessageError::NestedContext
    ));
}

#[test]
fn keywords_that_change_the_meaning() {
    let keywords = [
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
    for keyword in keywords {
        let places = [
            json!({keyword: []}),
            json!({"x": {keyword: []}}),
            json!({"x": [[{"y": {keyword: []}}]]}),
            json!({"offer": {"@id": "x", "@type": "Offer", "permission": [{"action": {keyword: ["use"]}}]}}),
        ];
        for place in places {
            let error = refused(&with(&contract_request(), place));
            assert!(
                matches!(error, MessageError::KeywordUnsupported(found) if found == keyword),
                "{keyword}"
            );
        }
        let error = PolicyRules::read(&json!({"permission": {keyword: []}})).unwrap_err();
        assert!(matches!(error, MessageError::KeywordUnsupported(_)));
    }
}

#[test]
fn types_other_than_the_plain_name() {
    let types = [
        json!("dspace:ContractRequestMessage"),
        json!("https://w3id.org/dspace/2025/1/ContractRequestMessage"),
        json!("ContractOfferMessage"),
        json!(["ContractRequestMessage"]),
        json!({"@id": "ContractRequestMessage"}),
    ];
    for other in types {
        let error = refused(&with(&contract_request(), json!({"@type": other})));
        assert!(
            matches!(error, MessageError::TypeUnexpected { .. }),
            "{other}"
        );
    }
    let offers = [json!("Agreement"), json!("odrl:Offer"), Value::Null];
    for other in offers {
        let mut message = contract_request();
        message["offer"]["@type"] = other;
        let error = refused(&bytes(&message));
        assert!(matches!(
            error,
            MessageError::TypeUnexpected { place: "offer", .. }
        ));
    }
}

#[test]
fn a_request_with_both_or_neither_of_callback_and_pid() {
    let both = with(&contract_request(), json!({"providerPid": PROVIDER}));
    assert!(matches!(refused(&both), MessageError::CallbackOrPid(_)));
    let neither = with(&contract_request(), json!({"callbackAddress": null}));
    assert!(matches!(refused(&neither), MessageError::CallbackOrPid(_)));
    let offer = |changes: Value| {
        let base = message("ContractOfferMessage", json!({"providerPid": PROVIDER}));
        let mut members = contract_request();
        members
            .as_object_mut()
            .unwrap()
            .extend(base.as_object().unwrap().clone());
        ContractOffer::read(&with(&members, changes))
    };
    assert!(matches!(
        offer(json!({})),
        Err(MessageError::CallbackOrPid(_))
    ));
    offer(json!({"consumerPid": null})).unwrap();
    offer(json!({"callbackAddress": null})).unwrap();
}

#[test]
fn members_that_are_missing_or_invalid() {
    for name in ["consumerPid", "offer"] {
        let error = refused(&with(&contract_request(), json!({name: null})));
        assert!(matches!(error, MessageError::MemberMissing { member, .. } if member == name));
    }
    for value in [json!(""), json!(5), json!("a/b"), json!("a b"), json!("..")] {
        let error = refused(&with(&contract_request(), json!({"consumerPid": value})));
        assert!(matches!(
            error,
            MessageError::MemberInvalid {
                member: "consumerPid",
                ..
            }
        ));
    }
    let mut message = contract_request();
    message["offer"]["permission"] = json!([]);
    assert!(matches!(
        refused(&bytes(&message)),
        MessageError::PolicyEmpty(_)
    ));
    message["offer"]["permission"] = json!(["urn:rule"]);
    assert!(matches!(
        refused(&bytes(&message)),
        MessageError::NotAnObject("permission")
    ));
    let event = super::message(
        "ContractNegotiationEventMessage",
        json!({"consumerPid": CONSUMER, "providerPid": PROVIDER, "eventType": "REQUESTED"}),
    );
    let error = NegotiationEvent::read(&bytes(&event)).unwrap_err();
    assert!(matches!(
        error,
        MessageError::MemberInvalid {
            member: "eventType",
            ..
        }
    ));
    let without_time = super::message(
        "ContractAgreementMessage",
        json!({"consumerPid": CONSUMER, "providerPid": PROVIDER, "agreement": {"@id": "a", "@type": "Agreement",
            "target": "t", "assigner": "p", "assignee": "c", "permission": [{"action": "use"}]}}),
    );
    let error = ContractAgreement::read(&bytes(&without_time)).unwrap_err();
    assert!(matches!(
        error,
        MessageError::MemberMissing {
            member: "timestamp",
            ..
        }
    ));
}

#[test]
fn a_version_list_without_versions() {
    for text in [
        r#"{"protocolVersions": []}"#,
        r#"{"protocolVersions": {}}"#,
        "{}",
        "[]",
    ] {
        assert!(VersionList::read(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn process_ids_that_can_not_stand_in_a_path() {
    for text in [
        "a",
        CONSUMER,
        "0c7b8f52-41c3-4b0e-9d59-6d2a3f1e7a01",
        "MQ==:YQ==:x",
        &"x".repeat(200),
    ] {
        assert_eq!(ProcessId::new(text).unwrap().as_str(), text);
    }
    let refused = [
        "", ".", "..", "a/b", "a?b", "a#b", "a%2fb", "a b", "a\tb", "a\nb", "a\u{7f}b", "a\\b",
        "ä", "<a>",
    ];
    for text in refused {
        assert_eq!(ProcessId::new(text), Err(ProcessIdError), "{text:?}");
    }
    assert_eq!(ProcessId::new(&"x".repeat(201)), Err(ProcessIdError));
}

#[test]
fn sentences_hold_little_of_the_message() {
    let long = "x\n".repeat(10_000);
    let error = refused(&with(&contract_request(), json!({"@context": [long]})));
    let sentence = error.to_string();
    assert!(
        sentence.len() < 200 && !sentence.contains('\n'),
        "{sentence}"
    );
}
