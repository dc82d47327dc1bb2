//! Statements that everybody reads: accessibility and licences.

use crate::frame::PageFrame;
use crate::message::message;
use crate::part::layout::{PageContent, render_layout};
use crate::part::text::reveal_controls;
use maud::html;

/// Facts of the statement on accessibility.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccessibilityView<'a> {
    /// Contact of the participant.
    pub contact: Option<&'a str>,
}

/// Statement on accessibility.
#[must_use]
pub fn render_accessibility(frame: &PageFrame<'_>, view: AccessibilityView<'_>) -> String {
    let language = frame.language;
    let body = html! {
        p { (message!(language, "accessibility-goal")) }
        h2 { (message!(language, "accessibility-tested")) }
        ul {
            li { (message!(language, "accessibility-axe")) }
            li { (message!(language, "accessibility-keyboard")) }
            li { (message!(language, "accessibility-narrow")) }
            li { (message!(language, "accessibility-scripts")) }
        }
        h2 { (message!(language, "accessibility-limits")) }
        ul {
            li { (message!(language, "accessibility-english")) }
            li { (message!(language, "accessibility-others")) }
            li { (message!(language, "accessibility-people")) }
        }
        h2 { (message!(language, "accessibility-contact")) }
        p {
            @match view.contact {
                Some(contact) => {
                    (message!(language, "accessibility-write")) " "
                    bdi { (reveal_controls(contact)) }
                }
                None => { (message!(language, "accessibility-no-contact")) }
            }
        }
    };
    let title = message!(language, "accessibility-title");
    render_layout(frame, &PageContent::new(title, body))
}

/// Statement on licences.
#[must_use]
pub fn render_licences(frame: &PageFrame<'_>) -> String {
    let language = frame.language;
    let body = html! {
        p { (message!(language, "licences-own")) }
        p { (message!(language, "licences-parts")) }
        p { (message!(language, "licences-fonts")) }
    };
    let title = message!(language, "licences-title");
    render_layout(frame, &PageContent::new(title, body))
}
