//! Policies of the own offers: the list, one policy, its form, and its try.

pub mod draft;
pub mod trial;

use crate::frame::{PageFrame, PersonRole};
use crate::message::message;
use crate::page::contract_list::ROWS_PER_PAGE;
use crate::page::dataset::detail::link_policy;
use crate::page::group::GROUPS_ADDRESS;
use crate::part::act_note::render_act_link;
use crate::part::address::{QueryAddress, page_below};
use crate::part::clause_table::{ClauseText, render_clauses};
use crate::part::dataset_words::{audience_word, signing_word};
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{DataTable, Fact, render_facts, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

const PATH: &str = "/policies";

/// Rows of one page of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyListView {
    /// Offers in the order of the configuration.
    pub rows: Vec<PolicyRow>,
    /// Line of the configuration behind which the next page begins; none on the last page.
    pub after: Option<u64>,
}

/// Object of `hansa policy list --json`. Unknown members are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PolicyRow {
    /// Name of the policy.
    pub name: String,
    /// Dataset of the offer.
    pub dataset: String,
    /// Recipients: `league`, `public`, or a list of participants.
    pub to: String,
    /// Side that signs: `officer` or `auto`.
    pub sign: String,
    /// Line of the offer in the configuration.
    pub line: u64,
}

/// Object of `hansa policy show --json`, with its ODRL as text. Unknown members are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PolicyView {
    /// Name of the policy.
    pub name: String,
    /// Dataset to whose offer the terms belong.
    pub dataset: String,
    /// Title of the policy.
    pub title: String,
    /// Identity of the offer.
    pub offer: String,
    /// Recipients: `league`, `public`, or a list of participants.
    pub to: String,
    /// Side that signs: `officer` or `auto`.
    pub sign: String,
    /// First instant in force.
    pub not_before: String,
    /// End of the offer.
    pub not_after: String,
    /// Clauses in the language of the page.
    pub terms: Vec<ClauseText>,
    /// Offers that use the policy.
    pub offers: Vec<PolicyRow>,
    /// Text of the policy, as it is written.
    pub toml: String,
    /// SHA-256 of the text.
    pub digest: String,
    /// The policy as ODRL.
    pub odrl: String,
}

impl PolicyView {
    /// `true` if the connector signs contracts on an offer of the policy by itself.
    #[must_use]
    pub fn is_signed_automatically(&self) -> bool {
        self.offers.iter().any(|offer| offer.sign == "auto")
    }
}

/// Page with the list and the link to the next rows.
#[must_use]
pub fn render_policies(frame: &PageFrame<'_>, view: &PolicyListView) -> String {
    let language = frame.language;
    let body = html! {
        p { (message!(language, "policies-intro")) }
        p { a href=(GROUPS_ADDRESS) { (message!(language, "groups-title")) } }
        @if frame.has_role(PersonRole::Officer) {
            (render_act_link("/policies/add", &message!(language, "policy-add")))
        }
        @if view.rows.is_empty() {
            p { (message!(language, "policies-none")) }
        } @else {
            (render_offers(language, "policies-caption", message!(language, "policies-caption"), &view.rows))
        }
        @if let Some(after) = view.after {
            @let number = ROWS_PER_PAGE;
            @let next = QueryAddress::new(PATH).with_value("after", &after.to_string());
            nav.pager aria-label=(message!(language, "nav-pages")) {
                a href=(next) rel="next" { (message!(language, "next-rows", number)) }
            }
        }
    };
    let title = message!(language, "policies-title");
    render_layout(frame, &PageContent::new(title, body))
}

