//! Pages about the configuration, the people, and the own person.

pub mod configuration;
pub mod error_help;
pub mod own_person;
pub mod people;
pub mod session_act;
pub mod statement;
pub mod token_act;
pub mod token_list;

use crate::frame::PageFrame;
use crate::message::message;
use crate::part::section_links::{SectionLink, render_section_links};
use maud::Markup;

/// Links to the pages of the section.
fn render_links(frame: &PageFrame<'_>) -> Markup {
    let language = frame.language;
    let link = |path, label| SectionLink { path, label };
    render_section_links(
        frame,
        &[
            link("/settings", message!(language, "settings-configuration")),
            link("/settings/people", message!(language, "settings-people")),
            link("/settings/tokens", message!(language, "settings-tokens")),
            link("/me", message!(language, "settings-own")),
        ],
    )
}
