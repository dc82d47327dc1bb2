//! `hansa dataset list`: the datasets of the configuration, page by page.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::ReportRow;
use crate::dataset::arguments::DatasetListArgs;
use crate::dataset::dataset_lookup::configured_datasets;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::{Dataset, DatasetKind};
use hansa_node::participant::Connector;
use hansa_policy::contract::ContractStatus;
use hansa_policy::id::{DatasetId, SqlIdentifier};
use hansa_policy::refusal::Refusal;
use hansa_query::federation::time_span::CoveredTimeSpan;
use hansa_query::ingest::config::DatasetConfig;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) async fn list_datasets(
    connector: &Arc<Connector>,
    args: DatasetListArgs,
    out: &EventSink,
) -> CommandResult {
    let mut configs = configured_datasets(connector)?;
    configs.sort_by(|one, other| one.name.cmp(&other.name));
    let text = args.text.as_deref().map(str::to_lowercase);
    let selected = configs
        .into_iter()
        .filter(|config| {
            let after = args.after.as_deref();
            after.is_none_or(|after| config.name.as_str() > after)
        })
        .filter(|config| {
            let words = format!("{}\n{}", config.name, config.title).to_lowercase();
            text.as_ref().is_none_or(|text| words.contains(text))
        })
        .take(args.limit.unwrap_or(usize::MAX));
    let damaged = connector.datasets.snapshots.damaged_datasets();
    let mut offers: BTreeMap<SqlIdentifier, usize> = BTreeMap::new();
    connector.datasets.catalog(|catalog| {
        for offer in catalog.offers() {
            let count = offers.entry(offer.dataset.name.clone()).or_default();
            *count = count.saturating_add(1);
        }
    });
    let rows: Vec<ListedDataset> = selected
        .map(|config| {
            let published = connector
                .datasets
                .catalog(|catalog| catalog.dataset(&config.name).cloned());
            let contracts = published
                .as_ref()
                .map_or(0, |entry| count_contracts(connector, &entry.id).in_force);
            ListedDataset {
                offers: offers.get(&config.name).copied().unwrap_or_default(),
                contracts,
                fault: damaged.get(&config.name).map(DatasetFault::of),
                ..ListedDataset::new(config, published.as_ref())
            }
        })
        .collect();
    out.send_list(&rows).await?;
    Ok(0)
}

/// Numbers of contracts on a dataset.
#[derive(Debug, Default, Serialize)]
pub(super) struct ContractCounts {
    /// Contracts in force now.
    pub(super) in_force: usize,
    /// All contracts, also those that have ended.
    pub(super) all: usize,
}

/// Counts the contracts of this provider on a dataset.
pub(super) fn count_contracts(connector: &Connector, dataset: &DatasetId) -> ContractCounts {
    let now = connector.now();
    connector.contracts.with_registry(|registry| {
        let mut counts = ContractCounts::default();
        for (_, _, status) in registry.contracts_on_dataset(dataset, now) {
            counts.all = counts.all.saturating_add(1);
            if status == ContractStatus::InForce {
                counts.in_force = counts.in_force.saturating_add(1);
            }
        }
        counts
    })
}

/// Reason why the snapshot of a dataset can't be read.
#[derive(Debug, Serialize)]
pub(super) struct DatasetFault {
    code: String,
    sentence: String,
}

impl DatasetFault {
    /// Report of a refusal.
    pub(super) fn of(refusal: &Refusal) -> Self {
        Self {
            code: refusal.code.to_string(),
            sentence: refusal.sentence.clone(),
        }
    }
}

/// First and last day of a dataset, or its first and last instant.
#[derive(Debug, Serialize)]
pub(crate) struct CoveredTime {
    first: String,
    last: String,
}

impl CoveredTime {
    /// Time that an entry states; none where it states none.
    pub(crate) fn of(entry: &Dataset) -> Option<Self> {
        let covered = CoveredTimeSpan::of(entry)?;
        let instants = || (covered.first.to_string(), covered.last.to_string());
        let (first, last) = covered.days().unwrap_or_else(instants);
        Some(Self { first, last })
    }
}

/// Dataset of the configuration. One that is not published has no version.
#[derive(Debug, Serialize)]
struct ListedDataset {
    dataset: SqlIdentifier,
    title: String,
    published: bool,
    version: Option<String>,
    published_at: Option<UtcTimestamp>,
    rows: Option<u64>,
    covers: Option<CoveredTime>,
    licence: Option<String>,
    model: Option<String>,
    kind: Option<DatasetKind>,
    /// Number of offers.
    offers: usize,
    /// Number of contracts in force.
    contracts: usize,
    fault: Option<DatasetFault>,
}

impl ListedDataset {
    fn new(config: DatasetConfig, entry: Option<&Dataset>) -> Self {
        Self {
            published: entry.is_some(),
            version: entry.map(|entry| entry.version.clone()),
            published_at: entry.map(|entry| entry.published_at),
            rows: entry.map(|entry| entry.rows),
            covers: entry.and_then(CoveredTime::of),
            licence: entry.map(|entry| entry.licence.clone()),
            model: entry.and_then(|entry| entry.model.clone()),
            kind: entry.and_then(|entry| entry.kind),
            offers: 0,
            contracts: 0,
            fault: None,
            dataset: config.name,
            title: config.title,
        }
    }
}

impl ReportRow for ListedDataset {
    const HEADER: &'static [&'static str] =
        &["DATASET", "VERSION", "ROWS", "OFFERS", "CONTRACTS", "TITLE"];

    fn cells(&self) -> Vec<String> {
        let mut version = self
            .version
            .clone()
            .unwrap_or_else(|| "not published".to_owned());
        if let Some(fault) = &self.fault {
            version.push_str(&format!(" {}", fault.code));
        }
        vec![
            self.dataset.to_string(),
            version,
            self.rows.map_or_else(String::new, |rows| rows.to_string()),
            self.offers.to_string(),
            self.contracts.to_string(),
            self.title.clone(),
        ]
    }
}
