//! Form of a policy: the frequent terms as fields, the rest as text, and what the check of it says.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::act_form::field::{ActField, FieldInput, FieldOption};
use crate::page::act_form::{ActForm, ActPreview};
use crate::page::fault::FaultView;
use crate::page::policy::{PolicyRow, render_offers};
use crate::part::clause_table::{ClauseText, render_clauses};
use crate::part::command_notice::{CodedNotice, NoticeFact, NoticeKind};
use crate::part::table::{Fact, render_facts};
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Largest number of letters of a line.
const LINE: usize = 2_000;

/// Largest number of letters of the text of a policy.
const TEXT: usize = 100_000;

/// Largest value of a number.
const LARGEST: u64 = 1_000_000_000_000;

/// Policy as a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyDraft {
    /// Name of the policy; empty for a new one.
    pub name: String,
    /// SHA-256 of the text; empty for a new policy.
    pub digest: String,
    /// Offers that use the policy.
    pub offers: Vec<PolicyRow>,
    /// Own datasets to which a new policy can apply.
    pub datasets: Vec<String>,
    /// Fields, in their order on the page.
    pub fields: Vec<PolicyDraftField>,
    /// Text that the fields don't say.
    pub rest: String,
}

/// Field of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDraftField {
    /// Name of the field.
    pub name: String,
    /// Value at the beginning.
    pub value: String,
    /// `true` if the connector enforces the term; `None` for a text that is no term.
    pub enforced: Option<bool>,
}

/// Result of the check of a policy: a part of the object of `hansa policy put --dry-run --json`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct PolicyFindings {
    /// Comparison with the policy before.
    pub verdict: Option<String>,
    /// Clauses in the language of the page.
    pub terms: Vec<ClauseText>,
    /// Findings that keep nobody from saving.
    pub warnings: Vec<FaultView>,
    /// Text of the policy, as it would be written.
    #[serde(skip)]
    pub text: String,
}

/// Change of a policy.
#[must_use]
pub fn describe_policy_edit(frame: &PageFrame<'_>, draft: &PolicyDraft) -> ActForm {
    let language = frame.language;
    let name = reveal_controls(&draft.name);
    let mut form = ActForm::new(
        message!(language, "policy-edit-title", name),
        message!(language, "policy-save"),
        message!(language, "policy-edit-done"),
    );
    form.consequences = vec![
        message!(language, "policy-edit-effect"),
        message!(language, "policy-edit-contracts"),
    ];
    if draft.offers.iter().any(|offer| offer.sign == "auto") {
        form.warnings = vec![message!(language, "policy-edit-auto")];
    }
    form.body = html! {
        @if !draft.offers.is_empty() {
            (render_offers(language, "uses-caption", message!(language, "policy-uses-caption"), &draft.offers))
        }
        (render_facts(&[Fact::new(
            message!(language, "policy-digest"),
            html! { code { (reveal_controls(&draft.digest)) } },
        )]))
    };
    form.fields = list_fields(language, draft);
    form.has_live_preview = true;
    form
}

/// New policy.
#[must_use]
pub fn describe_policy_addition(frame: &PageFrame<'_>, draft: &PolicyDraft) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "policy-add-title"),
        message!(language, "policy-save"),
        message!(language, "policy-add-done"),
    );
    form.consequences = vec![message!(language, "policy-add-effect")];
    let datasets = draft.datasets.iter();
    let name = ActField::new(
        "name",
        message!(language, "policy-name"),
        message!(language, "policy-name-fault"),
        FieldInput::Line { most: 64 },
    );
    let dataset = ActField::new(
        "dataset",
        message!(language, "policy-dataset"),
        message!(language, "policy-dataset-fault"),
        FieldInput::Choice(datasets.map(|name| FieldOption::plain(name)).collect()),
    );
    form.fields = vec![
        name.with_hint(message!(language, "policy-name-hint")),
        dataset.with_hint(message!(language, "policy-dataset-hint")),
    ];
    form.fields.extend(list_fields(language, draft));
    form.has_live_preview = true;
    form
}

/// Preview of a policy: what each term becomes, and the text as it would be written.
#[must_use]
pub fn describe_policy_findings(frame: &PageFrame<'_>, findings: &PolicyFindings) -> ActPreview {
    let language = frame.language;
    let verdict = findings.verdict.as_deref();
    let body = html! {
        @if let Some(sentence) = verdict.and_then(|verdict| verdict_sentence(language, verdict)) {
            p { strong { (sentence) } }
        }
        @for warning in &findings.warnings {
            (render_warning(language, warning))
        }
        (render_clauses(language, "findings-caption", &findings.terms))
        @if !findings.text.is_empty() {
            details {
                summary { (message!(language, "policy-findings-text")) }
                pre lang="" { code { (reveal_controls(&findings.text)) } }
            }
        }
    };
    ActPreview { body }
}

