//! One dataset of another participant.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::catalog::render_access;
use crate::part::act_note::render_act_link;
use crate::part::address::page_below;
use crate::part::clause_table::{ClauseText, render_clauses};
use crate::part::contract_words::link_contract;
use crate::part::dataset_entry::{
    DatasetEntry, OwnerStatement, list_entry_facts, list_statements, render_area_map,
    render_columns, render_queries,
};
use crate::part::dataset_words::{CoveredPeriod, signing_word};
use crate::part::layout::{PageContent, render_layout};
use crate::part::map::MapOutlines;
use crate::part::quotation::{Quotation, render_quotation};
use crate::part::table::{Fact, render_facts};
use crate::part::text::{reveal_controls, shorten_identity};
use crate::part::time::render_instant_text;
use maud::{Markup, html};
use serde::Deserialize;

/// Most offers and public views of a page.
const MOST_OFFERS: usize = 20;

/// Object of `hansa catalog show --as-known --json`. Unknown members are ignored.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct CatalogView {
    /// Domain of the participant.
    pub participant: String,
    /// Alias of the participant and name of the dataset.
    pub name: String,
    /// Period that the rows cover.
    pub covers: Option<CoveredPeriod>,
    /// Ways in which this participant may have the dataset.
    pub had_by: Vec<String>,
    /// Instant at which the catalogue was read.
    pub read_at: Option<String>,
    /// Catalogue entry.
    pub entry: DatasetEntry,
    /// Offers with their terms.
    pub offers: Vec<OfferedTerms>,
    /// Public views with their terms.
    pub public_views: Vec<PublicView>,
    /// Contracts in force.
    pub contracts: Vec<String>,
}

/// Offer with its terms.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct OfferedTerms {
    /// Identity of the offer.
    pub offer: String,
    /// Title in the words of the participant.
    pub title: String,
    /// First instant in force.
    pub not_before: String,
    /// End of the offer.
    pub not_after: String,
    /// Side that signs: `officer` or `auto`.
    pub sign: String,
    /// Clauses in the language of the page.
    pub terms: Vec<ClauseText>,
}

/// Public view with its terms.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PublicView {
    /// Identity of its contract.
    pub contract: String,
    /// End of the view.
    pub not_after: String,
    /// Clauses in the language of the page.
    pub terms: Vec<ClauseText>,
}

/// Page of one dataset of another participant.
#[must_use]
pub fn render_catalog_entry(frame: &PageFrame<'_>, view: &CatalogView) -> String {
    let language = frame.language;
    let author = reveal_controls(&view.participant);
    let body = html! {
        @if let Some(read_at) = &view.read_at {
            p.notice {
                (message!(language, "catalog-known-since", author)) " " (render_instant_text(frame, read_at))
            }
        }
        (render_facts(&list_facts(frame, view)))
        (render_words(frame, view))
        section aria-labelledby="columns" {
            h2 id="columns" { (message!(language, "columns")) }
            (render_columns(language, message!(language, "catalog-columns-caption", author), &view.entry.columns))
        }
        (render_area_map(language, &view.entry, &MapOutlines::default()))
        (render_contracts(frame, view))
        (render_offers(frame, view))
        (render_views(frame, view))
        (render_queries(language, message!(language, "catalog-queries-caption", author), &view.entry.queries))
        (render_citation(frame, view))
    };
    let name = reveal_controls(&view.name);
    let title = message!(language, "catalog-entry-title", name, author);
    let content = PageContent {
        heading: html! { bdi { (title) } },
        title,
        body,
        is_error: false,
    };
    render_layout(frame, &content)
}

fn list_facts(frame: &PageFrame<'_>, view: &CatalogView) -> Vec<Fact> {
    let language = frame.language;
    let mut facts = vec![
        Fact::new(
            message!(language, "column-dataset"),
            html! { code { (reveal_controls(&view.name)) } },
        ),
        Fact::new(
            message!(language, "column-owner"),
            html! { bdi { (reveal_controls(&view.participant)) } },
        ),
        Fact::new(
            message!(language, "column-access"),
            render_access(language, &view.had_by),
        ),
    ];
    facts.extend(list_entry_facts(frame, &view.entry, view.covers.as_ref()));
    facts
}

/// Title and statements, each in the frame of its author.
fn render_words(frame: &PageFrame<'_>, view: &CatalogView) -> Markup {
    let language = frame.language;
    let title = OwnerStatement {
        name: message!(language, "column-title"),
        text: &view.entry.title,
    };
    let statements = list_statements(language, &view.entry.description);
    html! {
        section aria-labelledby="words" {
            h2 id="words" { (message!(language, "owner-words")) }
            @for statement in std::iter::once(title).chain(statements) {
                h3 { (statement.name) }
                (render_quotation(frame, &quote(view, statement.text)))
            }
        }
    }
}

