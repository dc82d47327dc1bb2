//! Lines after the last row of a file, such as notes.

use std::collections::VecDeque;

/// Inferred role of a line at the end of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TailLine {
    /// Row with values.
    Row,
    /// Row of several columns in which only the first has a value.
    Alone,
    /// Row without a value.
    Empty,
    /// Line with a wrong number of fields.
    Broken,
}

/// Lines that are no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoteLines {
    /// Number of lines, including blank ones.
    pub lines: u32,
    /// Line number of the first one.
    pub first: u64,
    /// Set if a blank line separates them from the rows, so that they count as notes.
    pub is_set_apart: bool,
}

/// Last lines of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct FileTail {
    lines: VecDeque<(u64, TailLine)>,
}

impl FileTail {
    /// Notes the next line.
    pub(super) fn observe(&mut self, line: u64, kind: TailLine) {
        if self.lines.len() >= MOST {
            self.lines.pop_front();
        }
        self.lines.push_back((line, kind));
    }

    /// Lines after the last row.
    pub(super) fn notes(&self) -> Option<NoteLines> {
        let last_row = self.last_row()?;
        let (first, kind) = *self.lines.get(last_row.saturating_add(1))?;
        let row = self.line(last_row)?;
        Some(NoteLines {
            lines: self.lines_from(first)?,
            first,
            is_set_apart: kind == TailLine::Empty || first > row.saturating_add(1),
        })
    }

    /// Lines from the last row to the end of the file.
    pub(super) fn last_row_and_below(&self) -> Option<NoteLines> {
        let first = self.line(self.last_row()?)?;
        Some(NoteLines {
            lines: self.lines_from(first)?,
            first,
            is_set_apart: false,
        })
    }

    fn last_row(&self) -> Option<usize> {
        self.lines
            .iter()
            .rposition(|(_, kind)| *kind == TailLine::Row)
    }

    fn line(&self, place: usize) -> Option<u64> {
        self.lines.get(place).map(|(line, _)| *line)
    }

    fn lines_from(&self, first: u64) -> Option<u32> {
        let (last, _) = self.lines.back()?;
        u32::try_from(last.saturating_sub(first).saturating_add(1)).ok()
    }
}

/// Maximum number of lines examined at the end of a file.
const MOST: usize = 64;
