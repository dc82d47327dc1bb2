//! The interactive prompt of `hansa sql`: history, statements over several lines, a few words with a backslash.

use policy::refusal::{Code, Refusal};
use rustyline::error::ReadlineError;
use std::path::PathBuf;

/// What a person typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Typed {
    /// A whole statement, without its semicolon.
    Statement(String),
    /// `\purpose NAME`, or without a name.
    Purpose(Option<String>),
    /// `\partial`: switches partial answers on or off.
    Partial,
    /// `\d`: what can be asked.
    Catalog,
    /// `\explain SQL`
    Explain(String),
    /// `\?`
    Help,
    /// `\q`, or the end of input.
    End,
}

/// What the backslash words do.
pub(crate) const HELP: &str = "\
  SELECT …;            asks; a statement ends with a semicolon
  \\purpose NAME        declares the purpose of what follows
  \\partial             accepts answers that lack a participant, or not
  \\d                   what can be asked
  \\explain SELECT …;   what would go to whom
  \\q                   ends";

/// A prompt with its history.
#[derive(Debug)]
pub(crate) struct Prompt {
    editor: rustyline::DefaultEditor,
    history: Option<PathBuf>,
}

impl Prompt {
    /// A prompt whose history lies in this file.
    ///
    /// # Errors
    /// When the terminal can't be used.
    pub(crate) fn open(history: Option<PathBuf>) -> Result<Self, Refusal> {
        let mut editor = rustyline::DefaultEditor::new().map_err(unusable)?;
        if let Some(file) = &history {
            let _ = editor.load_history(file);
        }
        Ok(Self { editor, history })
    }

    /// The next thing typed.
    ///
    /// # Errors
    /// When the terminal can't be read.
    pub(crate) fn next(&mut self) -> Result<Typed, Refusal> {
        let mut text = String::new();
        loop {
            let mark = if text.is_empty() {
                "hansa> "
            } else {
                "     > "
            };
            match self.editor.readline(mark) {
                Ok(line) => {
                    if text.is_empty() && line.trim().is_empty() {
                        continue;
                    }
                    text.push_str(&line);
                    if let Some(typed) = whole(&text) {
                        let _ = self.editor.add_history_entry(text.trim());
                        if let Some(file) = &self.history {
                            let _ = self.editor.save_history(file);
                        }
                        return Ok(typed);
                    }
                    text.push('\n');
                }
                Err(ReadlineError::Interrupted) => text.clear(),
                Err(ReadlineError::Eof) => return Ok(Typed::End),
                Err(fault) => return Err(unusable(fault)),
            }
        }
    }
}

/// What a word behind a backslash says.
pub(crate) fn word(words: &str) -> Typed {
    let (word, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    let rest = rest.trim().trim_end_matches(';');
    match word {
        "q" | "quit" => Typed::End,
        "d" => Typed::Catalog,
        "partial" => Typed::Partial,
        "purpose" => Typed::Purpose((!rest.is_empty()).then(|| rest.to_owned())),
        "explain" => Typed::Explain(rest.to_owned()),
        _ => Typed::Help,
    }
}

/// What `text` says, once it is complete.
fn whole(text: &str) -> Option<Typed> {
    let text = text.trim();
    if let Some(words) = text.strip_prefix('\\') {
        return Some(word(words));
    }
    match text {
        "exit" | "quit" => Some(Typed::End),
        "help" => Some(Typed::Help),
        _ => text
            .strip_suffix(';')
            .map(|statement| Typed::Statement(statement.trim().to_owned())),
    }
}

fn unusable(fault: ReadlineError) -> Refusal {
    Refusal::new(
        Code::UsageWrong,
        format!("the terminal can't be used: {fault}"),
    )
}
