//! Page of a contract as the text that is signed, word for word.

use crate::part::text::reveal_controls;
use maud::{Markup, html};

/// Text of a page of a contract. `tag` is the tag of its language, empty where nobody knows it.
///
/// Each line is an element of its own, so that a narrow window can wrap it beneath its beginning. The words and their order are
/// those of the text.
pub(crate) fn render_signed_page(text: &str, tag: &str) -> Markup {
    html! {
        pre.page lang=(tag) dir=[tag.is_empty().then_some("auto")] {
            @for line in text.split_inclusive('\n') {
                @let class = if line.starts_with(' ') { "line inner" } else { "line" };
                span class=(class) { (reveal_controls(line)) }
            }
        }
    }
}
