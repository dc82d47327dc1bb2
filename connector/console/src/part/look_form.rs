//! Forms that show what is about persons, after the look at it is recorded.

use crate::message::message;
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Form of one content.
pub(crate) struct LookForm<'a> {
    /// Address of the page, which receives the form, too.
    pub(crate) action: &'a str,
    /// Key of the form.
    pub(crate) key: &'a str,
    /// Word of the content, as the record of the look has it.
    pub(crate) content: &'a str,
    /// Pseudonym whose person is shown; empty for another content.
    pub(crate) pseudonym: &'a str,
    /// Words of the button.
    pub(crate) label: String,
}

/// Form with one button.
pub(crate) fn render_look_form(form: &LookForm<'_>) -> Markup {
    html! {
        form.buttons method="post" action=(form.action) {
            input type="hidden" name="key" value=(form.key);
            input type="hidden" name="content" value=(form.content);
            @if !form.pseudonym.is_empty() {
                input type="hidden" name="pseudonym" value=(reveal_controls(form.pseudonym));
            }
            button type="submit" { (form.label) }
        }
    }
}

/// Sentence with the record of a look.
pub(crate) fn render_look_record(language: Language, record: u64) -> Markup {
    html! { p.hint { (message!(language, "look-recorded", record)) } }
}
