//! A first look at files that nobody has described yet: a configuration entry with what was seen and what was assumed.

pub mod assume;
pub mod entry;
pub mod guess;
pub mod layout;
pub mod shape;

use crate::source;
use crate::source::config::SourceConfig;
use crate::source::files::SourceFile;
use crate::source::raw::{Event, Raw};
use hansa_policy::refusal::{Code, Refusal};

/// The first rows of a source as they are, for `dataset sample`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Names of the columns.
    pub names: Vec<String>,
    /// Line and fields of each row; an absent field is none.
    pub rows: Vec<(u64, Vec<Option<String>>)>,
    /// The rows that have no fields that could be read.
    pub unread: UnreadRows,
}

/// Rows that could not be read in a look at a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnreadRows {
    /// How many.
    pub rows: u64,
    /// File, line and reason of the first.
    pub first: Option<(String, u64, String)>,
}

impl UnreadRows {
    /// Counts one.
    fn count(&mut self, file: &str, line: u64, why: &str) {
        self.rows = self.rows.saturating_add(1);
        self.first
            .get_or_insert_with(|| (file.to_owned(), line, why.to_owned()));
    }

    /// Adds those of another file.
    fn add(&mut self, other: Self) {
        self.rows = self.rows.saturating_add(other.rows);
        self.first = self.first.take().or(other.first);
    }
}

impl std::fmt::Display for UnreadRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rows = if self.rows == 1 { "row" } else { "rows" };
        write!(f, "{} {rows} could not be read", self.rows)?;
        match &self.first {
            Some((file, line, why)) => write!(f, ", the first in line {line} of {file}: {why}"),
            None => Ok(()),
        }
    }
}

/// The first `most` rows of a file of a source, as fields, before any type.
///
/// # Errors
/// `SOURCE_UNREADABLE`; `SOURCE_OUTSIDE` where it lies where no source may be.
pub fn sample(file: &SourceFile, config: &SourceConfig, most: usize) -> Result<Sample, Refusal> {
    let mut sample = Sample {
        names: Vec::new(),
        rows: Vec::new(),
        unread: UnreadRows::default(),
    };
    let enough = || Refusal::new(Code::Interrupted, "enough was read");
    let outcome = source::read(file, config, &mut |event| {
        match event {
            Event::Header(names) => sample.names = names.to_vec(),
            Event::Row { line, fields } => {
                let fields = fields.iter().map(|field| match field {
                    Raw::Null => None,
                    // Of a number that is whole it is seen that it need not be.
                    Raw::Float(number) => Some(format!("{number:?}")),
                    other => Some(other.shown()),
                });
                sample.rows.push((line, fields.collect()));
            }
            Event::Broken { line, why } => sample.unread.count(&file.shown, line, why),
            Event::Counted(_) => {}
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
