//! Catalogues and datasets of other participants, as far as negotiation and transfer need them.

use crate::document;
use crate::message_error::MessageError;
use crate::node::{Node, plain_text};
use crate::policy_document::OfferDocument;
use crate::vocabulary::{DCT_NAMESPACE, EDC_NAMESPACE};
use serde_json::Value;

/// Catalogue of a provider (Dataspace Protocol 2025-1, Catalog Protocol, "Catalog"). Nested catalogues are not read.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalog {
    /// Id of the catalogue.
    pub id: String,
    /// Participant that provides the datasets.
    pub participant_id: String,
    /// Services of the provider.
    pub services: Vec<DataService>,
    /// Datasets with an offer and a distribution.
    pub datasets: Vec<Dataset>,
    /// Other datasets. They don't make the catalogue invalid: EDC lists also datasets without a data plane.
    pub unusable: Vec<UnusableDataset>,
}

/// Dataset of a catalogue that can't be negotiated: without an offer, without a distribution, or with invalid members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusableDataset {
    /// Id of the dataset.
    pub id: String,
    /// Defect, as a sentence.
    pub reason: String,
}

/// Service of a provider (Dataspace Protocol 2025-1, Catalog Protocol, "Data Service").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataService {
    /// Id of the service.
    pub id: String,
    /// Address of its protocol endpoint.
    pub endpoint: String,
}

/// Dataset of a provider (Dataspace Protocol 2025-1, Catalog Protocol, "Dataset").
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Id of the dataset.
    pub id: String,
    /// Title, from `dct:title` or EDC's `name`.
    pub title: Option<String>,
    /// Description, from `dct:description` or EDC's `description`.
    pub description: Option<String>,
    /// Offers of the dataset.
    pub offers: Vec<OfferDocument>,
    /// Available formats.
    pub distributions: Vec<Distribution>,
}

/// Format of a dataset with its service (Dataspace Protocol 2025-1, Catalog Protocol, "Distribution").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// Format, for the transfer request.
    pub format: String,
    /// Address of the service; absent where only the id of an unknown service is given.
    pub endpoint: Option<String>,
}

impl Catalog {
    /// Parses the catalogue.
    ///
    /// # Errors
    ///
    /// For an invalid message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read_message(bytes)?;
        let node = document::open_message(&value, "Catalog")?;
        let mut catalog = Self {
            id: node.required_text("@id")?,
            participant_id: node.required_text("participantId")?,
            services: read_services(&node)?,
            datasets: Vec::new(),
            unusable: Vec::new(),
        };
        for value in node.list("dataset") {
            let node = Node::new(value, "dataset")?;
            let id = node.required_text("@id")?;
            match Dataset::from_usable_node(&node, &catalog.services) {
                Ok(dataset) => catalog.datasets.push(dataset),
                Err(error) => catalog.unusable.push(UnusableDataset {
                    id,
                    reason: error.to_string(),
                }),
            }
        }
        Ok(catalog)
    }
}

impl Dataset {
    /// Parses a single dataset. It must have an offer and a distribution.
    ///
    /// # Errors
    ///
    /// For an invalid message.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        let value = document::read_message(bytes)?;
        let node = document::open_message(&value, "Dataset")?;
        Self::from_usable_node(&node, &[])
    }

    fn from_usable_node(node: &Node<'_>, services: &[DataService]) -> Result<Self, MessageError> {
        let dataset = Self::of_node(node, services)?;
        if dataset.offers.is_empty() {
            return Err(node.missing_member_error("hasPolicy"));
        }
        if dataset.distributions.is_empty() {
            return Err(node.missing_member_error("distribution"));
        }
        Ok(dataset)
    }

    fn of_node(node: &Node<'_>, services: &[DataService]) -> Result<Self, MessageError> {
        node.check_type_if_any("Dataset")?;
        let offers = node.list("hasPolicy").iter();
        let distributions = node.list("distribution").iter();
        Ok(Self {
            id: node.required_text("@id")?,
            title: read_caption(node, "title", "name"),
            description: read_caption(node, "description", "description"),
            offers: offers
                .map(OfferDocument::read_in_dataset)
                .collect::<Result<_, _>>()?,
            distributions: distributions
                .map(|value| Distribution::of_node(&Node::new(value, "distribution")?, services))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl Distribution {
    fn of_node(node: &Node<'_>, services: &[DataService]) -> Result<Self, MessageError> {
        node.check_type_if_any("Distribution")?;
        let format = node.required_text("format")?;
        let service = node.required_member("accessService")?;
        let listed = |id: &str| {
            let service = services.iter().find(|service| service.id == id)?;
            Some(service.endpoint.clone())
        };
        let endpoint = match plain_text(service) {
            Some(id) => listed(id),
            None => Some(DataService::of_node(&Node::new(service, "accessService")?)?.endpoint),
        };
        Ok(Self { format, endpoint })
    }
}

impl DataService {
    fn of_node(node: &Node<'_>) -> Result<Self, MessageError> {
        node.check_type_if_any("DataService")?;
        Ok(Self {
            id: node.required_text("@id")?,
            endpoint: node.required_text("endpointURL")?,
        })
    }
}

fn read_services(node: &Node<'_>) -> Result<Vec<DataService>, MessageError> {
    let services = node.list("service").iter();
    services
        .map(|value| DataService::of_node(&Node::new(value, "service")?))
        .collect()
}

/// Text for people, from the vocabulary of Dublin Core or of EDC. Other values than texts are ignored, since nothing depends on it.
fn read_caption(node: &Node<'_>, of_dct: &str, of_edc: &str) -> Option<String> {
    let names = [
        format!("{DCT_NAMESPACE}{of_dct}"),
        format!("{EDC_NAMESPACE}{of_edc}"),
        of_dct.to_owned(),
        of_edc.to_owned(),
    ];
    let value = names.iter().find_map(|name| node.member(name))?;
    let first = match value {
        Value::Array(values) => values.first()?,
        one => one,
    };
    plain_text(first).map(str::to_owned)
}
