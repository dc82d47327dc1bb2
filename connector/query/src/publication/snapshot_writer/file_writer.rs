//! Files of a snapshot, written batch by batch.

use crate::publication::snapshot_writer::profile::{RowProfile, RowProfiler};
use crate::publication::written_snapshot::WrittenSnapshot;
use crate::snapshot::dataset_dir;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use datafusion::arrow::compute::concat_batches;
use hansa_audit_log::digest::Digest;
use hansa_catalog::dataset::{ColumnType, Dataset};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::Refusal;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Writer of a snapshot's files.
pub(super) struct SnapshotFileWriter<'e> {
    entry: &'e Dataset,
    schema: SchemaRef,
    folder: PathBuf,
    properties: WriterProperties,
    open: Option<(String, ArrowWriter<File>)>,
    in_file: u64,
    names: Vec<String>,
    pending: Vec<RecordBatch>,
    pending_rows: usize,
    pending_bytes: usize,
    look: RowProfiler<'e>,
}

impl<'e> SnapshotFileWriter<'e> {
    pub(super) fn new(
        folder: &Path,
        entry: &'e Dataset,
        order: &[SqlIdentifier],
    ) -> Result<Self, Refusal> {
        let place =
            |name: &SqlIdentifier| entry.columns.iter().position(|column| column.name == *name);
        let sorting: Vec<SortingColumn> = order
            .iter()
            .filter_map(place)
            .filter_map(|index| i32::try_from(index).ok())
            .map(|column_idx| SortingColumn {
                column_idx,
                descending: false,
                nulls_first: true,
            })
            .collect();
        let mut properties = WriterProperties::builder()
            // Each question decompresses the file again: LZ4 needs a third more disk space than Zstandard, but a third of the work.
            .set_compression(Compression::LZ4_RAW)
            // A page that compresses badly stays uncompressed.
            .set_writer_version(WriterVersion::PARQUET_2_0)
            .set_data_page_v2_compression_ratio_threshold(WORTH)
            // Columns without a dictionary would otherwise be delta-encoded, whose decoding costs more than it saves.
            .set_encoding(Encoding::PLAIN)
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_max_row_group_row_count(Some(GROUP))
            .set_data_page_row_count_limit(PAGE)
            .set_dictionary_page_size_limit(DICTIONARY)
            .set_created_by("hansa".to_owned())
            .set_sorting_columns(Some(sorting).filter(|columns| !columns.is_empty()));
        for column in filtered_columns(entry, order) {
            let path = ColumnPath::from(column.as_str());
            properties = properties.set_column_bloom_filter_enabled(path, true);
        }
        let mut files = Self {
            entry,
            schema: entry.schema(),
            folder: folder.to_owned(),
            properties: properties.build(),
            open: None,
            in_file: 0,
            names: Vec::new(),
            pending: Vec::new(),
            pending_rows: 0,
            pending_bytes: 0,
            look: RowProfiler::new(entry),
        };
        files.open()?;
        Ok(files)
    }

    fn open(&mut self) -> Result<(), Refusal> {
        let name = format!("part-{:05}.parquet", self.names.len());
        let path = self.folder.join(&name);
        let file = File::create(&path).map_err(|error| dataset_dir::disk_refusal(&path, &error))?;
        let writer = ArrowWriter::try_new(
            file,
            Arc::clone(&self.schema),
            Some(self.properties.clone()),
        )
        .map_err(|error| dataset_dir::broken_parquet(&path, &error))?;
        self.names.push(name.clone());
        self.open = Some((name, writer));
        self.in_file = 0;
        Ok(())
    }

