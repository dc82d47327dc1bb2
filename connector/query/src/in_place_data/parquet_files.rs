//! Parquet files in place.

use super::file_reader::InPlaceReaderFactory;
use super::pinned_store::{PinnedObject, PinnedObjectStore};
use super::storage_backend::StorageBackend;
use crate::engine_error;
use crate::in_place_data::error_detail::ErrorDetail;
use arrow_schema::{Field, Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_common::Result;
use hansa_audit_log::digest::{Digest, IncrementalDigest};
use hansa_policy::refusal::{ErrorCode, Refusal};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Files of one publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParquetFileSet {
    /// Storage of the files.
    pub store: StorageBackend,
    /// Files, in order.
    pub objects: Vec<PublishedObject>,
    /// Column names in the files, in the order of the dataset's columns.
    pub columns: Vec<String>,
}

/// File at the time of its publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedObject {
    /// Path in the store, from the root of the machine or the bucket.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Entity tag, which differs after any change.
    pub tag: String,
}

impl ParquetFileSet {
    /// Digest of the names, sizes and entity tags of the files.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut whole = IncrementalDigest::default();
        whole.update(b"in-place/parquet/1\n");
        if let StorageBackend::S3(bucket) = &self.store {
            let place = [
                Some(&bucket.name),
                bucket.endpoint.as_ref(),
                bucket.region.as_ref(),
            ];
            for word in place {
                let word = word.map_or("", String::as_str);
                whole.update(Digest::of(word.as_bytes()).as_bytes());
            }
        }
        for column in &self.columns {
            whole.update(Digest::of(column.as_bytes()).as_bytes());
        }
        for object in &self.objects {
            let PublishedObject { path, size, tag } = object;
            whole.update(Digest::of(path.as_bytes()).as_bytes());
            whole.update(&size.to_be_bytes());
            whole.update(Digest::of(tag.as_bytes()).as_bytes());
        }
        whole.finish()
    }

    /// Opens a store that contains these files alone, in their published state.
    ///
    /// # Errors
    /// As [`StorageBackend::open`].
    pub(super) fn open(&self, detail: ErrorDetail) -> Result<Arc<dyn ObjectStore>, Refusal> {
        let unreadable = || {
            Refusal::new(
                ErrorCode::SourceUnreadable,
                "a name of a file in place is none",
            )
        };
        let digest = self.digest();
        let mut pins = BTreeMap::new();
        for (at, object) in self.objects.iter().enumerate() {
            let path = Path::parse(&object.path).map_err(|cause| unreadable().caused_by(cause))?;
            let pin = PinnedObject {
                path,
                tag: object.tag.clone(),
                size: object.size,
            };
            pins.insert(object_path(digest, at), pin);
        }
        Ok(Arc::new(PinnedObjectStore::new(
            self.store.open()?,
            pins,
            detail,
        )))
    }

    /// Scan of all files in order, as one stream, with the column names of the files.
    pub(super) fn scan(
        &self,
        store: &Arc<dyn ObjectStore>,
        schema: &SchemaRef,
        projection: Option<Vec<usize>>,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let fields = schema.fields().iter().zip(&self.columns);
        let fields = fields
            .map(|(field, name)| Field::new(name, field.data_type().clone(), field.is_nullable()));
        let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let digest = self.digest();
        let files = self.objects.iter().enumerate().map(|(at, object)| {
            PartitionedFile::new_from_meta(ObjectMeta {
                location: object_path(digest, at),
                last_modified: Default::default(),
                size: object.size,
                e_tag: Some(object.tag.clone()),
                version: None,
            })
        });
        let url = ObjectStoreUrl::parse(format!("in-place://{digest}")).map_err(|cause| {
            let refusal = Refusal::new(ErrorCode::Internal, "a name of a store is none");
            engine_error::wrap_refusal(refusal.caused_by(cause.to_string()))
        })?;
        let environment = session.runtime_env();
        environment.register_object_store(url.as_ref(), Arc::clone(store));
        // Statistics of files in place are not verified: wrong bounds or NULL counts would silently remove rows. So no row group or
        // page is skipped.
        let mut options = session.table_options().parquet.clone();
        options.global.pruning = false;
        options.global.bloom_filter_on_read = false;
        options.global.enable_page_index = false;
        let source = ParquetSource::new(schema)
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(Arc::new(InPlaceReaderFactory {
                stock: CachedParquetFileReaderFactory::new(
                    Arc::clone(store),
                    environment.cache_manager.get_file_metadata_cache(),
                ),
                store: Arc::clone(store),
            }));
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_groups(vec![FileGroup::new(files.collect())])
            .with_projection_indices(projection)?
            .with_preserve_order(true)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// Name for a file within the scan. It is unique to this set of files.
fn object_path(digest: Digest, at: usize) -> Path {
    Path::from_iter([digest.to_string(), format!("{at}.parquet")])
}
