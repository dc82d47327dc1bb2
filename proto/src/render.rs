//! Contracts as pages that a person reads.

use crate::render::message::message;
use hansa_policy::contract::rendering::PageRendering;
use hansa_policy::contract::{Agreement, Assignee};
use hansa_policy::id::ContractId;
use hansa_policy::term::language::Language;

mod agreement_page;
pub mod contract_status;
mod message;
#[cfg(test)]
mod tests;

/// A contract as the page that its signers are shown; without its identity it is a draft.
#[must_use]
pub fn agreement(id: Option<ContractId>, agreement: &Agreement) -> String {
    agreement_in(agreement.rendering.language, id, agreement)
}

/// A contract as its page in a language; the zone stays that of the page that is signed.
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
    format!("{title}\n\n{}", page(rendering, agreement))
}

/// The page that signers are shown, and whose digest they sign. It names neither the hash nor itself.
///
/// What a form has once said it says for ever: the files in `golden/` hold it.
#[must_use]
pub fn page(rendering: PageRendering, agreement: &Agreement) -> String {
    agreement_page::page(rendering, agreement)
}
