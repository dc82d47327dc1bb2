//! Publication of a dataset in place: discovery, check and description, without a copy.

use super::staged_snapshot::{SourceFileCounts, StagedRows, StagedSnapshot};
use super::{StagingOutcome, describe_rows, draft_entry, unreadable_rows_refusal};
use crate::in_place_data::{InPlaceLocation, discovery as rows};
use crate::ingest::config::{DatasetConfig, InPlaceConfig};
use crate::publication::context::{PublicationContext, PublicationProgress};
use crate::publication::input;
use crate::snapshot::dataset_dir::{self, DatasetDir};
use arrow_schema::{Field, Schema, SchemaRef};
use hansa_audit_log::digest::IncrementalDigest;
use hansa_policy::refusal::Refusal;
use std::sync::Arc;

/// Checks and describes the rows.
///
/// # Errors
/// A fault of the source or its rows. Nothing is published then.
pub(super) fn stage_in_place_dataset(
    config: &DatasetConfig,
    in_place: &InPlaceConfig,
    context: &PublicationContext,
    progress: &(dyn Fn(PublicationProgress<'_>) + Sync),
) -> Result<StagingOutcome, Refusal> {
    let directory = DatasetDir::new(&context.state, &config.name);
    let zone = config.zone.as_deref().unwrap_or(&context.zone);
    let here = rows::discover_rows(config, in_place, context.limits.time)?;
    let mut config = config.clone();
    config.columns.clone_from(&here.columns);
    let mut whole = IncrementalDigest::default();
    whole.update(b"publish/in-place/1\n");
    whole.update(input::whole_recipe(&config, zone).as_bytes());
    whole.update(here.digest.as_bytes());
    let inputs = whole.finish();
    let published = super::previous_manifest(&config, context, &directory)?;
    if let Some(published) = &published
        && published.inputs == inputs
        && !context.damaged
    {
        return Ok(StagingOutcome::Unchanged(Box::new(
            published.dataset.clone(),
        )));
    }
    dataset_dir::create_folders(&directory)?;
    let fields = config.columns.iter().map(|column| {
        Field::new(
            column.name.as_str(),
            column.kind.to_arrow(),
            !column.required,
        )
    });
    let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let (mut entry, model) = draft_entry(&config, context, &schema)?;
    let written = rows::check_rows(&here, &entry, context, progress)?;
    // Unreadable rows of a table are left out, as in a copy. A file with unreadable rows is refused, because files are read
    // completely.
    if matches!(here.location, InPlaceLocation::Parquet(_)) && written.counts.bad_rows > 0 {
        return Err(unreadable_rows_refusal(&config, &written.counts));
    }
    describe_rows(&mut entry, &written, model, &config, context)?;
    if matches!(here.location, InPlaceLocation::Postgres(_)) {
        entry.version.push_str(dataset_dir::LIVE);
    }
    let staged = StagedSnapshot::new(StagedRows {
        folder: dataset_dir::create_staging_folder(&directory)?,
        directory: &directory,
        entry,
        before: published,
        inputs,
        files: SourceFileCounts {
            all: here.files,
            read: here.files,
        },
        in_place: Some(here.location),
        segments: None,
        counts: written.counts.clone(),
        written,
    })?;
    Ok(StagingOutcome::Staged(Box::new(staged)))
}
