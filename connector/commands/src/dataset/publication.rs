//! `hansa dataset publish` and `withdraw`: what stands in the own catalogue.

mod publication_report;

use crate::admin::command_result::{CommandError, CommandResult};
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::CommandReport;
use crate::config::reload_if_changed;
use crate::dataset::dataset_lookup::{
    configured_datasets, configured_now, unconfigured_dataset_refusal,
};
use crate::dataset::publication::publication_report::PublishedDataset;
use hansa_node::dataset::publication::{PublicationOutcome, PublishOptions};
use hansa_node::offer::offer_renewal;
use hansa_node::participant::Connector;
use hansa_node::process::blocking_work::run_blocking;
use hansa_node::release;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::ingest::config::DatasetConfig;
use serde::Serialize;
use std::sync::Arc;

/// Publishes the datasets of these names, or all, as far as they have changed; by what the files say now, also beside a connector
/// that was started with others. One that can't be published keeps none of the others from it. What is wrong when it is done is said once;
/// the status is that of the first such.
pub(super) async fn publish_datasets(
    connector: &Arc<Connector>,
    names: &[String],
    options: PublishOptions,
    out: &EventSink,
) -> CommandResult {
    let inner = Arc::clone(connector);
    if !options.dry {
        run_blocking(move || reload_if_changed(&inner)).await?;
    }
    let configs = match options.dry {
        true => configured_now(connector)?,
        false => configured_datasets(connector)?,
    };
    for name in names {
        if !configs.iter().any(|config| config.name.as_str() == name) {
            return Err(unconfigured_dataset_refusal(name).into());
        }
    }
    let wanted: Vec<DatasetConfig> = configs
        .into_iter()
        .filter(|config| names.is_empty() || names.iter().any(|name| config.name.as_str() == name))
        .collect();
    if wanted.is_empty() {
        return Err(
            Refusal::new(ErrorCode::DatasetNotPublished, "no dataset is configured")
                .with_help("hansa dataset add FILE")
                .into(),
        );
    }
    let is_alone = wanted.len() == 1;
    let (mut faults, mut entries, mut failed) = (Vec::new(), Vec::new(), None);
    for config in wanted {
        let (inner, progress) = (Arc::clone(connector), out.clone());
        let name = config.name.clone();
        let published = run_blocking(move || {
            let report = |label: &str, done, total| progress.send_progress(label, done, total);
            hansa_node::dataset::publication::publish_dataset(&inner, &config, options, report)
        });
        match published.await {
            Ok(published) => {
                faults.extend_from_slice(list_later_faults(&published));
                entries.push(published.entry().clone());
                if let Err(gone) = out.send_report(&PublishedDataset::of(&published)).await {
                    failed = Some(CommandError::from(gone));
                    break;
                }
            }
            Err(refusal) if is_alone => failed = Some(refusal.into()),
            Err(refusal) => faults.push(refusal.with_help(format!(
                "`{name}` keeps its published version; the other datasets are published"
            ))),
        }
    }
    let inner = Arc::clone(connector);
    faults.extend(match options.dry {
        true => {
            let config = crate::config::read_current_config(connector)?;
            offer_renewal::rehearse_publication(connector, &config, &entries)
        }
        // What is published is published, whatever comes of the offers.
        false => run_blocking(move || Ok(judge_publications(&inner))).await?,
    });
    if !options.dry {
        for ended in offer_renewal::ended_offers(connector) {
            out.send_notice(crate::cli::output::warning_text(&ended.refusal))
                .await;
        }
    }
    if let Some(CommandError::Refused(refusal)) = &failed {
        faults.retain(|fault| *fault != **refusal);
    }
    let status = out.report_faults(&faults).await;
    match failed {
        Some(error) => Err(error),
        None => Ok(status),
    }
}

/// Faults of the steps after a publication.
fn list_later_faults(published: &PublicationOutcome) -> &[Refusal] {
    match published {
        PublicationOutcome::Unchanged { faults, .. } | PublicationOutcome::New { faults, .. } => {
            faults
        }
    }
}

/// Faults once datasets are published: of offers, of snapshots and cells, and of contracts that need what is not here.
fn judge_publications(connector: &Arc<Connector>) -> Vec<Refusal> {
    let mut faults = offer_renewal::renew_offers(connector).unwrap_or_else(|fault| vec![fault]);
    faults.extend(
        connector
            .datasets
            .snapshots
            .damaged_datasets()
            .into_values(),
    );
    faults.extend(connector.unexecutable_refusals());
    faults.extend(release::release_all_cells(connector));
    faults
}

/// Takes a dataset out of the catalogue.
pub(super) async fn withdraw_dataset(
    connector: &Arc<Connector>,
    name: SqlIdentifier,
    snapshot: Option<String>,
    out: &EventSink,
) -> CommandResult {
    let inner = Arc::clone(connector);
    let dataset = run_blocking(move || {
        hansa_node::dataset::publication::withdraw_dataset(&inner, &name, snapshot.as_deref())
    })
    .await?;
    out.send_report(&WithdrawnDataset {
        dataset: dataset.id.name,
        version: dataset.version,
        withdrawn: true,
    })
    .await?;
    Ok(0)
}

/// Dataset that is out of the catalogue.
#[derive(Debug, Serialize)]
struct WithdrawnDataset {
    dataset: SqlIdentifier,
    version: String,
    withdrawn: bool,
}

impl CommandReport for WithdrawnDataset {
    fn to_text(&self) -> String {
        format!(
            "{} is withdrawn: snapshot {} goes from disk with its last reader, and the log says so",
            self.dataset, self.version
        )
    }
}