/// Text of the owner of the dataset.
fn quote<'a>(view: &'a CatalogView, text: &'a str) -> Quotation<'a> {
    Quotation {
        author: &view.participant,
        at: None,
        clause: None,
        text,
        // The catalogue came over a connection that the owner has authenticated.
        valid: true,
    }
}

fn render_contracts(frame: &PageFrame<'_>, view: &CatalogView) -> Markup {
    let language = frame.language;
    html! {
        @if !view.contracts.is_empty() {
            section aria-labelledby="contracts" {
                h2 id="contracts" { (message!(language, "catalog-contracts")) }
                ul {
                    @for contract in view.contracts.iter().take(MOST_OFFERS) {
                        li { (link_contract(contract)) }
                    }
                }
                (render_remainder(frame, view.contracts.len()))
            }
        }
    }
}

fn render_offers(frame: &PageFrame<'_>, view: &CatalogView) -> Markup {
    let language = frame.language;
    html! {
        section aria-labelledby="offers" {
            h2 id="offers" { (message!(language, "offers")) }
            @if view.offers.is_empty() {
                p { (message!(language, "catalog-offers-none")) }
            }
            (render_offers_of(frame, view))
            @if let Some(address) = request_address(view) {
                (render_act_link(&address, &message!(language, "request")))
            }
        }
    }
}

/// Address of the page before a request; none where nothing is offered.
fn request_address(view: &CatalogView) -> Option<String> {
    let (alias, dataset) = view.name.split_once('.')?;
    let address = page_below("/catalog", &[alias, dataset, "request"]);
    address.filter(|_| !view.offers.is_empty())
}

/// Offers with their terms.
pub(super) fn render_offers_of(frame: &PageFrame<'_>, view: &CatalogView) -> Markup {
    html! {
        @for (index, offer) in view.offers.iter().take(MOST_OFFERS).enumerate() {
            (render_offer(frame, view, offer, index))
        }
        (render_remainder(frame, view.offers.len()))
    }
}

fn render_offer(
    frame: &PageFrame<'_>,
    view: &CatalogView,
    offer: &OfferedTerms,
    index: usize,
) -> Markup {
    let language = frame.language;
    let name = shorten_identity(&offer.offer);
    let facts = [
        Fact::new(
            message!(language, "offer-from"),
            render_instant_text(frame, &offer.not_before),
        ),
        Fact::new(
            message!(language, "column-end"),
            render_instant_text(frame, &offer.not_after),
        ),
        Fact::new(
            message!(language, "offer-signing"),
            html! { (signing_word(language, &offer.sign)) },
        ),
    ];
    let caption = format!("offer-{index}-caption");
    html! {
        h3 { (message!(language, "offer-name", name)) }
        (render_quotation(frame, &quote(view, &offer.title)))
        (render_facts(&facts))
        (render_clauses(language, &caption, &offer.terms))
    }
}

fn render_views(frame: &PageFrame<'_>, view: &CatalogView) -> Markup {
    let language = frame.language;
    html! {
        @if !view.public_views.is_empty() {
            section aria-labelledby="views" {
                h2 id="views" { (message!(language, "public-views")) }
                p.hint { (message!(language, "public-views-hint")) }
                @for (index, public) in view.public_views.iter().take(MOST_OFFERS).enumerate() {
                    @let name = shorten_identity(&public.contract);
                    @let caption = format!("view-{index}-caption");
                    h3 { (message!(language, "public-view-name", name)) }
                    p { (message!(language, "column-end")) ": " (render_instant_text(frame, &public.not_after)) }
                    (render_clauses(language, &caption, &public.terms))
                }
                (render_remainder(frame, view.public_views.len()))
            }
        }
    }
}

/// Sentence about items that the page leaves out.
fn render_remainder(frame: &PageFrame<'_>, count: usize) -> Markup {
    let language = frame.language;
    let omitted = count.saturating_sub(MOST_OFFERS);
    html! {
        @if omitted > 0 {
            @let number = language.format_number(u64::try_from(omitted).unwrap_or(u64::MAX));
            p { strong { (message!(language, "items-omitted", number)) } }
        }
    }
}

fn render_citation(frame: &PageFrame<'_>, view: &CatalogView) -> Markup {
    let language = frame.language;
    let entry = &view.entry;
    html! {
        section aria-labelledby="citation" {
            h2 id="citation" { (message!(language, "citation")) }
            @match entry.attribution.as_deref() {
                Some(attribution) => { (render_quotation(frame, &quote(view, attribution))) }
                None => {
                    @let title = reveal_controls(&entry.title);
                    @let author = reveal_controls(&view.participant);
                    @let version = reveal_controls(&entry.version);
                    @let licence = reveal_controls(&entry.licence);
                    p { bdi { (message!(language, "citation-text", title, author, version, licence)) } }
                }
            }
            p.hint { (message!(language, "citation-hint")) }
        }
    }
}
