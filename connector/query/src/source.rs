//! Files that others wrote, read completely: each value becomes its declared type or is counted as unreadable.
//!
//! The kinds of source; this list is the index of the folder.

pub mod bounded;
pub mod columnar;
pub mod config;
pub mod decode;
pub mod files;
pub mod geojson;
pub mod look;
pub mod pattern;
pub mod raw;
pub mod report;
pub mod rows;
pub mod source_roots;
pub mod text;
pub mod when;

use config::{Kind, SourceConfig};
use files::SourceFile;
use hansa_policy::refusal::{Code, Refusal};
use raw::Event;

/// Reads one file from its first row to its last and hands out each event as it comes.
///
/// # Errors
/// When the file can't be read at all; a single bad row is an event. A refusal of `each` ends the reading.
pub fn read(
    file: &SourceFile,
    config: &SourceConfig,
    each: &mut dyn FnMut(Event<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    match config.kind {
        Kind::Text => text::read(file, config, each),
        Kind::Parquet => columnar::read(file, config, each),
        Kind::GeoJson => geojson::read(file, config, each),
        Kind::Postgres => Err(Refusal::new(
            Code::SourceUnreadable,
            "a table is not read from a file",
        )),
    }
}

#[cfg(test)]
mod tests;
