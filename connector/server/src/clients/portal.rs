//! What data portals are told: the open public views, in the words of `[portal]`.

use super::ClientHandler;
use super::open_data::find_open_dataset;
use crate::participant::Connector;
use crate::process::blocking_work::blocking;
use crate::workflow::portal_notice;
use hansa_catalog::CatalogListing;
use hansa_catalog::dataset::Dataset;
use hansa_policy::contract::{Agreement, ContractRegistry};
use hansa_policy::id::ContractId;
use hansa_policy::refusal::Refusal;
use hansa_portal::{PortalCatalog, PortalDataset, PortalFile, PortalRequest};
use hansa_transport::{OpenDataset, PortalPage};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The catalogue of this moment; nothing where portals are told nothing.
pub(crate) fn catalog(connector: &Connector) -> Option<PortalCatalog> {
    let config = connector.config();
    let portal = config.portal.clone()?;
    let now = connector.now();
    let views = super::open_data::open_views(connector, now);
    let datasets = views.into_iter().filter_map(|(id, agreement)| {
        let open = find_open_dataset(connector, now, id)?;
        let entry = entry(connector, id, &agreement)?;
        let statements = portal.datasets.get(&agreement.dataset.id.name);
        Some(PortalDataset {
            statements: statements.cloned().unwrap_or_default(),
            ..dataset(open, entry)
        })
    });
    Some(PortalCatalog {
        datasets: datasets.collect(),
        events: None,
        base: portal.base,
        title: portal.title,
        description: portal.description,
        language: portal.language,
        publisher: portal.publisher,
    })
}

/// The entry as the view alone shows it.
fn entry(connector: &Connector, id: ContractId, agreement: &Agreement) -> Option<Dataset> {
    let of = |registry: &ContractRegistry| {
        connector.datasets.catalog(|catalog| {
            let listing = CatalogListing {
                dataset: catalog.by_id(&agreement.dataset.id)?,
                offers: Vec::new(),
                contracts: vec![id],
            };
            Some(listing.entry(registry))
        })
    };
    connector.contracts.with_registry(of)
}

/// A dataset as its view shows it.
fn dataset(open: OpenDataset, mut entry: Dataset) -> PortalDataset {
    // What a clause names and no row has is no column.
    entry.columns.retain(|column| {
        open.columns
            .column_with_name(column.name.as_str())
            .is_some()
    });
    let files = open
        .files()
        .into_iter()
        .map(|(ending, media_type)| PortalFile { ending, media_type });
    PortalDataset {
        files: files.collect(),
        name: open.name,
        title: entry.title,
        licence: entry.licence,
        attribution: open.attribution,
        high_value: entry.high_value,
        version: open.version,
        published_at: entry.published_at,
        time_span: entry.time_span,
        area: entry.area,
        columns: entry.columns,
        contract: open.contract,
        statements: hansa_portal::PortalStatements::default(),
    }
}

impl ClientHandler {
    /// The page that a portal asks for; nothing where no such page is told of.
    pub(super) async fn portal_page(
        &self,
        path: &[String],
        accept: Option<&[String]>,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Option<PortalPage>, Refusal> {
        let connector = Arc::clone(&self.connector);
        let path = path.to_vec();
        let (accept, parameters) = (accept.map(<[String]>::to_vec), parameters.clone());
        // Putting triples together takes a while, and a thread that answers others is not for that.
        blocking(move || {
            let Some(mut catalog) = catalog(&connector) else {
                return Ok(None);
            };
            if hansa_portal::is_path_of_changes(&path) {
                match portal_notice::events(&connector) {
                    Ok(events) => catalog.events = Some(events),
                    Err(refusal) => tracing::warn!(%refusal, "portal.changes_unread"),
                }
            }
            let request = PortalRequest {
                path: &path,
                accept: accept.as_deref(),
                parameters: &parameters,
            };
            let response = hansa_portal::answer(&catalog, &request);
            Ok(response.map(|response| PortalPage {
                status: response.status,
                content_type: response.content_type,
                location: response.location,
                tag: response.tag,
                body: response.body.into(),
            }))
        })
        .await
    }
}
