//! Sign-in with a code, or at the issuer of accounts.

use crate::frame::PageFrame;
use crate::message::message;
use crate::part::error_summary::{FieldFault, render_error_summary};
use crate::part::layout::{PageContent, render_layout};
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Reason why a code was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInFault {
    /// No open code has these letters.
    CodeWrong,
    /// Too many wrong codes came in the last minute.
    TriesExhausted,
}

/// Link to the issuer of accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerLink {
    /// Host of the issuer.
    pub host: String,
    /// `true` if a login of earlier does not count, as after a sign-out.
    pub is_fresh: bool,
}

/// State of the sign-in.
#[derive(Debug, Clone, Default)]
pub struct SignInView {
    /// Reason why the last code was refused.
    pub fault: Option<SignInFault>,
    /// `true` if codes are taken.
    pub has_codes: bool,
    /// Issuer of accounts; absent where people sign in by codes alone.
    pub issuer: Option<IssuerLink>,
}

const COMMAND: &str = "hansa console";
const FIELD: &str = "code";

/// Page with the link to the issuer, and the form that takes a code and posts it to `/enter`.
#[must_use]
pub fn render_sign_in(frame: &PageFrame<'_>, view: &SignInView) -> String {
    let language = frame.language;
    let fault = view.fault.map(|fault| describe_fault(language, fault));
    let body = html! {
        @if let Some(sentence) = &fault {
            (render_error_summary(language, &FieldFault { field: FIELD, sentence: sentence.clone() }))
        }
        @if let Some(issuer) = &view.issuer {
            (render_issuer(language, issuer))
        }
        @if view.has_codes {
            @if view.issuer.is_some() {
                h2 { (message!(language, "sign-in-by-code")) }
            }
            (render_code_form(language, fault.as_deref(), view.issuer.is_none()))
            h2 { (message!(language, "sign-in-how")) }
            p { (message!(language, "sign-in-steps")) }
            pre { code { (COMMAND) } }
            p { (message!(language, "sign-in-validity")) }
        }
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

/// Link to the issuer. It is no form, so that the policy of the pages names no other host.
fn render_issuer(language: Language, issuer: &IssuerLink) -> Markup {
    let host = reveal_controls(&issuer.host);
    let address = match issuer.is_fresh {
        true => "/oidc/start?fresh=yes",
        false => "/oidc/start",
    };
    html! {
        p { (message!(language, "sign-in-issuer", host)) }
        p.buttons { a href=(address) { (message!(language, "sign-in-issuer-link")) } }
    }
}

fn render_code_form(language: Language, fault: Option<&str>, is_first: bool) -> Markup {
    let described_by = match fault {
        Some(_) => "code-hint code-fault",
        None => "code-hint",
    };
    html! {
        form.stacked method="post" action="/enter" {
            label for=(FIELD) { (message!(language, "sign-in-code")) }
            p.hint id="code-hint" { (message!(language, "sign-in-hint")) }
            @if let Some(sentence) = fault {
                p.fault id="code-fault" { (sentence) }
            }
            input id=(FIELD) name=(FIELD) type="text" required autocomplete="one-time-code"
                autocapitalize="characters" spellcheck="false" maxlength="64"
                aria-describedby=(described_by)
                aria-invalid=[fault.map(|_| "true")] autofocus[is_first && fault.is_none()];
            button.main type="submit" { (message!(language, "sign-in-button")) }
        }
    }
}

fn describe_fault(language: Language, fault: SignInFault) -> String {
    match fault {
        SignInFault::CodeWrong => message!(language, "sign-in-wrong"),
        SignInFault::TriesExhausted => message!(language, "sign-in-exhausted"),
    }
}
