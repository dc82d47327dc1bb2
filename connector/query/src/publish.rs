//! From configured files to an immutable snapshot: read what changed, prepare, check, write, and swap it in whole.

pub mod entry;
pub mod glance;
mod grow;
mod in_place;
pub mod input;
pub mod parsed;
pub mod prepare;
pub mod staged;
pub mod write;

use crate::limits::Limits;
use crate::model::{self, Model};
use crate::snapshot::disk::{self, Place};
use crate::snapshot::manifest::Manifest;
use crate::source::config::{DatasetConfig, Kind, ShortRows};
use crate::source::report::{Counts, ROW};
use arrow_schema::SchemaRef;
use hansa_audit_log::time::Time;
use hansa_catalog::dataset::{Column, Dataset};
use hansa_policy::id::{DatasetId, ParticipantId};
use hansa_policy::refusal::{Code, Refusal};
use input::Inputs;
use parsed::Parsed;
use staged::{Rows, Staged};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use write::Written;

/// What a publication needs to know beside the dataset's own configuration.
#[derive(Debug, Clone)]
pub struct Context {
    /// The participant that publishes.
    pub owner: ParticipantId,
    /// Its zone, for datasets that state none.
    pub zone: String,
    /// The state folder.
    pub state: PathBuf,
    /// The secret under which the schemas of its datasets are named.
    pub schema_secret: [u8; 32],
    /// The time of publication.
    pub now: Time,
    /// What `prepare` and sorting may use.
    pub limits: Limits,
    /// Whether a feed begins again.
    pub anew: bool,
    /// The label of its last publication on the books.
    pub logged: Option<String>,
    /// Whether the published snapshot is damaged: then it is published anew although its sources are the same.
    pub damaged: bool,
}

/// How far a publication is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress<'a> {
    /// A file is looked at.
    File {
        /// The file, as the configuration names it.
        name: &'a str,
        /// How many came before it.
        done: usize,
        /// How many there are.
        of: usize,
        /// Whether it is read anew; otherwise it is known from an earlier publication.
        read: bool,
    },
    /// So many rows were read from a file, and at the end written.
    Rows(u64),
}

/// What a publication did or would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The dataset.
    pub dataset: DatasetId,
    /// Files of the source.
    pub files: usize,
    /// Files that were read anew; the others were known.
    pub files_read: usize,
    /// What was read and what was not, over all files.
    pub counts: Counts,
    /// Rows of the snapshot.
    pub rows: u64,
    /// Of a feed: rows that came with this publication.
    pub arrived: Option<u64>,
    /// Rows of the snapshot without a value, by column: missing at the source, or made so by `prepare`.
    pub nulls: BTreeMap<String, u64>,
    /// Rows of the snapshot that is published now.
    pub rows_before: Option<u64>,
    /// How the schema differs from the published one; empty where it does not.
    pub schema_changes: Vec<String>,
}

/// What [`stage`] came to.
#[derive(Debug)]
pub enum Outcome {
    /// Sources and configuration are those of the published snapshot.
    Unchanged(Box<Dataset>),
    /// There is something to publish.
    Staged(Box<Staged>),
}

