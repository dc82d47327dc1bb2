//! Figures of the last day or the last hour: a small chart for each, and one table with all values.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::operation::render_links;
use crate::part::chart::{ChartKind, ChartPoint, render_chart};
use crate::part::layout::{PageContent, render_layout};
use crate::part::magnitude::describe_bytes;
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::describe_clock;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Minutes of an hour.
const MINUTES_AN_HOUR: usize = 60;

/// Address of the page.
const ADDRESS: &str = "/operations/history";

/// Figures of a minute, as `hansa status --minutes --json` lists them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct MinuteRow {
    /// Instant of its end.
    pub at: String,
    /// Answers that ended.
    #[serde(default)]
    pub answers: u64,
    /// Milliseconds that half of the answers took at most; none in a minute without an answer.
    #[serde(default)]
    pub p50_ms: Option<u64>,
    /// Milliseconds that 95 of 100 answers took at most.
    #[serde(default)]
    pub p95_ms: Option<u64>,
    /// Milliseconds that 99 of 100 answers took at most.
    #[serde(default)]
    pub p99_ms: Option<u64>,
    /// Rows that were handed on.
    #[serde(default)]
    pub rows: u64,
    /// Questions that were refused.
    #[serde(default)]
    pub refusals: u64,
    /// Bytes that questions held.
    #[serde(default)]
    pub memory: u64,
    /// Free bytes on the disk of the log.
    #[serde(default)]
    pub free_bytes: Option<u64>,
}

/// Time that the page shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HistorySpan {
    /// The last day, by hours.
    #[default]
    Day,
    /// The last hour, by minutes.
    Hour,
}

impl HistorySpan {
    /// Span of a word of the address; the day for another word.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "hour" => Self::Hour,
            _ => Self::Day,
        }
    }
}

/// Figures of the last day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryView {
    /// Minutes, the oldest first.
    pub minutes: Vec<MinuteRow>,
    /// Time that the page shows.
    pub span: HistorySpan,
}

/// Page with the figures.
#[must_use]
pub fn render_history(frame: &PageFrame<'_>, view: &HistoryView) -> String {
    let language = frame.language;
    let rows = match view.span {
        HistorySpan::Day => gather_hours(&view.minutes),
        HistorySpan::Hour => {
            let first = view.minutes.len().saturating_sub(MINUTES_AN_HOUR);
            view.minutes.iter().skip(first).cloned().collect()
        }
    };
    let (lead, caption) = match view.span {
        HistorySpan::Day => (
            message!(language, "history-day"),
            message!(language, "history-day-caption"),
        ),
        HistorySpan::Hour => (
            message!(language, "history-hour"),
            message!(language, "history-hour-caption"),
        ),
    };
    let body = html! {
        (render_links(frame))
        p { (lead) }
        p {
            @match view.span {
                HistorySpan::Day => {
                    a href=(format!("{ADDRESS}?span=hour")) { (message!(language, "history-to-hour")) }
                }
                HistorySpan::Hour => { a href=(ADDRESS) { (message!(language, "history-to-day")) } }
            }
        }
        @if rows.is_empty() {
            p { (message!(language, "history-none")) }
        } @else {
            (render_charts(frame, &rows))
            (render_rows(frame, caption, &rows))
        }
        p.hint { (message!(language, "history-quantiles")) " " (message!(language, "history-kept")) }
    };
    let title = message!(language, "history-title");
    render_layout(frame, &PageContent::new(title, body))
}

/// Hours back from the newest minute: sums of counts, the greatest durations and memory, the least free space.
fn gather_hours(minutes: &[MinuteRow]) -> Vec<MinuteRow> {
    let mut hours: Vec<MinuteRow> = minutes.rchunks(MINUTES_AN_HOUR).map(gather).collect();
    hours.reverse();
    hours
}

fn gather(minutes: &[MinuteRow]) -> MinuteRow {
    let sum = |value: fn(&MinuteRow) -> u64| {
        let mut values = minutes.iter().map(value);
        values.try_fold(0_u64, u64::checked_add).unwrap_or(u64::MAX)
    };
    let greatest = |value: fn(&MinuteRow) -> Option<u64>| minutes.iter().filter_map(value).max();
    MinuteRow {
        at: minutes
            .last()
            .map(|minute| minute.at.clone())
            .unwrap_or_default(),
        answers: sum(|minute| minute.answers),
        p50_ms: greatest(|minute| minute.p50_ms),
        p95_ms: greatest(|minute| minute.p95_ms),
        p99_ms: greatest(|minute| minute.p99_ms),
        rows: sum(|minute| minute.rows),
        refusals: sum(|minute| minute.refusals),
        memory: greatest(|minute| Some(minute.memory)).unwrap_or_default(),
        free_bytes: minutes.iter().filter_map(|minute| minute.free_bytes).min(),
    }
}

