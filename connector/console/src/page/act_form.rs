//! Page before an act on anything but a contract: what will happen, the fields, and the form that does it.

pub mod field;

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::act_form::field::{ActField, FieldInput, render_field};
use crate::page::unsent_form::{UnsentForm, render_unsent_form};
use crate::part::act_value::ActValue;
use crate::part::address::{QueryAddress, own_path, query_without};
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Words and fields of the page before an act, in one language.
///
/// The digest of [`Self::shown_text`] is recorded with the act. So the form holds what is true of the subject at the page and at the
/// answer alike, and no time that passes between them.
#[derive(Debug, Clone)]
pub struct ActForm {
    /// Heading of the page.
    pub(crate) title: String,
    /// Words of the button, and of the act while it waits for its person.
    pub(crate) label: String,
    /// Consequences, and what can't be undone.
    pub(crate) consequences: Vec<String>,
    /// Sentences before them that nobody should overlook.
    pub(crate) warnings: Vec<String>,
    /// Content about the subject; empty for an act without one.
    pub(crate) body: Markup,
    /// Content that names a person. It is no part of the digest, from which nobody may guess a name.
    pub(crate) person: Markup,
    /// Fields, in their order on the page.
    pub(crate) fields: Vec<ActField>,
    /// Sentence after the act.
    pub(crate) done: String,
    /// `true` if the script of the page renews the preview while the form is filled. Then the preview asks no other participant.
    pub(crate) has_live_preview: bool,
}

impl ActForm {
    /// Form without warnings, content and fields.
    pub(crate) fn new(title: String, label: String, done: String) -> Self {
        Self {
            title,
            label,
            consequences: Vec::new(),
            warnings: Vec::new(),
            body: html! {},
            person: html! {},
            fields: Vec::new(),
            done,
            has_live_preview: false,
        }
    }

    /// Words of the button, and of the act while it waits for its person.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Sentence after the act.
    #[must_use]
    pub fn done(&self) -> &str {
        &self.done
    }

    /// Fields, in their order on the page.
    #[must_use]
    pub fn fields(&self) -> &[ActField] {
        &self.fields
    }

    /// All that the page shows of the act, for its digest; without what names a person.
    #[must_use]
    pub fn shown_text(&self) -> String {
        let mut text = String::new();
        let lines = [&self.title, &self.label].into_iter();
        let lines = lines.chain(&self.warnings).chain(&self.consequences);
        // Each part has its length in front, so that no two forms have one text.
        for line in lines.chain([&self.body.0]) {
            let _ = writeln!(text, "{} {line}", line.len());
        }
        for field in &self.fields {
            field.write_shown_text(&mut text);
        }
        text
    }

    /// Values that the form starts with.
    #[must_use]
    pub fn initial_values(&self) -> BTreeMap<String, String> {
        let fields = self.fields.iter();
        fields
            .map(|field| (field.name.clone(), field.initial.clone()))
            .collect()
    }

    /// Values of the fields in a form that was sent.
    #[must_use]
    pub fn read_values(&self, sent: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let fields = self.fields.iter();
        fields
            .map(|field| (field.name.clone(), field.read_value(sent)))
            .collect()
    }

    /// Faults of the values that the fields do not take.
    #[must_use]
    pub fn find_faults(&self, values: &BTreeMap<String, String>) -> Vec<ActFieldFault> {
        let read_value = |name: &str| values.get(name).map_or("", String::as_str);
        let fields = self.fields.iter();
        fields
            .filter(|field| !field.takes(read_value(&field.name)))
            .map(|field| ActFieldFault::new(&field.name))
            .collect()
    }

    /// Takes what a person has confirmed out of the values, for a page that is another one.
    pub fn forget_confirmations(&self, values: &mut BTreeMap<String, String>) {
        let fields = self.fields.iter();
        for field in fields.filter(|field| field.is_required && field.input == FieldInput::Tick) {
            values.remove(&field.name);
        }
    }

    /// Values that a person has entered, for the digest of the act; without those about persons.
    #[must_use]
    pub fn entered_text(&self, values: &BTreeMap<String, String>) -> String {
        let mut text = String::new();
        for field in self.fields.iter().filter(|field| !field.is_personal) {
            let value = values.get(&field.name).map_or("", String::as_str);
            // Writing to a `String` can't fail.
            let _ = writeln!(text, "{} {value:?}", field.name);
        }
        text
    }