    pub(super) fn take_batch(&mut self, batch: &RecordBatch) -> Result<(), Refusal> {
        let batch = self.look.take_batch(batch)?;
        self.pending_rows = self.pending_rows.saturating_add(batch.num_rows());
        self.pending_bytes = self
            .pending_bytes
            .saturating_add(batch.get_array_memory_size());
        self.pending.push(batch);
        if self.pending_rows >= WRITE || self.pending_bytes >= WRITE_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Number of rows so far.
    pub(super) const fn rows(&self) -> u64 {
        self.look.rows()
    }

    fn flush(&mut self) -> Result<(), Refusal> {
        if self.in_file >= FILE {
            self.close()?;
            self.open()?;
        }
        let broken = |error| dataset_dir::broken_arrow(&self.folder, &error);
        let whole = concat_batches(&self.schema, &self.pending).map_err(broken)?;
        self.pending.clear();
        (self.pending_rows, self.pending_bytes) = (0, 0);
        if let Some((_, writer)) = &mut self.open {
            writer
                .write(&whole)
                .map_err(|error| dataset_dir::broken_parquet(&self.folder, &error))?;
            if writer.memory_size() > GROUP_BYTES {
                writer
                    .flush()
                    .map_err(|error| dataset_dir::broken_parquet(&self.folder, &error))?;
            }
            self.in_file = self.in_file.saturating_add(count_to_u64(whole.num_rows()));
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Refusal> {
        let Some((name, writer)) = self.open.take() else {
            return Ok(());
        };
        let path = self.folder.join(name);
        let file = writer
            .into_inner()
            .map_err(|error| dataset_dir::broken_parquet(&path, &error))?;
        file.sync_all()
            .map_err(|error| dataset_dir::disk_refusal(&path, &error))
    }

    pub(super) fn finish(mut self) -> Result<WrittenSnapshot, Refusal> {
        self.flush()?;
        self.close()?;
        let paths: Vec<PathBuf> = self
            .names
            .iter()
            .map(|name| self.folder.join(name))
            .collect();
        // The files are read back, so that the digests cover the bytes on disk.
        let (found, bytes) = dataset_dir::digest_files(&paths)?;
        let content: Vec<Digest> = found.iter().map(|found| found.content).collect();
        let blocks = found.into_iter().map(|found| found.blocks).collect();
        let digest = dataset_dir::digest_of(self.entry, &content);
        let RowProfile {
            rows,
            stats,
            wrong_days,
            counts,
        } = self.look.finish();
        Ok(WrittenSnapshot {
            files: self.names,
            content,
            blocks,
            digest,
            rows,
            bytes,
            stats,
            wrong_days,
            counts,
        })
    }
}

/// Columns whose row groups get a Bloom filter, by which a look-up of a few keys skips row groups. The sort column needs none,
/// since its bounds suffice. Floating-point columns have none, since zero has two representations.
fn filtered_columns<'e>(
    entry: &'e Dataset,
    order: &[SqlIdentifier],
) -> impl Iterator<Item = &'e SqlIdentifier> {
    let sorted = order.first().cloned();
    let columns = entry.columns.iter().filter(move |column| {
        matches!(column.kind, ColumnType::Int | ColumnType::Text)
            && sorted.as_ref() != Some(&column.name)
    });
    columns.map(|column| &column.name)
}

fn count_to_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Rows of a row group. It is small enough that a filter on the sort columns skips most groups.
const GROUP: usize = 131_072;

/// Rows of a page, which is the smallest unit that is read of a column.
const PAGE: usize = 8_192;

/// Maximum size of a dictionary, in bytes. A larger one is about as large as its values, and must be read for any row.
const DICTIONARY: usize = 128 * 1024;

/// Maximum ratio of compressed and uncompressed size for which a page is compressed.
const WORTH: f64 = 0.7;

/// Rows that are written at once.
const WRITE: usize = 65_536;

/// Bytes of rows that are written at once, which reduces the number of long rows.
const WRITE_BYTES: usize = 64 << 20;

/// Bytes of a row group in memory, after which it is written.
const GROUP_BYTES: usize = 128 << 20;

/// Rows of a file.
const FILE: u64 = 8_000_000;
