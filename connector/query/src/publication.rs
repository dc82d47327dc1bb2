//! Publication of configured files as an immutable snapshot: the steps are reading of changed files, preparation, checks, writing,
//! and an atomic replacement.

mod append;
pub mod context;
pub mod dataset_entry;
mod in_place_publication;
pub mod input;
pub mod parsed_source;
pub mod preparation;
pub mod report;
pub mod snapshot_writer;
pub mod source_check;
pub mod source_preview;
pub mod staged_snapshot;
pub mod written_snapshot;

use crate::ingest::config::{DatasetConfig, ShortRowHandling, SourceKind};
use crate::ingest::ingest_counts::{BELOW_ROWS, IngestCounts, ROW};
use crate::model::{self, Model};
use crate::publication::context::{PublicationContext, PublicationProgress};
use crate::publication::written_snapshot::WrittenSnapshot;
use crate::snapshot::dataset_dir::{self, DatasetDir};
use crate::snapshot::manifest::Manifest;
use arrow_schema::SchemaRef;
use hansa_catalog::dataset::Dataset;
use hansa_policy::refusal::{ErrorCode, Refusal};
use input::PublicationInputs;
use parsed_source::ParsedSource;
use staged_snapshot::{SourceFileCounts, StagedRows, StagedSnapshot};
use std::path::Path;

/// Result of [`stage_snapshot`].
#[derive(Debug)]
pub enum StagingOutcome {
    /// Sources and configuration equal those of the published snapshot.
    Unchanged(Box<Dataset>),
    /// A new snapshot is ready for publication.
    Staged(Box<StagedSnapshot>),
}

