//! Everything that a snapshot is made of, looked at before anything is read: files with their digests, and the recipe.

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

/// The inputs of a publication.
#[derive(Debug)]
pub struct PublicationInputs {
    /// The files of the source in order, with the key under which their rows are kept once read.
    pub files: Vec<(SourceFile, Digest)>,
    /// The files of each lookup.
    pub lookups: BTreeMap<SqlIdentifier, Vec<SourceFile>>,
    /// The digest of the content of each file of the source, by the name that is shown.
    pub contents: BTreeMap<String, Digest>,
    /// Over all of it; equal digests mean equal snapshots.
    pub digest: Digest,
}

impl PublicationInputs {
    /// Lists and digests the files. A Parquet source without columns gets those of its first file.
    ///
    /// # Errors
    /// `FILE_MISSING`, `SCHEMA_MISMATCH`.
    pub fn look(config: &mut DatasetConfig, zone: &str) -> Result<Self, Refusal> {
        let listed = source_files::list(&config.source, &config.folder)?;
        if let Some(first) = listed.first() {
            declare(config, first)?;
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
            let listed = source_files::list(source, &config.folder)?;
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

/// Gives a source that declares no columns those of its first file, where that states types.
///
/// # Errors
/// `CONFIG_INVALID` where another kind of source declares none; `SCHEMA_MISMATCH`.
pub fn declare(config: &mut DatasetConfig, first: &SourceFile) -> Result<(), Refusal> {
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

/// What decides how a file is read: change it, and every file is read anew.
fn reading_recipe(config: &DatasetConfig, zone: &str) -> String {
    let config = without_descriptions(config);
    format!(
        "{READER}\n{zone}\n{}\n{}\n{}",
        recipe_text(&config.source),
        recipe_text(&config.columns),
        recipe_text(&config.unpivot)
    )
}

/// What decides how rows are made of files.
pub(super) fn whole_recipe(config: &DatasetConfig, zone: &str) -> String {
    format!("{READER}\n{zone}\n{}", recipe_text(&placeless(config)))
}

/// What decides which rows the same files make of a feed; titles and lookups may change while it grows.
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

/// The same without what is stated of columns and makes no row.
fn without_descriptions(config: &DatasetConfig) -> DatasetConfig {
    let mut config = placeless(config);
    for column in &mut config.columns {
        column.about.uncertainty = None;
    }
    config
}

/// The configuration without lines and folders, and without what stands in no catalogue, so that moving it changes nothing.
fn placeless(config: &DatasetConfig) -> DatasetConfig {
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

/// Changes whenever the reader makes other rows of the same file.
const READER: &str = "reader/2";
