//! Files of an answer about persons: the form of the act that grants them.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::act_form::ActForm;
use crate::part::text::reveal_controls;
use maud::html;

/// Form before the files of an answer. `minutes` is the time for which they can be taken.
#[must_use]
pub fn describe_answer_files(frame: &PageFrame<'_>, sql: &str, minutes: u32) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "files-title"),
        message!(language, "files-button"),
        message!(language, "files-done", minutes),
    );
    form.consequences = vec![
        message!(language, "files-persons"),
        message!(language, "files-presence"),
    ];
    form.body = html! { pre { code { (reveal_controls(sql)) } } };
    form
}
