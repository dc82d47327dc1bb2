//! Tests of messages in the form of the Eclipse Dataspace Components.

use super::*;

fn catalog_request(filter: Value) -> Result<CatalogRequest, MessageError> {
    let request = message(
        "CatalogRequestMessage",
        json!({"@context": [DSPACE_CONTEXT, EDC_CONTEXT], "filter": filter}),
    );
    CatalogRequest::read(&bytes(&request))
}

#[test]
fn the_filter_of_each_catalogue_request() {
    let page = CatalogRequest {
        message_id: None,
        offset: Some(0),
        limit: Some(50),
    };
    let bare = json!({"@type": "QuerySpec", "offset": 0, "limit": 50, "sortOrder": "ASC", "filterExpression": []});
    let prefixed = json!({"@type": "edc:QuerySpec", "edc:offset": 0, "edc:limit": {"@value": 50}, "edc:sortOrder": "ASC",
        "edc:filterExpression": []});
    let in_full: Value = bare
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| match name.as_str() {
            "@type" => (name.clone(), json!(format!("{EDC_NAMESPACE}QuerySpec"))),
            other => (format!("{EDC_NAMESPACE}{other}"), value.clone()),
        })
        .collect();
    for filter in [bare.clone(), prefixed, in_full] {
        assert_eq!(catalog_request(json!([filter])).unwrap(), page);
        assert_eq!(catalog_request(filter).unwrap(), page);
    }
    for empty in [json!([]), Value::Null, json!([{"@type": "QuerySpec"}])] {
        assert_eq!(catalog_request(empty).unwrap(), CatalogRequest::default());
    }
    assert_eq!(CatalogRequest::read(&bytes(&page.to_json())).unwrap(), page);
}

#[test]
fn filters_that_leave_out_datasets() {
    let criterion = json!({"operandLeft": "id", "operator": "=", "operandRight": "x"});
    let filters = [
        json!([{"filterExpression": [criterion]}]),
        json!([{"edc:filterExpression": criterion}]),
        json!([{"unknown": 5}]),
        json!([{"@type": "Other"}]),
        json!(["spatial eq EU"]),
        json!("spatial eq EU"),
        json!([{}, {}]),
    ];
    for filter in filters {
        let error = catalog_request(filter.clone()).unwrap_err();
        assert!(matches!(error, MessageError::FilterUnsupported), "{filter}");
    }
    for value in [json!(-1), json!(1.5), json!("1"), json!([1])] {
        let error = catalog_request(json!([{"offset": value}])).unwrap_err();
        assert!(
            matches!(error, MessageError::MemberInvalid { .. }),
            "{value}"
        );
    }
    let error = catalog_request(json!([{"offset": 1, "edc:offset": 2}])).unwrap_err();
    assert!(matches!(error, MessageError::DuplicateMember(_)));
}

#[test]
fn a_catalogue() {
    let service = json!({"@id": "svc", "@type": "DataService", "dcat:endpointDescription": "dspace:connector",
        "endpointURL": "https://edc.example/api/dsp/2025-1"});
    let offer = json!({"@id": "MQ==:YXNzZXQ=:ZTk=", "@type": "Offer", "permission": [], "prohibition": [], "obligation": []});
    let distribution =
        json!({"@type": "Distribution", "format": "HttpData-PULL", "accessService": service});
    let catalog = message(
        "Catalog",
        json!({
            "@context": [DSPACE_CONTEXT, EDC_CONTEXT], "@id": "c", "participantId": "provider", "service": [service],
            "dataset": [
                {"@id": "asset", "@type": "Dataset", "id": "asset", "name": "An asset", "edc:description": "Of EDC",
                    "contenttype": "application/json", "hasPolicy": [offer], "distribution": [distribution]},
                {"@id": "unserved", "@type": "Dataset", "hasPolicy": [offer], "distribution": []},
                {"@id": "unreadable", "@type": "Dataset", "distribution": [distribution],
                    "hasPolicy": [{"@id": "x", "permission": ["urn:rule"]}]},
                {"@id": "one", "@type": "Dataset", "hasPolicy": offer, "distribution": distribution},
            ],
        }),
    );
    let catalog = Catalog::read(&bytes(&catalog)).unwrap();
    let unusable = [
        ("unserved", "dataset has no distribution"),
        ("unreadable", "permission is not an object"),
    ];
    let unusable = unusable.map(|(id, reason)| UnusableDataset {
        id: id.to_owned(),
        reason: reason.to_owned(),
    });
    assert_eq!(catalog.unusable, unusable);
    let ids: Vec<&str> = catalog
        .datasets
        .iter()
        .map(|dataset| dataset.id.as_str())
        .collect();
    assert_eq!(ids, ["asset", "one"]);
    let asset = &catalog.datasets[0];
    assert_eq!(asset.title.as_deref(), Some("An asset"));
    assert_eq!(asset.description.as_deref(), Some("Of EDC"));
    assert_eq!(asset.offers[0].id, "MQ==:YXNzZXQ=:ZTk=");
    assert!(asset.offers[0].rules.is_empty());
    let empty = message("Catalog", json!({"@id": "c", "participantId": "p"}));
    assert_eq!(Catalog::read(&bytes(&empty)).unwrap().datasets, []);
}

