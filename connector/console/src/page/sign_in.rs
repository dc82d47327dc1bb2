//! Sign-in with a code.

use crate::frame::PageFrame;
use crate::message::message;
use crate::part::error_summary::{FieldFault, render_error_summary};
use crate::part::layout::{PageContent, render_layout};
use hansa_policy::term::language::Language;
use maud::html;

/// Reason why a code was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInFault {
    /// No open code has these letters.
    CodeWrong,
    /// Too many wrong codes came in the last minute.
    TriesExhausted,
}

/// State of the sign-in.
#[derive(Debug, Clone, Copy, Default)]
pub struct SignInView {
    /// Reason why the last code was refused.
    pub fault: Option<SignInFault>,
}

const COMMAND: &str = "hansa console";
const FIELD: &str = "code";

/// Page with the form that takes a code and posts it to `/enter`.
#[must_use]
pub fn render_sign_in(frame: &PageFrame<'_>, view: &SignInView) -> String {
    let language = frame.language;
    let fault = view.fault.map(|fault| describe_fault(language, fault));
    let described_by = match fault {
        Some(_) => "code-hint code-fault",
        None => "code-hint",
    };
    let body = html! {
        @if let Some(sentence) = &fault {
            (render_error_summary(language, &FieldFault { field: FIELD, sentence: sentence.clone() }))
        }
        form.stacked method="post" action="/enter" {
            label for=(FIELD) { (message!(language, "sign-in-code")) }
            p.hint id="code-hint" { (message!(language, "sign-in-hint")) }
            @if let Some(sentence) = &fault {
                p.fault id="code-fault" { (sentence) }
            }
            input id=(FIELD) name=(FIELD) type="text" required autocomplete="one-time-code"
                autocapitalize="characters" spellcheck="false" maxlength="64"
                aria-describedby=(described_by)
                aria-invalid=[fault.as_ref().map(|_| "true")] autofocus[fault.is_none()];
            button.main type="submit" { (message!(language, "sign-in-button")) }
        }
        h2 { (message!(language, "sign-in-how")) }
        p { (message!(language, "sign-in-steps")) }
        pre { code { (COMMAND) } }
        p { (message!(language, "sign-in-validity")) }
    };
    let title = message!(language, "sign-in-title");
    render_layout(
        frame,
        &PageContent {
            heading: html! { (title) },
            title,
            body,
            is_error: fault.is_some(),
        },
    )
}

fn describe_fault(language: Language, fault: SignInFault) -> String {
    match fault {
        SignInFault::CodeWrong => message!(language, "sign-in-wrong"),
        SignInFault::TriesExhausted => message!(language, "sign-in-exhausted"),
    }
}