/// Box with a finding that keeps nobody from saving.
fn render_warning(language: Language, warning: &FaultView) -> Markup {
    let clause = warning.clause.as_deref().map(|value| NoticeFact {
        name: "clause",
        value,
    });
    let notice = CodedNotice {
        kind: NoticeKind::Warning,
        code: &warning.code,
        sentence: &warning.sentence,
        facts: clause.into_iter().collect(),
        help: warning.help.iter().map(String::as_str).collect(),
    };
    notice.render(language)
}

/// Comparison with the policy before, in a sentence; none for a word that this crate does not know.
fn verdict_sentence(language: Language, verdict: &str) -> Option<String> {
    match verdict {
        "= SAME" => Some(message!(language, "policy-verdict-same")),
        "< TIGHTER" => Some(message!(language, "policy-verdict-tighter")),
        "> LOOSER" => Some(message!(language, "policy-verdict-looser")),
        "? NOT COMPARABLE" => Some(message!(language, "policy-verdict-other")),
        _ => None,
    }
}

fn list_fields(language: Language, draft: &PolicyDraft) -> Vec<ActField> {
    let fields = draft.fields.iter();
    let fields = fields.filter_map(|field| make_field(language, field));
    let rest = ActField::new(
        "rest",
        message!(language, "policy-rest"),
        message!(language, "policy-rest-fault"),
        FieldInput::Lines {
            most: TEXT,
            rows: 12,
        },
    );
    let rest = rest
        .with_hint(message!(language, "policy-rest-hint"))
        .with_initial(&draft.rest)
        .mark_optional();
    fields.chain([rest]).collect()
}

/// Field of a term; none for a name that this crate does not know.
fn make_field(language: Language, field: &PolicyDraftField) -> Option<ActField> {
    let line = || FieldInput::Line { most: LINE };
    let lines = || FieldInput::Lines {
        most: LINE,
        rows: 3,
    };
    let number = || FieldInput::Number {
        least: 0,
        most: LARGEST,
    };
    let (label, hint, input) = match field.name.as_str() {
        "title" => (
            message!(language, "policy-field-title"),
            message!(language, "policy-hint-title"),
            line(),
        ),
        "purpose" => (
            message!(language, "policy-field-purpose"),
            message!(language, "policy-hint-purpose"),
            lines(),
        ),
        "columns" => (
            message!(language, "policy-field-columns"),
            message!(language, "policy-hint-columns"),
            lines(),
        ),
        "rows" => (
            message!(language, "policy-field-rows"),
            message!(language, "policy-hint-rows"),
            line(),
        ),
        "by" => (
            message!(language, "policy-field-by"),
            message!(language, "policy-hint-by"),
            lines(),
        ),
        "functions" => (
            message!(language, "policy-field-functions"),
            message!(language, "policy-hint-functions"),
            lines(),
        ),
        "measures" => (
            message!(language, "policy-field-measures"),
            message!(language, "policy-hint-measures"),
            lines(),
        ),
        "min-rows" => (
            message!(language, "policy-field-min-rows"),
            message!(language, "policy-hint-min-rows"),
            number(),
        ),
        "rows-per-day" => (
            message!(language, "policy-field-rows-per-day"),
            message!(language, "policy-hint-rows-per-day"),
            number(),
        ),
        "bytes-per-day" => (
            message!(language, "policy-field-bytes-per-day"),
            message!(language, "policy-hint-bytes-per-day"),
            line(),
        ),
        "queries-per-day" => (
            message!(language, "policy-field-queries-per-day"),
            message!(language, "policy-hint-queries-per-day"),
            number(),
        ),
        "from" => (
            message!(language, "policy-field-from"),
            message!(language, "policy-hint-from"),
            FieldInput::Date,
        ),
        "until" => (
            message!(language, "policy-field-until"),
            message!(language, "policy-hint-until"),
            FieldInput::Date,
        ),
        "attribution" => (
            message!(language, "policy-field-attribution"),
            message!(language, "policy-hint-attribution"),
            FieldInput::Tick,
        ),
        "delete-after" => (
            message!(language, "policy-field-delete-after"),
            message!(language, "policy-hint-delete-after"),
            number(),
        ),
        _ => return None,
    };
    let force = match field.enforced {
        Some(true) => message!(language, "policy-hint-enforced"),
        Some(false) => message!(language, "policy-hint-agreed"),
        None => String::new(),
    };
    let name = label.clone();
    let made = ActField::new(
        &field.name,
        label,
        message!(language, "policy-field-fault", name),
        input,
    );
    let hint = format!("{hint} {force}");
    let made = made
        .with_hint(hint.trim_end().to_owned())
        .with_initial(&field.value);
    // Each policy has a title.
    Some(match field.name.as_str() {
        "title" => made,
        _ => made.mark_optional(),
    })
}
