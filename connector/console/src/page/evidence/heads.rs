//! Signed heads: who holds which of ours, which of others are held here, and contradictions with the steps to take.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::evidence::bare_identity;
use crate::page::evidence::record::link_record;
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Heads of logs, as `hansa audit heads --json` lists them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogHeadsView {
    /// Heads, contradictions and incidents.
    pub rows: Vec<LogHead>,
}

/// Head of a log, or a contradiction in it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LogHead {
    /// Owner of the log.
    pub log: String,
    /// Number of records under the head.
    #[serde(default)]
    pub size: Option<u64>,
    /// `true` if the log has proven that it goes on from the head.
    #[serde(default)]
    pub proven: bool,
    /// Origin of the row, in the word of the command.
    #[serde(rename = "is")]
    pub origin: String,
    /// `true` if the log has two histories.
    #[serde(default)]
    pub forked: bool,
    /// Participant that passed the head on.
    #[serde(default)]
    pub via: Option<String>,
    /// Participant that cosigned the head.
    #[serde(default)]
    pub by: Option<String>,
    /// Place of the record with the head, the contradiction or the statement.
    #[serde(default)]
    pub record: Option<u64>,
    /// Cause of an incident, in the word of the command.
    #[serde(default)]
    pub cause: Option<String>,
}

/// Page with the heads.
#[must_use]
pub fn render_heads(frame: &PageFrame<'_>, view: &LogHeadsView) -> String {
    let language = frame.language;
    let of = |origins: &[&str]| -> Vec<&LogHead> {
        let rows = view.rows.iter();
        rows.filter(|row| origins.contains(&row.origin.as_str()))
            .collect()
    };
    let forks = of(&["LOG_FORK"]);
    let held = of(&["shown to us", "passed on"]);
    let known = [
        "LOG_FORK",
        "shown to us",
        "passed on",
        "cosigned",
        "incident",
    ];
    let other: Vec<&LogHead> = view
        .rows
        .iter()
        .filter(|row| !known.contains(&row.origin.as_str()))
        .collect();
    let body = html! {
        p { (message!(language, "heads-lead")) }
        @if forks.is_empty() {
            p { (message!(language, "forks-none")) }
        } @else {
            (render_forks(frame, &forks))
        }
        section aria-labelledby="heads-ours" {
            h2 id="heads-ours" { (message!(language, "heads-ours")) }
            (render_cosigned(language, &of(&["cosigned"])))
        }
        section aria-labelledby="heads-theirs" {
            h2 id="heads-theirs" { (message!(language, "heads-theirs")) }
            (render_held(language, &held))
        }
        (render_incidents(language, &of(&["incident"])))
        @for row in other {
            // A row of another program version is shown, not ignored.
            p { bdi { (bare_identity(&row.log)) } ": " span lang="en" { (reveal_controls(&row.origin)) } }
        }
    };
    let title = message!(language, "heads-title");
    render_layout(frame, &PageContent::new(title, body))
}

fn render_forks(frame: &PageFrame<'_>, forks: &[&LogHead]) -> Markup {
    let language = frame.language;
    let is_own = |fork: &LogHead| bare_identity(&fork.log) == frame.participant_domain;
    html! {
        div.summary role="alert" aria-labelledby="forks" {
            h2 id="forks" { (message!(language, "forks")) }
            ul {
                @for fork in forks {
                    @let log = bare_identity(&fork.log);
                    li {
                        strong.fault { (message!(language, "fork-mark")) } " "
                        @if is_own(fork) {
                            (message!(language, "fork-own"))
                        } @else {
                            (message!(language, "fork-other", log))
                        }
                        @if let Some(record) = fork.record {
                            " " (message!(language, "fork-record")) " " (link_record(record))
                        }
                    }
                }
            }
        }
        section aria-labelledby="fork-meaning" {
            h2 id="fork-meaning" { (message!(language, "fork-meaning-title")) }
            p { (message!(language, "fork-meaning")) }
            p { (message!(language, "fork-causes")) }
            ol {
                li { (message!(language, "fork-cause-copy")) }
                li { (message!(language, "fork-cause-backup")) }
                li { (message!(language, "fork-cause-machines")) }
                li { (message!(language, "fork-cause-keys")) }
            }
        }
        @if forks.iter().any(|fork| is_own(fork)) {
            (render_own_steps(language))
        }
        @if forks.iter().any(|fork| !is_own(fork)) {
            (render_partner_steps(language))
        }
    }
}

