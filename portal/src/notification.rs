//! What portals are told when something changes: Linked Data Notifications (W3C, 2017) in the words of Activity Streams 2.0.

use crate::portal_catalog::PortalCatalog;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What an inbox was told of a dataset the last time: the label of its snapshot, and the identity of its public view.
pub type ReportedVersion = (String, String);

/// A change of which an inbox is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalChange {
    /// The name of the dataset.
    pub dataset: String,
    /// What happened.
    pub kind: PortalChangeKind,
    /// What is told with it; absent: it is open no longer.
    pub version: Option<ReportedVersion>,
}

impl PortalChange {
    /// Notes the change in what was told.
    pub fn apply(self, told: &mut BTreeMap<String, ReportedVersion>) {
        match self.version {
            Some(version) => told.insert(self.dataset, version),
            None => told.remove(&self.dataset),
        };
    }
}

/// What happened to an open dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortalChangeKind {
    /// It is open since.
    Create,
    /// It has another version, or another public view.
    Update,
    /// It is open no longer.
    Delete,
}

impl PortalChangeKind {
    /// The activity, as Activity Streams names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Delete => "Delete",
        }
    }

    /// The kind of an activity.
    #[must_use]
    pub fn of(activity: &str) -> Option<Self> {
        let mut all = [Self::Create, Self::Update, Self::Delete].into_iter();
        all.find(|kind| kind.as_str() == activity)
    }
}

/// What an inbox has not been told yet, in the order of names.
#[must_use]
pub fn changes(
    told: &BTreeMap<String, ReportedVersion>,
    catalog: &PortalCatalog,
) -> Vec<PortalChange> {
    let open = catalog.datasets.iter().filter_map(|dataset| {
        let version = (dataset.version.clone(), dataset.contract.clone());
        let kind = match told.get(&dataset.name) {
            None => PortalChangeKind::Create,
            Some(before) if *before != version => PortalChangeKind::Update,
            Some(_) => return None,
        };
        Some(PortalChange {
            dataset: dataset.name.clone(),
            kind,
            version: Some(version),
        })
    });
    let gone = told.keys().filter(|name| catalog.dataset(name).is_none());
    let gone = gone.map(|name| PortalChange {
        dataset: name.clone(),
        kind: PortalChangeKind::Delete,
        version: None,
    });
    let mut changes: Vec<PortalChange> = open.chain(gone).collect();
    changes.sort_by(|one, other| one.dataset.cmp(&other.dataset));
    changes
}

/// The notification of a change, the `number`th that the inbox is told, with an identity that is the same whenever it is told again. Of a dataset that is open no
/// longer it says the name alone, which the inbox knows.
#[must_use]
pub fn notification(
    catalog: &PortalCatalog,
    change: &PortalChange,
    number: u64,
    at: UtcTimestamp,
) -> (String, Value) {
    let object = catalog.id(&format!("dataset-{}", change.dataset));
    let (version, contract) = change.version.clone().unwrap_or_default();
    let number = number.to_string();
    let told = [
        number.as_str(),
        object.as_str(),
        change.kind.as_str(),
        version.as_str(),
        contract.as_str(),
    ];
    let identity = format!(
        "urn:hansa:notice:{}",
        Digest::of(told.join("\n").as_bytes())
    );
    let title = catalog.dataset(&change.dataset);
    let title = title.map(|dataset| dataset.title.as_str());
    let mut described = json!({
        "id": object,
        "type": ["Document", "http://www.w3.org/ns/dcat#Dataset"],
    });
    if let (Some(members), Some(title)) = (described.as_object_mut(), title) {
        members.insert("name".to_owned(), json!(title));
        members.insert("url".to_owned(), json!(format!("{object}.jsonld")));
    }
    let activity = json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": identity,
        "type": change.kind.as_str(),
        "actor": {
            "id": catalog.id("publisher"),
            "type": "Organization",
            "name": catalog.publisher.name,
        },
        "object": described,
        "context": catalog.iri(),
        "published": at.to_string(),
    });
    (identity, activity)
}
