//! Tests of written messages: each fits its schema, has the given content, and contains no empty list.

use super::schema::Schemas;
use super::*;
use hansa_policy::negotiation::Phase;

fn some_rules() -> PolicyRules {
    rules(json!({
        "permission": [{"action": "use", "constraint": [
            {"leftOperand": "odrl:purpose", "operator": "eq", "rightOperand": "urban-planning"},
            {"or": {"leftOperand": "inForceDate", "operator": "odrl:lteq", "rightOperand": 5}}]}],
        "prohibition": [{"action": "odrl:distribute"}],
        "obligation": [{"action": "odrl:delete", "constraint": []}],
    }))
}

fn offer() -> OfferDocument {
    OfferDocument {
        id: "urn:hansa:offer:air-7".to_owned(),
        target: Some("urn:hansa:luebeck:air-hourly".to_owned()),
        assigner: Some("did:web:luebeck.example".to_owned()),
        assignee: Some("did:web:rostock.example".to_owned()),
        rules: some_rules(),
    }
}

fn address() -> DataAddress {
    DataAddress {
        endpoint_type: "https://w3id.org/idsa/v4.1/HTTP".to_owned(),
        endpoint: Some("https://luebeck.example/data/air".to_owned()),
        properties: vec![
            ("authorization".to_owned(), "lb-91c7".to_owned()),
            ("authType".to_owned(), "bearer".to_owned()),
        ],
    }
}

/// Fails for an empty list, for an object without a required type, and for a missing context.
fn check_form(message: &Value, name: &str) {
    fn walk(value: &Value, at: &str) {
        match value {
            Value::Array(values) => {
                assert!(!values.is_empty(), "{at} is empty");
                values.iter().for_each(|value| walk(value, at));
            }
            Value::Object(members) => {
                let of_type = members.get("@type").and_then(Value::as_str);
                let expected = match at {
                    "offer" | "hasPolicy" => Some("Offer"),
                    "agreement" => Some("Agreement"),
                    "dataset" => Some("Dataset"),
                    "distribution" => Some("Distribution"),
                    "service" | "accessService" => Some("DataService"),
                    "dataAddress" => Some("DataAddress"),
                    "endpointProperties" => Some("EndpointProperty"),
                    _ => of_type,
                };
                assert_eq!(of_type, expected, "{at}");
                members.iter().for_each(|(name, member)| walk(member, name));
            }
            _ => {}
        }
    }
    if !name.is_empty() {
        assert_eq!(message["@context"], json!([DSPACE_CONTEXT]));
        assert_eq!(message["@type"], name);
    }
    walk(message, "");
}

