//! How the log is verified: by this house, and by somebody who does not trust it.

use crate::frame::PageFrame;
use crate::message::message;
use crate::part::layout::{PageContent, render_layout};
use maud::html;

/// Page with the commands that verify the log. It runs none of them: a verification reads the whole log.
#[must_use]
pub fn render_verification(frame: &PageFrame<'_>) -> String {
    let language = frame.language;
    let body = html! {
        p { (message!(language, "verify-lead")) }
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
