//! Notifications of changes to portals: Linked Data Notifications (W3C, 2017) with Activity Streams 2.0.

use crate::portal_catalog::PortalCatalog;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Last reported version of a dataset: the label of its snapshot, and the identity of its public view.
pub type ReportedVersion = (String, String);

/// Change to be reported to an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalChange {
    /// Name of the dataset.
    pub dataset: String,
    /// Kind of the change.
    pub kind: PortalChangeKind,
    /// New version; absent for a dataset that is not open any more.
    pub version: Option<ReportedVersion>,
}

impl PortalChange {
    /// Updates the reported versions by this change.
    pub fn apply(self, told: &mut BTreeMap<String, ReportedVersion>) {
        match self.version {
            Some(version) => told.insert(self.dataset, version),
            None => told.remove(&self.dataset),
        };
    }
}

/// Kind of a change of an open dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortalChangeKind {
    /// The dataset is now open.
    Create,
    /// The dataset has another version, or another public view.
    Update,
    /// The dataset is not open any more.
    Delete,
}

impl PortalChangeKind {
    /// Name of the activity in Activity Streams.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Delete => "Delete",
        }
    }

    /// Kind of an activity.
    #[must_use]
    pub fn of(activity: &str) -> Option<Self> {
        let mut all = [Self::Create, Self::Update, Self::Delete].into_iter();
        all.find(|kind| kind.as_str() == activity)
    }
}

/// Changes that an inbox has not been sent yet, in the order of names.
#[must_use]
pub fn pending_changes(
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

/// Notification number `number` to an inbox. Its identity is equal in all attempts to send it. For a dataset that is not open any
/// more it contains only the name, which the inbox knows.
#[must_use]
pub fn build_notification(
    catalog: &PortalCatalog,
    change: &PortalChange,
    number: u64,
    at: UtcTimestamp,
) -> (String, Value) {
    let object = catalog.local_iri(&format!("dataset-{}", change.dataset));
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
            "id": catalog.local_iri("publisher"),
            "type": "Organization",
            "name": catalog.publisher.name,
        },
        "object": described,
        "context": catalog.iri(),
        "published": at.to_string(),
    });
    (identity, activity)
}
