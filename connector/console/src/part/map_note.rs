//! Note below a map about the outlines that it has.

use crate::message::message;
use crate::part::map::MapOutlines;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Note about the outlines of published areas; empty for a map without them.
pub(crate) fn render_outline_note(language: Language, outlines: &MapOutlines) -> Markup {
    let number = language.format_number(outlines.areas);
    html! {
        @if outlines.areas > 0 {
            p.hint { (message!(language, "map-outlines", number)) }
        }
        @if outlines.is_cut {
            p.hint { (message!(language, "map-outlines-cut")) }
        }
    }
}
