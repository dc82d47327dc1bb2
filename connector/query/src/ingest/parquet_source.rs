//! Parquet files as a source, read batch by batch.

use crate::ingest::config::SourceConfig;
use crate::ingest::field_value::SourceFileEvent;
use crate::ingest::source_content::open_parquet;
use crate::ingest::source_files::SourceFile;
use crate::ingest::typed_rows::{TypedRows, unreadable_file_refusal};
use arrow_schema::SchemaRef;
use hansa_policy::refusal::Refusal;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::ParquetMetaData;

/// Reads a Parquet file.
///
/// # Errors
/// `SOURCE_UNREADABLE` if the file is no Parquet file, or has a column of an unknown type that is not skipped.
pub fn read_parquet_file(
    file: &SourceFile,
    config: &SourceConfig,
    each: &mut dyn FnMut(SourceFileEvent<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let shown = file.display_name.as_str();
    let file = open_parquet(file)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)
        .map_err(|error| unreadable_file_refusal(shown, error))?;
    let mut rows = TypedRows::new(shown, builder.schema(), config)?;
    each(SourceFileEvent::Header(rows.names()))?;
    let at_once = batch_rows(builder.metadata());
    let reader = builder.with_batch_size(at_once).build();
    for batch in reader.map_err(|error| unreadable_file_refusal(shown, error))? {
        rows.hand_out(
            &batch.map_err(|error| unreadable_file_refusal(shown, error))?,
            each,
        )?;
    }
    Ok(())
}

/// Number of rows in a batch. It is smaller for long rows, since a batch is held in memory.
#[must_use]
pub fn batch_rows(file: &ParquetMetaData) -> usize {
    let groups = file.row_groups().iter();
    let longest = groups.map(|group| group.total_byte_size() / group.num_rows().max(1));
    let longest = usize::try_from(longest.max().unwrap_or_default()).unwrap_or_default();
    (BATCH_BYTES / longest.max(1)).clamp(1, 8192)
}

const BATCH_BYTES: usize = 8 << 20;

/// Reads the schema of a Parquet file.
///
/// # Errors
/// `SOURCE_UNREADABLE` if the file is no Parquet file.
pub(super) fn read_schema(file: &SourceFile) -> Result<SchemaRef, Refusal> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(open_parquet(file)?)
        .map_err(|error| unreadable_file_refusal(&file.display_name, error))?;
    Ok(builder.schema().clone())
}
