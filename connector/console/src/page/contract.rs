//! One contract or negotiation.

pub mod comparison;
pub mod counter_act;
mod detail;
mod glance;
mod page_text;
pub mod report;
mod timeline;

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::act::{DoneActView, render_act_links, render_done_act};
use crate::page::contract::detail::{
    render_approvals, render_budgets, render_comments, render_declined_steps, render_signatures,
    render_terms,
};
use crate::page::contract::glance::{ContractGlance, render_glance};
use crate::page::contract::page_text::{PageText, find_tag, render_page_text};
use crate::page::contract::report::{
    ContractDetail, ContractReport, NegotiationDetail, OwedStatements, WithdrawalDetail,
};
use crate::page::contract::timeline::render_timeline;
use crate::page::evidence::render_contract_evidence;
use crate::part::address::contract_address;
use crate::part::contract_words::{render_state, role_name, turn_word};
use crate::part::layout::{PageContent, render_layout};
use crate::part::quotation::{Quotation, render_quotation};
use crate::part::table::{Fact, render_facts};
use crate::part::text::{reveal_controls, shorten_identity};
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Contract or negotiation, and the language in which its page was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractView {
    /// Object of `hansa contract show --json`.
    pub report: ContractReport,
    /// Language of the text of the page; none if it is the language of the signatures.
    pub page_language: Option<Language>,
    /// Act that the person has done on it a moment ago.
    pub done: Option<DoneActView>,
}

/// Page of one contract or negotiation.
#[must_use]
pub fn render_contract(frame: &PageFrame<'_>, view: &ContractView) -> String {
    let content = match &view.report {
        ContractReport::Contract(detail) => build_contract_page(frame, view, detail),
        ContractReport::Negotiation(detail) => build_negotiation_page(frame, view, detail),
    };
    render_layout(frame, &content)
}

fn build_contract_page(
    frame: &PageFrame<'_>,
    view: &ContractView,
    detail: &ContractDetail,
) -> PageContent {
    let language = frame.language;
    let summary = &detail.summary;
    let other = match summary.other_party() {
        Some(other) => reveal_controls(other).into_owned(),
        None => message!(language, "party-everyone"),
    };
    let body = html! {
        (render_act_parts(frame, view))
        (render_facts(&list_contract_facts(frame, detail)))
        (render_glance(frame, &ContractGlance {
            terms: &detail.terms,
            blocks: &detail.blocks,
            language: find_tag(&detail.shown, view.page_language),
            kind: &summary.kind,
            not_before: &summary.not_before,
            not_after: &summary.not_after,
        }))
        @if let Some(withdrawal) = &detail.withdrawal {
            (render_withdrawal(frame, withdrawal))
        }
        (render_budgets(frame, &detail.budgets))
        (render_page_text(frame, &PageText {
            heading: message!(language, "page-text"),
            text: &detail.page,
            blocks: &detail.blocks,
            shown: &detail.shown,
            asked: view.page_language,
        }))
        (render_terms(language, &detail.terms))
        (render_signatures(frame, &detail.signatures))
        (render_approvals(language, &detail.officers))
        (render_declined_steps(frame, &detail.declined_steps))
        (render_timeline(frame, &detail.timeline))
        (render_contract_evidence(frame, summary))
    };
    let dataset = reveal_controls(&summary.dataset);
    build_content(message!(language, "contract-title", other, dataset), body)
}

fn build_negotiation_page(
    frame: &PageFrame<'_>,
    view: &ContractView,
    detail: &NegotiationDetail,
) -> PageContent {
    let language = frame.language;
    let body = html! {
        (render_act_parts(frame, view))
        (render_facts(&list_negotiation_facts(language, detail)))
        (render_glance(frame, &ContractGlance {
            terms: &detail.terms,
            blocks: &detail.blocks,
            language: find_tag(&detail.shown, view.page_language),
            kind: "",
            not_before: "",
            not_after: "",
        }))
        (render_comments(frame, &detail.comments))
        @if let Some(changes) = &detail.diff {
            section aria-labelledby="changes" {
                h2 id="changes" { (message!(language, "changes")) }
                pre lang="en" { (reveal_controls(changes)) }
            }
        }
        (render_page_text(frame, &PageText {
            heading: message!(language, "proposal-text"),
            text: &detail.page,
            blocks: &detail.blocks,
            shown: &detail.shown,
            asked: view.page_language,
        }))
        (render_terms(language, &detail.terms))
        (render_approvals(language, &detail.officers))
        (render_declined_steps(frame, &detail.declined_steps))
        (render_timeline(frame, &detail.timeline))
    };
    match (&detail.participant, &detail.dataset) {
        (Some(other), Some(dataset)) => {
            let (other, dataset) = (reveal_controls(other), reveal_controls(dataset));
            build_content(
                message!(language, "negotiation-heading", other, dataset),
                body,
            )
        }
        (_, _) => {
            let name = shorten_identity(&detail.negotiation);
            PageContent::new(message!(language, "negotiation-title", name), body)
        }
    }
}