#[test]
fn each_message_fits_its_schema() {
    let schemas = Schemas::load();
    let mut checked = 0;
    let mut check = |name: &str, message: Value| {
        check_form(&message, name);
        let result = schemas.check(schema_of(name), &message);
        result.unwrap_or_else(|defect| panic!("{name}: {defect}"));
        if let Some(written) = reread(name, &bytes(&message)).unwrap() {
            assert_eq!(written, message);
        }
        checked += 1;
    };
    for message_id in [None, Some("urn:uuid:1".to_owned())] {
        for (offset, limit) in [(None, None), (Some(50), None), (Some(0), Some(50))] {
            let message_id = message_id.clone();
            check(
                "CatalogRequestMessage",
                CatalogRequest {
                    message_id,
                    offset,
                    limit,
                }
                .to_json(),
            );
        }
        let dataset = "urn:hansa:luebeck:air-hourly".to_owned();
        check(
            "DatasetRequestMessage",
            DatasetRequest {
                message_id: message_id.clone(),
                dataset,
            }
            .to_json(),
        );
        for (other, callback) in [
            (Some(PROVIDER), None),
            (None, Some("https://rostock.example/dsp".to_owned())),
        ] {
            let request = ContractRequest {
                message_id: message_id.clone(),
                consumer_pid: pid(CONSUMER),
                provider_pid: other.map(pid),
                offer: offer(),
                callback: callback.clone(),
            };
            check("ContractRequestMessage", request.to_json());
            let offer = ContractOffer {
                message_id: message_id.clone(),
                provider_pid: pid(PROVIDER),
                consumer_pid: other.map(|_| pid(CONSUMER)),
                offer: offer(),
                callback,
            };
            check("ContractOfferMessage", offer.to_json());
        }
        let agreement = AgreementDocument {
            id: "urn:uuid:77b0a1f4".to_owned(),
            target: "urn:hansa:luebeck:air-hourly".to_owned(),
            assigner: "did:web:luebeck.example".to_owned(),
            assignee: "did:web:rostock.example".to_owned(),
            timestamp: "2026-03-02T09:30:00Z".to_owned(),
            rules: some_rules(),
        };
        let agreement = ContractAgreement {
            message_id: message_id.clone(),
            pids: pids(),
            agreement,
        };
        check("ContractAgreementMessage", agreement.to_json());
        let verification = AgreementVerification {
            message_id: message_id.clone(),
            pids: pids(),
        };
        check(
            "ContractAgreementVerificationMessage",
            verification.to_json(),
        );
        for event in [
            NegotiationEventKind::Accepted,
            NegotiationEventKind::Finalized,
        ] {
            let event = NegotiationEvent {
                message_id: message_id.clone(),
                pids: pids(),
                event,
            };
            check("ContractNegotiationEventMessage", event.to_json());
        }
        for data_address in [None, Some(address())] {
            let request = TransferRequest {
                message_id: message_id.clone(),
                consumer_pid: pid(CONSUMER),
                agreement_id: "urn:uuid:77b0a1f4".to_owned(),
                format: "HttpData-PUSH".to_owned(),
                data_address: data_address.clone(),
                callback: "https://rostock.example/dsp".to_owned(),
            };
            check("TransferRequestMessage", request.to_json());
            let start = TransferStart {
                message_id: message_id.clone(),
                pids: pids(),
                data_address,
            };
            check("TransferStartMessage", start.to_json());
        }
        let completion = TransferCompletion {
            message_id: message_id.clone(),
            pids: pids(),
        };
        check("TransferCompletionMessage", completion.to_json());
        for (code, reasons) in [
            (None, vec![]),
            (Some("policy".to_owned()), vec!["no".to_owned()]),
        ] {
            let (message_id, pids) = (message_id.clone(), pids());
            let termination = NegotiationTermination {
                message_id,
                pids,
                code,
                reasons,
            };
            check(
                "ContractNegotiationTerminationMessage",
                termination.to_json(),
            );
            let NegotiationTermination {
                message_id,
                pids,
                code,
                reasons,
            } = termination;
            let suspension = TransferSuspension {
                message_id,
                pids,
                code,
                reasons,
            };
            check("TransferSuspensionMessage", suspension.to_json());
            let TransferSuspension {
                message_id,
                pids,
                code,
                reasons,
            } = suspension;
            let termination = TransferTermination {
                message_id,
                pids,
                code,
                reasons,
            };
            check("TransferTerminationMessage", termination.to_json());
        }
    }
    for state in Phase::ALL {
        check(
            "ContractNegotiation",
            NegotiationAck {
                pids: pids(),
                state,
            }
            .to_json(),
        );
    }
    for state in TransferState::ALL {
        check(
            "TransferProcess",
            TransferAck {
                pids: pids(),
                state,
            }
            .to_json(),
        );
    }
    for kind in [
        ErrorKind::Catalog,
        ErrorKind::Negotiation,
        ErrorKind::Transfer,
    ] {
        for reasons in [vec![], vec!["no".to_owned(), "not now".to_owned()]] {
            let error = ErrorBody {
                kind,
                consumer_pid: (kind != ErrorKind::Catalog).then(|| pid(CONSUMER)),
                provider_pid: None,
                code: Some("400".to_owned()),
                reasons,
            };
            check(kind.name(), error.to_json());
        }
    }
    assert_eq!(checked, 64);
}

#[test]
fn errors_carry_both_process_ids() {
    let error = ErrorBody {
        kind: ErrorKind::Negotiation,
        consumer_pid: Some(pid(CONSUMER)),
        provider_pid: None,
        code: None,
        reasons: Vec::new(),
    };
    let message = error.to_json();
    assert_eq!(message["consumerPid"], CONSUMER);
    assert_eq!(
        message["providerPid"],
        "urn:uuid:00000000-0000-0000-0000-000000000000"
    );
    assert_eq!(ErrorBody::read(&bytes(&message)).unwrap(), error);
}

#[test]
fn a_later_message_has_no_callback_address() {
    let request = ContractRequest {
        message_id: None,
        consumer_pid: pid(CONSUMER),
        provider_pid: Some(pid(PROVIDER)),
        offer: offer(),
        callback: Some("https://rostock.example/dsp".to_owned()),
    };
    assert_eq!(request.to_json().get("callbackAddress"), None);
}

