//! Contracts as pages for people.

use crate::render::agreement_page::PageBlock;
use crate::render::message::message;
use hansa_policy::contract::rendering::PageRendering;
use hansa_policy::contract::{Agreement, Assignee};
use hansa_policy::id::ContractId;
use hansa_policy::term::language::Language;

pub mod agreement_page;
pub mod contract_status;
mod message;
#[cfg(test)]
mod tests;

/// Returns the page of a contract that its signatories see. Without an ID, it is a draft.
#[must_use]
pub fn render_agreement(id: Option<ContractId>, agreement: &Agreement) -> String {
    agreement_in(agreement.rendering.language, id, agreement)
}

/// Returns the page of a contract in a language. The time zone stays that of the signed page.
#[must_use]
pub fn agreement_in(language: Language, id: Option<ContractId>, agreement: &Agreement) -> String {
    let title = match (id, &agreement.assignee) {
        (Some(id), Assignee::Participant(_) | Assignee::Partner(_)) => {
            format!("{} {id}", message!(language, "title-contract"))
        }
        (Some(id), Assignee::Public) => {
            let view = message!(language, "title-public-view");
            format!("{view} {id}")
        }
        (None, _) => message!(language, "title-draft"),
    };
    let rendering = agreement.rendering.in_language(language);
    format!("{title}\n\n{}", render_page(rendering, agreement))
}

/// Returns the page that signatories see as blocks. Their lines are the text of [`render_page`].
#[must_use]
pub fn page_blocks(rendering: PageRendering, agreement: &Agreement) -> Vec<PageBlock> {
    agreement_page::page_blocks(rendering, agreement)
}

/// Returns the page that signatories see and whose digest they sign. The page contains neither the digest nor the contract ID.
///
/// The text of a form never changes; the files in `golden/` fix it.
#[must_use]
pub fn render_page(rendering: PageRendering, agreement: &Agreement) -> String {
    agreement_page::render_page(rendering, agreement)
}
