//! Catalogue of this participant, as other participants read it.

use crate::catalog::DataService;
use crate::document::{message_members, put_list, put_member};
use crate::policy_document::policy_members;
use crate::policy_rules::PolicyRules;
use serde_json::{Map, Value, json};

/// Own catalogue (Dataspace Protocol 2025-1, Catalog Protocol, "Catalog").
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedCatalog {
    /// Id of the catalogue.
    pub id: String,
    /// Identity of this participant.
    pub participant_id: String,
    /// Service of this participant for the protocol version.
    pub service: DataService,
    /// Datasets that the recipient may see.
    pub datasets: Vec<PublishedDataset>,
}

/// Own dataset (Dataspace Protocol 2025-1, Catalog Protocol, "Dataset").
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedDataset {
    /// Id of the dataset.
    pub id: String,
    /// Title for people.
    pub title: Option<String>,
    /// Description for people.
    pub description: Option<String>,
    /// Offers, at least one.
    pub offers: Vec<PublishedOffer>,
    /// Available formats, at least one.
    pub formats: Vec<String>,
}

/// Offer of an own dataset (Dataspace Protocol 2025-1, Catalog Protocol, "Dataset", `hasPolicy`). It has no target; its target is
/// the enclosing dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedOffer {
    /// Id of the offer, unique in its dataset.
    pub id: String,
    /// Identity of this participant.
    pub assigner: String,
    /// Rules of use.
    pub rules: PolicyRules,
}

impl PublishedCatalog {
    /// Catalogue as JSON. Datasets without a valid form are left out, as in [`PublishedDataset::to_json`].
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = message_members("Catalog", Some(&self.id));
        put_member(
            &mut members,
            "participantId",
            Some(self.participant_id.as_str()),
        );
        put_list(&mut members, "service", vec![service_node(&self.service)]);
        let datasets = self.datasets.iter();
        let written = datasets.filter_map(|dataset| dataset.to_node(&self.service));
        put_list(
            &mut members,
            "dataset",
            written.map(Value::Object).collect(),
        );
        Value::Object(members)
    }
}

impl PublishedDataset {
    /// Response to a request for this dataset alone. None where it has no format, or no offer with a permission or a prohibition,
    /// since the protocol does not permit such datasets.
    #[must_use]
    pub fn to_json(&self, service: &DataService) -> Option<Value> {
        let mut members = message_members("Dataset", None);
        members.extend(self.to_node(service)?);
        Some(Value::Object(members))
    }

    fn to_node(&self, of: &DataService) -> Option<Map<String, Value>> {
        let offers = self.offers.iter().filter(|offer| !offer.rules.is_empty());
        let offers: Vec<Value> = offers.map(PublishedOffer::to_node).collect();
        if offers.is_empty() || self.formats.is_empty() {
            return None;
        }
        let distribution = |format: &String| {
            let service = service_node(of);
            json!({"@type": "Distribution", "format": format, "accessService": service})
        };
        let mut members = policy_members(&self.id, "Dataset");
        put_member(&mut members, "dct:title", self.title.as_deref());
        put_member(&mut members, "dct:description", self.description.as_deref());
        put_list(&mut members, "hasPolicy", offers);
        put_list(
            &mut members,
            "distribution",
            self.formats.iter().map(distribution).collect(),
        );
        Some(members)
    }
}

impl PublishedOffer {
    fn to_node(&self) -> Value {
        let mut members = policy_members(&self.id, "Offer");
        put_member(&mut members, "assigner", Some(self.assigner.as_str()));
        members.extend(self.rules.to_json());
        Value::Object(members)
    }
}

fn service_node(of: &DataService) -> Value {
    json!({"@id": of.id, "@type": "DataService", "endpointURL": of.endpoint})
}
