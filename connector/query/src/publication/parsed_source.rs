//! Typed rows of each source file, cached under a digest of the file and its recipe, so that only changed files are read.

use crate::ingest;
use crate::ingest::config::DatasetConfig;
use crate::ingest::ingest_counts::IngestCounts;
use crate::ingest::row_builder::RowBuilder;
use crate::ingest::row_builder::batch_builder::{BatchBuilder, typed_row_schema};
use crate::ingest::source_files::SourceFile;
use crate::publication::context::PublicationProgress;
use crate::publication::input::PublicationInputs;
use crate::snapshot::dataset_dir::{self, DatasetDir};
use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::Refusal;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Typed rows of a source.
#[derive(Debug)]
pub struct ParsedSource {
    /// Parquet files with the rows, one for each source file, in order.
    pub files: Vec<PathBuf>,
    /// Number of source files that were read now.
    pub read: usize,
    /// Counts of all files.
    pub counts: IngestCounts,
}

/// Reads every file without cached rows.
///
/// # Errors
/// A refusal if a file can't be read or lacks a column.
pub fn parse_all_files(
    config: &DatasetConfig,
    zone: &str,
    inputs: &PublicationInputs,
    dataset_dir: &DatasetDir,
    progress: &(dyn Fn(PublicationProgress<'_>) + Sync),
) -> Result<ParsedSource, Refusal> {
    let mut parsed = ParsedSource {
        files: Vec::new(),
        read: 0,
        counts: IngestCounts::default(),
    };
    for (done, (file, key)) in inputs.files.iter().enumerate() {
        let rows = rows_path(dataset_dir, key);
        let known = read_cached_info(dataset_dir, key).filter(|known| known.is_there(&rows));
        progress(PublicationProgress::File {
            name: &file.display_name,
            done,
            of: inputs.files.len(),
            read: known.is_none(),
        });
        let counts = match known {
            Some(known) => known.counts,
            None => {
                parsed.read = parsed.read.saturating_add(1);
                let counts = parse_file(config, zone, file, &rows, progress)?;
                write_cache_entry(dataset_dir, key, &rows, &counts)?;
                counts
            }
        };
        parsed.counts.add(&counts);
        parsed.files.push(rows);
    }
    Ok(parsed)
}

/// Removes cached rows that this publication did not use.
pub fn forget_others(dataset_dir: &DatasetDir, used: &[PathBuf]) {
    let used: BTreeSet<&Path> = used.iter().map(PathBuf::as_path).collect();
    let Ok(entries) = std::fs::read_dir(dataset_dir.parsed_rows()) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if !used.contains(path.with_extension("parquet").as_path()) {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Reads one file into a Parquet file of typed rows.
fn parse_file(
    config: &DatasetConfig,
    zone: &str,
    source: &SourceFile,
    target: &Path,
    progress: &(dyn Fn(PublicationProgress<'_>) + Sync),
) -> Result<IngestCounts, Refusal> {
    let unfinished = target.with_extension("unfinished");
    let file = File::create(&unfinished)
        .map_err(|error| dataset_dir::disk_refusal(&unfinished, &error))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_max_row_group_row_count(Some(GROUP))
        .build();
    let broken =
        |error: parquet::errors::ParquetError| dataset_dir::broken_parquet(&unfinished, &error);
    let mut writer =
        ArrowWriter::try_new(file, typed_row_schema(&config.columns), Some(properties))
            .map_err(broken)?;
    let mut batch = BatchBuilder::new(&config.columns);
    let mut rows = RowBuilder::new(config, zone, &source.display_name)?;
    let mut done = 0_u64;
    crate::ingest::read_source_file(source, &config.source, &mut |event| {
        rows.take_event(event, &mut |cells| {
            batch.push(cells);
            if !batch.is_full() {
                return Ok(());
            }
            done = done.saturating_add(u64::try_from(batch.rows()).unwrap_or_default());
            progress(PublicationProgress::Rows(done));
            let full = batch
                .take_batch()
                .map_err(|error| dataset_dir::broken_arrow(&unfinished, &error))?;
            writer.write(&full).map_err(broken)?;
            if writer.memory_size() > GROUP_BYTES {
                writer.flush().map_err(broken)?;
            }
            Ok(())
        })
    })?;
    if batch.rows() > 0 {
        let last = batch
            .take_batch()
            .map_err(|error| dataset_dir::broken_arrow(&unfinished, &error))?;
        writer.write(&last).map_err(broken)?;
    }
    writer.close().map_err(broken)?;
    std::fs::rename(&unfinished, target)
        .map_err(|error| dataset_dir::disk_refusal(target, &error))?;
    rows.finish()
}

/// Number of cached rows of a file.
pub(super) fn cached_row_count(dataset_dir: &DatasetDir, key: &Digest) -> u64 {
    read_cached_info(dataset_dir, key).map_or(0, |known| known.counts.rows)
}

/// Description of the cached rows of a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CachedRowsInfo {
    counts: IngestCounts,
    /// Digest of the file with the rows.
    content: String,
}

impl CachedRowsInfo {
    /// Checks that the cached rows are unchanged. Otherwise the source is read again.
    fn is_there(&self, rows: &Path) -> bool {
        let found = ingest::source_files::digest_file(rows, "rows");
        found.is_ok_and(|(found, _)| found.to_string() == self.content)
    }
}

fn read_cached_info(dataset_dir: &DatasetDir, key: &Digest) -> Option<CachedRowsInfo> {
    let text = std::fs::read(counts_path(dataset_dir, key)).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Writes the description last: without it the rows count as not cached.
fn write_cache_entry(
    directory: &DatasetDir,
    key: &Digest,
    rows: &Path,
    counts: &IngestCounts,
) -> Result<(), Refusal> {
    let path = counts_path(directory, key);
    let (content, _) = ingest::source_files::digest_file(rows, "rows")?;
    let known = CachedRowsInfo {
        counts: counts.clone(),
        content: content.to_string(),
    };
    let text = serde_json::to_vec(&known).unwrap_or_default();
    dataset_dir::write_whole(&path, &text)
}

fn rows_path(dataset_dir: &DatasetDir, key: &Digest) -> PathBuf {
    dataset_dir.parsed_rows().join(format!("{key}.parquet"))
}

fn counts_path(dataset_dir: &DatasetDir, key: &Digest) -> PathBuf {
    dataset_dir.parsed_rows().join(format!("{key}.json"))
}

const GROUP: usize = 65_536;

/// Size in bytes after which a row group is written, since a group is held in memory. Long rows make groups with fewer rows.
const GROUP_BYTES: usize = 32 << 20;
