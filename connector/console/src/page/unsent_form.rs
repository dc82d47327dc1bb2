//! Form that was sent and did nothing: why, above the same form with what was typed in it.

use crate::message::message;
use crate::page::fault::{FaultView, render_fault_facts};
use crate::part::error_code::render_error_code;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Reason why a form that was sent did nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnsentForm {
    /// The key of the form is over, or of another session or page.
    Over,
    /// The form was sent before.
    Sent,
    /// The subject has changed since the form was shown.
    Changed,
    /// The values were refused as a whole.
    Refused(Box<FaultView>),
}

impl UnsentForm {
    /// `true` if the page is another one than that on which the person has confirmed something.
    #[must_use]
    pub const fn asks_again(&self) -> bool {
        matches!(self, Self::Sent | Self::Changed)
    }
}

/// Summary that takes the focus, above the form.
pub(crate) fn render_unsent_form(language: Language, unsent: &UnsentForm) -> Markup {
    let (sentence, code) = match unsent {
        UnsentForm::Over => (message!(language, "unsent-over"), "FORM_STALE"),
        UnsentForm::Sent => (message!(language, "unsent-sent"), "FORM_STALE"),
        UnsentForm::Changed => (message!(language, "unsent-changed"), "TERMS_CHANGED"),
        UnsentForm::Refused(fault) => return render_fault_facts(language, fault),
    };
    html! {
        div.summary tabindex="-1" autofocus {
            h2 { (message!(language, "error-summary")) }
            p { (sentence) }
            p { (message!(language, "fault-code")) " " (render_error_code(code)) }
        }
    }
}
