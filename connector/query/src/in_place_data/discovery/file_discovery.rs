//! Discovery of files in place, with a comparison of their columns and those of the dataset.

use super::{InPlaceDiscovery, source_column_name};
use crate::in_place_data::InPlaceLocation;
use crate::in_place_data::parquet_files::{ParquetFileSet, PublishedObject};
use crate::in_place_data::storage_backend::StorageBackend;
use crate::ingest::config::{ColumnConfig, DatasetConfig};
use crate::ingest::{source_files, typed_rows};
use arrow_schema::{DataType, SchemaRef};
use futures::TryStreamExt as _;
use futures::future::BoxFuture;
use hansa_policy::refusal::{ErrorCode, Refusal};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _};
use parquet::arrow::async_reader::MetadataFetch;
use parquet::arrow::parquet_to_arrow_schema;
use parquet::file::metadata::ParquetMetaDataReader;
use std::sync::Arc;

/// Finds the files of a dataset.
pub(super) async fn find_files(
    config: &DatasetConfig,
    store: &StorageBackend,
) -> Result<InPlaceDiscovery, Refusal> {
    let open = store.open()?;
    let objects = find_objects(config, store, &open).await?;
    let first = objects
        .first()
        .ok_or_else(|| path_refusal(config, ErrorCode::FileMissing, "no file is there"))?;
    let first = read_schema(&open, first).await?;
    let columns = if config.columns.is_empty() {
        typed_rows::declare_columns(&first, config)?
    } else {
        config.columns.clone()
    };
    for object in &objects {
        let found = read_schema(&open, object).await?;
        for column in &columns {
            check_column_fit(column, &found, &object.path)?;
        }
    }
    let lake = ParquetFileSet {
        store: store.clone(),
        columns: columns.iter().map(source_column_name).collect(),
        objects,
    };
    let bytes = lake.objects.iter().map(|object| object.size).sum();
    Ok(InPlaceDiscovery {
        digest: lake.digest(),
        bytes,
        files: lake.objects.len(),
        location: InPlaceLocation::Parquet(lake),
        columns,
    })
}

/// Files that match the paths, sorted.
async fn find_objects(
    config: &DatasetConfig,
    store: &StorageBackend,
    open: &Arc<dyn ObjectStore>,
) -> Result<Vec<PublishedObject>, Refusal> {
    let mut found = match store {
        StorageBackend::Local => on_this_machine(config, open).await?,
        StorageBackend::S3(_) => in_a_bucket(config, open).await?,
    };
    found.sort_by(|one, other| one.location.cmp(&other.location));
    found.dedup_by(|one, other| one.location == other.location);
    let mut objects = Vec::with_capacity(found.len());
    for object in found {
        // Some stores do not return entity tags in listings.
        let tag = match object.e_tag {
            Some(tag) => Some(tag),
            None => {
                let head = open.head(&object.location).await;
                head.map_err(|error| listing_refusal(config, &error))?.e_tag
            }
        };
        let tag = tag.ok_or_else(|| {
            let sentence =
                "the store gives its files no entity tags, so that a changed one could not be told";
            path_refusal(config, ErrorCode::SourceUnreadable, sentence)
        })?;
        objects.push(PublishedObject {
            path: object.location.to_string(),
            size: object.size,
            tag,
        });
    }
    Ok(objects)
}

async fn on_this_machine(
    config: &DatasetConfig,
    open: &Arc<dyn ObjectStore>,
) -> Result<Vec<ObjectMeta>, Refusal> {
    let mut found = Vec::new();
    for file in source_files::list_files(&config.source, &config.folder)? {
        // Opening the file checks its location again.
        drop(file.open()?);
        let whole = file.path().canonicalize().map_err(|error| {
            let sentence = format!("`{}`: {error}", file.display_name);
            path_refusal(config, ErrorCode::FileMissing, sentence)
        })?;
        // The store opens the file by this path, which may now lead elsewhere.
        config.folder.admit(&whole, &file.display_name)?;
        let path = Path::from_absolute_path(whole)
            .map_err(|error| listing_refusal(config, &error.into()))?;
        let head = open.head(&path).await;
        found.push(head.map_err(|error| listing_refusal(config, &error))?);
    }
    Ok(found)
}

async fn in_a_bucket(
    config: &DatasetConfig,
    open: &Arc<dyn ObjectStore>,
) -> Result<Vec<ObjectMeta>, Refusal> {
    let options = glob::MatchOptions {
        require_literal_separator: true,
        ..glob::MatchOptions::default()
    };
    let mut found = Vec::new();
    for path in &config.source.paths {
        let key = key_of(path);
        let pattern = glob::Pattern::new(key).map_err(|error| {
            path_refusal(
                config,
                ErrorCode::ConfigInvalid,
                format!("`{path}`: {error}"),
            )
        })?;
        let fixed = key.split(['*', '?', '[']).next().unwrap_or_default();
        let folder = fixed.rsplit_once('/').map_or("", |(folder, _)| folder);
        let prefix = Path::parse(folder).map_err(|error| listing_refusal(config, &error.into()))?;
        let listed: Vec<ObjectMeta> = open
            .list(Some(&prefix))
            .try_filter(|object| {
                let fits = pattern.matches_with(object.location.as_ref(), options);
                std::future::ready(fits)
            })
            .try_collect()
            .await
            .map_err(|error| listing_refusal(config, &error))?;
        if listed.is_empty() {
            let sentence = format!("`{path}`: no file is there");
            return Err(path_refusal(config, ErrorCode::FileMissing, sentence));
        }
        found.extend(listed);
    }
    Ok(found)
}

