//! The interactive prompt of `hansa sql`, with its history.

use crate::question::sql_input::{SqlInput, SqlInputBuffer};
use hansa_policy::refusal::{ErrorCode, Refusal};
use rustyline::error::ReadlineError;
use std::path::PathBuf;

/// A prompt with its history.
#[derive(Debug)]
pub(crate) struct SqlPrompt {
    editor: rustyline::DefaultEditor,
    history: Option<PathBuf>,
    lines: SqlInputBuffer,
    /// What was typed since nothing waited for its end: one entry of the history.
    entry: String,
}

impl SqlPrompt {
    /// A prompt whose history lies in this file.
    ///
    /// # Errors
    /// When the terminal can't be used.
    pub(crate) fn open(history: Option<PathBuf>) -> Result<Self, Refusal> {
        let mut editor = rustyline::DefaultEditor::new().map_err(unusable_terminal_refusal)?;
        if let Some(file) = &history {
            let _ = editor.load_history(file);
        }
        Ok(Self {
            editor,
            history,
            lines: SqlInputBuffer::default(),
            entry: String::new(),
        })
    }

    /// The next thing typed.
    ///
    /// # Errors
    /// When the terminal can't be read.
    pub(crate) fn next(&mut self) -> Result<SqlInput, Refusal> {
        loop {
            if let Some(typed) = self.lines.next() {
                return Ok(typed);
            }
            let mark = if self.lines.is_blank() {
                "hansa> "
            } else {
                "     > "
            };
            match self.editor.readline(mark) {
                Ok(line) => {
                    let line = format!("{line}\n");
                    self.entry.push_str(&line);
                    self.lines.push(&line);
                    if self.lines.is_blank() {
                        self.store_history_entry();
                    }
                }
                Err(ReadlineError::Interrupted) => {
                    self.lines = SqlInputBuffer::default();
                    self.entry.clear();
                }
                Err(ReadlineError::Eof) => return Ok(SqlInput::End),
                Err(fault) => return Err(unusable_terminal_refusal(fault)),
            }
        }
    }

    fn store_history_entry(&mut self) {
        let entry = std::mem::take(&mut self.entry);
        let entry = entry.trim();
        if entry.is_empty() {
            return;
        }
        let _ = self.editor.add_history_entry(entry);
        if let Some(file) = &self.history {
            let _ = self.editor.save_history(file);
        }
    }
}

fn unusable_terminal_refusal(fault: ReadlineError) -> Refusal {
    Refusal::new(
        ErrorCode::UsageWrong,
        format!("the terminal can't be used: {fault}"),
    )
}
