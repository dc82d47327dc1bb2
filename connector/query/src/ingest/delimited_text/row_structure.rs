//! Structure of the rows of delimited text, analysed in addition to the `csv` reader. That reader accepts text after a closing
//! quotation mark or a lone carriage return as part of the field, and drops the mark.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read};

/// Structure of a row that `csv` does not report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowNote {
    /// Number of the row in the file, from 0, as `csv` counts rows.
    row: u64,
    /// Number of empty lines directly above, which `csv` skips and counts as part of the row.
    blank_lines: u64,
    /// Reason why the fields are ambiguous, if they are.
    fault: Option<&'static str>,
    /// Number of line breaks within the row.
    breaks: u64,
}

/// Notes of rows that were read ahead.
#[derive(Debug, Default)]
pub(super) struct RowNotes(RefCell<VecDeque<RowNote>>);

impl RowNotes {
    /// Takes the note of a row by its number and drops notes of earlier rows.
    pub(super) fn take_note(&self, row: u64) -> RowNote {
        let mut notes = self.0.borrow_mut();
        while let Some(note) = notes.front().copied() {
            if note.row > row {
                break;
            }
            notes.pop_front();
            if note.row == row {
                return note;
            }
        }
        RowNote::of(row)
    }
}

impl RowNote {
    const fn of(row: u64) -> Self {
        Self {
            row,
            blank_lines: 0,
            fault: None,
            breaks: 0,
        }
    }

    /// First line of the row, computed from the line that `csv` reports.
    pub(super) const fn line(&self, reported: u64) -> u64 {
        reported.saturating_add(self.blank_lines)
    }

    /// Number of further lines of the row.
    pub(super) const fn line_breaks(&self) -> u64 {
        self.breaks
    }

    /// Reason why the fields are ambiguous.
    pub(super) const fn fault(&self) -> Option<&'static str> {
        self.fault
    }
}

/// Pass-through reader that notes faults in the structure of rows.
pub(super) struct RowStructureReader<'n, R> {
    inner: R,
    delimiter: u8,
    state: RowState,
    note: RowNote,
    notes: &'n RowNotes,
}

/// Parser state, in the terms of `csv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RowState {
    RowStart,
    FieldStart,
    Unquoted,
    Quoted,
    /// After a quotation mark in a quoted field, which may close the field.
    MarkInQuoted,
    /// After a carriage return outside a quoted field.
    CarriageReturn,
}

impl<'n, R> RowStructureReader<'n, R> {
    pub(super) const fn new(inner: R, delimiter: u8, notes: &'n RowNotes) -> Self {
        Self {
            inner,
            delimiter,
            state: RowState::RowStart,
            note: RowNote::of(0),
            notes,
        }
    }

    fn take_byte(&mut self, byte: u8) {
        if byte == b'\n' && self.state != RowState::Quoted {
            if self.state == RowState::RowStart {
                self.note.blank_lines = self.note.blank_lines.saturating_add(1);
            } else {
                self.end_row();
            }
            return;
        }
        self.state = match self.state {
            RowState::Quoted => {
                if byte == b'\n' {
                    self.note.breaks = self.note.breaks.saturating_add(1);
                }
                if byte == b'"' {
                    RowState::MarkInQuoted
                } else {
                    RowState::Quoted
                }
            }
            RowState::MarkInQuoted if byte == b'"' => RowState::Quoted,
            RowState::RowStart | RowState::FieldStart if byte == b'"' => RowState::Quoted,
            RowState::CarriageReturn => {
                self.note_fault(LONE_RETURN);
                self.next_unquoted(byte)
            }
            RowState::MarkInQuoted if byte != self.delimiter && byte != b'\r' => {
                self.note_fault(BEHIND_MARK);
                RowState::Unquoted
            }
            RowState::RowStart
            | RowState::FieldStart
            | RowState::Unquoted
            | RowState::MarkInQuoted => self.next_unquoted(byte),
        };
    }

    const fn next_unquoted(&self, byte: u8) -> RowState {
        if byte == self.delimiter {
            RowState::FieldStart
        } else if byte == b'\r' {
            RowState::CarriageReturn
        } else {
            RowState::Unquoted
        }
    }

    fn note_fault(&mut self, fault: &'static str) {
        self.note.fault.get_or_insert(fault);
    }

    fn end_row(&mut self) {
        let next = RowNote::of(self.note.row.saturating_add(1));
        let note = std::mem::replace(&mut self.note, next);
        if note != RowNote::of(note.row) {
            self.notes.0.borrow_mut().push_back(note);
        }
        self.state = RowState::RowStart;
    }
}

impl<R: Read> Read for RowStructureReader<'_, R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(target)?;
        let read = target.get(..count).unwrap_or_default();
        for byte in read {
            self.take_byte(*byte);
        }
        if read.is_empty() && self.state != RowState::RowStart {
            self.end_row();
        }
        Ok(count)
    }
}

const BEHIND_MARK: &str = "text stands behind the quotation mark that closes a field; within a quoted field a mark is written twice";

const LONE_RETURN: &str =
    "a carriage return stands alone; a line ends with a line feed, or with both";
