//! `hansa dataset show`: one published dataset with the facts that its owner alone sees.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::CommandReport;
use crate::cli::output::render_table;
use crate::dataset::catalog_entry::{entry_json, entry_text};
use crate::dataset::dataset_list::{ContractCounts, CoveredTime, DatasetFault, count_contracts};
use crate::dataset::dataset_lookup::find_published_dataset;
use crate::dataset::released_cells::{ReleaseReport, releases_text};
use crate::dataset::restriction::RestrictionReport;
use crate::policy::{OfferUse, list_uses};
use hansa_audit_log::digest::Digest;
use hansa_node::participant::Connector;
use hansa_policy::term::language::Language;
use hansa_query::snapshot_profile::{SnapshotProfile, read_profile};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

pub(super) async fn show_dataset(
    connector: &Arc<Connector>,
    name: &str,
    language: Language,
    out: &EventSink,
) -> CommandResult {
    let dataset = find_published_dataset(connector, name)?;
    let holdings = connector.datasets.snapshots.holdings();
    let held = holdings.get(&dataset.id);
    let restrictions = connector.reloadable.restrictions();
    let in_place = held.and_then(|held| held.in_place.as_ref());
    let has_releases = dataset
        .grid
        .as_ref()
        .is_some_and(|grid| grid.release.is_some());
    let facts = held.map_or(&[][..], |held| &held.released.facts);
    let restriction = restrictions.get(&dataset.id);
    let damaged = connector.datasets.snapshots.damaged_datasets();
    let uses = list_uses(&connector.config(), &dataset);
    out.send_report(&ShownDataset {
        entry: entry_json(&dataset),
        covers: CoveredTime::of(&dataset),
        digest: held.map(|held| held.digest),
        fault: damaged.get(&dataset.id.name).map(DatasetFault::of),
        offers: &uses,
        contracts: count_contracts(connector, &dataset.id),
        releases: has_releases.then(|| facts.iter().map(ReleaseReport::of).collect()),
        restriction: restriction.map(|held| RestrictionReport::of(&dataset, Some(held), language)),
        profile: held.and_then(|held| read_profile(held)),
        in_place: in_place.map(|in_place| in_place.location().locations()),
        entry_text: entry_text(&dataset),
        releases_text: releases_text(facts),
    })
    .await?;
    Ok(0)
}

/// Published dataset with what its owner alone sees.
#[derive(Debug, Serialize)]
struct ShownDataset<'a> {
    #[serde(flatten)]
    entry: Value,
    /// First and last day or instant of the rows.
    covers: Option<CoveredTime>,
    /// Digest of the rows.
    digest: Option<Digest>,
    /// Reason why the snapshot can't be read.
    fault: Option<DatasetFault>,
    /// Offers of the configuration.
    offers: &'a [OfferUse],
    contracts: ContractCounts,
    #[serde(skip_serializing_if = "Option::is_none")]
    releases: Option<Vec<ReleaseReport<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restriction: Option<RestrictionReport<'a>>,
    /// Profile that is kept with the snapshot.
    profile: Option<SnapshotProfile>,
    /// Places of a dataset that stays where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_place: Option<Vec<String>>,
    #[serde(skip)]
    entry_text: String,
    #[serde(skip)]
    releases_text: String,
}

impl CommandReport for ShownDataset<'_> {
    fn to_text(&self) -> String {
        let mut text = format!("{}{}", self.entry_text, self.releases_text);
        if !self.offers.is_empty() {
            let rows: Vec<Vec<String>> = self.offers.iter().map(OfferUse::cells).collect();
            let table = render_table(&["POLICY", "TO", "SIGNED BY"], &rows);
            text.push_str(&format!("\noffers\n{table}"));
        }
        let ContractCounts { in_force, all } = self.contracts;
        text.push_str(&format!("\ncontracts in force: {in_force} of {all}\n"));
        if let Some(restriction) = &self.restriction {
            text.push_str(&format!("\n{}\n", restriction.to_text()));
        }
        if let Some(places) = &self.in_place {
            text.push_str("\nstays where it is\n");
            for place in places {
                text.push_str(&format!("  {place}\n"));
            }
        }
        text
    }
}
