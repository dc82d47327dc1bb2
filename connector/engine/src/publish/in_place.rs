//! Publishing a dataset whose rows stay where they are: found, looked at, described; nothing is copied.

use super::{
    Context, Outcome, Progress, Staged, at, declared, describe, entry, report, unreadable,
};
use crate::inplace::{Stays, stage as rows};
use crate::model;
use crate::publish::input;
use crate::snapshot::disk::{self, Place};
use crate::snapshot::manifest::Manifest;
use crate::source::config::{DatasetConfig, InPlaceConfig};
use arrow_schema::{Field, Schema, SchemaRef};
use evidence::digest::Hasher;
use policy::refusal::Refusal;
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
    let published = disk::published(&place)?;
    if let Some(published) = &published
        && published.inputs == inputs
    {
        return Ok(Outcome::Unchanged(Box::new(published.dataset.clone())));
    }
    disk::make(&place)?;
    let fields = config
        .columns
        .iter()
        .map(|column| Field::new(column.name.as_str(), column.kind.arrow(), !column.required));
    let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let model = config.model.as_deref().map(|name| declared(&config, name));
    let model = model.transpose()?;
    let columns = entry::required_by(entry::columns(&config, &schema)?, model);
    let mut entry = entry::draft(&config, context, zone, columns)?;
    if let Some(model) = model {
        model::conform::check(model, &entry).map_err(|why| at(&config, "model", why))?;
    }
    let written = rows::look(&here, &entry, context, progress)?;
    // What can't be read is left out of a table as it is out of a copy; a file is read as a whole.
    if matches!(here.stays, Stays::Parquet(_)) && written.counts.bad_rows > 0 {
        return Err(unreadable(&config, &written.counts));
    }
    if let Some(model) = model {
        model::conform::days(model, &written, &entry).map_err(|why| at(&config, "model", why))?;
    }
    entry.version = disk::next_version(&place, context.now)?;
    if matches!(here.stays, Stays::Postgres(_)) {
        entry.version.push_str(disk::LIVE);
    }
    describe(&mut entry, &written);
    let before = published.map(|manifest| manifest.dataset);
    let files = (here.files, here.files);
    let report = report(&entry, before.as_ref(), files, &written, &written.counts);
    let manifest = Manifest {
        dataset: entry.clone(),
        files: Vec::new(),
        digest: written.digest,
        inputs,
        stays: Some(here.stays),
    };
    let folder = disk::staging(&place)?;
    disk::write_manifest(folder.path(), &manifest)?;
    Ok(Outcome::Staged(Box::new(Staged {
        entry,
        digest: manifest.digest,
        report,
        place,
        manifest,
        folder,
    })))
}
