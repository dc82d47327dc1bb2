//! Inference of a configuration for files without one: a draft entry with observations and assumptions.

pub mod column_doubt;
pub mod column_grouping;
pub mod column_profile;
pub mod draft_config;
mod draft_page;
pub mod file_tail;
pub mod inferred_column;
pub mod inferred_source;
pub mod number_evidence;
mod source_scan;
pub mod text_layout;
pub mod total_row;

use crate::ingest;
use crate::ingest::config::SourceConfig;
use crate::ingest::field_value::{RawField, SourceFileEvent};
use crate::ingest::source_files::SourceFile;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// First rows of a source without conversion, for `dataset sample`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSample {
    /// Column names.
    pub names: Vec<String>,
    /// Line number and fields of each row. A missing field is `None`.
    pub rows: Vec<(u64, Vec<Option<String>>)>,
    /// Rows without readable fields.
    pub unread: UnreadableRows,
}

/// Unreadable rows of a sample.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnreadableRows {
    /// Number of rows.
    pub rows: u64,
    /// File, line number and reason of the first one.
    pub first: Option<(String, u64, String)>,
}

impl UnreadableRows {
    /// Counts an unreadable row.
    fn count(&mut self, file: &str, line: u64, why: &str) {
        self.rows = self.rows.saturating_add(1);
        self.first
            .get_or_insert_with(|| (file.to_owned(), line, why.to_owned()));
    }
}

impl std::fmt::Display for UnreadableRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rows = if self.rows == 1 { "row" } else { "rows" };
        write!(f, "{} {rows} could not be read", self.rows)?;
        match &self.first {
            Some((file, line, why)) => write!(f, ", the first in line {line} of {file}: {why}"),
            None => Ok(()),
        }
    }
}

/// Reads the first `most` rows of a source file as untyped fields.
///
/// # Errors
/// `SOURCE_UNREADABLE`; `SOURCE_OUTSIDE` if the file is outside the permitted folders.
pub fn sample_rows(
    file: &SourceFile,
    config: &SourceConfig,
    most: usize,
) -> Result<SourceSample, Refusal> {
    let mut sample = SourceSample {
        names: Vec::new(),
        rows: Vec::new(),
        unread: UnreadableRows::default(),
    };
    let enough = || Refusal::new(ErrorCode::Interrupted, "enough was read");
    let outcome = ingest::read_source_file(file, config, &mut |event| {
        match event {
            SourceFileEvent::Header(names) => sample.names = names.to_vec(),
            SourceFileEvent::Row { line, fields } => {
                let fields = fields.iter().map(|field| match field {
                    RawField::Null => None,
                    // The text of an integral floating-point number keeps its decimal point.
                    RawField::Float(number) => Some(format!("{number:?}")),
                    other => Some(other.display_text()),
                });
                sample.rows.push((line, fields.collect()));
            }
            SourceFileEvent::Broken { line, why } => {
                sample.unread.count(&file.display_name, line, why)
            }
            SourceFileEvent::Counted(_) => {}
        }
        if sample.rows.len() >= most {
            Err(enough())
        } else {
            Ok(())
        }
    });
    match outcome {
        Err(refusal) if refusal != enough() => Err(refusal),
        _ => Ok(sample),
    }
}

#[cfg(test)]
mod tests;
