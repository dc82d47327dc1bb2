//! Summary of what is wrong with a form, before the form.

use crate::message::message;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Fault of a field of a form.
pub(crate) struct FieldFault<'a> {
    /// ID of the field.
    pub(crate) field: &'a str,
    /// Sentence about the fault.
    pub(crate) sentence: String,
}

/// Summary that takes the focus, with a link to the field.
pub(crate) fn render_error_summary(language: Language, fault: &FieldFault<'_>) -> Markup {
    let target = format!("#{}", fault.field);
    html! {
        div.summary role="alert" tabindex="-1" autofocus aria-labelledby="error-summary" {
            h2 id="error-summary" { (message!(language, "error-summary")) }
            ul { li { a href=(target) { (fault.sentence) } } }
        }
    }
}