    /// Names and values for the person, as they are confirmed.
    #[must_use]
    pub fn describe_values(&self, values: &BTreeMap<String, String>) -> Vec<ActValue> {
        let fields = self.fields.iter();
        fields
            .filter_map(|field| field.describe_value(values.get(&field.name)?))
            .collect()
    }
}

/// Fault of a value that a person has entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActFieldFault {
    /// Name of the field.
    pub field: String,
    /// Particulars below the sentence of the field, in English; may be empty.
    pub details: Vec<String>,
}

impl ActFieldFault {
    /// Fault about which the sentence of the field says enough.
    #[must_use]
    pub fn new(field: &str) -> Self {
        Self {
            field: field.to_owned(),
            details: Vec::new(),
        }
    }
}

/// Result of an act before it happens, as the values make it. The person sees it before the act is possible.
#[derive(Debug, Clone)]
pub struct ActPreview {
    pub(crate) body: Markup,
}

impl ActPreview {
    /// Text of the preview, for its digest.
    #[must_use]
    pub fn shown_text(&self) -> &str {
        &self.body.0
    }
}

/// Page before an act.
#[derive(Debug, Clone)]
pub struct ActFormView {
    /// Words and fields.
    pub form: ActForm,
    /// Key of the form.
    pub key: String,
    /// Digest of what is shown.
    pub shown: String,
    /// Values of the fields.
    pub values: BTreeMap<String, String>,
    /// Faults of these values.
    pub faults: Vec<ActFieldFault>,
    /// Reason why the form was sent and did nothing; absent for a page that was only opened, and beside faults.
    pub unsent: Option<UnsentForm>,
    /// Step of an act that shows its result first.
    pub step: ActStep,
    /// Page to which the person can go back, as a path of this console.
    pub back: String,
}

/// Step to which the button of the form leads.
#[derive(Debug, Clone)]
pub enum ActStep {
    /// The act itself.
    Act,
    /// The preview of its result.
    Preview,
    /// The act, with the result that the page shows.
    Previewed {
        /// Result of the act.
        preview: ActPreview,
        /// Digest of the result and of the values.
        digest: String,
    },
}

/// Page that says what an act will do, with the form that does it.
#[must_use]
pub fn render_act_form(frame: &PageFrame<'_>, view: &ActFormView) -> String {
    let language = frame.language;
    let form = &view.form;
    let body = html! {
        @if let Some(unsent) = &view.unsent {
            (render_unsent_form(language, unsent))
            @if *unsent == UnsentForm::Changed {
                (render_changed_fields(language, view))
            }
        }
        (render_field_faults(language, view))
        @for warning in &form.warnings {
            p.notice { strong { (warning) } }
        }
        @if !form.consequences.is_empty() {
            h2 { (message!(language, "act-consequences")) }
            ul {
                @for line in &form.consequences {
                    li { (line) }
                }
            }
        }
        (form.body)
        (form.person)
        @if form.has_live_preview {
            (render_live_form(frame, view))
        } @else {
            @if let ActStep::Previewed { preview, .. } = &view.step {
                (render_preview(language, preview))
            }
            (render_form(frame, view))
        }
        p { a.back href=(own_path(&view.back)) { (message!(language, "act-back")) } }
    };
    let mut content = PageContent::new(form.title.clone(), body);
    content.is_error = !view.faults.is_empty() || view.unsent.is_some();
    render_layout(frame, &content)
}

/// Form with the fields of an act.
fn render_form(frame: &PageFrame<'_>, view: &ActFormView) -> Markup {
    let language = frame.language;
    let form = &view.form;
    let read_value = |name: &str| view.values.get(name).map_or("", String::as_str);
    let is_wrong = |name: &str| view.faults.iter().any(|fault| fault.field == name);
    let label = match view.step {
        ActStep::Preview => message!(language, "act-preview"),
        ActStep::Act | ActStep::Previewed { .. } => form.label.clone(),
    };
    html! {
        form.act-form method="post" action=(form_address(frame)) {
            input type="hidden" name="key" value=(reveal_controls(&view.key));
            input type="hidden" name="shown" value=(reveal_controls(&view.shown));
            // Whoever changes the language in another window has not read this page in it.
            input type="hidden" name="language" value=(language.tag());
            @if let ActStep::Previewed { digest, .. } = &view.step {
                input type="hidden" name="preview" value=(reveal_controls(digest));
            }
            @for field in &form.fields {
                (render_field(language, field, read_value(&field.name), is_wrong(&field.name)))
            }
            button.main type="submit" { (label) }
        }
    }
}

