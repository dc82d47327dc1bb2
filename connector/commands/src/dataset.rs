//! `hansa dataset`: the own datasets.

pub(crate) mod arguments;
pub(crate) mod catalog_entry;
mod config_entry;
pub(crate) mod disclosure_prompt;
pub(crate) mod offer_arguments;
mod offer_entry;
mod offer_policy;
mod publication;
mod released_cells;
mod restriction;
mod source_sample;

use crate::admin::command_result::{CommandResult, combined_refusal};
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::{CommandReport, ReportRow};
use crate::config;
use crate::dataset::arguments::DatasetCommand;
use crate::dataset::catalog_entry::{entry_json, entry_text};
use crate::dataset::config_entry::DatasetAddition;
use crate::dataset::released_cells::{ReleaseReport, releases_text};
use crate::dataset::restriction::{RestrictionChange, RestrictionReport};
use hansa_catalog::dataset::{Dataset, DatasetKind};
use hansa_node::dataset::publication::PublishOptions;
use hansa_node::participant::Connector;
use hansa_node::participant::startup::JudgedState;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::ingest::config::{DatasetConfig, parser};
use hansa_query::ingest::place_extent::PlaceExtent;
use hansa_query::ingest::schema_inference::draft_config::{DraftConfigOptions, LeavingColumns};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

impl Command for DatasetCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::List
            | Self::Show { .. }
            | Self::Sample { .. }
            | Self::Restrict {
                policy: None,
                remove: false,
                ..
            } => CommandEffect::Looks,
            Self::Add { .. } | Self::Publish { .. } | Self::Restrict { .. } => {
                CommandEffect::Rehearses
            }
            Self::Withdraw { name, .. } => CommandEffect::Ends(format!(
                "Withdrawing {name} cuts the answers that read it and removes its snapshot from disk."
            )),
        }
    }
}

impl ConnectorVerb for DatasetCommand {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        match self {
            Self::Add { files, terms, .. } => files
                .iter_mut()
                .chain(&mut terms.policy)
                .map(NamedFile::Opened)
                .collect(),
            Self::Restrict {
                policy: Some(file),
                policy_text,
                ..
            } => vec![NamedFile::Sent {
                file,
                text: policy_text,
            }],
            Self::Restrict { policy: None, .. }
            | Self::List
            | Self::Show { .. }
            | Self::Sample { .. }
            | Self::Publish { .. }
            | Self::Withdraw { .. } => Vec::new(),
        }
    }

    fn judged_state(&self, is_rehearsal: bool) -> JudgedState {
        match self {
            Self::Publish { .. } => JudgedState::Publications,
            Self::Add { publish, .. } if *publish && !is_rehearsal => JudgedState::Publications,
            Self::Add { .. }
            | Self::List
            | Self::Show { .. }
            | Self::Sample { .. }
            | Self::Restrict { .. }
            | Self::Withdraw { .. } => JudgedState::None,
        }
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext {
            connector,
            options,
            caller,
            out,
        } = context;
        match self {
            DatasetCommand::List => list_datasets(connector, out).await,
            DatasetCommand::Show { name } => show_dataset(connector, &name, out).await,
            DatasetCommand::Sample { name, rows } => {
                source_sample::show_sample(connector, &name, rows, out).await
            }
            DatasetCommand::Add {
                files,
                name,
                title,
                licence,
                kind,
                columns,
                all_columns,
                keep_wide,
                extent,
                skip_last_lines,
                terms,
                publish,
            } => {
                // The command line asks for a file. A message to the socket can lack one, and then names no file to refuse.
                if files.is_empty() {
                    return Err(Refusal::new(
                        ErrorCode::UsageWrong,
                        "no source of the dataset is named",
                    )
                    .with_help("hansa dataset add FILE")
                    .into());
                }
                let about = DraftConfigOptions {
                    name: name.as_deref().map(parse_dataset_name).transpose()?,
                    title,
                    licence,
                    kind: kind.as_deref().map(of_kind).transpose()?,
                    columns: match (columns.or_else(|| terms.columns_of_groups()), all_columns) {
                        (_, true) => LeavingColumns::All,
                        (Some(columns), false) => LeavingColumns::Named(columns),
                        (None, false) => LeavingColumns::Unsaid,
                    },
                    stays_wide: keep_wide,
                    skip_last_lines,
                    grid: offer_entry::draft_grid(&terms),
                    extent: extent.as_deref().map(extent_of).transpose()?,
                };
                let addition = DatasetAddition {
                    files,
                    about,
                    terms,
                    publish,
                };
                config_entry::add_dataset(connector, addition, options, out).await
            }
            DatasetCommand::Publish { names, anew } => {
                let publish_options = PublishOptions {
                    dry: options.dry_run,
                    anew,
                };
                publication::publish_datasets(connector, &names, publish_options, out).await
            }
            DatasetCommand::Restrict {
                name,
                policy,
                policy_text,
                remove,
            } => {
                let dataset = find_published_dataset(connector, &name)?;
                let change = match (policy, policy_text) {
                    (Some(file), Some(text)) => RestrictionChange::Set { file, text },
                    _ if remove => RestrictionChange::Remove,
                    _ => RestrictionChange::Nothing,
                };
                restriction::show_or_change(connector, &dataset, change, options, caller, out).await
            }
            DatasetCommand::Withdraw { name, snapshot } => {
                publication::withdraw_dataset(connector, parse_dataset_name(&name)?, snapshot, out)
                    .await
            }
        }
    }
}