/// Steps of the participant whose log has two histories.
fn render_own_steps(language: Language) -> Markup {
    html! {
        section aria-labelledby="fork-own-steps" {
            h2 id="fork-own-steps" { (message!(language, "fork-own-steps")) }
            ol {
                li { (message!(language, "fork-step-stop")) }
                li {
                    (message!(language, "fork-step-key"))
                    pre { code { "hansa rekey --output NAME.request\nhansa league admit NAME.request\nhansa join NAME.join" } }
                    p.hint { (message!(language, "fork-step-league")) }
                }
                li {
                    (message!(language, "fork-step-state"))
                    pre { code { "hansa audit incident --cause copied-folder --since 2026-12-01" } }
                    p.hint { (message!(language, "fork-step-causes")) " " code { "copied-folder, restored-backup, two-machines, stolen-keys, unknown" } }
                }
            }
        }
    }
}

/// Steps of a participant that has found two histories in the log of another.
fn render_partner_steps(language: Language) -> Markup {
    html! {
        section aria-labelledby="fork-partner-steps" {
            h2 id="fork-partner-steps" { (message!(language, "fork-partner-steps")) }
            ol {
                li { (message!(language, "fork-step-inform")) }
                li {
                    (message!(language, "fork-step-decide"))
                    pre { code { "[audit]\nforked_logs = \"refuse\"" } }
                }
                li { (message!(language, "fork-step-wait")) }
            }
        }
    }
}

fn render_cosigned(language: Language, rows: &[&LogHead]) -> Markup {
    if rows.is_empty() {
        return html! { p { (message!(language, "heads-ours-none")) } };
    }
    let cells = rows.iter().map(|row| {
        vec![
            html! { bdi { (bare_identity(row.by.as_deref().unwrap_or_default())) } },
            render_size(language, row),
            html! { @if let Some(record) = row.record { (link_record(record)) } },
        ]
    });
    render_table(&DataTable {
        id: "cosigned-caption",
        caption: message!(language, "heads-ours-caption"),
        columns: vec![
            message!(language, "column-witness"),
            message!(language, "column-head-size"),
            message!(language, "column-record"),
        ],
        rows: cells.collect(),
    })
}

fn render_held(language: Language, rows: &[&LogHead]) -> Markup {
    if rows.is_empty() {
        return html! { p { (message!(language, "heads-theirs-none")) } };
    }
    let cells = rows.iter().map(|row| {
        vec![
            html! { bdi { (bare_identity(&row.log)) } },
            render_size(language, row),
            html! {
                @match &row.via {
                    Some(via) => {
                        @let via = bare_identity(via);
                        bdi { (message!(language, "head-via", via)) }
                    }
                    None => { (message!(language, "head-shown")) }
                }
            },
            html! {
                @if row.forked {
                    strong.fault { (message!(language, "fork-mark")) }
                } @else if row.proven {
                    span class="state good" { (message!(language, "head-proven")) }
                } @else {
                    span class="state open" { (message!(language, "head-unproven")) }
                }
            },
        ]
    });
    render_table(&DataTable {
        id: "held-caption",
        caption: message!(language, "heads-theirs-caption"),
        columns: vec![
            message!(language, "column-log"),
            message!(language, "column-head-size"),
            message!(language, "column-head-from"),
            message!(language, "column-head-state"),
        ],
        rows: cells.collect(),
    })
}

fn render_incidents(language: Language, rows: &[&LogHead]) -> Markup {
    if rows.is_empty() {
        return html! {};
    }
    let cells = rows.iter().map(|row| {
        vec![
            html! { bdi { (bare_identity(&row.log)) } },
            html! { (cause_word(language, row.cause.as_deref().unwrap_or_default())) },
            html! { @if let Some(record) = row.record { (link_record(record)) } },
        ]
    });
    let table = DataTable {
        id: "incidents-caption",
        caption: message!(language, "incidents-caption"),
        columns: vec![
            message!(language, "column-log"),
            message!(language, "column-cause"),
            message!(language, "column-record"),
        ],
        rows: cells.collect(),
    };
    html! {
        section aria-labelledby="incidents" {
            h2 id="incidents" { (message!(language, "incidents")) }
            p.hint { (message!(language, "incidents-hint")) }
            (render_table(&table))
        }
    }
}

fn render_size(language: Language, row: &LogHead) -> Markup {
    html! { @if let Some(size) = row.size { (language.format_number(size)) } }
}

fn cause_word(language: Language, cause: &str) -> String {
    match cause.replace('_', "-").as_str() {
        "copied-folder" => message!(language, "cause-copied-folder"),
        "restored-backup" => message!(language, "cause-restored-backup"),
        "two-machines" => message!(language, "cause-two-machines"),
        "stolen-keys" => message!(language, "cause-stolen-keys"),
        "record-order" => message!(language, "cause-record-order"),
        "unknown" => message!(language, "cause-unknown"),
        _ => reveal_controls(cause).into_owned(),
    }
}
