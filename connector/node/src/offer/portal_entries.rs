//! Catalog for data portals: the open public views with the statements of `[portal]`.

use crate::offer::open_views::{find_open_dataset, open_views};
use crate::participant::Connector;
use hansa_catalog::CatalogListing;
use hansa_catalog::dataset::Dataset;
use hansa_policy::contract::{Agreement, ContractRegistry};
use hansa_policy::id::ContractId;
use hansa_portal::{PortalCatalog, PortalDataset, PortalFile};
use hansa_transport::OpenDataset;

/// Returns the current catalog for portals; `None` without `[portal]`.
pub fn portal_catalog(connector: &Connector) -> Option<PortalCatalog> {
    let config = connector.config();
    let portal = config.portal.clone()?;
    let now = connector.now();
    let views = open_views(connector, now);
    let datasets = views.into_iter().filter_map(|(id, agreement)| {
        let open = find_open_dataset(connector, now, id)?;
        let entry = view_entry(connector, id, &agreement)?;
        let statements = portal.datasets.get(&agreement.dataset.id.name);
        Some(PortalDataset {
            statements: statements.cloned().unwrap_or_default(),
            ..portal_dataset(open, entry)
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

/// Dataset entry as the view shows it.
fn view_entry(connector: &Connector, id: ContractId, agreement: &Agreement) -> Option<Dataset> {
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

/// Portal entry of a dataset as its view shows it.
fn portal_dataset(open: OpenDataset, mut entry: Dataset) -> PortalDataset {
    // A column that a clause names and no row has is left out.
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
