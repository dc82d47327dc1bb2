//! Lines below the last row of a file: notes, which are no rows.

use std::collections::VecDeque;

/// Guessed role of a line at the end of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TailLine {
    /// A row with values.
    Row,
    /// A row of several columns of which only the first holds something.
    Alone,
    /// A row without any value.
    Empty,
    /// A line with fewer or more fields than there are columns.
    Broken,
}

/// Lines that are no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoteLines {
    /// How many, with the blank ones among them.
    pub lines: u32,
    /// The first of them.
    pub first: u64,
    /// A blank line stands between them and the rows, so that they are taken for notes.
    pub is_set_apart: bool,
}

/// The end of a file.
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

    /// The lines below the last row.
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

    /// How many lines there are from the last row on, and which it is.
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

/// So many lines at the end of a file are looked at.
const MOST: usize = 64;
