//! Results of commands: an object for programs by its fields, and the same facts as text for people.

use crate::cli::output::render_table;
use serde::Serialize;
use serde_json::Value;

/// Result of a command. The names of its fields are stable.
pub(crate) trait CommandReport: Serialize {
    /// Text for people, with the same facts.
    fn to_text(&self) -> String;
}

/// Object of a list, which is a line of a table for people. The names of its fields are stable.
pub(crate) trait ReportRow: Serialize {
    /// Heads of the columns.
    const HEADER: &'static [&'static str];

    /// Cells of the line.
    fn cells(&self) -> Vec<String>;
}

/// The object of a result.
pub(crate) fn report_json(report: &impl Serialize) -> Value {
    serde_json::to_value(report).unwrap_or_default()
}

/// The table of a list.
pub(crate) fn report_table<R: ReportRow>(rows: &[R]) -> String {
    render_table(R::HEADER, &rows.iter().map(R::cells).collect::<Vec<_>>())
}
