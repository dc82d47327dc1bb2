//! Readers of source files. Each value is converted to its declared type or counted as unreadable.
//!
//! The modules of this list are the index of the folder.

pub mod arrow_source;
pub mod bounded_reader;
pub mod config;
pub mod content_kind;
pub mod date_time;
pub mod delimited_text;
pub mod field_value;
pub mod geojson;
pub mod ingest_counts;
pub mod json_field;
pub mod json_reader;
pub mod json_rows;
pub mod number_notation;
pub mod packed_file;
pub mod parquet_source;
pub mod place_extent;
pub mod row_builder;
pub mod schema_inference;
pub mod source_content;
pub mod source_files;
pub mod source_roots;
pub mod text_encoding;
pub mod transcoding_reader;
pub mod typed_rows;
pub mod wildcard;

use arrow_schema::SchemaRef;
use config::{SourceConfig, SourceKind};
use field_value::SourceFileEvent;
use hansa_policy::refusal::{ErrorCode, Refusal};
use source_files::SourceFile;

/// Reads the schema of a file. Returns `None` if its kind has no schema.
///
/// # Errors
/// `SOURCE_UNREADABLE` if the file is not of its kind.
pub fn read_schema(file: &SourceFile, kind: SourceKind) -> Result<Option<SchemaRef>, Refusal> {
    Ok(match kind {
        SourceKind::Parquet => Some(parquet_source::read_schema(file)?),
        SourceKind::Arrow => Some(arrow_source::read_schema(file)?),
        SourceKind::Text | SourceKind::GeoJson | SourceKind::Json | SourceKind::Postgres => None,
    })
}

/// Reads one file from its first to its last row and passes each event to `each`.
///
/// # Errors
/// A refusal if the file can't be read at all; a single unreadable row is an event. A refusal of `each` ends the reading.
pub fn read_source_file(
    file: &SourceFile,
    config: &SourceConfig,
    each: &mut dyn FnMut(SourceFileEvent<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    match config.kind {
        SourceKind::Text => delimited_text::read_text_file(file, config, each),
        SourceKind::Parquet => parquet_source::read_parquet_file(file, config, each),
        SourceKind::Arrow => arrow_source::read_arrow_file(file, config, each),
        SourceKind::GeoJson => geojson::read_geojson_file(file, config, each),
        SourceKind::Json => json_rows::read_json_file(file, config, each),
        SourceKind::Postgres => Err(Refusal::new(
            ErrorCode::SourceUnreadable,
            "a table is not read from a file",
        )),
    }
}

#[cfg(test)]
mod tests;