fn extent_of(degrees: &[f64]) -> Result<PlaceExtent, Refusal> {
    PlaceExtent::new(degrees)
        .map_err(|why| Refusal::new(ErrorCode::UsageWrong, format!("--extent: {why}")))
}

async fn list_datasets(connector: &Arc<Connector>, out: &EventSink) -> CommandResult {
    let published: Vec<Dataset> = connector
        .datasets
        .catalog(|catalog| catalog.datasets().cloned().collect());
    let rows: Vec<ListedDataset> = configured_datasets(connector)?
        .into_iter()
        .map(|config| {
            let entry = published.iter().find(|entry| entry.id.name == config.name);
            ListedDataset {
                published: entry.is_some(),
                version: entry.map(|entry| entry.version.clone()),
                rows: entry.map(|entry| entry.rows),
                licence: entry.map(|entry| entry.licence.clone()),
                model: entry.and_then(|entry| entry.model.clone()),
                kind: entry.and_then(|entry| entry.kind),
                dataset: config.name,
                title: config.title,
            }
        })
        .collect();
    out.send_list(&rows).await?;
    Ok(0)
}

/// Dataset of the configuration. One that is not published has no version.
#[derive(Debug, Serialize)]
struct ListedDataset {
    dataset: SqlIdentifier,
    title: String,
    published: bool,
    version: Option<String>,
    rows: Option<u64>,
    licence: Option<String>,
    model: Option<String>,
    kind: Option<DatasetKind>,
}

impl ReportRow for ListedDataset {
    const HEADER: &'static [&'static str] = &["DATASET", "VERSION", "ROWS", "TITLE"];

    fn cells(&self) -> Vec<String> {
        let version = self.version.clone();
        vec![
            self.dataset.to_string(),
            version.unwrap_or_else(|| "not published".to_owned()),
            self.rows.map_or_else(String::new, |rows| rows.to_string()),
            self.title.clone(),
        ]
    }
}

async fn show_dataset(connector: &Arc<Connector>, name: &str, out: &EventSink) -> CommandResult {
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
    out.send_report(&ShownDataset {
        entry: entry_json(&dataset),
        releases: has_releases.then(|| facts.iter().map(ReleaseReport::of).collect()),
        restriction: restriction.map(|held| RestrictionReport::of(&dataset, Some(held))),
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
    #[serde(skip_serializing_if = "Option::is_none")]
    releases: Option<Vec<ReleaseReport<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restriction: Option<RestrictionReport<'a>>,
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

/// The datasets of the configuration.
fn configured_datasets(connector: &Connector) -> Result<Vec<DatasetConfig>, Refusal> {
    hansa_node::dataset::publication::read_configured_datasets(connector).map_err(combined_refusal)
}

/// The datasets of the configuration as its file says them now.
pub(crate) fn configured_now(connector: &Connector) -> Result<Vec<DatasetConfig>, Refusal> {
    let now = config::read_current_config(connector)?;
    let shown = now.file.display().to_string();
    parser::parse_datasets(&now.text, &shown, now.source_roots()).map_err(combined_refusal)
}

fn unconfigured_dataset_refusal(name: &str) -> Refusal {
    Refusal::new(
        ErrorCode::DatasetNotPublished,
        format!("no dataset `{name}` is configured"),
    )
    .with_help("hansa dataset list shows them; hansa dataset add FILE adds one")
}

fn find_published_dataset(connector: &Connector, name: &str) -> Result<Dataset, Refusal> {
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

/// A kind of dataset that a person typed.
fn of_kind(word: &str) -> Result<DatasetKind, Refusal> {
    let kind: Result<DatasetKind, String> = word.parse();
    kind.map_err(|why| Refusal::new(ErrorCode::UsageWrong, format!("`{word}`: {why}")))
}

/// A name that a person typed.
fn parse_dataset_name(text: &str) -> Result<SqlIdentifier, Refusal> {
    text.parse()
        .map_err(|fault| Refusal::new(ErrorCode::UsageWrong, format!("`{text}`: {fault}")))
}
