//! Report of a step: lines for people during the step, and one object with its figures for scripts at the end.

use hansa_commands::cli::output::OutputSettings;
use hansa_commands::cli::terminal::{line_out, object_out};
use serde_json::{Map, Value, json};

/// Failed expectation of a step.
#[derive(Debug)]
pub(super) struct ExpectationError {
    /// Expected result.
    pub(super) expected: String,
    /// Actual result.
    pub(super) came: String,
}

/// Checks an expectation.
///
/// # Errors
/// If the expectation fails.
pub(super) fn check_expectation(
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

/// Speaker of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct DemoSpeaker(pub(super) &'static str);

/// Report of one step.
#[derive(Debug)]
pub(super) struct StepReport {
    number: u8,
    name: &'static str,
    figures: Map<String, Value>,
    show: OutputSettings,
    spoken: bool,
}

impl StepReport {
    /// Starts the report of a step.
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
            step.print_line(&format!("\n{number}. {title}"));
        }
        step
    }

    fn print_line(&self, text: &str) {
        if self.spoken && !self.show.json {
            line_out(text);
        }
    }

    /// Prints a line without a speaker.
    pub(super) fn print_note(&self, text: &str) {
        self.print_line(text);
    }

    /// Prints a line of a speaker.
    pub(super) fn print_spoken_line(&self, voice: DemoSpeaker, text: &str) {
        self.print_line(&format!("\n   {}:", voice.0));
        for line in text.trim_end().lines() {
            self.print_line(&format!("      {line}"));
        }
    }

    /// Stores a figure.
    pub(super) fn store_figure(&mut self, name: &str, value: impl Into<Value>) {
        self.figures.insert(name.to_owned(), value.into());
    }

    /// Runs the step to its end and prints its result.
    ///
    /// # Errors
    /// The failed expectation.
    pub(super) fn run_step<T>(
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

/// Table for people, indented like the lines of a speaker.
pub(super) fn indented_table(header: &[&str], rows: &[Vec<String>]) -> String {
    hansa_commands::cli::output::render_table(header, rows)
}
