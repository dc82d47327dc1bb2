//! List of the peers, as they are known without a call.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::contract_list::ROWS_PER_PAGE;
use crate::page::operation::doctor::doctor_address;
use crate::page::operation::render_links;
use crate::part::act_note::render_act_link;
use crate::part::address::page_below;
use crate::part::code_words::render_cause;
use crate::part::error_code::render_error_code;
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Peers of one page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeerListView {
    /// Peers in the order of their aliases.
    pub rows: Vec<PeerRow>,
    /// Alias after which the next page begins; none on the last page.
    pub after: Option<String>,
}

/// Object of `hansa peer list --json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct PeerRow {
    /// Domain of the peer.
    pub participant: String,
    /// Alias in SQL.
    pub alias: String,
    /// Host and port of the peer.
    pub address: String,
    /// `true` for a member of the league.
    #[serde(default)]
    pub member: bool,
    /// Name for people, from the trust bundle.
    #[serde(default)]
    pub name: Option<String>,
    /// Last greeting by this participant that succeeded.
    #[serde(default)]
    pub reached_at: Option<String>,
    /// Time of this greeting, in milliseconds.
    #[serde(default)]
    pub round_trip_ms: Option<u64>,
    /// Program and version in the words of the peer.
    #[serde(default)]
    pub program: Option<String>,
    /// Last call that failed.
    #[serde(default)]
    pub failure: Option<ContactFailure>,
    /// Number of contracts in force.
    #[serde(default)]
    pub contracts: u64,
    /// Number of messages that wait for the peer.
    #[serde(default)]
    pub messages: u64,
    /// `true` if the log of the peer has two histories.
    #[serde(default)]
    pub forked: bool,
}

/// Call of a peer that failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ContactFailure {
    /// Instant of the failure.
    pub at: String,
    /// Code of the reason.
    pub code: String,
    /// Sentence of the reason.
    pub sentence: String,
}

/// Page with the peers.
#[must_use]
pub fn render_peers(frame: &PageFrame<'_>, view: &PeerListView) -> String {
    let language = frame.language;
    let body = html! {
        (render_links(frame))
        p { (message!(language, "peers-as-known")) }
        @if view.rows.is_empty() {
            p { (message!(language, "peers-none")) }
        } @else {
            (render_rows(frame, &view.rows))
            @if view.rows.iter().any(|peer| peer.failure.is_some()) {
                p { (message!(language, "peers-remedy")) }
            }
        }
        (render_next_rows(language, "/operations/peers", view.after.as_deref()))
        (render_act_link("/operations/peers/add", &message!(language, "peer-add")))
    };
    let title = message!(language, "peers-title");
    render_layout(frame, &PageContent::new(title, body))
}

fn render_rows(frame: &PageFrame<'_>, rows: &[PeerRow]) -> Markup {
    let language = frame.language;
    let cells = rows.iter().map(|peer| {
        vec![
            render_name(language, peer),
            html! { (reveal_controls(&peer.address)) },
            render_contact(frame, peer),
            html! { (language.format_number(peer.contracts)) },
            html! { (language.format_number(peer.messages)) },
            html! {
                @let name = reveal_controls(&peer.participant);
                a href=(doctor_address(Some(&peer.participant))) {
                    (message!(language, "peer-check"))
                    span.unseen { " " bdi { (name) } }
                }
                @if let Some(address) = page_below("/operations/peers", &[&peer.participant, "remove"]) {
                    br;
                    a href=(address) {
                        (message!(language, "peer-remove")) "…"
                        span.unseen { " " bdi { (name) } }
                    }
                }
            },
        ]
    });
    render_table(&DataTable {
        id: "peers-caption",
        caption: message!(language, "peers-caption"),
        columns: vec![
            message!(language, "peer-name"),
            message!(language, "peer-address"),
            message!(language, "peer-contact"),
            message!(language, "peer-contracts"),
            message!(language, "peer-messages"),
            message!(language, "peer-doctor"),
        ],
        rows: cells.collect(),
    })
}

fn render_name(language: Language, peer: &PeerRow) -> Markup {
    html! {
        @if let Some(name) = &peer.name {
            bdi { (reveal_controls(name)) } br;
        }
        bdi { (reveal_controls(&peer.participant)) }
        " · " code { (reveal_controls(&peer.alias)) }
        @if !peer.member {
            br; strong class="mark late" { (message!(language, "peer-no-member")) }
        }
        @if peer.forked {
            br; strong class="mark bad" { (message!(language, "peer-forked")) }
        }
    }
}

fn render_contact(frame: &PageFrame<'_>, peer: &PeerRow) -> Markup {
    let language = frame.language;
    html! {
        @if let Some(failure) = &peer.failure {
            strong class="mark bad" { (message!(language, "peer-failed")) }
            " " (render_instant_text(frame, &failure.at)) br;
            (render_error_code(&failure.code)) " " (render_cause(language, &failure.code))
            span lang="en" { (reveal_controls(&failure.sentence)) }
        }
        @match &peer.reached_at {
            Some(reached) => {
                @if peer.failure.is_some() {
                    br; (message!(language, "peer-reached-before")) " "
                } @else {
                    (message!(language, "peer-reached")) " "
                }
                (render_instant_text(frame, reached))
                @if let Some(milliseconds) = peer.round_trip_ms {
                    @let number = language.format_number(milliseconds);
                    " · " (message!(language, "peer-round-trip", number))
                }
                @if let Some(program) = &peer.program {
                    " · " bdi lang="" { (reveal_controls(program)) }
                }
            }
            None if peer.failure.is_none() => { (message!(language, "peer-not-called")) }
            None => {}
        }
    }
}

/// Link to the next rows of a list by its key.
pub(crate) fn render_next_rows(language: Language, path: &str, after: Option<&str>) -> Markup {
    let number = ROWS_PER_PAGE;
    html! {
        @if let Some(after) = after {
            nav.pager aria-label=(message!(language, "nav-pages")) {
                a rel="next" href=(crate::part::address::QueryAddress::new(path).with_value("after", after)) {
                    (message!(language, "next-rows", number))
                }
            }
        }
    }
}