/// Refusal for the configured paths.
fn path_refusal(config: &DatasetConfig, code: ErrorCode, sentence: impl Into<String>) -> Refusal {
    config.source.location.refuse(code, "path", sentence)
}

fn listing_refusal(config: &DatasetConfig, error: &object_store::Error) -> Refusal {
    let sentence = format!("the files can't be listed: {error}");
    path_refusal(config, ErrorCode::SourceUnreadable, sentence)
}

/// Object key of `s3://bucket/key`.
fn key_of(path: &str) -> &str {
    let rest = path.strip_prefix("s3://").unwrap_or(path);
    rest.split_once('/').map_or("", |(_, key)| key)
}

/// Columns of a file, read from its footer.
async fn read_schema(
    open: &Arc<dyn ObjectStore>,
    object: &PublishedObject,
) -> Result<SchemaRef, Refusal> {
    let unreadable = |why: String| {
        let sentence = format!("`{}` can't be read: {why}", object.path);
        Refusal::new(ErrorCode::SourceUnreadable, sentence)
    };
    let path = Path::parse(&object.path).map_err(|error| unreadable(error.to_string()))?;
    let metadata = ParquetMetaDataReader::new()
        .with_prefetch_hint(Some(64 * 1024))
        .load_and_finish(MetadataFetcher { open, path }, object.size)
        .await
        .map_err(|error| unreadable(error.to_string()))?;
    // A reader keeps all needed data of a row group in memory at once, so the size of row groups is limited.
    let largest = metadata
        .row_groups()
        .iter()
        .map(|group| group.compressed_size());
    if largest.max().is_some_and(|bytes| bytes > MOST) {
        let sentence = format!(
            "`{}` has a row group of more than {} MiB, which each question would hold in memory",
            object.path,
            MOST / 1024 / 1024
        );
        return Err(Refusal::new(ErrorCode::SourceUnreadable, sentence)
            .with_help("write it with smaller row groups, or publish a copy without in_place"));
    }
    let file = metadata.file_metadata();
    let schema = parquet_to_arrow_schema(file.schema_descr(), file.key_value_metadata())
        .map_err(|error| unreadable(error.to_string()))?;
    Ok(Arc::new(schema))
}

/// Reader of byte ranges of a file.
struct MetadataFetcher<'o> {
    open: &'o Arc<dyn ObjectStore>,
    path: Path,
}

impl MetadataFetch for MetadataFetcher<'_> {
    fn fetch(
        &mut self,
        range: std::ops::Range<u64>,
    ) -> BoxFuture<'_, parquet::errors::Result<bytes::Bytes>> {
        Box::pin(async move {
            let bytes = self.open.get_range(&self.path, range).await;
            bytes.map_err(|error| parquet::errors::ParquetError::External(Box::new(error)))
        })
    }
}

/// Checks that a declared column can be read from a file without conversion, for all values.
fn check_column_fit(column: &ColumnConfig, found: &SchemaRef, file: &str) -> Result<(), Refusal> {
    let name = source_column_name(column);
    let mismatch = |why: String, help: &str| {
        let sentence = format!("`{file}`, column `{name}`: {why}");
        column
            .location
            .refuse(ErrorCode::SchemaMismatch, "type", sentence)
            .with_help(help.to_owned())
    };
    let Ok(field) = found.field_with_name(&name) else {
        return Err(mismatch(
            "the file has no such column".to_owned(),
            "leave out the file or the column",
        ));
    };
    let twins = found.fields().iter().filter(|other| other.name() == &name);
    if twins.count() > 1 {
        return Err(mismatch(
            "the file has several columns of this name".to_owned(),
            "give each a name of its own where the file is made, or leave the column out",
        ));
    }
    let kind = match field.data_type() {
        DataType::Timestamp(_, None) => None,
        DataType::UInt64 => None,
        other => typed_rows::to_plain_type(other),
    };
    let wanted = column.kind.to_arrow();
    if kind.as_ref() == Some(&wanted) {
        return Ok(());
    }
    Err(mismatch(
        format!("it is of type {}, not {}", field.data_type(), column.kind),
        "declare it as it is, or publish a copy without in_place, which converts",
    ))
}

/// Maximum stored size of a row group, in bytes.
const MOST: i64 = 256 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::config::ConfigLocation;
    use arrow_schema::{Field, Schema};
    use hansa_catalog::dataset::ColumnType;

    #[test]
    fn a_name_that_several_columns_have_is_refused() {
        let field = |name: &str| Field::new(name, DataType::Int64, true);
        let location = ConfigLocation {
            file: "hansa.toml".to_owned(),
            line: 1,
        };
        let name = "en".parse().unwrap();
        let column = typed_rows::as_it_is(location, name, ColumnType::Int, "en", false);
        let one = Arc::new(Schema::new(vec![field("en"), field("de")]));
        check_column_fit(&column, &one, "a.parquet").unwrap();
        let two = Arc::new(Schema::new(vec![field("en"), field("de"), field("en")]));
        let refusal = check_column_fit(&column, &two, "a.parquet").unwrap_err();
        assert_eq!(refusal.code, ErrorCode::SchemaMismatch, "{refusal:#?}");
        assert!(refusal.sentence.contains("several columns"), "{refusal:#?}");
    }
}
