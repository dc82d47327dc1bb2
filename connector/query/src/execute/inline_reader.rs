//! Readers of snapshot files. Each byte is checked against the published digests before use. Reads of a few kilobytes run on the
//! calling thread, because handing them to another thread takes longer than the read.

use crate::engine_error;
use crate::snapshot::checked_files::{CheckedFiles, CheckedReader};
use crate::snapshot::checked_store::CheckedStore;
use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::future::BoxFuture;
use hansa_policy::refusal::Refusal;
use object_store::local::LocalFileSystem;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// Factory of the readers for one scan of local files.
#[derive(Debug)]
pub(super) struct InlineReaderFactory {
    stock: CachedParquetFileReaderFactory,
    local: LocalFileSystem,
    files: Arc<CheckedFiles>,
}

impl InlineReaderFactory {
    /// Creates readers for these files. `footers` is the cache of file footers.
    pub(super) fn new(files: Arc<CheckedFiles>, footers: Arc<FileMetadataCache>) -> Self {
        let store = Arc::new(CheckedStore::of(&files));
        Self {
            stock: CachedParquetFileReaderFactory::new(store, footers),
            local: LocalFileSystem::new(),
            files,
        }
    }
}

impl ParquetFileReaderFactory for InlineReaderFactory {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> datafusion_common::Result<Box<dyn AsyncFileReader + Send>> {
        let path = self.local.path_to_filesystem(&file.object_meta.location)?;
        // A cached footer can answer some questions without reading the file, so known damage is checked first.
        self.files
            .check_damage()
            .map_err(engine_error::wrap_refusal)?;
        Ok(Box::new(InlineFileReader {
            path,
            files: Arc::clone(&self.files),
            open: None,
            stock: self.stock.create_reader(partition, file, hint, metrics)?,
        }))
    }
}

struct InlineFileReader {
    path: PathBuf,
    files: Arc<CheckedFiles>,
    /// Open file, set by the first read.
    open: Option<CheckedReader>,
    stock: Box<dyn AsyncFileReader + Send>,
}

/// Maximum size in bytes of a read on the question's own thread. Such a read blocks the thread no longer than a page fault.
const FEW: u64 = 64 * 1024;

impl AsyncFileReader for InlineFileReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        if range_length(&range) > FEW {
            return self.stock.get_bytes(range);
        }
        let read = self.open().and_then(|open| open.read(&range));
        Box::pin(std::future::ready(read.map_err(to_parquet_error)))
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        let all = ranges.iter().map(range_length).fold(0, u64::saturating_add);
        if all > FEW {
            return self.stock.get_byte_ranges(ranges);
        }
        let read = self
            .open()
            .and_then(|open| ranges.iter().map(|range| open.read(range)).collect());
        Box::pin(std::future::ready(read.map_err(to_parquet_error)))
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        Box::pin(async move {
            let read = self.stock.get_metadata(options).await;
            // The engine converts the cause to a text, so the original damage is looked up.
            read.map_err(|error| match self.files.check_damage() {
                Err(damage) => to_parquet_error(damage),
                Ok(()) => error,
            })
        })
    }
}

impl InlineFileReader {
    fn open(&mut self) -> Result<&CheckedReader, Refusal> {
        match &mut self.open {
            Some(open) => Ok(open),
            open @ None => Ok(open.insert(self.files.open_reader(&self.path)?)),
        }
    }
}

fn to_parquet_error(refusal: Refusal) -> ParquetError {
    ParquetError::External(Box::new(refusal))
}

const fn range_length(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}
