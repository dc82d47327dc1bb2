//! Refusal of a step that another person has asked for.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::act_form::ActForm;
use crate::page::act_form::field::{ActField, FieldInput, FieldOption};
use crate::part::table::{Fact, render_facts};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use maud::html;
use serde::Deserialize;

/// Object of `hansa approval list --json`. Unknown members are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct AskedStep {
    /// Contract or change.
    pub approval: String,
    /// Step, such as `sign`.
    pub step: String,
    /// `waits`, or `declined`.
    pub state: String,
    /// Pseudonym of the person who has asked for it.
    pub asked_by: String,
    /// Instant of the request.
    pub at: String,
    /// Reason or content of the request.
    #[serde(default)]
    pub text: Option<String>,
}

/// Words of the refusal of the steps that wait for one contract or change.
#[must_use]
pub fn describe_approval_decline(frame: &PageFrame<'_>, steps: &[AskedStep]) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "step-decline-title"),
        message!(language, "step-decline"),
        message!(language, "step-decline-done"),
    );
    form.consequences = vec![
        message!(language, "step-decline-effect"),
        message!(language, "step-decline-reader"),
    ];
    form.body = html! {
        @for step in steps {
            (render_facts(&[
                Fact::new(message!(language, "approval-step"), html! { code { (reveal_controls(&step.step)) } }),
                Fact::new(message!(language, "approval-first"), html! { code { (reveal_controls(&step.asked_by)) } }),
                Fact::new(message!(language, "step-asked-at"), render_instant_text(frame, &step.at)),
            ]))
        }
    };
    let texts = steps.iter().filter_map(|step| step.text.as_deref());
    form.person = html! {
        @for text in texts {
            p { (message!(language, "step-asked-text")) " " q lang="" dir="auto" { (reveal_controls(text)) } }
        }
    };
    if let [first, _, ..] = steps {
        let options = steps.iter().map(|step| FieldOption::plain(&step.step));
        let label = message!(language, "approval-step");
        let fault = message!(language, "step-decline-choose");
        let input = FieldInput::Choice(options.collect());
        form.fields
            .push(ActField::new("step", label, fault, input).with_initial(&first.step));
    }
    let reason = ActField::new(
        "reason",
        message!(language, "field-reason"),
        message!(language, "fault-reason"),
        FieldInput::Line { most: 500 },
    );
    // The record of the refusal commits to the reason, which can be erased; a digest beside it could be guessed.
    let hint = message!(language, "step-decline-hint");
    form.fields.push(reason.with_hint(hint).mark_personal());
    form
}