/// Page of one policy.
#[must_use]
pub fn render_policy(frame: &PageFrame<'_>, view: &PolicyView) -> String {
    let language = frame.language;
    let body = html! {
        (render_facts(&list_facts(frame, view)))
        (render_links(frame, view))
        section aria-labelledby="terms" {
            h2 id="terms" { (message!(language, "policy-terms")) }
            p.hint { (message!(language, "policy-terms-hint")) }
            (render_clauses(language, "terms-caption", &view.terms))
        }
        section aria-labelledby="uses" {
            h2 id="uses" { (message!(language, "policy-uses")) }
            @if view.offers.is_empty() {
                p { (message!(language, "policy-uses-none")) }
            } @else {
                (render_offers(language, "uses-caption", message!(language, "policy-uses-caption"), &view.offers))
            }
        }
        section aria-labelledby="policy-text" {
            h2 id="policy-text" { (message!(language, "policy-text")) }
            pre lang="" { code { (reveal_controls(&view.toml)) } }
            details {
                summary { (message!(language, "policy-odrl")) }
                pre lang="" { code { (reveal_controls(&view.odrl)) } }
            }
        }
    };
    let name = reveal_controls(&view.title);
    let title = message!(language, "policy-title", name);
    let content = PageContent {
        heading: html! { bdi { (title) } },
        title,
        body,
        is_error: false,
    };
    render_layout(frame, &content)
}

/// Links to the form and the try of the policy, for those who may use them.
fn render_links(frame: &PageFrame<'_>, view: &PolicyView) -> Markup {
    let language = frame.language;
    let (edit, role) = match view.is_signed_automatically() {
        true => ("edit-signed", PersonRole::Signer),
        false => ("edit", PersonRole::Officer),
    };
    let link = |word: &str, role: PersonRole| {
        let address = page_below(PATH, &[&view.name, word]);
        address.filter(|_| frame.has_role(role))
    };
    let trial = link("try", PersonRole::Officer);
    let trial = trial.map(|path| QueryAddress::new(&path).with_filled("dataset", &view.dataset));
    html! {
        @if let Some(address) = link(edit, role) {
            (render_act_link(&address, &message!(language, "policy-edit")))
        }
        @if let Some(address) = trial {
            (render_act_link(&address.to_string(), &message!(language, "trial-link")))
        }
    }
}

fn list_facts(frame: &PageFrame<'_>, view: &PolicyView) -> Vec<Fact> {
    let language = frame.language;
    vec![
        Fact::new(
            message!(language, "column-policy"),
            html! { code { (reveal_controls(&view.name)) } },
        ),
        Fact::new(
            message!(language, "column-dataset"),
            link_dataset(&view.dataset),
        ),
        Fact::new(
            message!(language, "offer-to"),
            html! { (audience_word(language, &view.to)) },
        ),
        Fact::new(
            message!(language, "offer-signing"),
            html! { (signing_word(language, &view.sign)) },
        ),
        Fact::new(
            message!(language, "offer-from"),
            render_instant_text(frame, &view.not_before),
        ),
        Fact::new(
            message!(language, "column-end"),
            render_instant_text(frame, &view.not_after),
        ),
        Fact::new(
            message!(language, "fact-offer"),
            html! { code { (reveal_controls(&view.offer)) } },
        ),
    ]
}

/// Table of offers, whose caption has an ID.
fn render_offers(language: Language, id: &str, caption: String, offers: &[PolicyRow]) -> Markup {
    let rows = offers.iter().map(|offer| {
        vec![
            link_policy(&offer.name, &offer.dataset),
            link_dataset(&offer.dataset),
            html! { (audience_word(language, &offer.to)) },
            html! { (signing_word(language, &offer.sign)) },
        ]
    });
    render_table(&DataTable {
        id,
        caption,
        columns: vec![
            message!(language, "column-policy"),
            message!(language, "column-dataset"),
            message!(language, "offer-to"),
            message!(language, "offer-signing"),
        ],
        rows: rows.collect(),
    })
}

fn link_dataset(name: &str) -> Markup {
    let shown = reveal_controls(name);
    html! {
        @match page_below("/datasets", &[name]) {
            Some(address) => { a href=(address) { code { (shown) } } }
            None => { code { (shown) } }
        }
    }
}
