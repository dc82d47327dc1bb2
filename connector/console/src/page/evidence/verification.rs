//! How the log is verified: by this house, and by somebody who does not trust it.

use crate::frame::PageFrame;
use crate::message::message;
use crate::part::layout::{PageContent, render_layout};
use crate::part::log_verification::{LogVerification, RunningVerification, render_result};
use crate::part::time::render_instant_text;
use maud::{Markup, html};

/// Address of the page.
pub const VERIFICATION_ADDRESS: &str = "/evidence/verify";

/// Verification of the own log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerificationView {
    /// Verification that runs, and the last result.
    pub verification: LogVerification,
    /// Key of the form that begins one; none for who may not begin it.
    pub key: Option<String>,
}

/// Page of the verification of the log, and of the commands that verify it elsewhere.
#[must_use]
pub fn render_verification(frame: &PageFrame<'_>, view: &VerificationView) -> String {
    let language = frame.language;
    let body = html! {
        p { (message!(language, "verify-lead")) }
        section aria-labelledby="verify-result" {
            h2 id="verify-result" { (message!(language, "verify-result")) }
            @match &view.verification.last {
                Some(result) => { (render_result(frame, result)) }
                None => { p { (message!(language, "verified-never")) } }
            }
            p.hint { (message!(language, "verify-kept")) }
            (render_begin(frame, view))
        }
        section aria-labelledby="verify-own" {
            h2 id="verify-own" { (message!(language, "verify-own")) }
            p { (message!(language, "verify-own-text")) }
            pre { code { "hansa audit verify" } }
            p { (message!(language, "verify-own-limit")) }
        }
        section aria-labelledby="verify-both" {
            h2 id="verify-both" { (message!(language, "verify-both")) }
            p { (message!(language, "verify-both-text")) }
            pre { code { "hansa audit reconcile PARTICIPANT" } }
        }
        section aria-labelledby="verify-outside" {
            h2 id="verify-outside" { (message!(language, "verify-outside")) }
            p { (message!(language, "verify-outside-text")) }
            ol {
                li {
                    (message!(language, "verify-step-export"))
                    pre { code { "hansa audit export --output own.bundle" } }
                }
                li {
                    (message!(language, "verify-step-check"))
                    pre { code { "hansa-verify check own.bundle other.bundle\nhansa-verify left --to PARTICIPANT own.bundle" } }
                }
            }
            p { (message!(language, "verify-outside-why")) }
        }
        section aria-labelledby="verify-limits" {
            h2 id="verify-limits" { (message!(language, "verify-limits")) }
            ul {
                li { (message!(language, "verify-limit-use")) }
                li { (message!(language, "verify-limit-clock")) }
            }
        }
    };
    let title = message!(language, "verify-title");
    render_layout(frame, &PageContent::new(title, body))
}

/// Progress of the verification that runs, or the form that begins one.
fn render_begin(frame: &PageFrame<'_>, view: &VerificationView) -> Markup {
    let language = frame.language;
    html! {
        @match (&view.verification.running, &view.key) {
            (Some(running), _) => { (render_progress(frame, running)) }
            (None, Some(key)) => {
                form.buttons method="post" action=(VERIFICATION_ADDRESS) {
                    input type="hidden" name="key" value=(key);
                    button.main type="submit" { (message!(language, "verify-begin")) }
                }
                p.hint { (message!(language, "verify-duration")) }
            }
            (None, None) => { p.hint { (message!(language, "verify-for-auditors")) } }
        }
    }
}

fn render_progress(frame: &PageFrame<'_>, running: &RunningVerification) -> Markup {
    let language = frame.language;
    let label = message!(language, "verify-progress");
    let checked = language.format_number(running.checked);
    let records = language.format_number(running.records);
    html! {
        p role="status" {
            (message!(language, "verification-runs")) " "
            (message!(language, "verify-checked", checked, records)) " "
            meter min="0" max=(running.records.max(1)) value=(running.checked.min(running.records)) aria-label=(label) {}
        }
        p { (message!(language, "verify-since")) " " (render_instant_text(frame, &running.began)) }
        p { a href=(VERIFICATION_ADDRESS) { (message!(language, "refresh")) } }
    }
}
