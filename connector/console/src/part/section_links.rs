//! Links to the pages of a section.

use crate::frame::PageFrame;
use crate::message::message;
use crate::part::address::own_path;
use maud::{Markup, html};

/// Page of a section.
pub(crate) struct SectionLink {
    /// Path of the page.
    pub(crate) path: &'static str,
    /// Name of the page.
    pub(crate) label: String,
}

/// Navigation among the pages of a section, with a mark at the page that is shown.
pub(crate) fn render_section_links(frame: &PageFrame<'_>, links: &[SectionLink]) -> Markup {
    let path = own_path(frame.address);
    html! {
        nav aria-label=(message!(frame.language, "nav-section-pages")) {
            ul {
                @for link in links {
                    li {
                        a href=(link.path) aria-current=[(link.path == path).then_some("page")] { (link.label) }
                    }
                }
            }
        }
    }
}
