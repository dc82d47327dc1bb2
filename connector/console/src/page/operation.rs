//! Pages of those who run the connector.

pub mod backup_list;
pub mod delivery_list;
pub mod doctor;
pub mod health;
pub mod history;
pub mod operator_act;
pub mod peer_list;
pub mod running_list;
pub mod worker_list;

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
            link("/operations", message!(language, "operations-health")),
            link("/operations/history", message!(language, "history-title")),
            link("/operations/peers", message!(language, "operations-peers")),
            link(
                "/operations/doctor",
                message!(language, "operations-doctor"),
            ),
            link(
                "/operations/running",
                message!(language, "operations-running"),
            ),
            link(
                "/operations/delivery",
                message!(language, "operations-delivery"),
            ),
            link(
                "/operations/workers",
                message!(language, "operations-workers"),
            ),
            link(
                "/operations/backup",
                message!(language, "operations-backup"),
            ),
        ],
    )
}
