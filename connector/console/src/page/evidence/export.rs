//! Export of the evidence as a bundle: the form of the act, and the page with the file.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::act_form::ActForm;
use crate::page::act_form::field::{ActField, FieldInput};
use crate::part::layout::{PageContent, render_layout};
use maud::html;

/// Fields of the form. Each is an option of `hansa audit export`.
pub const EXPORT_FIELDS: [&str; 5] = ["participant", "dataset", "contract", "from", "to"];

/// Most letters of a field.
const LETTERS: usize = 200;

/// Form of the export. `minutes` is the time for which the file can be taken.
#[must_use]
pub fn describe_export(frame: &PageFrame<'_>, minutes: u32) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "export-title"),
        message!(language, "export-button"),
        message!(language, "export-done", minutes),
    );
    form.consequences = vec![
        message!(language, "export-content"),
        message!(language, "export-judged"),
        message!(language, "export-presence"),
    ];
    let field = |name: &str, label: String, input: FieldInput| {
        let fault = message!(language, "export-field-fault");
        ActField::new(name, label, fault, input).mark_optional()
    };
    let line = || FieldInput::Line { most: LETTERS };
    form.fields = vec![
        field(
            "participant",
            message!(language, "ask-column-participant"),
            line(),
        ),
        field("dataset", message!(language, "column-dataset"), line()),
        field("contract", message!(language, "column-contract"), line()),
        field("from", message!(language, "filter-from"), FieldInput::Date),
        field("to", message!(language, "filter-before"), FieldInput::Date),
    ];
    form
}

/// Page with the file that the act has granted.
#[must_use]
pub fn render_export_file(frame: &PageFrame<'_>, minutes: u32) -> String {
    let language = frame.language;
    let body = html! {
        p { (message!(language, "export-ready", minutes)) }
        p { a.act href="/evidence/export/bundle" download { (message!(language, "export-take")) } }
        p.hint { (message!(language, "export-check")) }
        pre { code { "hansa-verify check FILE" } }
        p { a href="/evidence/export" { (message!(language, "export-again")) } }
    };
    let title = message!(language, "export-file-title");
    render_layout(frame, &PageContent::new(title, body))
}
