//! Scan of the rows of files, from which the columns are inferred.

use super::UnreadableRows;
use super::column_profile::ColumnProfile;
use super::file_tail::{FileTail, TailLine};
use crate::ingest;
use crate::ingest::config::{SourceConfig, SourceKind};
use crate::ingest::field_value::{RawField, SourceFileEvent};
use crate::ingest::source_files::SourceFile;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Result of a scan over related files.
#[derive(Debug, Clone, Default)]
pub(super) struct SourceScan {
    /// Columns with their profiles.
    pub(super) columns: Vec<ScannedColumn>,
    /// Number of examined rows.
    pub(super) rows: usize,
    /// Number of examined files.
    pub(super) files: usize,
    /// Unreadable rows.
    pub(super) unread: UnreadableRows,
    /// Last lines of the files that were read completely.
    pub(super) tails: Vec<FileTail>,
    /// Number of examined bytes of values.
    bytes: usize,
    /// Name of the first examined file.
    first: Option<String>,
}

/// Column of the files.
#[derive(Debug, Clone)]
pub(super) struct ScannedColumn {
    /// Name in the source.
    pub(super) name: String,
    /// Profile of the values.
    pub(super) profile: ColumnProfile,
    /// Set if a file lacks the column.
    pub(super) is_lacking: bool,
}

impl SourceScan {
    /// Scans another file: all its rows while fewer than [`WHOLE`] bytes were examined, and otherwise its first rows. A later value
    /// that does not have the proposed type will be unreadable at publication.
    ///
    /// # Errors
    /// `SOURCE_UNREADABLE`; `SCHEMA_MISMATCH` with the file's name if its header differs from the other files.
    pub(super) fn add_file(
        &mut self,
        file: &SourceFile,
        config: &SourceConfig,
    ) -> Result<(), Refusal> {
        let is_typed = config.kind != SourceKind::Text;
        let mut places = Vec::new();
        let mut rows = 0_usize;
        let mut tail = FileTail::default();
        let enough = || Refusal::new(ErrorCode::Interrupted, "enough was looked at");
        let outcome = ingest::read_source_file(file, config, &mut |event| {
            match event {
                SourceFileEvent::Header(names) => places = self.place_columns(file, names)?,
                SourceFileEvent::Row { line, fields } => {
                    tail.observe(line, tail_line(fields));
                    rows = rows.saturating_add(1);
                    self.observe_row(&places, fields, is_typed);
                }
                SourceFileEvent::Broken { line, why } => {
                    tail.observe(line, TailLine::Broken);
                    self.unread.count(&file.display_name, line, why);
                }
                SourceFileEvent::Counted(_) => {}
            }
            if self.bytes >= WHOLE && rows >= LEAST_ROWS {
                return Err(enough());
            }
            Ok(())
        });
        self.rows = self.rows.saturating_add(rows);
        self.files = self.files.saturating_add(1);
        match outcome {
            Err(refusal) if refusal == enough() => Ok(()),
            Err(refusal) => Err(refusal),
            Ok(()) => {
                self.tails.push(tail);
                Ok(())
            }
        }
    }

    fn observe_row(&mut self, places: &[usize], fields: &[RawField<'_>], is_typed: bool) {
        for (place, field) in places.iter().zip(fields) {
            let Some(column) = self.columns.get_mut(*place) else {
                continue;
            };
            self.bytes = self.bytes.saturating_add(1);
            match field {
                RawField::Text(text) if !is_typed => {
                    self.bytes = self.bytes.saturating_add(text.len());
                    column.profile.observe_text(text);
                }
                RawField::Null => column.profile.observe_gap(),
                other => column.profile.observe_typed(other),
            }
        }
    }

    /// Indexes of a file's columns among the known ones. New columns are added.
    fn place_columns(
        &mut self,
        file: &SourceFile,
        names: &[String],
    ) -> Result<Vec<usize>, Refusal> {
        let Some(first) = &self.first else {
            self.first = Some(file.display_name.clone());
            self.columns = names.iter().map(|name| new_column(name, false)).collect();
            return Ok((0..names.len()).collect());
        };
        self.check_header(first, file, names)?;
        for column in &mut self.columns {
            column.is_lacking |= !names.contains(&column.name);
        }
        let places = names.iter().map(|name| {
            let known = self.columns.iter().position(|known| known.name == *name);
            known.unwrap_or_else(|| {
                self.columns.push(new_column(name, true));
                self.columns.len().saturating_sub(1)
            })
        });
        Ok(places.collect())
    }

    /// Refuses a file with another header. As optional columns, its rows would have no values.
    fn check_header(
        &self,
        first: &str,
        file: &SourceFile,
        names: &[String],
    ) -> Result<(), Refusal> {
        let is_known = |name: &String| self.columns.iter().any(|column| column.name == *name);
        let shown = &file.display_name;
        let refuse = |sentence: String| {
            Refusal::new(ErrorCode::SchemaMismatch, sentence)
                .with_place(shown.clone(), Some(1), None)
                .with_help(
                    "write it as the others are, leave it out, or add it as a dataset of its own",
                )
        };
        let shared = names.iter().filter(|name| is_known(name)).count();
        if shared == 0 {
            let sentence = format!(
                "`{shown}` has none of the columns of `{first}`: its header, its delimiter or its encoding is another"
            );
            return Err(refuse(sentence));
        }
        let folded = |name: &str| name.trim().to_lowercase();
        for name in names.iter().filter(|name| !is_known(name)) {
            let mut others = self.columns.iter().map(|column| &column.name);
            let twin = others.find(|other| folded(other) == folded(name) && !names.contains(other));
            if let Some(twin) = twin {
                let sentence = format!("`{shown}` calls `{name}` what `{first}` calls `{twin}`");
                return Err(refuse(sentence));
            }
        }
        Ok(())
    }
}

fn tail_line(fields: &[RawField<'_>]) -> TailLine {
    let all = fields.iter().enumerate();
    let mut held = all
        .filter(|(_, field)| **field != RawField::Null)
        .map(|(index, _)| index);
    match (held.next(), held.next()) {
        (None, _) => TailLine::Empty,
        (Some(0), None) if fields.len() > 2 => TailLine::Alone,
        (Some(_), _) => TailLine::Row,
    }
}

fn new_column(name: &str, is_lacking: bool) -> ScannedColumn {
    ScannedColumn {
        name: name.to_owned(),
        profile: ColumnProfile::default(),
        is_lacking,
    }
}

/// Number of bytes up to which files are examined completely.
const WHOLE: usize = 1 << 30;

/// Minimum number of examined rows in each file.
const LEAST_ROWS: usize = 200;
