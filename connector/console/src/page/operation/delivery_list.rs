//! List of the messages that wait for their receivers.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::operation::peer_list::render_next_rows;
use crate::page::operation::render_links;
use crate::part::contract_words::link_contract;
use crate::part::error_code::render_error_code;
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Messages of one page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryListView {
    /// Messages by receiver and number.
    pub rows: Vec<DeliveryRow>,
    /// Key after which the next page begins; none on the last page.
    pub after: Option<String>,
}

/// Object of `hansa delivery list --json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct DeliveryRow {
    /// Place in the list.
    pub key: String,
    /// Domain of the receiver.
    pub participant: String,
    /// Number in the outbox of the receiver.
    pub number: u64,
    /// Kind, such as `offer`; none for a message that can't be read.
    #[serde(default)]
    pub kind: Option<String>,
    /// Negotiation of the message.
    #[serde(default)]
    pub negotiation: Option<String>,
    /// Question whose receipt the message acknowledges.
    #[serde(default)]
    pub question: Option<String>,
    /// Instant of its record.
    #[serde(default)]
    pub since: Option<String>,
    /// Code of the reason why the message can't be read.
    #[serde(default)]
    pub fault: Option<String>,
}

/// Page with the waiting messages.
#[must_use]
pub fn render_deliveries(frame: &PageFrame<'_>, view: &DeliveryListView) -> String {
    let language = frame.language;
    let body = html! {
        (render_links(frame))
        p { (message!(language, "delivery-what")) }
        @if view.rows.is_empty() {
            p { (message!(language, "delivery-none")) }
        } @else {
            (render_rows(frame, &view.rows))
        }
        (render_next_rows(language, "/operations/delivery", view.after.as_deref()))
    };
    let title = message!(language, "delivery-title");
    render_layout(frame, &PageContent::new(title, body))
}

fn render_rows(frame: &PageFrame<'_>, rows: &[DeliveryRow]) -> Markup {
    let language = frame.language;
    let cells = rows.iter().map(|row| {
        vec![
            html! { bdi { (reveal_controls(&row.participant)) } },
            // A name in figures, not a quantity.
            html! { (row.number) },
            html! {
                @if let Some(kind) = &row.kind { (kind_word(language, kind)) }
                @if let Some(fault) = &row.fault {
                    strong class="mark bad" { (message!(language, "delivery-unreadable")) }
                    " " (render_error_code(fault))
                }
            },
            html! {
                @match (&row.negotiation, &row.question) {
                    (Some(negotiation), _) => { (link_contract(negotiation)) }
                    (None, Some(question)) => { code { (reveal_controls(question)) } }
                    (None, None) => { (message!(language, "delivery-about-none")) }
                }
            },
            html! {
                @match &row.since {
                    Some(since) => { (render_instant_text(frame, since)) }
                    None => { (message!(language, "delivery-since-unknown")) }
                }
            },
        ]
    });
    render_table(&DataTable {
        id: "delivery-caption",
        caption: message!(language, "delivery-caption"),
        columns: vec![
            message!(language, "delivery-to"),
            message!(language, "delivery-number"),
            message!(language, "delivery-kind"),
            message!(language, "delivery-about"),
            message!(language, "delivery-since"),
        ],
        rows: cells.collect(),
    })
}

fn kind_word(language: Language, kind: &str) -> String {
    match kind {
        "request" => message!(language, "message-request"),
        "offer" => message!(language, "message-offer"),
        "acceptance" => message!(language, "message-acceptance"),
        "agreement" => message!(language, "message-agreement"),
        "verification" => message!(language, "message-verification"),
        "finalization" => message!(language, "message-finalization"),
        "termination" => message!(language, "message-termination"),
        "comment" => message!(language, "message-comment"),
        "statement" => message!(language, "message-statement"),
        "withdrawal" => message!(language, "message-withdrawal"),
        "acknowledgement" => message!(language, "message-acknowledgement"),
        other => reveal_controls(other).into_owned(),
    }
}