/// Reads and checks everything and writes the snapshot beside the published one. Blocks; call it off the runtime.
///
/// # Errors
/// What is wrong with the sources, the rows, `prepare` or the model; nothing is published then.
pub fn stage(
    config: &DatasetConfig,
    context: &Context,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<Outcome, Refusal> {
    if let Some(stays) = &config.source.in_place {
        return in_place::stage(config, stays, context, progress);
    }
    let place = Place::new(&context.state, &config.name);
    let zone = config.zone.as_deref().unwrap_or(&context.zone);
    let mut config = config.clone();
    let mut inputs = Inputs::look(&mut config, zone)?;
    let begins = context.anew && config.feed;
    let published = before(&config, context, &place)?;
    if let Some(published) = &published
        && published.inputs == inputs.digest
        && !begins
        && !context.damaged
    {
        return Ok(Outcome::Unchanged(Box::new(published.dataset.clone())));
    }
    let grows = published.as_ref().filter(|_| config.feed && !begins);
    let growth = grow::growth(&config, zone, &mut inputs, (&place, grows))?;
    disk::make(&place)?;
    let parsed = parsed::all(&config, zone, &inputs, &place, progress)?;
    if let Some(growth) = &growth {
        growth.holds_none_of(&config, &inputs, |key| parsed::rows(&place, key))?;
    }
    if parsed.counts.bad_share() > config.max_bad_rows {
        return Err(unreadable(&config, &parsed.counts));
    }
    let folder = disk::staging(&place)?;
    let rows = grow::room(growth.as_ref(), folder.path())?;
    let (mut entry, mut written) = compose(&config, context, &inputs, &parsed, &rows, progress)?;
    if written.counts.bad_share() > config.max_bad_rows {
        return Err(unreadable(&config, &written.counts));
    }
    let mut counts = parsed.counts.clone();
    counts.add(&Counts {
        rows: 0,
        ..written.counts.clone()
    });
    let mut segments = None;
    if let Some(growth) = growth {
        if inputs.files.is_empty() && growth.is_unchanged(&entry) {
            return Ok(Outcome::Unchanged(Box::new(growth.into_dataset())));
        }
        segments = Some(growth.join(&config, &mut entry, &mut written, (&place, folder.path()))?);
    } else if config.feed {
        let recipe = input::feed_recipe(&config, zone);
        segments = Some(grow::begun(recipe, &entry, &written));
    }
    if let Some(segments) = &mut segments {
        grow::made_of(segments, &inputs);
        entry.feed = Some(segments.feed());
    }
    let staged = Staged::new(Rows {
        place: &place,
        segments,
        folder,
        entry,
        before: published,
        inputs: inputs.digest,
        files: (inputs.files.len(), parsed.read),
        stays: None,
        counts,
        written,
    })?;
    parsed::forget_others(&place, &parsed.files);
    Ok(Outcome::Staged(Box::new(staged)))
}

/// The published snapshot, as far as what is to come builds on it. A damaged one stands in the way of a feed alone, which would go on
/// from its rows.
fn before(
    config: &DatasetConfig,
    context: &Context,
    place: &Place,
) -> Result<Option<Manifest>, Refusal> {
    let damaged = match disk::published(place) {
        Ok(published) if !context.damaged => return Ok(published),
        Ok(published) if !config.feed || context.anew => return Ok(published),
        Err(refusal) if refusal.code != Code::SnapshotDamaged => return Err(refusal),
        Err(_) if !config.feed || context.anew => return Ok(None),
        Ok(_) | Err(_) => &config.name,
    };
    let sentence =
        format!("the published files of the feed `{damaged}` are not as they were published");
    Err(Refusal::new(Code::SnapshotDamaged, sentence)
        .with_help("put them back from a backup, or read the feed from its beginning:")
        .with_help(format!("hansa dataset publish {damaged} --anew")))
}

/// Makes the rows and the entry that describes them.
fn compose(
    config: &DatasetConfig,
    context: &Context,
    inputs: &Inputs,
    parsed: &Parsed,
    folder: &Path,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<(Dataset, Written), Refusal> {
    let prepared = prepare::plan(config, inputs, parsed, context)?;
    let (mut entry, model) = drafted(config, context, &prepared.schema)?;
    let order = entry::order(config, &entry.columns)?;
    // No new file of a feed is no row: a `prepare` that counts would make one of nothing.
    let written = if inputs.files.is_empty() {
        write::nothing(&entry)
    } else {
        write::write(prepared, &entry, &order, folder, context, progress)
            .map_err(|refusal| prepare::placed(refusal, config))?
    };
    describe(&mut entry, &written, model, config, context)?;
    Ok((entry, written))
}

/// The entry before its rows are known, and the model whose columns it has.
fn drafted(
    config: &DatasetConfig,
    context: &Context,
    schema: &SchemaRef,
) -> Result<(Dataset, Option<&'static Model>), Refusal> {
    let zone = config.zone.as_deref().unwrap_or(&context.zone);
    let columns = entry::columns(config, schema)?;
    let model = config.model.as_deref().map(|name| declared(config, name));
    let model = model.transpose()?;
    let columns = entry::required_by(columns, model);
    let entry = entry::draft(config, context, zone, columns)?;
    if let Some(model) = model {
        model::conform::check(model, &entry).map_err(|why| at(config, "model", why))?;
    }
    Ok((entry, model))
}

/// Tells what was seen in the rows, and gives them their version.
fn describe(
    entry: &mut Dataset,
    written: &Written,
    model: Option<&Model>,
    config: &DatasetConfig,
    context: &Context,
) -> Result<(), Refusal> {
    if let Some(model) = model {
        model::conform::days(model, written, entry).map_err(|why| at(config, "model", why))?;
    }
    let place = Place::new(&context.state, &config.name);
    entry.version = disk::next_version(&place, context.now, context.logged.as_deref())?;
    entry.rows = written.rows;
    entry.bytes = written.bytes;
    entry.time_span = written.time_span(entry);
    entry.area = written.area();
    for (column, seen) in entry.columns.iter_mut().zip(&written.seen) {
        column.distinct = seen.distinct;
    }
    Ok(())
}

/// How one list of columns differs from another, a sentence each.
#[must_use]
pub fn schema_changes(before: &[Column], after: &[Column]) -> Vec<String> {
    let mut changes = Vec::new();
    for old in before {
        match after.iter().find(|new| new.name == old.name) {
            None => changes.push(format!("column `{}` goes", old.name)),
            Some(new) => {
                if new.kind != old.kind {
                    changes.push(format!(
                        "column `{}` changes from {} to {}",
                        old.name,
                        old.kind.as_str(),
                        new.kind.as_str()
                    ));
                }
                if new.nullable != old.nullable {
                    let may = if new.nullable {
                        "may now lack"
                    } else {
                        "always has"
                    };
                    changes.push(format!("column `{}` {may} a value", old.name));
                }
            }
        }
    }
    for new in after {
        if !before.iter().any(|old| old.name == new.name) {
            changes.push(format!(
                "column `{}` comes, {}",
                new.name,
                new.kind.as_str()
            ));
        }
    }
    let kept = |list: &[Column], other: &[Column]| -> Vec<String> {
        list.iter()
            .filter(|column| other.iter().any(|that| that.name == column.name))
            .map(|column| column.name.to_string())
            .collect()
    };
    if kept(before, after) != kept(after, before) {
        changes.push("the order of the columns changes".to_owned());
    }
    changes
}

fn declared(config: &DatasetConfig, name: &str) -> Result<&'static Model, Refusal> {
    model::model(name).ok_or_else(|| {
        let known: Vec<&str> = model::MODELS.iter().map(|model| model.name).collect();
        config
            .place
            .refuse(
                Code::ConfigInvalid,
                "model",
                format!("there is no model `{name}`"),
            )
            .with_help(format!("the models are {}", known.join(", ")))
    })
}

fn at(config: &DatasetConfig, key: &str, refusal: Refusal) -> Refusal {
    let spot = &config.place;
    refusal.with_place(spot.file.clone(), Some(spot.line), Some(key.to_owned()))
}

fn unreadable(config: &DatasetConfig, counts: &Counts) -> Refusal {
    let mut refusal = Refusal::new(
        Code::RowsUnreadable,
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
    let refuses = config.source.kind == Kind::Text && config.source.short_rows == ShortRows::Refuse;
    if counts.bad.contains_key(ROW) && refuses {
        refusal = refusal.with_help(
            "where a row may lack its last fields, short_rows = \"null\" in [dataset.source] takes them as no value",
        );
    }
    refusal
}

#[cfg(test)]
mod tests;
