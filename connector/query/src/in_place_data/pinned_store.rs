//! A store of which only those objects can be read that were published, each as it was then.

use crate::in_place_data::error_detail::ErrorDetail;
use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use hansa_policy::refusal::{ErrorCode, Refusal};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// An object as it was published.
#[derive(Debug, Clone)]
pub(super) struct PinnedObject {
    /// Its path in the store.
    pub(super) path: Path,
    /// Its entity tag.
    pub(super) tag: String,
    /// Its size in bytes.
    pub(super) size: u64,
}

/// The objects by the names under which they are read, which are of one snapshot: what the engine remembers of a file under
/// its name is then never of another one.
#[derive(Debug)]
pub(super) struct PinnedObjectStore {
    store: Arc<dyn ObjectStore>,
    pins: BTreeMap<Path, PinnedObject>,
    error_detail: ErrorDetail,
}

impl PinnedObjectStore {
    pub(super) const fn new(
        store: Arc<dyn ObjectStore>,
        pins: BTreeMap<Path, PinnedObject>,
        detail: ErrorDetail,
    ) -> Self {
        Self {
            store,
            pins,
            error_detail: detail,
        }
    }
}

impl PinnedObjectStore {
    /// The bytes of a file of this machine, which somebody may write to while it is read.
    async fn read_local_file(&self, pin: &PinnedObject, found: GetResult) -> Result<GetResult> {
        let failed =
            |error: Error| to_store_error(self.error_detail.of(store_error_refusal(&error)));
        let (meta, range, attributes) = (
            found.meta.clone(),
            found.range.clone(),
            found.attributes.clone(),
        );
        let bytes = found.bytes().await;
        // A file that became shorter gives an error of reading: that it was changed is the reason of that error, too.
        let after = self.store.head(&pin.path).await.map_err(failed)?;
        if after.e_tag.as_deref() != Some(pin.tag.as_str()) || after.size != pin.size {
            return Err(to_store_error(changed_file_refusal()));
        }
        let bytes = bytes.map_err(failed)?;
        Ok(GetResult {
            payload: GetResultPayload::Stream(stream::once(async { Ok(bytes) }).boxed()),
            meta,
            range,
            attributes,
        })
    }
}

impl fmt::Display for PinnedObjectStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("published files in place")
    }
}

#[async_trait]
impl ObjectStore for PinnedObjectStore {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let Some(pin) = self.pins.get(location) else {
            return Err(to_store_error(unpublished_file_refusal()));
        };
        let options = GetOptions {
            if_match: Some(pin.tag.clone()),
            ..options
        };
        let mut found = self
            .store
            .get_opts(&pin.path, options)
            .await
            .map_err(|error| to_store_error(self.error_detail.of(store_error_refusal(&error))))?;
        // Not every store heeds the condition.
        if found.meta.e_tag.as_deref() != Some(pin.tag.as_str()) || found.meta.size != pin.size {
            return Err(to_store_error(changed_file_refusal()));
        }
        if matches!(found.payload, GetResultPayload::File(..)) {
            found = self.read_local_file(pin, found).await?;
        }
        found.meta.location = location.clone();
        Ok(found)
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(to_store_error(unpublished_file_refusal()))
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(to_store_error(unpublished_file_refusal()))
    }

    fn delete_stream(
        &self,
        _: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        stream::once(async { Err(to_store_error(unpublished_file_refusal())) }).boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        stream::once(async { Err(to_store_error(unpublished_file_refusal())) }).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(to_store_error(unpublished_file_refusal()))
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(to_store_error(unpublished_file_refusal()))
    }
}

/// What an error of the store means.
fn store_error_refusal(error: &Error) -> Refusal {
    match error {
        Error::NotFound { .. } | Error::Precondition { .. } | Error::NotModified { .. } => {
            tracing::error!(name: "in_place.changed", detail = %error, "a file in place is not as it was published");
            changed_file_refusal()
        }
        other => Refusal::new(ErrorCode::SourceUnreadable, other.to_string()),
    }
}

fn changed_file_refusal() -> Refusal {
    Refusal::new(
        ErrorCode::SourceChanged,
        "a file of a dataset in place is not as it was published",
    )
    .with_help("its owner publishes it again: hansa dataset publish")
}

fn unpublished_file_refusal() -> Refusal {
    Refusal::new(
        ErrorCode::Internal,
        "nothing but published files is read in place",
    )
}

fn to_store_error(refusal: Refusal) -> Error {
    Error::Generic {
        store: "in place",
        source: Box::new(refusal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::local::LocalFileSystem;

    #[test]
    fn a_file_that_becomes_shorter_while_it_is_read_was_changed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rows.parquet");
        std::fs::write(&file, vec![7; 4_096]).unwrap();
        let local: Arc<dyn ObjectStore> = Arc::new(LocalFileSystem::new());
        let path = Path::from_absolute_path(&file).unwrap();
        let result = futures::executor::block_on(async {
            let found = local.get_opts(&path, GetOptions::default()).await.unwrap();
            let pin = PinnedObject {
                path: path.clone(),
                tag: found.meta.e_tag.clone().unwrap(),
                size: found.meta.size,
            };
            let store =
                PinnedObjectStore::new(Arc::clone(&local), BTreeMap::new(), ErrorDetail::Little);
            // It was found as it was published, and is cut before its bytes are read.
            std::fs::write(&file, "something else").unwrap();
            store.read_local_file(&pin, found).await.map(|_| ())
        });
        let error = result.unwrap_err().to_string();
        assert!(error.contains("is not as it was published"), "{error}");
    }
}
