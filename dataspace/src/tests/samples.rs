//! Tests of the official samples, and of one own message of each kind: each fits its schema and is parsed; the rewritten message
//! fits too and is equal.

use super::schema::{Schemas, data_folder, files};
use super::*;

const OWN_MESSAGES: &str = include_str!("../../tests-data/messages.jsonl");

fn check(schemas: &Schemas, place: &str, message: &Value) {
    let name = message["@type"].as_str().unwrap_or_default();
    let fits = |value: &Value| {
        let result = schemas.check(schema_of(name), value);
        result.unwrap_or_else(|defect| panic!("{place}: {defect}"));
    };
    fits(message);
    let written = reread(name, &bytes(message)).unwrap_or_else(|error| panic!("{place}: {error}"));
    if let Some(written) = written {
        fits(&written);
        let again = reread(name, &bytes(&written)).unwrap();
        assert_eq!(again, Some(written), "{place}");
    }
}

#[test]
fn each_sample_of_upstream_is_read_and_written() {
    let schemas = Schemas::load();
    let mut checked = 0;
    for (place, bytes) in files(&data_folder().join("example")) {
        // DID documents are not read here.
        if place.ends_with("-did-service.json") {
            continue;
        }
        check(&schemas, &place, &serde_json::from_slice(&bytes).unwrap());
        checked += 1;
    }
    assert_eq!(checked, 25);
}

#[test]
fn each_message_of_the_sheet_is_read_and_written() {
    let schemas = Schemas::load();
    for line in OWN_MESSAGES.lines() {
        check(&schemas, line, &serde_json::from_str(line).unwrap());
    }
    assert_eq!(OWN_MESSAGES.lines().count(), 23);
}

#[test]
fn the_validator_of_the_tests_refuses() {
    let schemas = Schemas::load();
    let whole = contract_request();
    let schema = schema_of("ContractRequestMessage");
    assert_eq!(schemas.check(schema, &whole), Ok(()));
    let changes = [
        json!({"@context": DSPACE_CONTEXT}),
        json!({"@context": [EDC_CONTEXT]}),
        json!({"consumerPid": null}),
        json!({"consumerPid": 5}),
        json!({"providerPid": PROVIDER}),
        json!({"callbackAddress": null}),
        json!({"@type": "ContractOfferMessage"}),
        json!({"offer": {"@id": "x", "@type": "Offer", "permission": []}}),
        json!({"offer": {"@id": "x", "@type": "Offer"}}),
        json!({"offer": {"@id": "x", "@type": "Offer", "permission": [{"action": "use", "constraint": [
            {"leftOperand": "a", "operator": "eq", "rightOperand": 5}]}]}}),
        json!({"offer": {"@id": "x", "@type": "Offer", "permission": [{"action": "use", "constraint": [
            {"leftOperand": "a", "operator": "like", "rightOperand": "5"}]}]}}),
    ];
    for change in changes {
        let changed: Value = serde_json::from_slice(&with(&whole, change.clone())).unwrap();
        assert!(schemas.check(schema, &changed).is_err(), "{change}");
    }
}

#[test]
fn members_of_samples_arrive() {
    let line = |kind: &str| {
        let mut lines = OWN_MESSAGES.lines();
        let marker = format!("\"@type\":\"{kind}\"");
        lines
            .find(|line| line.contains(&marker))
            .unwrap()
            .as_bytes()
    };
    let request = ContractRequest::read(line("ContractRequestMessage")).unwrap();
    assert_eq!(
        request.message_id.as_deref(),
        Some("urn:uuid:5b1de5c2-0b1c-4b7c-b7a4-0a3a9f1c1001")
    );
    assert_eq!(request.consumer_pid, pid(CONSUMER));
    assert_eq!(request.provider_pid, None);
    assert_eq!(
        request.offer.assignee.as_deref(),
        Some("did:web:rostock.example")
    );
    assert_eq!(
        request.offer.rules.permissions(),
        [json!({"action": "use"})]
    );

    let catalog = Catalog::read(line("Catalog")).unwrap();
    assert_eq!(catalog.participant_id, "did:web:luebeck.example");
    let dataset = &catalog.datasets[0];
    assert_eq!(dataset.title.as_deref(), Some("Air quality, hourly"));
    assert_eq!(dataset.offers[0].target, None);
    assert_eq!(
        dataset.distributions,
        [Distribution {
            format: "HttpData-PULL".to_owned(),
            endpoint: Some("https://luebeck.example/dsp/2025-1".to_owned()),
        }]
    );

    let start = TransferStart::read(line("TransferStartMessage")).unwrap();
    let address = start.data_address.unwrap();
    assert_eq!(
        address.endpoint.as_deref(),
        Some("https://luebeck.example/data/air")
    );
    assert_eq!(address.property("authorization"), Some("lb-91c7"));
    assert_eq!(address.property("authType"), Some("bearer"));

    let error = ErrorBody::read(line("TransferError")).unwrap();
    assert_eq!(error.kind, ErrorKind::Transfer);
    assert_eq!(error.code.as_deref(), Some("400"));
    assert_eq!(error.reasons, ["COMPLETED not reachable from SUSPENDED"]);

    let versions = VersionList::read(OWN_MESSAGES.lines().next().unwrap().as_bytes()).unwrap();
    let version = versions.of_2025_1().unwrap();
    assert_eq!(version.path, "/2025-1");
    assert_eq!(version.auth.as_ref().unwrap().profiles, ["vc20-bssl/jwt"]);
}

#[test]
fn the_service_of_a_distribution_may_be_named_by_its_id() {
    let path = data_folder().join("example/catalog/catalog.json");
    let catalog = Catalog::read(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(
        catalog.datasets[0].distributions[0].endpoint.as_deref(),
        Some("https://provider-a.com/connector")
    );
}