/// Last act of the person, and the acts that are possible now.
fn render_act_parts(frame: &PageFrame<'_>, view: &ContractView) -> Markup {
    html! {
        @if let Some(done) = &view.done {
            (render_done_act(frame.language, done))
        }
        (render_act_links(frame, &view.report))
        @if let Some(address) = contract_address(view.report.identity()) {
            p { a href={ (address) "/compare" } { (message!(frame.language, "compare")) } }
        }
    }
}

/// Content under a heading with the other participant and the dataset.
fn build_content(title: String, body: Markup) -> PageContent {
    PageContent {
        heading: html! { bdi { (title) } },
        title,
        body,
        is_error: false,
    }
}

fn list_contract_facts(frame: &PageFrame<'_>, detail: &ContractDetail) -> Vec<Fact> {
    let language = frame.language;
    let summary = &detail.summary;
    let mut facts = vec![
        Fact::new(
            message!(language, "column-state"),
            render_state(language, &summary.state),
        ),
        Fact::new(
            message!(language, "column-role"),
            html! { (role_name(language, &summary.role)) },
        ),
    ];
    facts.extend(detail.prepaid.as_ref().map(|prepaid| {
        let spent = reveal_controls(&prepaid.spent);
        let paid = reveal_controls(&prepaid.paid);
        let currency = reveal_controls(&prepaid.currency);
        let value = html! { (message!(language, "prepaid-spent", spent, paid, currency)) };
        Fact::new(message!(language, "prepaid"), value)
    }));
    facts.extend(detail.statements_owed.as_ref().map(|owed| {
        let value = render_owed_statements(frame, owed);
        Fact::new(message!(language, "statements-owed"), value)
    }));
    let identity = html! { code { (reveal_controls(&summary.contract)) } };
    facts.push(Fact::new(message!(language, "fact-identity"), identity));
    facts
}

fn render_owed_statements(frame: &PageFrame<'_>, owed: &OwedStatements) -> Markup {
    let language = frame.language;
    html! {
        (language.format_number(owed.count))
        @if let Some(due) = &owed.first_due {
            " · " (message!(language, "statements-due")) " " (render_instant_text(frame, due))
        }
    }
}

fn list_negotiation_facts(language: Language, detail: &NegotiationDetail) -> Vec<Fact> {
    let state = render_state(language, &detail.state);
    let mut facts = vec![Fact::new(message!(language, "column-state"), state)];
    facts.extend(turn_word(language, detail.turn.as_deref()).map(|turn| {
        let value = html! { strong { (turn) } };
        Fact::new(message!(language, "fact-turn"), value)
    }));
    facts.extend(detail.role.as_deref().map(|role| {
        let value = html! { (role_name(language, role)) };
        Fact::new(message!(language, "column-role"), value)
    }));
    let identity = html! { code { (reveal_controls(&detail.negotiation)) } };
    facts.push(Fact::new(message!(language, "fact-negotiation"), identity));
    facts.extend(detail.would_become.as_deref().map(|contract| {
        // No link: until it is signed, a contract has no page other than this one.
        let value = html! { code { (reveal_controls(contract)) } };
        Fact::new(message!(language, "fact-would-become"), value)
    }));
    facts
}

fn render_withdrawal(frame: &PageFrame<'_>, withdrawal: &WithdrawalDetail) -> Markup {
    let language = frame.language;
    let by = reveal_controls(&withdrawal.by);
    html! {
        section aria-labelledby="withdrawal" {
            h2 id="withdrawal" { bdi { (message!(language, "withdrawal-title", by)) } }
            p { (message!(language, "withdrawal-from")) " " (render_instant_text(frame, &withdrawal.from)) }
            (render_quotation(frame, &Quotation {
                author: &withdrawal.by,
                at: Some(&withdrawal.at),
                clause: None,
                text: &withdrawal.reason,
                valid: true,
            }))
        }
    }
}