/// Preview of an act.
fn render_preview(language: Language, preview: &ActPreview) -> Markup {
    html! {
        section.preview aria-labelledby="preview" {
            h2 id="preview" { (message!(language, "act-preview-title")) }
            (preview.body)
            p.hint { (message!(language, "act-preview-hint")) }
        }
    }
}

/// Form of an act with the place of its preview. The script of the page renews the preview while the form is filled.
fn render_live_form(frame: &PageFrame<'_>, view: &ActFormView) -> Markup {
    let language = frame.language;
    let previewed = match &view.step {
        ActStep::Previewed { preview, .. } => Some(preview),
        ActStep::Act | ActStep::Preview => None,
    };
    html! {
        hansa-preview
            data-check=(message!(language, "act-preview"))
            data-live=(message!(language, "act-preview-live"))
            data-shown=(message!(language, "act-preview-shown"))
            data-wrong=(message!(language, "act-preview-wrong"))
            data-failed=(message!(language, "act-preview-failed")) {
            @if let Some(preview) = previewed {
                div data-part="result" { (render_preview(language, preview)) }
            }
            (render_form(frame, view))
            // A preview that comes while somebody types does not move the form down.
            @if previewed.is_none() { div data-part="result" {} }
            p.hint data-part="told" role="status" {}
        }
    }
}

/// Address to which the form is sent: that of its page, whose parameters may name the subject.
fn form_address(frame: &PageFrame<'_>) -> String {
    let pairs = query_without(frame.address, "lang");
    let address = QueryAddress::new(own_path(frame.address));
    pairs.fold(address, QueryAddress::with_pair).to_string()
}

/// Fields in which the person has typed something else than what is there now.
fn render_changed_fields(language: Language, view: &ActFormView) -> Markup {
    let typed = |field: &ActField| view.values.get(&field.name).cloned().unwrap_or_default();
    let fields = view.form.fields.iter();
    let differing = fields.filter(|field| typed(field) != field.initial);
    // A tick that is necessary says nothing about the subject.
    let differing =
        differing.filter(|field| !(field.is_required && field.input == FieldInput::Tick));
    let rows = differing.map(|field| {
        let now = field.describe_value(&field.initial);
        vec![
            html! { a href={ "#" (field.first_id()) } { (field.label) } },
            html! {
                @match now {
                    Some(now) => span.plain { (reveal_controls(&now.value)) },
                    None => (message!(language, "unsent-empty")),
                }
            },
        ]
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    html! {
        @if !rows.is_empty() {
            h2 { (message!(language, "unsent-now")) }
            (render_table(&DataTable {
                id: "unsent-caption",
                caption: message!(language, "unsent-caption"),
                columns: vec![
                    message!(language, "unsent-column-field"),
                    message!(language, "unsent-column-now"),
                ],
                rows,
            }))
        }
    }
}

fn render_field_faults(language: Language, view: &ActFormView) -> Markup {
    let faults = view.faults.iter();
    let faults: Vec<(&ActFieldFault, &ActField)> = faults
        .filter_map(|fault| {
            let mut fields = view.form.fields.iter();
            Some((fault, fields.find(|field| field.name == fault.field)?))
        })
        .collect();
    html! {
        @if !faults.is_empty() {
            div.summary tabindex="-1" autofocus {
                h2 { (message!(language, "error-summary")) }
                ul {
                    @for (fault, field) in faults {
                        li {
                            a href={ "#" (field.first_id()) } { (field.fault) }
                            @for detail in &fault.details {
                                br; span lang="en" { (reveal_controls(detail)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Result of an act whose words are shown only once, such as a new secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActResultView {
    /// Words of the act.
    pub label: String,
    /// Page to which the person can go back, as a path of this console.
    pub back: String,
}

/// Page with the result of an act, which the frame brings. It is shown once.
#[must_use]
pub fn render_act_result(frame: &PageFrame<'_>, view: &ActResultView) -> String {
    let language = frame.language;
    let body = html! {
        p.notice { strong { (message!(language, "act-shown-once")) } }
        p { a.back href=(own_path(&view.back)) { (message!(language, "act-go-back")) } }
    };
    render_layout(frame, &PageContent::new(view.label.clone(), body))
}
