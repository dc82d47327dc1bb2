//! Publication of a dataset, in this order: source, rows, snapshot, checked entry, record, catalog.

use crate::dataset::snapshot_checks::last_published_version;
use crate::participant::Connector;
use crate::release;
use hansa_catalog::contract_break::{self, ContractBreak, DatasetVersions};
use hansa_catalog::dataset::Dataset;
use hansa_catalog::publication::{DatasetDraft, DatasetWithdrawal};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::ingest::config::{DatasetConfig, parser};
use hansa_query::publication::StagingOutcome;
use hansa_query::publication::context::{PublicationContext, PublicationProgress};
use hansa_query::publication::report::PublicationReport;
use hansa_query::snapshot::released_cells::ReleasedCells;
use std::sync::Arc;

/// Result of the publication of one dataset.
#[derive(Debug)]
pub enum PublicationOutcome {
    /// The dataset is unchanged since its last publication.
    Unchanged {
        /// Catalog entry.
        entry: Box<Dataset>,
        /// Errors of cells that could not be released.
        faults: Vec<Refusal>,
    },
    /// The dataset is published, or would be in a dry run.
    New {
        /// Catalog entry.
        entry: Box<Dataset>,
        /// Report of the rows and changes.
        report: Box<PublicationReport>,
        /// Contracts that the new schema breaks.
        breaks: Vec<ContractBreak>,
        /// True for a dry run.
        dry: bool,
        /// Damage of the previous snapshot, if any.
        repairs: Option<Box<Refusal>>,
        /// Errors of later steps: releases and cleanup.
        faults: Vec<Refusal>,
    },
}

impl PublicationOutcome {
    /// Catalog entry as published, or as it would be.
    pub fn entry(&self) -> &Dataset {
        match self {
            Self::Unchanged { entry, .. } | Self::New { entry, .. } => entry,
        }
    }
}

/// Options of a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PublishOptions {
    /// Dry run: only reports the changes.
    pub dry: bool,
    /// Begins a feed again.
    pub anew: bool,
}

/// Reads the datasets of the configuration.
///
/// # Errors
/// Every problem, with file and line.
pub fn read_configured_datasets(connector: &Connector) -> Result<Vec<DatasetConfig>, Vec<Refusal>> {
    let config = connector.config();
    parser::parse_datasets(
        &config.text,
        &config.file.display().to_string(),
        config.source_roots(),
    )
}

/// Publishes one dataset, or reports the changes in a dry run. Blocks.
///
/// The caller renews the offers once after all its publications. `report_of` receives the progress: the step, the amount done, and
/// the total, or 0 if unknown.
///
/// # Errors
/// Errors of the source, its rows or its entry; nothing is published then.
pub fn publish_dataset(
    connector: &Arc<Connector>,
    dataset: &DatasetConfig,
    options: PublishOptions,
    report_of: impl Fn(&str, u64, u64) + Sync,
) -> Result<PublicationOutcome, Refusal> {
    attempt_publication(connector, dataset, options, report_of).inspect_err(|refusal| {
        let metrics = &connector.metrics;
        metrics.source_failed(dataset.name.as_str(), refusal.code);
    })
}

fn attempt_publication(
    connector: &Arc<Connector>,
    dataset: &DatasetConfig,
    options: PublishOptions,
    report_of: impl Fn(&str, u64, u64) + Sync,
) -> Result<PublicationOutcome, Refusal> {
    let _turn = connector.datasets.snapshots.publication_lock();
    let config = connector.config();
    let mut context = PublicationContext {
        owner: config.participant.id.clone(),
        zone: config.participant.zone.clone(),
        state: config.state.clone(),
        schema_secret: connector.datasets.schema_secret,
        now: connector.now(),
        limits: connector.query_limits(),
        anew: options.anew,
        logged: last_published_version(connector, &dataset.name)?,
        damaged: false,
    };
    let name = dataset.name.as_str();
    let progress = |progress: PublicationProgress<'_>| match progress {
        PublicationProgress::File { done, of, .. } => report_of(name, to_count(done), to_count(of)),
        PublicationProgress::Rows(rows) => report_of(&format!("{name}, rows"), rows, 0),
    };
    let mut damaged = connector
        .datasets
        .snapshots
        .damaged_datasets()
        .remove(&dataset.name);
    context.damaged = damaged.is_some();
    let mut outcome = hansa_query::publication::stage_snapshot(dataset, &context, &progress)?;
    if let StagingOutcome::Unchanged(_) = &outcome {
        // Unchanged sources do not repair rows that can't be read.
        damaged = check_published_snapshot(connector, &dataset.name)?;
        if damaged.is_some() {
            context.damaged = true;
            outcome = hansa_query::publication::stage_snapshot(dataset, &context, &progress)?;
        }
    }
    let mut staged = match outcome {
        StagingOutcome::Unchanged(entry) => {
            if let Some(damaged) = damaged {
                return Err(damaged);
            }
            let listed = connector
                .datasets
                .catalog(|catalog| catalog.dataset(&dataset.name).is_some());
            // A dry run records nothing.
            if listed || options.dry {
                // Retries failed releases; a period can also have ended since.
                let released = match options.dry {
                    true => Ok(Vec::new()),
                    false => release::release_unchanged_dataset(connector, &entry.id, context.now),
                };
                return Ok(PublicationOutcome::Unchanged {
                    entry,
                    faults: released.unwrap_or_else(|fault| vec![fault]),
                });
            }
            // The snapshot exists without a record, because of a crash.
            return relist_dataset(connector, *entry);
        }
        StagingOutcome::Staged(staged) => *staged,
    };
    let before = connector
        .datasets
        .catalog(|catalog| catalog.dataset(&dataset.name).cloned());
    let now = connector.now();
    let breaks = before.map_or_else(Vec::new, |before| {
        let seal = connector
            .datasets
            .catalog(|catalog| catalog.schema_secret().cloned());
        let versions = DatasetVersions {
            old: &before,
            new: &staged.entry,
        };
        connector.contracts.with_registry(|registry| {
            contract_break::find_contract_breaks(versions, seal.as_ref(), registry, now)
        })
    });
    let entry = Box::new(staged.entry.clone());
    let report = Box::new(staged.report.clone());
    if options.dry {
        return Ok(PublicationOutcome::New {
            entry,
            report,
            breaks,
            dry: true,
            repairs: damaged.map(Box::new),
            faults: Vec::new(),
        });
    }
    // Time stamp of the rows' arrival, after the source was read.
    staged.stamp(connector.now())?;
    let entry = Box::new(staged.entry.clone());
    let listed = check_entry(staged.entry.clone())?;
    let mut faults = Vec::new();
    {
        // No release runs meanwhile: the registry would otherwise show replaced cells.
        let _turn = connector.datasets.release_lock.lock();
        let recorded = connector.record_now(listed)?;
        let snapshot = staged.commit()?;
        // Released cells stay readable, and due ones of the new snapshot are added later. If they can't be read, the rows are
        // published anyway, because they are in the log.
        let opened = hansa_query::release::open_released_cells(&config.state, &snapshot.dataset);
        let released = opened.unwrap_or_else(|fault| {
            faults.push(fault);
            ReleasedCells::default()
        });
        let keeps = parser::retention::parse_retention(&config.text)
            .get(&dataset.name)
            .is_some_and(|keep| keep.0 > 0);
        let kept = keeps.then(|| connector.now());
        connector
            .datasets
            .snapshots
            .put_snapshot(snapshot.with_released(released), kept);
        connector
            .datasets
            .catalog_mut(|catalog| catalog.publish(recorded));
    }
    // The dataset is published, whatever the later steps return.
    faults.extend(
        release::release_due_cells(connector, &entry.id).unwrap_or_else(|fault| vec![fault]),
    );
    faults.extend(connector.expire_snapshots().err());
    Ok(PublicationOutcome::New {
        entry,
        report,
        breaks,
        dry: false,
        repairs: damaged.map(Box::new),
        faults,
    })
}

