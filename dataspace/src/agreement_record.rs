//! Agreements in the form in which a control plane stores them.

use crate::message_error::MessageError;
use crate::node::Node;
use crate::policy_document::AgreementDocument;
use crate::policy_rules::PolicyRules;
use crate::strict_json;
use serde_json::Value;

impl AgreementDocument {
    /// Parses the agreement from a control plane of this participant: an Agreement of the protocol (Data Plane Signaling 1.0-RC3,
    /// "Control Plane API"), or a `ContractAgreement` of the management interface of EDC 0.14, whose dates are in seconds.
    ///
    /// Contexts are ignored, since the rules are accepted only if they equal an offer of this participant exactly.
    ///
    /// # Errors
    /// For bytes in neither form.
    pub fn of_control_plane(bytes: &[u8]) -> Result<Self, MessageError> {
        let mut value = strict_json::read_json(bytes)?;
        if let Some(members) = value.as_object_mut() {
            members.remove("@context");
        }
        let node = Node::new(&value, "the agreement")?;
        let Some(policy) = node.member("policy") else {
            return Self::read(&value);
        };
        let date = match node.required_member("contractSigningDate")? {
            Value::Number(seconds) => seconds.to_string(),
            Value::String(text) => text.clone(),
            _ => return Err(node.invalid_member_error("contractSigningDate", "is no date")),
        };
        let inner = Node::new(policy, "the policy of the agreement")?;
        let agreement = Self {
            id: node.required_text("@id")?,
            target: node.required_text("assetId")?,
            assigner: node.required_text("providerId")?,
            assignee: node.required_text("consumerId")?,
            timestamp: date,
            rules: PolicyRules::read(policy)?,
        };
        for (name, known) in [
            ("target", &agreement.target),
            ("assigner", &agreement.assigner),
            ("assignee", &agreement.assignee),
        ] {
            if inner.text(name)?.is_some_and(|said| said != *known) {
                return Err(inner.invalid_member_error(name, "differs from that of the agreement"));
            }
        }
        match agreement.rules.is_empty() {
            true => Err(MessageError::PolicyEmpty("the agreement")),
            false => Ok(agreement),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of_edc() -> Value {
        json!({
            "@type": "ContractAgreement", "@id": "65e414d6-c942-44b7-ada3-13f4d214da6b", "assetId": "trees",
            "policy": {
                "@id": "ad641de2-92b3-4a27-9c40-fc6f7916c4d2", "@type": "odrl:Agreement",
                "odrl:permission": {
                    "odrl:action": {"@id": "odrl:use"},
                    "odrl:constraint": {
                        "odrl:leftOperand": {"@id": "odrl:dateTime"}, "odrl:operator": {"@id": "odrl:gteq"},
                        "odrl:rightOperand": "2026-01-01T00:00:00Z",
                    },
                },
                "odrl:prohibition": [], "odrl:obligation": [],
                "odrl:assignee": "did:web:firm.example", "odrl:assigner": "did:web:lindau.example", "odrl:target": {"@id": "trees"},
            },
            "contractSigningDate": 1_795_711_891,
            "consumerId": "did:web:firm.example", "providerId": "did:web:lindau.example",
            "@context": {"@vocab": "https://w3id.org/edc/v0.0.1/ns/", "odrl": "http://www.w3.org/ns/odrl/2/"},
        })
    }

    #[test]
    fn both_forms_say_the_same() {
        let read = AgreementDocument::of_control_plane(of_edc().to_string().as_bytes()).unwrap();
        let of_protocol = json!({
            "@context": ["https://w3id.org/dspace/2025/1/context.jsonld"],
            "@type": "Agreement", "@id": "65e414d6-c942-44b7-ada3-13f4d214da6b", "target": "trees",
            "assigner": "did:web:lindau.example", "assignee": "did:web:firm.example", "timestamp": "1795711891",
            "permission": [{"action": "use", "constraint": [
                {"leftOperand": "odrl:dateTime", "operator": "gteq", "rightOperand": "2026-01-01T00:00:00Z"},
            ]}],
        });
        let other =
            AgreementDocument::of_control_plane(of_protocol.to_string().as_bytes()).unwrap();
        assert_eq!(read, other);
    }

    #[test]
    fn a_policy_about_something_else_is_refused() {
        for (name, value) in [
            ("odrl:target", json!({"@id": "ledger"})),
            ("odrl:assignee", json!("did:web:rival.example")),
            ("odrl:assigner", json!("did:web:other.example")),
        ] {
            let mut agreement = of_edc();
            agreement["policy"][name] = value;
            let read = AgreementDocument::of_control_plane(agreement.to_string().as_bytes());
            assert!(read.is_err(), "{name}");
        }
    }
}