/// Reads and checks the sources, and writes a snapshot beside the published one. The function blocks and must not run on the async
/// runtime.
///
/// # Errors
/// A fault of the sources, the rows, `prepare` or the model. Nothing is published then.
pub fn stage_snapshot(
    config: &DatasetConfig,
    context: &PublicationContext,
    progress: &(dyn Fn(PublicationProgress<'_>) + Sync),
) -> Result<StagingOutcome, Refusal> {
    if let Some(in_place) = &config.source.in_place {
        return in_place_publication::stage_in_place_dataset(config, in_place, context, progress);
    }
    let directory = DatasetDir::new(&context.state, &config.name);
    let zone = config.zone.as_deref().unwrap_or(&context.zone);
    let mut config = config.clone();
    let mut inputs = PublicationInputs::from_config(&mut config, zone)?;
    let begins = context.anew && config.feed;
    let published = previous_manifest(&config, context, &directory)?;
    if let Some(published) = &published
        && published.inputs == inputs.digest
        && !begins
        && !context.damaged
    {
        return Ok(StagingOutcome::Unchanged(Box::new(
            published.dataset.clone(),
        )));
    }
    let grows = published.as_ref().filter(|_| config.feed && !begins);
    let growth = append::find_feed_append(&config, zone, &mut inputs, &directory, grows)?;
    dataset_dir::create_folders(&directory)?;
    let parsed = parsed_source::parse_all_files(&config, zone, &inputs, &directory, progress)?;
    if let Some(growth) = &growth {
        growth.holds_none_of(&config, &inputs, |key| {
            parsed_source::cached_row_count(&directory, key)
        })?;
    }
    if parsed.counts.bad_share() > config.max_bad_rows {
        return Err(unreadable_rows_refusal(&config, &parsed.counts));
    }
    let folder = dataset_dir::create_staging_folder(&directory)?;
    let rows = append::row_folder(growth.as_ref(), folder.path())?;
    let (mut entry, mut written) =
        compose_snapshot(&config, context, &inputs, &parsed, &rows, progress)?;
    if written.counts.bad_share() > config.max_bad_rows {
        return Err(unreadable_rows_refusal(&config, &written.counts));
    }
    let mut counts = parsed.counts.clone();
    counts.add(&IngestCounts {
        rows: 0,
        ..written.counts.clone()
    });
    let mut segments = None;
    if let Some(growth) = growth {
        if inputs.files.is_empty() && growth.is_unchanged(&entry) {
            return Ok(StagingOutcome::Unchanged(Box::new(growth.into_dataset())));
        }
        segments = Some(growth.join(&config, &mut entry, &mut written, folder.path())?);
    } else if config.feed {
        let recipe = input::feed_recipe(&config, zone);
        segments = Some(append::begin_feed(recipe, &entry, &written));
    }
    if let Some(segments) = &mut segments {
        append::record_source_files(segments, &inputs);
        entry.feed = Some(segments.feed());
    }
    let staged = StagedSnapshot::new(StagedRows {
        directory: &directory,
        segments,
        folder,
        entry,
        before: published,
        inputs: inputs.digest,
        files: SourceFileCounts {
            all: inputs.files.len(),
            read: parsed.read,
        },
        in_place: None,
        counts,
        written,
    })?;
    // Parsed rows are kept if the source has several files, so that only changed files are read again. A single file, and the files
    // of a feed, are read again only if they change.
    let kept = match parsed.files.as_slice() {
        files if files.len() > 1 && !config.feed => files,
        _ => &[],
    };
    parsed_source::forget_others(&directory, kept);
    Ok(StagingOutcome::Staged(Box::new(staged)))
}

/// Published snapshot on which the new one builds. A damaged snapshot prevents only the publication of a feed, which would build on
/// its rows.
fn previous_manifest(
    config: &DatasetConfig,
    context: &PublicationContext,
    directory: &DatasetDir,
) -> Result<Option<Manifest>, Refusal> {
    let damaged = match dataset_dir::read_published_manifest(directory) {
        Ok(published) if !context.damaged => return Ok(published),
        Ok(published) if !config.feed || context.anew => return Ok(published),
        Err(refusal) if refusal.code != ErrorCode::SnapshotDamaged => return Err(refusal),
        Err(_) if !config.feed || context.anew => return Ok(None),
        Ok(_) | Err(_) => &config.name,
    };
    let sentence =
        format!("the published files of the feed `{damaged}` are not as they were published");
    Err(Refusal::new(ErrorCode::SnapshotDamaged, sentence)
        .with_help("put them back from a backup, or read the feed from its beginning:")
        .with_help(format!("hansa dataset publish {damaged} --anew")))
}

/// Computes the rows and the entry that describes them.
fn compose_snapshot(
    config: &DatasetConfig,
    context: &PublicationContext,
    inputs: &PublicationInputs,
    parsed: &ParsedSource,
    folder: &Path,
    progress: &(dyn Fn(PublicationProgress<'_>) + Sync),
) -> Result<(Dataset, WrittenSnapshot), Refusal> {
    let prepared = preparation::plan_preparation(config, inputs, parsed, context)?;
    let (mut entry, model) = draft_entry(config, context, &prepared.schema)?;
    let order = dataset_entry::sort_order(config, &entry.columns)?;
    // A feed without new files gets no rows, since a `prepare` that counts would return a row for an empty input.
    let written = if inputs.files.is_empty() {
        crate::publication::written_snapshot::empty_snapshot(&entry)
    } else {
        snapshot_writer::write_snapshot(prepared, &entry, &order, folder, context, progress)
            .map_err(|refusal| preparation::with_statement_place(refusal, config))?
    };
    describe_rows(&mut entry, &written, model, config, context)?;
    Ok((entry, written))
}

/// Entry before its rows are known, and the model whose columns it has.
fn draft_entry(
    config: &DatasetConfig,
    context: &PublicationContext,
    schema: &SchemaRef,
) -> Result<(Dataset, Option<&'static Model>), Refusal> {
    let zone = config.zone.as_deref().unwrap_or(&context.zone);
    let columns = dataset_entry::describe_columns(config, schema)?;
    let model = config
        .model
        .as_deref()
        .map(|name| resolve_model(config, name));
    let model = model.transpose()?;
    let columns = dataset_entry::mark_required_columns(columns, model);
    let entry = dataset_entry::draft_entry(config, context, zone, columns)?;
    if let Some(model) = model {
        model::conformance::check_conformance(model, &entry)
            .map_err(|why| add_config_place(config, "model", why))?;
    }
    Ok((entry, model))
}

/// Adds the statistics of the rows to the entry, and assigns a version.
fn describe_rows(
    entry: &mut Dataset,
    written: &WrittenSnapshot,
    model: Option<&Model>,
    config: &DatasetConfig,
    context: &PublicationContext,
) -> Result<(), Refusal> {
    if let Some(model) = model {
        model::conformance::check_local_days(model, written, entry)
            .map_err(|why| add_config_place(config, "model", why))?;
    }
    let directory = DatasetDir::new(&context.state, &config.name);
    entry.version = dataset_dir::next_version(&directory, context.now, context.logged.as_deref())?;
    entry.rows = written.rows;
    entry.bytes = written.bytes;
    entry.time_span = written.time_span(entry);
    entry.area = written.area();
    for (column, stats) in entry.columns.iter_mut().zip(&written.stats) {
        column.distinct = stats.distinct;
    }
    Ok(())
}

fn resolve_model(config: &DatasetConfig, name: &str) -> Result<&'static Model, Refusal> {
    model::find_model(name).ok_or_else(|| {
        let known: Vec<&str> = model::MODELS.iter().map(|model| model.name).collect();
        config
            .location
            .refuse(
                ErrorCode::ConfigInvalid,
                "model",
                format!("there is no model `{name}`"),
            )
            .with_help(format!("the models are {}", known.join(", ")))
    })
}

fn add_config_place(config: &DatasetConfig, key: &str, refusal: Refusal) -> Refusal {
    let spot = &config.location;
    refusal.with_place(spot.file.clone(), Some(spot.line), Some(key.to_owned()))
}

fn unreadable_rows_refusal(config: &DatasetConfig, counts: &IngestCounts) -> Refusal {
    let mut refusal = Refusal::new(
        ErrorCode::RowsUnreadable,
        format!(
            "{} of {} rows of `{}` can't be read, more than max_bad_rows = {} allows; nothing was published",
            counts.bad_rows, counts.rows, config.name, config.max_bad_rows
        ),
    );
    let first = counts
        .bad
        .values()
        .flat_map(|bad| bad.samples.first())
        .next();
    if let Some(first) = first {
        refusal = refusal.with_place(first.file.clone(), Some(first.line), None);
    }
    for (column, bad) in &counts.bad {
        for sample in &bad.samples {
            refusal = refusal.with_help(format!(
                "{}:{}: `{column}` holds `{}`: {}",
                sample.file, sample.line, sample.text, sample.why
            ));
        }
        let shown = u64::try_from(bad.samples.len()).unwrap_or(u64::MAX);
        if bad.count > shown {
            let more = bad.count.saturating_sub(shown);
            refusal = refusal.with_help(format!("and {more} more of `{column}`"));
        }
    }
    let refuses = config.source.kind == SourceKind::Text
        && config.source.short_rows == ShortRowHandling::Refuse;
    let below = counts.met.get(BELOW_ROWS).copied().unwrap_or(0);
    let broken = counts.bad.get(ROW).map_or(0, |bad| bad.count);
    if (1..=MOST_NOTES).contains(&below) {
        refusal = refusal.with_help(
            "the lines below the last row look like notes: skip_last_lines = N in [dataset.source] leaves out so many lines at the end, \
             blank ones in between and a row of totals counted with them",
        );
    }
    if (broken > below || below > MOST_NOTES) && refuses {
        refusal = refusal.with_help(
            "where a row may lack its last fields, short_rows = \"null\" in [dataset.source] takes them as no value",
        );
    }
    refusal
}

/// Maximum number of lines after the rows that count as notes.
const MOST_NOTES: u64 = 20;

#[cfg(test)]
mod tests;
