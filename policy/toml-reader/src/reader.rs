//! Reader of one TOML file, with the problems found in it.

use crate::line_index::LineIndex;
use crate::table::TomlTable;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::cell::RefCell;
use std::ops::Range;
use toml::de::DeTable;

/// Text of a TOML file, its name for messages, and the problems found in it.
#[derive(Debug)]
pub struct TomlReader<'a> {
    file: &'a str,
    text: &'a str,
    lines: LineIndex,
    pub(crate) style: ProblemStyle,
    /// Problems with their byte positions.
    problems: RefCell<Vec<(usize, Refusal)>>,
}

/// Style of the problems in one kind of file.
#[derive(Debug, Clone, Copy)]
pub struct ProblemStyle {
    /// Code for a value of a wrong type, and for a text that can't be read.
    pub ill_typed: ErrorCode,
    /// Code for an unknown word.
    pub unknown_word: ErrorCode,
    /// True if a problem names its key with the tables around it, such as `limits.memory`.
    pub whole_keys: bool,
}

impl ProblemStyle {
    /// Style of configuration files.
    pub const CONFIG: Self = Self {
        ill_typed: ErrorCode::ConfigInvalid,
        unknown_word: ErrorCode::ConfigInvalid,
        whole_keys: true,
    };
}

impl<'a> TomlReader<'a> {
    /// Reader of `text`; `file` is its name for messages.
    #[must_use]
    pub fn new(file: &'a str, text: &'a str, style: ProblemStyle) -> Self {
        Self {
            file,
            text,
            lines: LineIndex::of(text),
            style,
            problems: RefCell::default(),
        }
    }

    /// Parses the file as TOML.
    ///
    /// # Errors
    /// `CONFIG_INVALID` for each syntax error; a duplicate key is one.
    pub fn parse(&self) -> Result<DeTable<'a>, Vec<Refusal>> {
        let (table, faults) = DeTable::parse_recoverable(self.text);
        if faults.is_empty() {
            return Ok(table.into_inner());
        }
        for fault in faults {
            let sentence = format!("the file is not TOML: {}", fault.message());
            let start = fault.span().map_or(0, |span| span.start);
            self.refuse(
                start,
                None,
                Refusal::new(ErrorCode::ConfigInvalid, sentence),
            );
        }
        Err(self.take_problems())
    }

    /// Outermost table of the parsed file.
    #[must_use]
    pub fn root(&'a self, parsed: &'a DeTable<'a>) -> TomlTable<'a> {
        TomlTable::new(self, String::new(), 0, Some(parsed))
    }

    /// Name of the file for messages.
    #[must_use]
    pub const fn file(&self) -> &'a str {
        self.file
    }

    /// Line number of a byte, from 1.
    pub(crate) fn line(&self, byte: usize) -> u64 {
        self.lines.line(byte)
    }

    /// Text between two bytes.
    pub(crate) fn source_text(&self, span: &Range<usize>) -> &'a str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// Notes a problem at a byte.
    pub(crate) fn refuse(&self, byte: usize, key: Option<String>, refusal: Refusal) {
        let placed = refusal.with_place(self.file, Some(self.line(byte)), key);
        self.problems.borrow_mut().push((byte, placed));
    }

    /// True if there are no problems.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.problems.borrow().is_empty()
    }

    /// Takes the problems, in the order of the file.
    #[must_use]
    pub fn take_problems(&self) -> Vec<Refusal> {
        let mut problems = self.problems.take();
        problems.sort_by_key(|(byte, _)| *byte);
        problems.into_iter().map(|(_, refusal)| refusal).collect()
    }
}
