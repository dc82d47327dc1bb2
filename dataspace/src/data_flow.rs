//! Messages of Data Plane Signaling: a control plane orders a data plane of the same participant to serve data, or to fetch it.
//!
//! (Eclipse Data Plane Signaling 1.0-RC3, "Data Plane API" and "Control Plane API".) Plain JSON without contexts. EDC 0.17 and 0.18
//! use the member `transferType` for the profile, and send their callback address in the message.

use crate::data_address::DataAddress;
use crate::data_flow_state::DataFlowState;
use crate::document::{check_keywords, put_member};
use crate::message_error::MessageError;
use crate::node::Node;
use crate::process_id::ProcessId;
use crate::strict_json;
use serde_json::{Map, Value};

/// Profile of data pulled over HTTP, and the type of its endpoint. (Data Plane Signaling HTTP profile)
pub const HTTP_PULL_PROFILE: &str = "https://w3id.org/dspace-sig/profile/http-pull";

/// Earlier name of this profile in EDC and other products, from before there were profiles.
pub const HTTP_PULL_FORMAT: &str = "HttpData-PULL";

/// Order to a data plane to prepare as consumer, or to start as provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFlowRequest {
    /// Id of the message.
    pub message_id: Option<String>,
    /// Identity of the participant that owns both planes.
    pub participant_id: String,
    /// Identity of the other party.
    pub counter_party_id: String,
    /// Id of the transfer at the control plane, which is also the id of the flow.
    pub process_id: ProcessId,
    /// Agreement of the transfer.
    pub agreement_id: String,
    /// Id of the dataset.
    pub dataset_id: String,
    /// Profile of the transfer.
    pub profile: String,
    /// Callback address of the control plane, where it differs from its registered address.
    pub callback: Option<String>,
    /// Destination of pushed data.
    pub data_address: Option<DataAddress>,
}

impl DataFlowRequest {
    /// Parses the message.
    ///
    /// # Errors
    /// For an invalid message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = read_plain_json(bytes)?;
        let node = Node::new(&value, "the data flow")?;
        let profile = match node.text("profile")? {
            Some(profile) => profile,
            None => node
                .text("transferType")?
                .ok_or_else(|| node.missing_member_error("profile"))?,
        };
        Ok(Self {
            message_id: node.text("messageId")?,
            participant_id: node.required_text("participantId")?,
            counter_party_id: node.required_text("counterPartyId")?,
            process_id: node.required_pid("processId")?,
            agreement_id: node.required_text("agreementId")?,
            dataset_id: node.required_text("datasetId")?,
            profile,
            callback: node.text("callbackAddress")?,
            data_address: read_address(&node)?,
        })
    }

    /// True if the data is pulled over HTTP, the only supported profile.
    #[must_use]
    pub fn is_http_pull(&self) -> bool {
        [HTTP_PULL_PROFILE, HTTP_PULL_FORMAT].contains(&self.profile.as_str())
    }
}

/// Message about a flow that both planes know: started elsewhere, to be suspended, resumed or ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DataFlowMessage {
    /// Id of the message.
    pub message_id: Option<String>,
    /// Reason for people.
    pub reason: Option<String>,
    /// New address of the data, or new destination.
    pub data_address: Option<DataAddress>,
}

impl DataFlowMessage {
    /// Parses the message; an empty body is a message without members.
    ///
    /// # Errors
    /// For an invalid message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        let value = read_plain_json(bytes)?;
        let node = Node::new(&value, "the data flow")?;
        Ok(Self {
            message_id: node.text("messageId")?,
            reason: node.text("reason")?,
            data_address: read_address(&node)?,
        })
    }
}

/// Status of a flow, as reported by a data plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFlowStatus {
    /// Id of the message.
    pub message_id: String,
    /// Id of the flow.
    pub flow_id: ProcessId,
    /// State of the flow.
    pub state: DataFlowState,
    /// Address of the data.
    pub data_address: Option<DataAddress>,
    /// Description of an error.
    pub error: Option<String>,
}

