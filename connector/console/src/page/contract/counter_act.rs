//! Words of an answer with other terms.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::act_form::field::{ActField, FieldInput};
use crate::page::act_form::{ActForm, ActPreview};
use crate::page::contract::comparison::{TermComparison, render_changes};
use crate::page::contract::report::NegotiationDetail;
use crate::part::table::{Fact, render_facts};
use crate::part::text::reveal_controls;
use maud::html;

/// Largest number of letters of the terms.
const MOST_LETTERS: usize = 50_000;

/// Lines of the terms that are seen at once.
const ROWS: usize = 24;

/// Terms of a proposal in the words of a policy file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProposedPolicy {
    /// Text of the policy file.
    pub text: String,
    /// Clauses that a policy file can't say.
    pub unsupported: Vec<String>,
}

/// Answer with other terms.
#[must_use]
pub fn describe_counter(
    frame: &PageFrame<'_>,
    negotiation: &NegotiationDetail,
    policy: &ProposedPolicy,
) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "counter-title"),
        message!(language, "counter"),
        message!(language, "counter-done"),
    );
    form.consequences = vec![
        message!(language, "counter-effect"),
        message!(language, "counter-replaces"),
        message!(language, "counter-binds-nobody"),
    ];
    if !policy.unsupported.is_empty() {
        let clauses = policy.unsupported.join(", ");
        let clauses = reveal_controls(&clauses);
        form.warnings = vec![message!(language, "counter-unsupported", clauses)];
    }
    let other = negotiation.participant.as_deref().unwrap_or_default();
    let dataset = negotiation.dataset.as_deref().unwrap_or_default();
    form.body = render_facts(&[
        Fact::new(
            message!(language, "column-with"),
            html! { bdi { (reveal_controls(other)) } },
        ),
        Fact::new(
            message!(language, "column-dataset"),
            html! { code { (reveal_controls(dataset)) } },
        ),
        Fact::new(
            message!(language, "act-page-digest"),
            html! { code { (reveal_controls(&negotiation.shown.sha256)) } },
        ),
    ]);
    form.fields = vec![
        ActField::new(
            "policy",
            message!(language, "counter-terms"),
            message!(language, "counter-terms-fault"),
            FieldInput::Lines {
                most: MOST_LETTERS,
                rows: ROWS,
            },
        )
        .with_hint(message!(language, "counter-terms-hint"))
        .with_initial(&policy.text),
    ];
    form
}

/// Changes that an answer would propose.
#[must_use]
pub fn preview_counter(frame: &PageFrame<'_>, comparison: &TermComparison) -> ActPreview {
    ActPreview {
        body: render_changes(frame.language, comparison),
    }
}
