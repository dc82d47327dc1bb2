//! Readers of files in place that keep the cause of a failure. The engine's readers convert it to a text.

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion_common::Result;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use std::ops::Range;
use std::sync::Arc;

/// Factory of the readers for one scan.
#[derive(Debug)]
pub(super) struct InPlaceReaderFactory {
    pub(super) stock: CachedParquetFileReaderFactory,
    pub(super) store: Arc<dyn ObjectStore>,
}

impl ParquetFileReaderFactory for InPlaceReaderFactory {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        Ok(Box::new(InPlaceFileReader {
            path: file.object_meta.location.clone(),
            stock: self.stock.create_reader(partition, file, hint, metrics)?,
            store: Arc::clone(&self.store),
        }))
    }
}

struct InPlaceFileReader {
    path: Path,
    stock: Box<dyn AsyncFileReader + Send>,
    store: Arc<dyn ObjectStore>,
}

impl AsyncFileReader for InPlaceFileReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        self.stock.get_bytes(range)
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        self.stock.get_byte_ranges(ranges)
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        Box::pin(async move {
            let failed = match self.stock.get_metadata(options).await {
                Ok(metadata) => return Ok(metadata),
                Err(failed) => failed,
            };
            // A second request reveals the cause of the failure.
            match self.store.head(&self.path).await {
                Ok(_) => Err(failed),
                Err(why) => Err(ParquetError::External(Box::new(why))),
            }
        })
    }
}