/// Checks the published snapshot and returns its damage. The damage, and a good check before it, are recorded.
fn check_published_snapshot(
    connector: &Connector,
    name: &SqlIdentifier,
) -> Result<Option<Refusal>, Refusal> {
    let check = connector.look_at_snapshot(name.clone())?;
    connector.note_checks(check.as_slice())?;
    Ok(check.and_then(|check| check.found.err()))
}

fn relist_dataset(
    connector: &Arc<Connector>,
    entry: Dataset,
) -> Result<PublicationOutcome, Refusal> {
    let recorded = connector.record_now(check_entry(entry.clone())?)?;
    connector
        .datasets
        .catalog_mut(|catalog| catalog.publish(recorded));
    let released = release::release_due_cells(connector, &entry.id);
    Ok(PublicationOutcome::Unchanged {
        entry: Box::new(entry),
        faults: released.unwrap_or_else(|fault| vec![fault]),
    })
}

fn check_entry(entry: Dataset) -> Result<hansa_catalog::publication::PublishableDataset, Refusal> {
    let schema = entry.schema();
    DatasetDraft { dataset: entry }
        .check_snapshot(&schema)
        .map_err(|problems| {
            let mut problems = problems.into_iter();
            let first = problems.next().unwrap_or_else(|| {
                Refusal::new(ErrorCode::SchemaMismatch, "the dataset can't be listed")
            });
            problems.fold(first, |first, other| first.with_help(other.to_string()))
        })
}

/// Removes a dataset from the catalog, and its snapshot from disk.
///
/// # Errors
/// `DATASET_NOT_PUBLISHED`, or an error if the removal can't be recorded.
pub fn withdraw_dataset(
    connector: &Arc<Connector>,
    name: &SqlIdentifier,
    version: Option<&str>,
) -> Result<Dataset, Refusal> {
    let dataset = connector
        .datasets
        .catalog(|catalog| catalog.dataset(name).cloned())
        .ok_or_else(|| {
            Refusal::new(
                ErrorCode::DatasetNotPublished,
                format!("`{name}` is not published"),
            )
        })?;
    if let Some(version) = version
        && version != dataset.version
    {
        return Err(Refusal::new(
            ErrorCode::DatasetNotPublished,
            format!("no snapshot {version} of `{name}` is published"),
        )
        .with_help(format!("published is {}", dataset.version)));
    }
    let reason = if version.is_some() {
        "the snapshot is faulty"
    } else {
        "withdrawn by its owner"
    };
    let withdrawn = connector
        .datasets
        .catalog(|catalog| DatasetWithdrawal::from_catalog(catalog, name, reason))?;
    let stop = connector.records.log.begin_stop();
    let recorded = connector.record_now(withdrawn)?;
    let why = Refusal::new(
        ErrorCode::StreamCut,
        "the owner has taken the dataset out of its catalogue",
    );
    connector
        .datasets
        .catalog_mut(|catalog| catalog.withdraw(recorded));
    connector.queries.running.cut_dataset(&dataset.id, &why);
    drop(stop);
    connector
        .datasets
        .snapshots
        .withdraw(name, &dataset.version)?;
    Ok(dataset)
}

fn to_count(value: usize) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}
