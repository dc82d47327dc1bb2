//! List of the copies of the state, with their rehearsals.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::operation::render_links;
use crate::part::act_note::render_act_link;
use crate::part::layout::{PageContent, render_layout};
use crate::part::magnitude::describe_bytes;
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use maud::{Markup, html};
use serde::Deserialize;

/// Object of `hansa backup list --json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct BackupRow {
    /// Path of the copy.
    pub file: String,
    /// Instant of the copy; none for a copy that was made elsewhere.
    #[serde(default)]
    pub made_at: Option<String>,
    /// Size of the copy.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// Last rehearsal; none for a copy that was never rehearsed.
    #[serde(default)]
    pub rehearsed_at: Option<String>,
    /// `true` if the last rehearsal found the copy good.
    #[serde(default)]
    pub good: Option<bool>,
    /// Number of records in the log of the copy.
    #[serde(default)]
    pub records: Option<u64>,
}

/// Page with the copies, the newest first.
#[must_use]
pub fn render_backups(frame: &PageFrame<'_>, rows: &[BackupRow]) -> String {
    let language = frame.language;
    let body = html! {
        (render_links(frame))
        @if rows.is_empty() {
            p { (message!(language, "backup-none")) }
        } @else {
            @if rows.iter().all(|row| row.good != Some(true)) {
                p { strong.fault { (message!(language, "backup-unrehearsed")) } }
            }
            (render_rows(frame, rows))
        }
        h2 { (message!(language, "backup-how")) }
        (render_act_link("/operations/backup/make", &message!(language, "backup-act")))
        p { (message!(language, "backup-rehearse")) }
        pre { code { "hansa restore munster-2026-11-20.hansa --check" } }
        p { (message!(language, "backup-keys")) }
    };
    let title = message!(language, "backup-title");
    render_layout(frame, &PageContent::new(title, body))
}

fn render_rows(frame: &PageFrame<'_>, rows: &[BackupRow]) -> Markup {
    let language = frame.language;
    let cells = rows.iter().map(|row| {
        vec![
            html! { code { (reveal_controls(&row.file)) } },
            html! {
                @match &row.made_at {
                    Some(made) => { (render_instant_text(frame, made)) }
                    None => { (message!(language, "backup-made-elsewhere")) }
                }
            },
            html! {
                @match row.bytes {
                    Some(bytes) => { (describe_bytes(language, bytes)) }
                    None => { (message!(language, "backup-size-unknown")) }
                }
            },
            html! {
                @match &row.rehearsed_at {
                    Some(rehearsed) => {
                        (render_instant_text(frame, rehearsed))
                        @if let Some(records) = row.records {
                            @let number = language.format_number(records);
                            " · " (message!(language, "backup-records", number))
                        }
                    }
                    None => { (message!(language, "backup-never-rehearsed")) }
                }
            },
            html! {
                @match row.good {
                    Some(true) => { span class="state good" { (message!(language, "backup-good")) } }
                    Some(false) => { strong class="mark bad" { (message!(language, "backup-bad")) } }
                    None => { (message!(language, "backup-unknown")) }
                }
            },
        ]
    });
    render_table(&DataTable {
        id: "backup-caption",
        caption: message!(language, "backup-caption"),
        columns: vec![
            message!(language, "backup-file"),
            message!(language, "backup-made"),
            message!(language, "backup-size"),
            message!(language, "backup-rehearsed"),
            message!(language, "backup-result"),
        ],
        rows: cells.collect(),
    })
}
