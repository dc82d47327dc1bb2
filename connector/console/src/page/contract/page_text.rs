//! Page of a contract: its parts with their clauses, and its text as it is signed.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::contract::report::{PageBlock, ShownPage};
use crate::part::signed_page::render_signed_page;
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Text of the page of a contract.
pub(super) struct PageText<'a> {
    pub(super) heading: String,
    pub(super) text: &'a str,
    pub(super) blocks: &'a [PageBlock],
    pub(super) shown: &'a ShownPage,
    /// Language in which the text was asked for.
    pub(super) asked: Option<Language>,
}

/// Part of the page: its lines under one heading.
struct PagePart<'a> {
    word: &'a str,
    blocks: &'a [PageBlock],
}

/// Section with the page: its parts, then its text.
pub(super) fn render_page_text(frame: &PageFrame<'_>, page: &PageText<'_>) -> Markup {
    let language = frame.language;
    let signed = page.shown.language.parse::<Language>().ok();
    let tag = find_tag(page.shown, page.asked);
    let is_translation = page.asked.is_some() && page.asked != signed;
    let text = render_signed_page(page.text, tag);
    html! {
        section aria-labelledby="page-text" {
            h2 id="page-text" { (page.heading) }
            @if is_translation {
                p.notice { (message!(language, "page-translation")) }
            }
            @if page.blocks.is_empty() {
                (text)
            } @else {
                p.hint { (message!(language, "page-marks")) }
                div.contract-page lang=(tag) {
                    @for part in split_parts(page.blocks) {
                        (render_part(&part))
                    }
                }
                details {
                    summary { (message!(language, "page-as-signed")) }
                    (text)
                }
            }
            @if !page.shown.sha256.is_empty() {
                @let form = reveal_controls(&page.shown.form);
                @let signed_language = describe_language(language, &page.shown.language);
                p.hint {
                    (message!(language, "page-signed", form, signed_language)) " "
                    code { (reveal_controls(&page.shown.sha256)) }
                }
            }
        }
    }
}

/// Tag of the language of the text. An unknown language is stated as such, so that no reader speaks the text as one of the page.
pub(super) fn find_tag(shown: &ShownPage, asked: Option<Language>) -> &'static str {
    let signed = shown.language.parse::<Language>().ok();
    asked.or(signed).map_or("", Language::tag)
}

/// Parts of a page in their order. Lines of one part stand together.
fn split_parts(blocks: &[PageBlock]) -> Vec<PagePart<'_>> {
    blocks
        .chunk_by(|one, next| one.part == next.part)
        .filter_map(|blocks| {
            Some(PagePart {
                word: &blocks.first()?.part,
                blocks,
            })
        })
        .collect()
}

fn render_part(part: &PagePart<'_>) -> Markup {
    // A class is one of our own words, never one that came with the data.
    let class = match part.word {
        "enforced" => "part enforced",
        "agreed" => "part agreed",
        "open" => "part open",
        _ => "part",
    };
    html! {
        div class=(class) {
            @for block in part.blocks {
                @let text = reveal_controls(&block.text);
                @match block.form.as_str() {
                    "heading" => { h3 { (text) } }
                    "subheading" => { p.subheading { (text) ":" } }
                    "fact" => {
                        p.fact {
                            @let name = block.name.as_deref().unwrap_or_default();
                            span.name { (reveal_controls(name)) } " " span { (text) }
                        }
                    }
                    "clause" => {
                        p.clause {
                            @let clause = block.clause.as_deref().unwrap_or_default();
                            strong { (reveal_controls(clause)) } " " span { (text) }
                        }
                    }
                    "clause_note" => { p.clause-note { (text) } }
                    "item" => { p.item { "– " (text) } }
                    _ => { p { (text) } }
                }
            }
        }
    }
}

/// Name of the language of a tag, in the language of the page.
fn describe_language(language: Language, tag: &str) -> String {
    match tag.parse() {
        Ok(Language::En) => message!(language, "language-english"),
        Ok(Language::De) => message!(language, "language-german"),
        Ok(Language::Pt) => message!(language, "language-portuguese"),
        Err(_) => reveal_controls(tag).into_owned(),
    }
}
