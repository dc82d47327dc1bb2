//! List of the access tokens, without their secrets.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::operation::peer_list::render_next_rows;
use crate::page::setting::render_links;
use crate::part::act_note::render_act_link;
use crate::part::address::page_below;
use crate::part::contract_words::link_contract;
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Access tokens of one page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenListView {
    /// Tokens in the order of their ids.
    pub rows: Vec<TokenRow>,
    /// Token after which the next page begins; none on the last page.
    pub after: Option<String>,
}

/// Object of `hansa token list --json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct TokenRow {
    /// Id of the token, which is no secret.
    pub token: String,
    /// Purposes that a connection with the token may name.
    pub purposes: Vec<String>,
    /// Contract to which the token is limited.
    #[serde(default)]
    pub contract: Option<String>,
    /// End of the token.
    pub until: String,
    /// Name of the person; none once it was erased.
    #[serde(default)]
    pub person: Option<String>,
    /// State: `counts`, `over` or `revoked`.
    pub state: String,
}

/// Page with the access tokens.
#[must_use]
pub fn render_tokens(frame: &PageFrame<'_>, view: &TokenListView) -> String {
    let language = frame.language;
    let body = html! {
        (render_links(frame))
        p { (message!(language, "tokens-what")) }
        @if view.rows.is_empty() {
            p { (message!(language, "tokens-none")) }
        } @else {
            (render_token_rows(frame, &view.rows, "/settings/tokens"))
        }
        (render_next_rows(language, "/settings/tokens", view.after.as_deref()))
        (render_act_link("/settings/tokens/add", &message!(language, "token-add")))
    };
    let title = message!(language, "tokens-title");
    render_layout(frame, &PageContent::new(title, body))
}

/// Table of tokens; each that is valid can be ended at a page below the path.
pub(super) fn render_token_rows(frame: &PageFrame<'_>, rows: &[TokenRow], path: &str) -> Markup {
    let language = frame.language;
    let cells = rows.iter().map(|row| {
        vec![
            html! { code { (reveal_controls(&row.token)) } },
            html! {
                @match &row.person {
                    Some(person) => { bdi { (reveal_controls(person)) } }
                    None => { (message!(language, "token-person-erased")) }
                }
            },
            html! {
                @if row.purposes.is_empty() { (message!(language, "token-no-purpose")) }
                (reveal_controls(&row.purposes.join(", ")))
            },
            html! {
                @match &row.contract {
                    Some(contract) => { (link_contract(contract)) }
                    None => { (message!(language, "token-all-contracts")) }
                }
            },
            render_instant_text(frame, &row.until),
            html! {
                (render_state(language, &row.state))
                @if let Some(address) = end_address(path, row) {
                    @let token = reveal_controls(&row.token);
                    br;
                    a href=(address) { (message!(language, "token-end")) "…" span.unseen { " " (token) } }
                }
            },
        ]
    });
    render_table(&DataTable {
        id: "tokens-caption",
        caption: message!(language, "tokens-caption"),
        columns: vec![
            message!(language, "token-id"),
            message!(language, "token-person"),
            message!(language, "token-purposes"),
            message!(language, "token-contract"),
            message!(language, "token-until"),
            message!(language, "token-state"),
        ],
        rows: cells.collect(),
    })
}

/// Address of the page before the end of a token; none for one that has ended.
fn end_address(path: &str, row: &TokenRow) -> Option<String> {
    let is_valid = row.state == "counts";
    is_valid
        .then(|| page_below(path, &[&row.token, "end"]))
        .flatten()
}

fn render_state(language: Language, state: &str) -> Markup {
    html! {
        @match state {
            "counts" => { span class="state good" { (message!(language, "token-valid")) } }
            "over" => { span class="state over" { (message!(language, "token-over")) } }
            "revoked" => { span class="state over" { (message!(language, "token-revoked")) } }
            other => { (reveal_controls(other)) }
        }
    }
}