#[test]
fn a_message_with_prefixed_names() {
    let request = json!({
        "@context": [DSPACE_CONTEXT, EDC_CONTEXT],
        "@type": "ContractRequestMessage",
        "dspace:consumerPid": {"@id": "0c7b8f52-41c3-4b0e-9d59-6d2a3f1e7a01"},
        "https://w3id.org/dspace/2025/1/offer": {
            "@id": "o", "@type": "Offer", "odrl:target": {"@id": "urn:t"}, "odrl:permission": {"odrl:action": "odrl:use"},
        },
        "dspace:callbackAddress": {"@value": "https://edc.example/callback"},
    });
    let request = ContractRequest::read(&bytes(&request)).unwrap();
    assert_eq!(
        request.consumer_pid.as_str(),
        "0c7b8f52-41c3-4b0e-9d59-6d2a3f1e7a01"
    );
    assert_eq!(request.offer.target.as_deref(), Some("urn:t"));
    assert_eq!(
        request.offer.rules,
        rules(json!({"permission": [{"action": "use"}]}))
    );
    assert_eq!(
        request.callback.as_deref(),
        Some("https://edc.example/callback")
    );
}

#[test]
fn states_and_events_with_a_prefix() {
    let members = json!({"consumerPid": CONSUMER, "providerPid": PROVIDER, "state": {"@id": "dspace:STARTED"}, "@id": "x"});
    let ack = TransferAck::read(&bytes(&message("TransferProcess", members))).unwrap();
    assert_eq!(ack.state, TransferState::Started);
    let members =
        json!({"consumerPid": CONSUMER, "providerPid": PROVIDER, "eventType": "dspace:FINALIZED"});
    let event = message("ContractNegotiationEventMessage", members);
    let event = NegotiationEvent::read(&bytes(&event)).unwrap();
    assert_eq!(event.event, NegotiationEventKind::Finalized);
}

#[test]
fn errors_without_process_ids() {
    for kind in ["CatalogError", "ContractNegotiationError", "TransferError"] {
        let error = message(kind, json!({"code": 404, "reason": "Not found"}));
        let error = ErrorBody::read(&bytes(&error)).unwrap();
        assert_eq!(error.kind.name(), kind);
        assert_eq!((error.consumer_pid, error.provider_pid), (None, None));
        assert_eq!(error.code.as_deref(), Some("404"));
        assert_eq!(error.reasons, ["Not found"]);
    }
    let other = message("Catalog", json!({}));
    let error = ErrorBody::read(&bytes(&other)).unwrap_err();
    assert!(matches!(error, MessageError::TypeUnexpected { .. }));
}

fn start(address: Value) -> Result<DataAddress, MessageError> {
    let start = message(
        "TransferStartMessage",
        json!({"consumerPid": CONSUMER, "providerPid": PROVIDER, "dataAddress": address}),
    );
    TransferStart::read(&bytes(&start)).map(|start| start.data_address.unwrap())
}

fn property(name: &str, value: &str) -> Value {
    json!({"@type": "EndpointProperty", "name": name, "value": value})
}

#[test]
fn a_data_address_with_the_endpoint_among_its_properties() {
    let of_edc = |name: &str| format!("{EDC_NAMESPACE}{name}");
    let properties = [
        property(&of_edc("endpoint"), "https://edc.example/public"),
        property(&of_edc("authorization"), "secret-token"),
        property("edc:authType", "bearer"),
    ];
    let base = json!({"@type": "DataAddress", "endpointType": "https://w3id.org/idsa/v4.1/HTTP"});
    let address = start(
        json!({"@type": "DataAddress", "endpointType": "https://w3id.org/idsa/v4.1/HTTP",
        "endpointProperties": properties}),
    )
    .unwrap();
    assert_eq!(
        address.endpoint.as_deref(),
        Some("https://edc.example/public")
    );
    let expected = [("authorization", "secret-token"), ("authType", "bearer")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(address.properties, expected);
    assert!(!format!("{address:?}").contains("secret-token"));
    let alone = start(base).unwrap();
    assert_eq!((alone.endpoint, alone.properties), (None, Vec::new()));
}

#[test]
fn a_data_address_that_says_two_things() {
    let base = |properties: Value| json!({"@type": "DataAddress", "endpointType": "x", "endpoint": "https://a.example", "endpointProperties": properties});
    let of_edc = format!("{EDC_NAMESPACE}endpoint");
    start(base(json!([property(&of_edc, "https://a.example")]))).unwrap();
    let two = [
        json!([property(&of_edc, "https://b.example")]),
        json!([
            property("authorization", "a"),
            property("edc:authorization", "b")
        ]),
    ];
    for properties in two {
        let error = start(base(properties)).unwrap_err();
        assert!(matches!(
            error,
            MessageError::MemberInvalid {
                member: "value",
                ..
            }
        ));
    }
    for address in [
        json!({"@type": "Other", "endpointType": "x"}),
        json!({"@type": "DataAddress"}),
        json!("x"),
    ] {
        assert!(start(address).is_err());
    }
}
