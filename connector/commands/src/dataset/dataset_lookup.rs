//! Datasets that a command names: those of the configuration, and the published ones.

use crate::admin::command_result::combined_refusal;
use crate::config;
use hansa_catalog::dataset::Dataset;
use hansa_node::participant::Connector;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::ingest::config::{DatasetConfig, parser};

/// The datasets of the configuration.
pub(super) fn configured_datasets(connector: &Connector) -> Result<Vec<DatasetConfig>, Refusal> {
    hansa_node::dataset::publication::read_configured_datasets(connector).map_err(combined_refusal)
}

/// The datasets of the configuration as its file says them now.
pub(crate) fn configured_now(connector: &Connector) -> Result<Vec<DatasetConfig>, Refusal> {
    let now = config::read_current_config(connector)?;
    let shown = now.file.display().to_string();
    parser::parse_datasets(&now.text, &shown, now.source_roots()).map_err(combined_refusal)
}

pub(super) fn unconfigured_dataset_refusal(name: &str) -> Refusal {
    Refusal::new(
        ErrorCode::DatasetNotPublished,
        format!("no dataset `{name}` is configured"),
    )
    .with_help("hansa dataset list shows them; hansa dataset add FILE adds one")
}

pub(super) fn find_published_dataset(
    connector: &Connector,
    name: &str,
) -> Result<Dataset, Refusal> {
    let unknown = || {
        Refusal::new(
            ErrorCode::DatasetNotPublished,
            format!("no dataset `{name}` is published here"),
        )
    };
    let name: SqlIdentifier = name.parse().map_err(|cause| unknown().caused_by(cause))?;
    connector
        .datasets
        .catalog(|catalog| catalog.dataset(&name).cloned())
        .ok_or_else(unknown)
}