/// Figure of a chart.
struct Figure {
    title: String,
    value: fn(&MinuteRow) -> Option<u64>,
    describe: fn(Language, u64) -> String,
}

fn list_figures(language: Language) -> [Figure; 8] {
    let number = |language: Language, value: u64| language.format_number(value);
    let figure = |title: String,
                  value: fn(&MinuteRow) -> Option<u64>,
                  describe: fn(Language, u64) -> String| Figure {
        title,
        value,
        describe,
    };
    [
        figure(
            message!(language, "history-answers"),
            |row| Some(row.answers),
            number,
        ),
        figure(message!(language, "history-p50"), |row| row.p50_ms, number),
        figure(message!(language, "history-p95"), |row| row.p95_ms, number),
        figure(message!(language, "history-p99"), |row| row.p99_ms, number),
        figure(
            message!(language, "history-rows"),
            |row| Some(row.rows),
            number,
        ),
        figure(
            message!(language, "history-refusals"),
            |row| Some(row.refusals),
            number,
        ),
        figure(
            message!(language, "history-memory"),
            |row| Some(row.memory),
            describe_bytes,
        ),
        figure(
            message!(language, "history-disk"),
            |row| row.free_bytes,
            describe_bytes,
        ),
    ]
}

fn render_charts(frame: &PageFrame<'_>, rows: &[MinuteRow]) -> Markup {
    let language = frame.language;
    let labels: Vec<String> = rows.iter().map(|row| describe_end(frame, row)).collect();
    html! {
        div.charts {
            @for figure in list_figures(language) {
                (render_figure(language, &figure, rows, &labels))
            }
        }
    }
}

/// Chart of a figure; empty where fewer than two values are known.
fn render_figure(
    language: Language,
    figure: &Figure,
    rows: &[MinuteRow],
    labels: &[String],
) -> Markup {
    let known = rows.iter().zip(labels);
    let known = known.filter_map(|(row, label)| Some((label, (figure.value)(row)?)));
    let texts: Vec<(&String, u64, String)> = known
        .map(|(label, value)| (label, value, (figure.describe)(language, value)))
        .collect();
    let points: Vec<ChartPoint<'_>> = texts
        .iter()
        .map(|(label, value, text)| ChartPoint {
            label,
            // A number of bytes fits a float exactly up to nine petabytes.
            value: value.to_string().parse().unwrap_or(f64::MAX),
            text,
        })
        .collect();
    html! {
        @if points.len() > 1 { (render_chart(ChartKind::Line, &figure.title, &points)) }
    }
}

fn render_rows(frame: &PageFrame<'_>, caption: String, rows: &[MinuteRow]) -> Markup {
    let language = frame.language;
    let figures = list_figures(language);
    let cells = rows.iter().rev().map(|row| {
        let end = html! { (describe_end(frame, row)) };
        let values = figures.iter().map(|figure| {
            let value = (figure.value)(row);
            html! {
                @match value {
                    Some(value) => { ((figure.describe)(language, value)) }
                    None => { "–" }
                }
            }
        });
        std::iter::once(end).chain(values).collect()
    });
    let heads = figures.iter().map(|figure| figure.title.clone());
    render_table(&DataTable {
        id: "history-caption",
        caption,
        columns: std::iter::once(message!(language, "history-until"))
            .chain(heads)
            .collect(),
        rows: cells.collect(),
    })
}

/// Time of day at which a row ends. A text that is no instant is shown as it is.
fn describe_end(frame: &PageFrame<'_>, row: &MinuteRow) -> String {
    match row.at.parse() {
        Ok(instant) => describe_clock(frame, instant),
        Err(_) => reveal_controls(&row.at).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(number: u64) -> MinuteRow {
        MinuteRow {
            at: format!("minute {number}"),
            answers: 2,
            p95_ms: (number % 60 == 7).then_some(number),
            rows: number,
            refusals: 1,
            memory: number,
            free_bytes: Some(10_000 - number),
            ..MinuteRow::default()
        }
    }

    #[test]
    fn hours_are_counted_back_from_the_newest_minute() {
        let minutes: Vec<MinuteRow> = (0..130).map(minute).collect();
        let hours = gather_hours(&minutes);
        assert_eq!(hours.len(), 3);
        let answers: Vec<u64> = hours.iter().map(|hour| hour.answers).collect();
        assert_eq!(answers, [20, 120, 120]);
        let newest = &hours[2];
        assert_eq!(newest.at, "minute 129");
        assert_eq!(newest.p95_ms, Some(127), "the greatest of the hour");
        assert_eq!(newest.p50_ms, None);
        assert_eq!(newest.memory, 129);
        assert_eq!(
            newest.free_bytes,
            Some(10_000 - 129),
            "the least of the hour"
        );
        assert_eq!(newest.rows, (70..130).sum::<u64>());
        assert!(gather_hours(&[]).is_empty());
    }
}
