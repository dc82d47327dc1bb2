//! Publishing a dataset whose rows stay where they are: found, looked at, described; nothing is copied.

use super::staged::{Rows, Staged};
use super::{Context, Outcome, Progress, describe, drafted, unreadable};
use crate::inplace::{Stays, stage as rows};
use crate::publish::input;
use crate::snapshot::disk::{self, Place};
use crate::source::config::{DatasetConfig, InPlaceConfig};
use arrow_schema::{Field, Schema, SchemaRef};
use hansa_audit_log::digest::Hasher;
use hansa_policy::refusal::Refusal;
use std::sync::Arc;

/// Looks at the rows and describes them.
///
/// # Errors
/// What is wrong with the source or its rows; nothing is published then.
pub(super) fn stage(
    config: &DatasetConfig,
    stays: &InPlaceConfig,
    context: &Context,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<Outcome, Refusal> {
    let place = Place::new(&context.state, &config.name);
    let zone = config.zone.as_deref().unwrap_or(&context.zone);
    let here = rows::find(config, stays, context.limits.time)?;
    let mut config = config.clone();
    config.columns.clone_from(&here.columns);
    let mut whole = Hasher::default();
    whole.update(b"publish/in-place/1\n");
    whole.update(input::whole_recipe(&config, zone).as_bytes());
    whole.update(here.digest.as_bytes());
    let inputs = whole.finish();
    let published = super::before(&config, context, &place)?;
    if let Some(published) = &published
        && published.inputs == inputs
        && !context.damaged
    {
        return Ok(Outcome::Unchanged(Box::new(published.dataset.clone())));
    }
    disk::make(&place)?;
    let fields = config
        .columns
        .iter()
        .map(|column| Field::new(column.name.as_str(), column.kind.arrow(), !column.required));
    let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let (mut entry, model) = drafted(&config, context, &schema)?;
    let written = rows::look(&here, &entry, context, progress)?;
    // What can't be read is left out of a table as it is out of a copy; a file is read as a whole.
    if matches!(here.stays, Stays::Parquet(_)) && written.counts.bad_rows > 0 {
        return Err(unreadable(&config, &written.counts));
    }
    describe(&mut entry, &written, model, &config, context)?;
    if matches!(here.stays, Stays::Postgres(_)) {
        entry.version.push_str(disk::LIVE);
    }
    let staged = Staged::new(Rows {
        folder: disk::staging(&place)?,
        place: &place,
        entry,
        before: published,
        inputs,
        files: (here.files, here.files),
        stays: Some(here.stays),
        segments: None,
        counts: written.counts.clone(),
        written,
    })?;
    Ok(Outcome::Staged(Box::new(staged)))
}
