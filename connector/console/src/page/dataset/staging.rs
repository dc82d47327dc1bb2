//! First step of a new dataset: the file that a person sends, and the files that wait.

use crate::frame::PageFrame;
use crate::message::message;
use crate::part::address::page_below;
use crate::part::dataset_words::describe_size;
use crate::part::error_summary::{FieldFault, render_error_summary};
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Page on which a new dataset begins.
pub const ADDITION_ADDRESS: &str = "/datasets/add";

/// Address that takes a file.
const UPLOAD: &str = "/datasets/upload";

/// Files of a person that wait, and the form for another one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct StagingView {
    /// Key of the form.
    pub key: String,
    /// Size of the largest file, bytes.
    pub limit: u64,
    /// Most files of a person that wait.
    pub most: u64,
    /// Hours for which a file waits.
    pub hours: u64,
    /// Files that wait, the oldest first.
    #[serde(default)]
    pub files: Vec<StagedRow>,
    /// Reason why the last file was refused.
    #[serde(default)]
    pub fault: Option<UploadFault>,
    /// Code and sentence of the refusal.
    #[serde(default)]
    pub refusal: Option<String>,
}

/// Object of `hansa dataset staged --json`. Unknown members are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct StagedRow {
    /// Identity of the file.
    pub id: String,
    /// Name that the person gave.
    pub name: String,
    /// Kind by its content: `csv`, `parquet` or `geojson`.
    pub kind: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// Instant after which it is gone.
    pub ends: String,
}

/// Reason why a file was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UploadFault {
    /// It is larger than permitted.
    TooLarge,
    /// It did not come whole, or too slowly.
    Incomplete,
    /// Its content is none of the kinds that are taken.
    WrongKind,
    /// It is a Parquet file that can't be read.
    Unreadable,
    /// As many files of the person wait as may wait.
    TooMany,
    /// The disk has too little room.
    NoRoom,
    /// The form was used, or is over.
    StaleForm,
}

impl UploadFault {
    fn sentence(self, language: Language) -> String {
        match self {
            Self::TooLarge => message!(language, "upload-too-large"),
            Self::Incomplete => message!(language, "upload-incomplete"),
            Self::WrongKind => message!(language, "upload-wrong-kind"),
            Self::Unreadable => message!(language, "upload-unreadable"),
            Self::TooMany => message!(language, "upload-too-many"),
            Self::NoRoom => message!(language, "upload-no-room"),
            Self::StaleForm => message!(language, "upload-stale-form"),
        }
    }
}

/// Page with the form for a file, and the files that wait.
#[must_use]
pub fn render_staging(frame: &PageFrame<'_>, view: &StagingView) -> String {
    let language = frame.language;
    let body = html! {
        @if let Some(fault) = view.fault {
            (render_error_summary(language, &FieldFault {
                field: "file",
                sentence: fault.sentence(language),
            }))
        }
        @if let Some(refusal) = &view.refusal {
            p.hint lang="en" { (reveal_controls(refusal)) }
        }
        p { (message!(language, "upload-intro")) }
        (render_form(language, view))
        (render_files(frame, view))
        h2 { (message!(language, "upload-elsewhere")) }
        p { (message!(language, "upload-elsewhere-hint")) }
        pre { code { "hansa dataset add FILE" } }
    };
    let mut content = PageContent::new(message!(language, "add-title"), body);
    content.is_error = view.fault.is_some();
    render_layout(frame, &content)
}

/// Address of the page that describes a staged file; none for an identity that is none.
pub(crate) fn staged_address(id: &str) -> Option<String> {
    page_below(ADDITION_ADDRESS, &[id])
}

fn render_form(language: Language, view: &StagingView) -> Markup {
    let size = describe_size(language, view.limit);
    let number = language.format_number(view.most);
    let hours = language.format_number(view.hours);
    let form = html! {
        form.act-form method="post" action=(UPLOAD) enctype="multipart/form-data" {
            // The key stands before the file, so that the file is refused unread without it.
            input type="hidden" name="key" value=(reveal_controls(&view.key));
            div {
                label for="file" { (message!(language, "upload-file")) }
                p.hint id="file-hint" {
                    (message!(language, "upload-file-hint", size)) " "
                    (message!(language, "upload-waits", number, hours))
                }
                input id="file" name="file" type="file" required accept=".csv,.tsv,.txt,.parquet,.geojson,.json"
                    aria-describedby="file-hint" aria-invalid=[view.fault.map(|_| "true")];
            }
            button.main type="submit" { (message!(language, "upload-button")) }
        }
    };
    render_progress(language, view, &form)
}

/// Element around the form that shows how much of the file has been sent, where scripts run.
fn render_progress(language: Language, view: &StagingView, form: &Markup) -> Markup {
    // The script puts the numbers into these places.
    let (number, sent, all) = ("[number]", "[sent]", "[all]");
    html! {
        hansa-upload data-page=(ADDITION_ADDRESS) data-limit=(view.limit)
            data-kilobytes=(message!(language, "size-kilobytes", number))
            data-megabytes=(message!(language, "size-megabytes", number))
            data-sent=(message!(language, "upload-sent", sent, all))
            data-large=(UploadFault::TooLarge.sentence(language))
            data-sending=(message!(language, "upload-sending"))
            data-judging=(message!(language, "upload-judging"))
            data-cancelled=(message!(language, "upload-cancelled"))
            data-failed=(UploadFault::Incomplete.sentence(language)) {
            (form)
            div data-part="progress" hidden {
                p id="sent" data-part="words" {}
                progress aria-labelledby="sent" max="1" value="0" {}
                " " button type="button" data-part="cancel" { (message!(language, "upload-cancel")) }
            }
            p.hint data-part="told" role="status" {}
        }
    }
}

fn render_files(frame: &PageFrame<'_>, view: &StagingView) -> Markup {
    let language = frame.language;
    html! {
        h2 { (message!(language, "staged")) }
        @if view.files.is_empty() {
            p { (message!(language, "staged-none")) }
        } @else {
            (render_table(&DataTable {
                id: "staged-caption",
                caption: message!(language, "staged-caption"),
                columns: vec![
                    message!(language, "staged-file"),
                    message!(language, "staged-kind"),
                    message!(language, "fact-size"),
                    message!(language, "staged-until"),
                    message!(language, "staged-next"),
                ],
                rows: view.files.iter().map(|file| file_cells(frame, file)).collect(),
            }))
        }
    }
}

fn file_cells(frame: &PageFrame<'_>, file: &StagedRow) -> Vec<Markup> {
    let language = frame.language;
    let name = reveal_controls(&file.name);
    vec![
        html! { bdi { (name) } },
        html! { (name_kind(language, &file.kind)) },
        html! { (describe_size(language, file.bytes)) },
        html! { (render_instant_text(frame, &file.ends)) },
        html! {
            @if let Some(address) = staged_address(&file.id) {
                a href=(address) { (message!(language, "staged-describe")) span.unseen { ": " (name) } }
                br;
                a href={ (address) "/remove" } { (message!(language, "staged-remove")) span.unseen { ": " (name) } }
            }
        },
    ]
}

/// Kind of a staged file in words.
pub(crate) fn name_kind(language: Language, kind: &str) -> String {
    match kind {
        "csv" => message!(language, "kind-csv"),
        "parquet" => message!(language, "kind-parquet"),
        "geojson" => message!(language, "kind-geojson"),
        other => reveal_controls(other).into_owned(),
    }
}
