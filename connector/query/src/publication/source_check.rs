//! Check of a dataset's configuration against the headers of its files, without reading rows.

use crate::in_place_data::discovery;
use crate::ingest;
use crate::ingest::config::DatasetConfig;
use crate::ingest::field_value::SourceFileEvent;
use crate::ingest::row_builder::RowBuilder;
use crate::ingest::source_files;
use crate::publication::input;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::time::Duration;

/// Checks the header of every file, for `hansa check`. It changes nothing and reads no rows.
///
/// # Errors
/// All problems: `FILE_MISSING`, `SOURCE_UNREADABLE`, `SCHEMA_MISMATCH`, `CONFIG_INVALID`.
pub fn check_sources(config: &DatasetConfig, zone: &str) -> Result<(), Vec<Refusal>> {
    if let Some(in_place) = &config.source.in_place {
        return match discovery::discover_rows(config, in_place, PATIENCE) {
            Ok(_) => Ok(()),
            Err(refusal) => Err(vec![refusal]),
        };
    }
    let zone = config.zone.as_deref().unwrap_or(zone);
    let mut config = config.clone();
    let mut problems = Vec::new();
    let listed =
        source_files::list_files(&config.source, &config.folder).unwrap_or_else(|refusal| {
            problems.push(refusal);
            Vec::new()
        });
    for source in config.lookups.values() {
        problems.extend(source_files::list_files(source, &config.folder).err());
    }
    if let Some(first) = listed.first()
        && let Err(refusal) = input::declare_missing_columns(&mut config, first)
    {
        problems.push(refusal);
        return Err(problems);
    }
    for file in &listed {
        problems.extend(check_header(&config, zone, file).err());
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

fn check_header(
    config: &DatasetConfig,
    zone: &str,
    file: &source_files::SourceFile,
) -> Result<(), Refusal> {
    let mut rows = RowBuilder::new(config, zone, &file.display_name)?;
    let enough = || Refusal::new(ErrorCode::Interrupted, "the header was read");
    let outcome = ingest::read_source_file(file, &config.source, &mut |event| {
        if let SourceFileEvent::Header(_) = event {
            rows.take_event(event, &mut |_| Ok(()))?;
        }
        Err(enough())
    });
    match outcome {
        Err(refusal) if refusal != enough() => Err(refusal),
        _ => Ok(()),
    }
}

/// Timeout for the metadata of a store or a database.
const PATIENCE: Duration = Duration::from_secs(30);
