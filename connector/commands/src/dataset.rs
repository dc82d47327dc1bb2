//! `hansa dataset`: the own datasets.

pub(crate) mod arguments;
pub(crate) mod catalog_entry;
mod config_entry;
pub(crate) mod dataset_list;
pub(crate) mod dataset_lookup;
mod dataset_profile;
mod dataset_setting;
pub(crate) mod disclosure_prompt;
pub(crate) mod offer_arguments;
mod offer_entry;
mod offer_policy;
mod publication;
mod released_cells;
mod restriction;
mod shown_dataset;
mod source_sample;
mod staged_files;
mod stated_columns;

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::dataset::arguments::DatasetCommand;
use crate::dataset::config_entry::{AddedSource, DatasetAddition};
use crate::dataset::dataset_lookup::find_published_dataset;
use crate::dataset::dataset_setting::DatasetSetting;
use crate::dataset::restriction::RestrictionChange;
use crate::dataset::staged_files::{StagedSource, find_person};
use crate::dataset::stated_columns::parse_statements;
use crate::policy::clause_report::parse_term_language;
use hansa_catalog::dataset::DatasetKind;
use hansa_node::dataset::publication::PublishOptions;
use hansa_node::participant::startup::JudgedState;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::ingest::place_extent::PlaceExtent;
use hansa_query::ingest::schema_inference::draft_config::{DraftConfigOptions, LeavingColumns};

impl Command for DatasetCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::List(_)
            | Self::Show { .. }
            | Self::Sample { .. }
            | Self::Staged
            | Self::Profile { as_kept: true, .. }
            | Self::Restrict {
                policy: None,
                remove: false,
                approve: None,
                ..
            } => CommandEffect::Looks,
            Self::Add { .. } | Self::Publish { .. } | Self::Restrict { .. } | Self::Set { .. } => {
                CommandEffect::Rehearses
            }
            Self::Stage { .. } | Self::Unstage { .. } => CommandEffect::Acts(
                "hansa dataset staged lists the files that wait, and changes nothing",
            ),
            Self::Profile { as_kept: false, .. } => CommandEffect::Acts(
                "hansa dataset profile NAME --as-kept shows the profile that is kept",
            ),
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
            Self::Stage { file } => vec![NamedFile::Opened(file)],
            Self::Restrict {
                policy: Some(file),
                policy_text,
                ..
            } => vec![NamedFile::Sent {
                file,
                text: policy_text,
            }],
            Self::Restrict { policy: None, .. }
            | Self::List(_)
            | Self::Show { .. }
            | Self::Sample { .. }
            | Self::Profile { .. }
            | Self::Staged
            | Self::Unstage { .. }
            | Self::Publish { .. }
            | Self::Set { .. }
            | Self::Withdraw { .. } => Vec::new(),
        }
    }

    fn judged_state(&self, is_rehearsal: bool) -> JudgedState {
        match self {
            Self::Publish { .. } => JudgedState::Publications,
            Self::Add { publish, .. } if *publish && !is_rehearsal => JudgedState::Publications,
            Self::Add { .. }
            | Self::List(_)
            | Self::Show { .. }
            | Self::Sample { .. }
            | Self::Profile { .. }
            | Self::Stage { .. }
            | Self::Staged
            | Self::Unstage { .. }
            | Self::Restrict { .. }
            | Self::Set { .. }
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
            DatasetCommand::List(args) => dataset_list::list_datasets(connector, args, out).await,
            DatasetCommand::Show { name, language } => {
                let language = parse_term_language(language.as_deref())?;
                shown_dataset::show_dataset(connector, &name, language, out).await
            }
            DatasetCommand::Sample {
                name,
                rows,
                unless_personal,
            } => {
                let wanted = source_sample::WantedSample {
                    rows,
                    unless_personal,
                };
                source_sample::show_sample(connector, &name, wanted, out).await
            }
            DatasetCommand::Profile { name, as_kept } => {
                dataset_profile::show_profile(connector, &name, as_kept, out).await
            }
            DatasetCommand::Add {
                files,
                staged,
                name,
                title,
                licence,
                kind,
                columns,
                all_columns,
                keep_wide,
                extent,
                skip_last_lines,
                about_persons,
                statements,
                terms,
                publish,
            } => {
                // The command line asks for a file. A message to the socket can lack one, and then names no file to refuse.
                if files.is_empty() == staged.is_none() {
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
                    path: None,
                    statements: parse_statements(*statements)?,
                    is_personal: about_persons,
                };
                let source = match staged {
                    Some(id) => {
                        let person = find_person(connector, caller)?;
                        let staged = StagedSource::find(connector, person, &id, &about).await?;
                        AddedSource::Staged(Box::new(staged))
                    }
                    None => AddedSource::Files(files),
                };
                let addition = DatasetAddition {
                    source,
                    about,
                    terms,
                    publish,
                };
                config_entry::add_dataset(connector, addition, options, out).await
            }
            DatasetCommand::Stage { file } => {
                let person = find_person(connector, caller)?;
                staged_files::stage_file(connector, person, &file, out).await
            }
            DatasetCommand::Staged => {
                let person = find_person(connector, caller)?;
                staged_files::list_files(connector, person, out).await
            }
            DatasetCommand::Unstage { id } => {
                let person = find_person(connector, caller)?;
                staged_files::remove_file(connector, person, &id, out).await
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
                approve,
                language,
            } => {
                let dataset = find_published_dataset(connector, &name)?;
                let language = parse_term_language(language.as_deref())?;
                let change = match (policy, policy_text, approve) {
                    (Some(file), Some(text), _) => RestrictionChange::Set { file, text },
                    (_, _, Some(id)) => RestrictionChange::Approve { id, language },
                    _ if remove => RestrictionChange::Remove,
                    _ => RestrictionChange::Nothing,
                };
                restriction::show_or_change(connector, &dataset, change, options, caller, out).await
            }
            DatasetCommand::Set {
                name,
                key,
                value,
                if_digest,
            } => {
                let setting = DatasetSetting {
                    dataset: parse_dataset_name(&name)?,
                    key,
                    value,
                    if_digest,
                };
                dataset_setting::set_value(context, setting).await
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
