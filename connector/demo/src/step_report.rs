//! What a step says: lines for people as it goes, one object with its figures for scripts at its end.

use hansa_commands::cli::output::OutputSettings;
use hansa_commands::cli::terminal::{line_out, object_out};
use serde_json::{Map, Value, json};

/// What was expected, and what came.
#[derive(Debug)]
pub(super) struct ExpectationError {
    /// What the step says.
    pub(super) expected: String,
    /// What it found.
    pub(super) came: String,
}

/// Holds the step to what it says.
///
/// # Errors
/// When it is not so.
pub(super) fn must(
    so: bool,
    expected: impl Into<String>,
    came: impl std::fmt::Display,
) -> Result<(), ExpectationError> {
    if so {
        return Ok(());
    }
    Err(ExpectationError {
        expected: expected.into(),
        came: came.to_string(),
    })
}

/// Who speaks.
#[derive(Debug, Clone, Copy)]
pub(super) struct DemoSpeaker(pub(super) &'static str);

/// One step.
#[derive(Debug)]
pub(super) struct StepReport {
    number: u8,
    name: &'static str,
    figures: Map<String, Value>,
    show: OutputSettings,
    spoken: bool,
}

impl StepReport {
    /// A step that begins.
    pub(super) fn new(
        number: u8,
        name: &'static str,
        title: &str,
        show: OutputSettings,
        spoken: bool,
    ) -> Self {
        let step = Self {
            number,
            name,
            figures: Map::new(),
            show,
            spoken,
        };
        if number > 0 {
            step.line(&format!("\n{number}. {title}"));
        }
        step
    }

    fn line(&self, text: &str) {
        if self.spoken && !self.show.json {
            line_out(text);
        }
    }

    /// A line that nobody says.
    pub(super) fn note(&self, text: &str) {
        self.line(text);
    }

    /// Somebody says something.
    pub(super) fn say(&self, voice: DemoSpeaker, text: &str) {
        self.line(&format!("\n   {}:", voice.0));
        for line in text.trim_end().lines() {
            self.line(&format!("      {line}"));
        }
    }

    /// Keeps a figure.
    pub(super) fn figure(&mut self, name: &str, value: impl Into<Value>) {
        self.figures.insert(name.to_owned(), value.into());
    }

    /// Plays the step to its end and says whether it did what it says.
    ///
    /// # Errors
    /// What it did not do.
    pub(super) fn done<T>(
        mut self,
        play: impl FnOnce(&mut Self) -> Result<T, ExpectationError>,
    ) -> Result<T, ExpectationError> {
        let played = play(&mut self);
        let mut object = json!({
            "step": self.number,
            "name": self.name,
            "ok": played.is_ok(),
            "figures": self.figures,
        });
        if let (Err(fault), Value::Object(map)) = (&played, &mut object) {
            map.insert("expected".to_owned(), json!(fault.expected));
            map.insert("came".to_owned(), json!(fault.came));
        }
        if self.show.json && (self.spoken || played.is_err()) {
            object_out(&object);
        }
        played
    }
}

/// A table for people, indented by whoever says it.
pub(super) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    hansa_commands::cli::output::table(header, rows)
}
