//! Inputs of a snapshot, determined before any reading: files with their digests, and the recipe.

use crate::ingest;
use crate::ingest::config::recipe_text::recipe_text;
use crate::ingest::config::{ConfigLocation, DatasetConfig, SourceConfig};
use crate::ingest::source_files::{self, SourceFile};
use crate::ingest::source_roots::SourceRoots;
use crate::ingest::typed_rows;
use hansa_audit_log::digest::{Digest, IncrementalDigest};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeMap;

/// Inputs of a publication.
#[derive(Debug)]
pub struct PublicationInputs {
    /// Source files in order, with the key of their cached rows.
    pub files: Vec<(SourceFile, Digest)>,
    /// Files of each lookup.
    pub lookups: BTreeMap<SqlIdentifier, Vec<SourceFile>>,
    /// Content digests of the source files, by display name.
    pub contents: BTreeMap<String, Digest>,
    /// Digest of all inputs. Equal digests give equal snapshots.
    pub digest: Digest,
}

impl PublicationInputs {
    /// Lists the files and computes their digests. A Parquet source without declared columns gets those of its first file.
    ///
    /// # Errors
    /// `FILE_MISSING`, `SCHEMA_MISMATCH`.
    pub fn from_config(config: &mut DatasetConfig, zone: &str) -> Result<Self, Refusal> {
        let listed = source_files::list_files(&config.source, &config.folder)?;
        if let Some(first) = listed.first() {
            declare_missing_columns(config, first)?;
        }
        let reading = reading_recipe(config, zone);
        let mut whole = IncrementalDigest::default();
        whole.update(b"publish/1\n");
        whole.update(whole_recipe(config, zone).as_bytes());
        let mut found = Vec::new();
        let mut contents = BTreeMap::new();
        for file in listed {
            let content = file.digest()?;
            contents.insert(file.display_name.clone(), content);
            let mut key = IncrementalDigest::default();
            for part in [
                reading.as_bytes(),
                file.display_name.as_bytes(),
                content.as_bytes(),
            ] {
                key.update(Digest::of(part).as_bytes());
            }
            let key = key.finish();
            whole.update(key.as_bytes());
            found.push((file, key));
        }
        let mut lookups = BTreeMap::new();
        for (name, source) in &config.lookups {
            let listed = source_files::list_files(source, &config.folder)?;
            whole.update(name.as_str().as_bytes());
            for file in &listed {
                let content = file.digest()?;
                whole.update(content.as_bytes());
            }
            lookups.insert(name.clone(), listed);
        }
        Ok(Self {
            files: found,
            contents,
            lookups,
            digest: whole.finish(),
        })
    }
}

/// Gives a source without declared columns those of its first file, if that is typed.
///
/// # Errors
/// `CONFIG_INVALID` if an untyped source declares no columns; `SCHEMA_MISMATCH`.
pub fn declare_missing_columns(
    config: &mut DatasetConfig,
    first: &SourceFile,
) -> Result<(), Refusal> {
    if !config.columns.is_empty() {
        return Ok(());
    }
    let Some(schema) = ingest::read_schema(first, config.source.kind)? else {
        return Err(config
            .location
            .refuse(
                ErrorCode::ConfigInvalid,
                "column",
                format!("`{}` has no [[dataset.column]]", config.name),
            )
            .with_help("hansa dataset add FILE writes them"));
    };
    config.columns = typed_rows::declare_columns(&schema, config)?;
    Ok(())
}

/// Recipe for the reading of a file. A change invalidates all cached rows.
fn reading_recipe(config: &DatasetConfig, zone: &str) -> String {
    let config = without_descriptions(config);
    format!(
        "{READER}\n{zone}\n{}\n{}\n{}",
        recipe_text(&config.source),
        recipe_text(&config.columns),
        recipe_text(&config.unpivot)
    )
}

/// Recipe for the computation of rows from files.
pub(super) fn whole_recipe(config: &DatasetConfig, zone: &str) -> String {
    format!(
        "{READER}\n{zone}\n{}",
        recipe_text(&without_locations(config))
    )
}

/// Digest of the recipe for the rows of a feed. Titles and lookups are not part of it and may change while the feed grows.
pub(super) fn feed_recipe(config: &DatasetConfig, zone: &str) -> Digest {
    let config = without_descriptions(config);
    let prepare = config.prepare.as_ref().map(|prepare| &prepare.sql);
    let text = format!(
        "feed/1\n{READER}\n{zone}\n{}\n{}\n{}\n{prepare:?}",
        recipe_text(&config.source),
        recipe_text(&config.columns),
        recipe_text(&config.unpivot)
    );
    Digest::of(text.as_bytes())
}

/// Configuration without column descriptions, which affect no row.
fn without_descriptions(config: &DatasetConfig) -> DatasetConfig {
    let mut config = without_locations(config);
    for column in &mut config.columns {
        column.about.uncertainty = None;
    }
    config
}

/// Configuration without positions, folders and keys that are in no catalogue, so that moving it changes nothing.
fn without_locations(config: &DatasetConfig) -> DatasetConfig {
    let nowhere = ConfigLocation {
        file: String::new(),
        line: 0,
    };
    let mut config = config.clone();
    config.folder = SourceRoots::default();
    config.location = nowhere.clone();
    config.data_subjects = None;
    let still = |source: &mut SourceConfig| source.location = nowhere.clone();
    still(&mut config.source);
    config.lookups.values_mut().for_each(still);
    for column in &mut config.columns {
        column.location = nowhere.clone();
    }
    for result in &mut config.results {
        result.location = nowhere.clone();
    }
    if let Some(prepare) = &mut config.prepare {
        prepare.location = nowhere.clone();
    }
    if let Some(unpivot) = &mut config.unpivot {
        unpivot.location = nowhere.clone();
    }
    if let Some(grid) = &mut config.grid {
        grid.location = nowhere;
    }
    config
}

/// Version of the reader. It changes whenever the reader makes other rows of a file.
const READER: &str = "reader/2";
