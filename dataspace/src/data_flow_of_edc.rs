//! Messages from the control plane of EDC 0.14 to a data plane, from before Data Plane Signaling was a specification.
//!
//! JSON-LD with a context of prefixes. The type of a message is its kind, since start, resumption and preparation use one path.
//! `participantId` is the recipient of the data. There is no message id and no policy.

use crate::data_address::DataAddress;
use crate::message_error::MessageError;
use crate::node::Node;
use crate::process_id::ProcessId;
use crate::strict_json;
use crate::vocabulary::EDC_NAMESPACE;
use serde_json::{Value, json};

/// Namespace of addresses in these messages: that of the protocol before 2024.
const DSPACE_OF_2024: &str = "https://w3id.org/dspace/v0.8/";

/// Order to serve data, or to resume after a suspension (`DataFlowStartMessage`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdcDataFlowStart {
    /// Identity of the recipient of the data.
    pub counter_party_id: String,
    /// Id of the transfer at the control plane.
    pub process_id: ProcessId,
    /// Agreement of the transfer.
    pub agreement_id: String,
    /// Id of the dataset.
    pub dataset_id: String,
    /// Callback address of the control plane.
    pub callback: Option<String>,
}

impl EdcDataFlowStart {
    /// Parses the message.
    ///
    /// # Errors
    /// For a message of another type, a push transfer, and an invalid message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let mut value = strict_json::read_json(bytes)?;
        if let Some(members) = value.as_object_mut() {
            members.remove("@context");
        }
        let node = Node::new(&value, "the data flow")?;
        node.check_type("DataFlowStartMessage")?;
        if node.text("flowType")?.as_deref() != Some("PULL") {
            return Err(node.invalid_member_error("flowType", "is another one than PULL"));
        }
        Ok(Self {
            counter_party_id: node.required_text("participantId")?,
            process_id: node.required_pid("processId")?,
            agreement_id: node.required_text("agreementId")?,
            dataset_id: node.required_text("datasetId")?,
            callback: node.text("callbackAddress")?,
        })
    }

    /// Reply with the address of the data. EDC looks up properties by full names and ignores others.
    #[must_use]
    pub fn reply_message(address: &DataAddress) -> Value {
        let named = |name: &str, value: &str| {
            json!({
                "@type": "dspace:EndpointProperty",
                "dspace:name": format!("{EDC_NAMESPACE}{name}"),
                "dspace:value": value,
            })
        };
        let mut properties = vec![named("endpointType", &address.endpoint_type)];
        properties.extend(
            address
                .endpoint
                .iter()
                .map(|endpoint| named("endpoint", endpoint)),
        );
        let others = address.properties.iter();
        properties.extend(others.map(|(name, value)| named(name, value)));
        json!({
            "@context": {"@vocab": EDC_NAMESPACE, "dspace": DSPACE_OF_2024},
            "@type": "DataFlowResponseMessage",
            "provisioning": false,
            "dataAddress": {
                "@type": "dspace:DataAddress",
                "dspace:endpointType": address.endpoint_type,
                "dspace:endpointProperties": properties,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Value {
        json!({
            "@type": "DataFlowStartMessage", "transferTypeDestination": "HttpData", "flowType": "PULL",
            "agreementId": "65e414d6-c942-44b7-ada3-13f4d214da6b", "processId": "8912ab60-dced-45e8-a7eb-7ec672592668",
            "datasetId": "trees", "properties": {}, "callbackAddress": "http://127.0.0.1:29102/control",
            "sourceDataAddress": {"@type": "dspace:DataAddress", "dspace:endpointType": "HansaData", "dspace:endpointProperties": []},
            "participantId": "did:web:firm.example",
            "@context": {"odrl": "http://www.w3.org/ns/odrl/2/", "dspace": "https://w3id.org/dspace/v0.8/", "@vocab": "https://w3id.org/edc/v0.0.1/ns/"},
        })
    }

    #[test]
    fn a_pull_is_read_and_nothing_else() {
        let read = EdcDataFlowStart::read(start().to_string().as_bytes()).unwrap();
        assert_eq!(
            read.process_id.as_str(),
            "8912ab60-dced-45e8-a7eb-7ec672592668"
        );
        assert_eq!(read.counter_party_id, "did:web:firm.example");
        for (name, value) in [
            ("flowType", json!("PUSH")),
            ("@type", json!("DataFlowProvisionMessage")),
            ("participantId", Value::Null),
            ("processId", json!("../admin")),
        ] {
            let mut message = start();
            message[name] = value;
            assert!(
                EdcDataFlowStart::read(message.to_string().as_bytes()).is_err(),
                "{name}"
            );
        }
    }

    #[test]
    fn the_answer_names_the_endpoint_as_it_is_looked_up() {
        let address = DataAddress {
            endpoint_type: "https://w3id.org/idsa/v4.1/HTTP".to_owned(),
            endpoint: Some("https://data.lindau.example/dsp/data/1".to_owned()),
            properties: vec![("authorization".to_owned(), "secret".to_owned())],
        };
        let answer = EdcDataFlowStart::reply_message(&address).to_string();
        for name in ["endpoint", "endpointType", "authorization"] {
            assert!(
                answer.contains(&format!("{EDC_NAMESPACE}{name}\"")),
                "{answer}"
            );
        }
    }
}
