//! Summary of an inference: assumptions, and the few open questions.

use super::column_grouping::WideTable;
use super::draft_config::listed_values;
use super::inferred_column::InferredColumn;
use super::inferred_source::InferredSource;
use super::total_row::TotalSign;
use crate::ingest::config::{ColumnHeader, ShortRowHandling, SourceKind};

/// Assumptions about files, in plain words.
#[must_use]
pub(super) fn list_assumptions(
    seen: &InferredSource,
    columns: &[InferredColumn],
    wide: Option<&WideTable>,
) -> Vec<String> {
    let mut lines = Vec::new();
    if seen.source.kind == SourceKind::Text {
        lines.extend(of_layout(seen));
        lines.extend(of_numbers(seen, columns));
    }
    if let Some(wide) = wide {
        lines.push(format!(
            "{} columns are one for each station: each becomes rows (--keep-wide leaves them as they are)",
            wide.stations.len()
        ));
    }
    for column in columns {
        let name = &column.name;
        if let Some(format) = &column.format {
            lines.push(format!("`{name}` is written as {format}"));
        }
        if let Some(doubt) = column.doubt.filter(|doubt| !doubt.is_question()) {
            lines.push(format!("`{name}` stays text: {}", doubt.sentence()));
        }
    }
    let local: Vec<&str> = columns
        .iter()
        .filter(|column| column.local)
        .map(|column| column.name.as_str())
        .collect();
    if !local.is_empty() {
        let names = listed_values(&local);
        lines.push(format!(
            "{names}: local times, of the participant's zone unless the entry has its own"
        ));
    }
    if seen.nameless > 0 {
        let nameless = seen.nameless;
        lines.push(format!("{nameless} columns without a name are not read"));
    }
    lines
}

fn of_layout(seen: &InferredSource) -> Vec<String> {
    let source = &seen.source;
    let delimiter = match source.delimiter {
        b'\t' => "a tab".to_owned(),
        other => format!("`{}`", char::from(other)),
    };
    let mut lines = vec![format!(
        "fields are separated by {delimiter}, the text is {}",
        source.encoding.name()
    )];
    if source.skip_lines > 0 {
        lines.push(format!(
            "{} lines above the header are no rows",
            source.skip_lines
        ));
    }
    lines.push(match &source.header {
        ColumnHeader::Lines(1) => "one line names the columns".to_owned(),
        ColumnHeader::Lines(count) => {
            format!("{count} lines name the columns, their cells joined by |")
        }
        ColumnHeader::Names(_) | ColumnHeader::Numbers => {
            "no line names the columns: the first is a row".to_owned()
        }
    });
    if source.skip_last_lines > 0 {
        lines.push(format!(
            "the last {} lines are notes and no rows",
            source.skip_last_lines
        ));
    }
    if source.short_rows == ShortRowHandling::Null {
        lines.push(format!(
            "{} rows lack their last fields, which have no value",
            seen.short
        ));
    }
    lines
}

fn of_numbers(seen: &InferredSource, columns: &[InferredColumn]) -> Option<String> {
    let source = &seen.source;
    let has_fractions = columns.iter().any(|column| column.kind == "float");
    let decimal = source.decimal;
    match source.thousands {
        Some(mark) => {
            let mark = mark.as_str();
            Some(format!(
                "1{mark}234{decimal}5 is one thousand two hundred and thirty-four and a half"
            ))
        }
        None if has_fractions => Some(format!("1{decimal}5 is one and a half")),
        None => None,
    }
}

/// Open questions, the most important first; at most [`MOST_QUESTIONS`].
#[must_use]
pub(super) fn list_questions(seen: &InferredSource, columns: &[InferredColumn]) -> Vec<String> {
    let mut questions = Vec::new();
    if let Some(total) = &seen.total {
        let why = match total.sign {
            TotalSign::Sums => "holds the sums of the rows above it",
            TotalSign::Word => "begins with a word for a total",
        };
        questions.push(format!(
            "line {} of {} {why}: is it a row? As one it is counted twice in every total. No: --skip-last-lines {}, yes: --skip-last-lines {}",
            total.line, total.file, total.lines, total.notes
        ));
    }
    if let Some(notes) = seen.notes.filter(|notes| !notes.is_set_apart) {
        questions.push(format!(
            "from line {} to the end there is no whole row: are these notes? Yes: --skip-last-lines {}, no: --skip-last-lines 0",
            notes.first, notes.lines
        ));
    }
    let asked = columns
        .iter()
        .filter_map(|column| Some((column, column.doubt.filter(|doubt| doubt.is_question())?)));
    for (column, doubt) in asked {
        questions.push(format!(
            "`{}` stays text: {}. In its [[dataset.column]]: {}",
            column.name,
            doubt.sentence(),
            doubt.settings().join("; or ")
        ));
    }
    if questions.len() > MOST_QUESTIONS {
        let more = questions.len().saturating_sub(MOST_QUESTIONS);
        questions.truncate(MOST_QUESTIONS);
        if let Some(last) = questions.last_mut() {
            last.push_str(&format!(
                " ({more} more such: the entry says \"It stays text\")"
            ));
        }
    }
    questions
}

/// Maximum number of questions at once.
const MOST_QUESTIONS: usize = 3;
