//! Catalogue of other participants: the list, and one dataset.

pub mod detail;
pub mod list;
pub mod request_act;

use crate::message::message;
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Ways in which this participant may have a dataset, as the list names them.
fn render_access(language: Language, ways: &[String]) -> Markup {
    html! {
        @if ways.is_empty() { (message!(language, "access-none")) }
        @for (index, way) in ways.iter().enumerate() {
            @if index > 0 { " · " }
            (access_word(language, way))
        }
    }
}

/// Way in which this participant may have a dataset. One that this crate does not know is shown as it is.
fn access_word(language: Language, way: &str) -> String {
    match way {
        "contract" => message!(language, "access-contract"),
        "public view" => message!(language, "access-public"),
        "offer" => message!(language, "access-offer"),
        other => reveal_controls(other).into_owned(),
    }
}