impl DataFlowStatus {
    /// Status as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = Map::new();
        put_member(&mut members, "messageId", Some(self.message_id.as_str()));
        put_member(&mut members, "dataFlowId", Some(self.flow_id.as_str()));
        put_member(&mut members, "state", Some(self.state.name()));
        let address = self.data_address.as_ref().map(DataAddress::to_json);
        put_member(&mut members, "dataAddress", address);
        put_member(&mut members, "error", self.error.as_deref());
        Value::Object(members)
    }
}

/// Strict JSON without keywords that would change the meaning of its members.
fn read_plain_json(bytes: &[u8]) -> Result<Value, MessageError> {
    let value = strict_json::read_json(bytes)?;
    check_keywords(&value, 1)?;
    Ok(value)
}

fn read_address(node: &Node<'_>) -> Result<Option<DataAddress>, MessageError> {
    node.member("dataAddress")
        .map(DataAddress::read)
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn start() -> Value {
        json!({
            "messageId": "urn:uuid:1",
            "participantId": "did:web:lindau.example",
            "counterPartyId": "did:web:firm.example",
            "dataspaceContext": "city",
            "processId": "2f1c0d54-7a36-4a51-93a6-0e0f6e1b7d11",
            "agreementId": "urn:uuid:agreement",
            "datasetId": "urn:hansa:lindau.example:trees",
            "profile": HTTP_PULL_PROFILE,
            "claims": {"region": "eu"},
            "labels": ["a"],
            "metadata": {},
        })
    }

    #[test]
    fn both_names_of_the_profile_are_read() {
        let read = DataFlowRequest::read(start().to_string().as_bytes()).unwrap();
        assert!(read.is_http_pull());
        assert_eq!(read.counter_party_id, "did:web:firm.example");
        let mut of_edc = start();
        of_edc.as_object_mut().unwrap().remove("profile");
        assert!(DataFlowRequest::read(of_edc.to_string().as_bytes()).is_err());
        of_edc["transferType"] = json!(HTTP_PULL_FORMAT);
        of_edc["callbackAddress"] = json!("http://127.0.0.1:1/api/signaling");
        let read = DataFlowRequest::read(of_edc.to_string().as_bytes()).unwrap();
        assert!(read.is_http_pull());
        assert!(read.callback.is_some());
    }

    #[test]
    fn what_is_lacking_or_stands_twice_is_refused() {
        for lacking in [
            "participantId",
            "counterPartyId",
            "processId",
            "agreementId",
            "datasetId",
        ] {
            let mut message = start();
            message.as_object_mut().unwrap().remove(lacking);
            let refused = DataFlowRequest::read(message.to_string().as_bytes()).unwrap_err();
            assert!(refused.to_string().contains(lacking), "{refused}");
        }
        for message in [
            r#"{"messageId": "a", "messageId": "b"}"#,
            r#"{"messageId": 7}"#,
            r#"{"@graph": []}"#,
            "[]",
            "nothing",
        ] {
            assert!(
                DataFlowMessage::read(message.as_bytes()).is_err(),
                "{message}"
            );
        }
        assert_eq!(
            DataFlowMessage::read(b" ").unwrap(),
            DataFlowMessage::default()
        );
    }

    #[test]
    fn a_status_says_what_there_is() {
        let status = DataFlowStatus {
            message_id: "urn:uuid:2".to_owned(),
            flow_id: ProcessId::new("2f1c0d54-7a36-4a51-93a6-0e0f6e1b7d11").unwrap(),
            state: DataFlowState::Started,
            data_address: None,
            error: None,
        };
        let expected = json!({
            "messageId": "urn:uuid:2",
            "dataFlowId": "2f1c0d54-7a36-4a51-93a6-0e0f6e1b7d11",
            "state": "STARTED",
        });
        assert_eq!(status.to_json(), expected);
    }
}
