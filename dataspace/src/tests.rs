//! Tests of messages against the official schemas and samples, and of each refusal.

mod edc;
mod message_writer;
mod mutations;
mod policies;
mod refusals;
mod samples;
mod schema;
mod states;

use super::*;
use serde_json::{Value, json};

const CONSUMER: &str = "urn:uuid:0c7b8f52-41c3-4b0e-9d59-6d2a3f1e7a01";
const PROVIDER: &str = "urn:uuid:9e1f4a3c-7d20-4c58-8a7b-52b6c0d4e902";

fn pid(text: &str) -> ProcessId {
    ProcessId::new(text).unwrap()
}

fn pids() -> ProcessPids {
    ProcessPids {
        consumer: pid(CONSUMER),
        provider: pid(PROVIDER),
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

fn rules(value: Value) -> PolicyRules {
    PolicyRules::read(&value).unwrap()
}

/// Message with changed members; `null` removes one.
fn with(message: &Value, changes: Value) -> Vec<u8> {
    let mut message = message.clone();
    let members = message.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    bytes(&message)
}

fn message(name: &str, members: Value) -> Value {
    let mut message = json!({"@context": [DSPACE_CONTEXT], "@type": name});
    let all = message.as_object_mut().unwrap();
    all.extend(members.as_object().unwrap().clone());
    message
}

fn contract_request() -> Value {
    message(
        "ContractRequestMessage",
        json!({
            "consumerPid": CONSUMER,
            "offer": {
                "@id": "urn:hansa:offer:air-7",
                "@type": "Offer",
                "target": "urn:hansa:luebeck:air-hourly",
                "permission": [{"action": "use"}],
            },
            "callbackAddress": "https://rostock.example/dsp/2025-1",
        }),
    )
}

/// Parses a message of any type and writes it again.
fn reread(name: &str, bytes: &[u8]) -> Result<Option<Value>, MessageError> {
    let written = match name {
        "CatalogRequestMessage" => CatalogRequest::read(bytes)?.to_json(),
        "DatasetRequestMessage" => DatasetRequest::read(bytes)?.to_json(),
        "ContractRequestMessage" => ContractRequest::read(bytes)?.to_json(),
        "ContractOfferMessage" => ContractOffer::read(bytes)?.to_json(),
        "ContractAgreementMessage" => ContractAgreement::read(bytes)?.to_json(),
        "ContractAgreementVerificationMessage" => AgreementVerification::read(bytes)?.to_json(),
        "ContractNegotiationEventMessage" => NegotiationEvent::read(bytes)?.to_json(),
        "ContractNegotiationTerminationMessage" => NegotiationTermination::read(bytes)?.to_json(),
        "ContractNegotiation" => NegotiationAck::read(bytes)?.to_json(),
        "TransferRequestMessage" => TransferRequest::read(bytes)?.to_json(),
        "TransferStartMessage" => TransferStart::read(bytes)?.to_json(),
        "TransferSuspensionMessage" => TransferSuspension::read(bytes)?.to_json(),
        "TransferCompletionMessage" => TransferCompletion::read(bytes)?.to_json(),
        "TransferTerminationMessage" => TransferTermination::read(bytes)?.to_json(),
        "TransferProcess" => TransferAck::read(bytes)?.to_json(),
        "CatalogError" | "ContractNegotiationError" | "TransferError" => {
            ErrorBody::read(bytes)?.to_json()
        }
        "Catalog" => return Catalog::read(bytes).map(|_| None),
        "Dataset" => return Dataset::read(bytes).map(|_| None),
        "" => VersionList::read(bytes)?.to_json(),
        unknown => panic!("no reader for {unknown}"),
    };
    Ok(Some(written))
}

fn schema_of(name: &str) -> &'static str {
    match name {
        "CatalogRequestMessage" => "catalog/catalog-request-message-schema.json",
        "DatasetRequestMessage" => "catalog/dataset-request-message-schema.json",
        "ContractRequestMessage" => "negotiation/contract-request-message-schema.json",
        "ContractOfferMessage" => "negotiation/contract-offer-message-schema.json",
        "ContractAgreementMessage" => "negotiation/contract-agreement-message-schema.json",
        "ContractAgreementVerificationMessage" => {
            "negotiation/contract-agreement-verification-message-schema.json"
        }
        "ContractNegotiationEventMessage" => {
            "negotiation/contract-negotiation-event-message-schema.json"
        }
        "ContractNegotiationTerminationMessage" => {
            "negotiation/contract-negotiation-termination-message-schema.json"
        }
        "ContractNegotiation" => "negotiation/contract-negotiation-schema.json",
        "ContractNegotiationError" => "negotiation/contract-negotiation-error-schema.json",
        "TransferRequestMessage" => "transfer/transfer-request-message-schema.json",
        "TransferStartMessage" => "transfer/transfer-start-message-schema.json",
        "TransferSuspensionMessage" => "transfer/transfer-suspension-message-schema.json",
        "TransferCompletionMessage" => "transfer/transfer-completion-message-schema.json",
        "TransferTerminationMessage" => "transfer/transfer-termination-message-schema.json",
        "TransferProcess" => "transfer/transfer-process-schema.json",
        "TransferError" => "transfer/transfer-error-schema.json",
        "CatalogError" => "catalog/catalog-error-schema.json",
        "Catalog" => "catalog/catalog-schema.json",
        "Dataset" => "catalog/dataset-schema.json",
        "" => "common/protocol-version-schema.json",
        unknown => panic!("no schema for {unknown}"),
    }
}
