//! Meaning of an error code.

use crate::frame::PageFrame;
use crate::message::message;
use crate::part::code_words::translate_code;
use crate::part::layout::{PageContent, render_layout};
use crate::part::text::reveal_controls;
use hansa_policy::refusal::ErrorCode;
use maud::html;

/// Page with the cause and the remedy of a code.
#[must_use]
pub fn render_error_help(frame: &PageFrame<'_>, code: ErrorCode) -> String {
    let language = frame.language;
    let words = translate_code(language, code.as_str());
    let body = html! {
        h2 { (message!(language, "error-cause")) }
        @match &words {
            Some(words) => { p { (words.cause) } }
            None => { p lang="en" { (reveal_controls(code.cause())) } }
        }
        h2 { (message!(language, "error-remedy")) }
        @match &words {
            Some(words) => { p { (words.remedy) } }
            None => { p lang="en" { (reveal_controls(code.remedy())) } }
        }
        p.hint { (message!(language, "error-own-sentence")) }
    };
    let code = code.as_str();
    let title = message!(language, "error-title", code);
    render_layout(frame, &PageContent::new(title, body))
}
