//! Public views that anyone on the web may query, with their datasets.

use crate::participant::Connector;
use crate::question::plain_columns::to_plain_columns;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::query_view::ViewShape;
use hansa_policy::contract::Agreement;
use hansa_policy::id::{ContractId, DatasetId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Term;
use hansa_transport::OpenDataset;
use std::collections::HashMap;

/// Returns the own public views that anyone on the web may query, in order of their names.
pub fn open_views(connector: &Connector, now: UtcTimestamp) -> Vec<(ContractId, Agreement)> {
    let mut views: Vec<(ContractId, Agreement)> = connector.contracts.with_registry(|registry| {
        let views = registry.public_views(now);
        let open = views.filter(|(id, _)| registry.on_web(*id, now).is_ok());
        open.map(|(id, agreement)| (id, agreement.clone()))
            .collect()
    });
    views.sort_by(|(_, one), (_, other)| one.dataset.id.cmp(&other.dataset.id));
    views
}

/// Why nothing of a dataset is given to strangers though its view is open: its provider has put a restriction before it, which judges
/// each question and no file; or its snapshot is damaged.
pub fn unavailable_dataset_refusal(connector: &Connector, dataset: &DatasetId) -> Option<Refusal> {
    if connector.reloadable.restrictions().contains_key(dataset) {
        let sentence = "the provider refuses it by a restriction";
        return Some(Refusal::new(ErrorCode::DatasetRestricted, sentence));
    }
    let holdings = connector.datasets.snapshots.holdings();
    holdings.get(dataset)?.check_damage().err()
}

/// Returns the description of an open view; `None` if its dataset can't be answered now.
pub fn find_open_dataset(
    connector: &Connector,
    now: UtcTimestamp,
    id: ContractId,
) -> Option<OpenDataset> {
    let active = connector
        .contracts
        .with_registry(|registry| registry.on_web(id, now))
        .ok()?;
    let dataset = active.grants().keys().next()?.clone();
    if unavailable_dataset_refusal(connector, &dataset).is_some() {
        return None;
    }
    let named = active.grants().values().find_map(|grant| {
        grant
            .clauses()
            .iter()
            .find_map(|clause| match &clause.term {
                Term::Attribution(text) => Some(text.clone()),
                _ => None,
            })
    });
    let holdings = connector.datasets.snapshots.holdings();
    let version = holdings.get(&dataset)?.dataset.version.clone();
    connector.datasets.catalog(|catalog| {
        let entry = catalog.by_id(&dataset)?;
        let view = catalog.build_view(&active, None).ok()?;
        let ViewShape::Rows(columns) = &view.table(dataset.name.as_str())?.shape else {
            return None;
        };
        Some(OpenDataset {
            name: dataset.name.to_string(),
            title: entry.title.clone(),
            licence: entry.licence.clone(),
            // The attribution of the view takes precedence over that of the entry.
            attribution: named.or_else(|| entry.attribution.clone()),
            contract: id.to_string(),
            version,
            columns: to_plain_columns(columns, HashMap::new()),
        })
    })
}