#[test]
fn the_endpoint_stands_among_the_properties_too() {
    let written = address().to_json();
    let names: Vec<&str> = written["endpointProperties"]
        .as_array()
        .unwrap()
        .iter()
        .map(|property| property["name"].as_str().unwrap())
        .collect();
    let of_edc = |name: &str| format!("{EDC_NAMESPACE}{name}");
    assert_eq!(
        names,
        [
            &of_edc("endpoint"),
            "authorization",
            &of_edc("authorization"),
            "authType",
            &of_edc("authType")
        ]
    );
    assert_eq!(
        written["endpointProperties"][0]["value"],
        written["endpoint"]
    );
}

fn service() -> DataService {
    DataService {
        id: "urn:hansa:luebeck:svc".to_owned(),
        endpoint: "https://luebeck.example/dsp/2025-1".to_owned(),
    }
}

fn dataset() -> PublishedDataset {
    PublishedDataset {
        id: "urn:hansa:luebeck:air-hourly".to_owned(),
        title: Some("Air quality, hourly".to_owned()),
        description: Some("Of all stations".to_owned()),
        offers: vec![PublishedOffer {
            id: "urn:hansa:offer:air-7".to_owned(),
            assigner: "did:web:luebeck.example".to_owned(),
            rules: some_rules(),
        }],
        formats: vec!["HttpData-PULL".to_owned(), "HttpData-PUSH".to_owned()],
    }
}

fn catalog(datasets: Vec<PublishedDataset>) -> PublishedCatalog {
    PublishedCatalog {
        id: "urn:hansa:luebeck:catalogue".to_owned(),
        participant_id: "did:web:luebeck.example".to_owned(),
        service: service(),
        datasets,
    }
}

#[test]
fn the_own_catalogue_fits_its_schema_and_is_read() {
    let schemas = Schemas::load();
    let written = catalog(vec![dataset()]).to_json();
    check_form(&written, "Catalog");
    schemas.check(schema_of("Catalog"), &written).unwrap();
    let read = Catalog::read(&bytes(&written)).unwrap();
    assert_eq!((read.unusable.len(), &read.services), (0, &vec![service()]));
    let alone = dataset().to_json(&service()).unwrap();
    check_form(&alone, "Dataset");
    schemas.check(schema_of("Dataset"), &alone).unwrap();
    assert_eq!(Dataset::read(&bytes(&alone)).unwrap(), read.datasets[0]);
    let [found] = read.datasets.as_slice() else {
        panic!("one dataset")
    };
    assert_eq!(found.title, dataset().title);
    assert_eq!(found.description, dataset().description);
    assert_eq!(found.offers[0].rules, some_rules());
    assert_eq!(found.offers[0].target, None);
    let formats: Vec<&str> = found
        .distributions
        .iter()
        .map(|one| one.format.as_str())
        .collect();
    assert_eq!(formats, dataset().formats);
}

#[test]
fn datasets_that_offer_nothing_are_left_out() {
    let schemas = Schemas::load();
    let without_offers = PublishedDataset {
        offers: Vec::new(),
        ..dataset()
    };
    let without_formats = PublishedDataset {
        formats: Vec::new(),
        ..dataset()
    };
    let mut without_rules = dataset();
    without_rules.offers[0].rules = PolicyRules::default();
    for dataset in [&without_offers, &without_formats, &without_rules] {
        assert_eq!(dataset.to_json(&service()), None);
    }
    let written = catalog(vec![without_offers, without_formats, without_rules]).to_json();
    assert_eq!(written.get("dataset"), None);
    schemas.check(schema_of("Catalog"), &written).unwrap();
}

#[test]
fn a_version_list_fits_its_schema() {
    let schemas = Schemas::load();
    let list = VersionList {
        versions: vec![ProtocolVersion {
            version: PROTOCOL_VERSION.to_owned(),
            path: "/2025-1".to_owned(),
            binding: "HTTPS".to_owned(),
            service_id: Some("hansa-luebeck".to_owned()),
            identifier_type: None,
            auth: Some(VersionAuth {
                protocol: "DCP".to_owned(),
                version: "1.0".to_owned(),
                profiles: Vec::new(),
            }),
        }],
    };
    check_form(&list.to_json(), "");
    schemas.check(schema_of(""), &list.to_json()).unwrap();
    assert_eq!(VersionList::read(&bytes(&list.to_json())).unwrap(), list);
}

#[test]
fn addresses_are_joined_by_one_slash() {
    for base in [
        "https://a.example/dsp",
        "https://a.example/dsp/",
        "https://a.example/dsp//",
    ] {
        for path in ["negotiations/offers", "/negotiations/offers"] {
            assert_eq!(
                join_address(base, path),
                "https://a.example/dsp/negotiations/offers"
            );
        }
    }
}
