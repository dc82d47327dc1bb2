//! List of contracts and negotiations.

use crate::frame::PageFrame;
use crate::message::message;
use crate::part::address::QueryAddress;
use crate::part::contract_words::{
    STATES, is_own_turn, link_contract, render_state, role_name, state_word,
};
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Most rows of one page.
pub const ROWS_PER_PAGE: usize = 50;

const PATH: &str = "/contracts";

/// Rows of one page of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContractListView {
    /// Rows in the order of the list.
    pub rows: Vec<ContractRow>,
    /// Conditions under which the rows were selected.
    pub filter: ContractFilter,
    /// Key after which the next page begins; none on the last page.
    pub after: Option<String>,
}

/// Conditions of the list, as its form sends them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ContractFilter {
    /// State, in the word of `hansa contract list`; empty for all.
    pub state: String,
    /// Other participant.
    pub with: String,
    /// Text of the dataset or the title.
    pub text: String,
    /// `me` for the rows whose next step is ours; empty for all.
    pub needs: String,
}

impl ContractFilter {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Object of `hansa contract list --json`. Unknown members are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum ContractRow {
    /// Contract with both signatures.
    Contract(ContractSummary),
    /// Negotiation that is not concluded.
    Negotiation(NegotiationSummary),
}

/// Contract in a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ContractSummary {
    /// Identity of the contract.
    pub contract: String,
    /// Domain of the provider.
    pub provider: String,
    /// Domain of the consumer; none in a public view.
    #[serde(default)]
    pub consumer: Option<String>,
    /// Name of the dataset.
    pub dataset: String,
    /// Title of the dataset.
    #[serde(default)]
    pub title: Option<String>,
    /// Content: `aggregates` or `rows`.
    #[serde(default)]
    pub kind: String,
    /// Role of this participant.
    pub role: String,
    /// State, in the word of `hansa contract list`.
    pub state: String,
    /// First instant in force.
    #[serde(default)]
    pub not_before: String,
    /// End of the contract by its own terms.
    #[serde(default)]
    pub not_after: String,
    /// Withdrawal of the contract.
    #[serde(default)]
    pub ended: Option<WithdrawalSummary>,
}

impl ContractSummary {
    /// Domain of the other participant; none in a public view of this participant.
    pub(crate) fn other_party(&self) -> Option<&str> {
        match self.role.as_str() {
            "provider" => self.consumer.as_deref(),
            _ => Some(&self.provider),
        }
    }
}

/// Withdrawal of a contract.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct WithdrawalSummary {
    /// Domain of the participant that has withdrawn.
    pub by: String,
    /// Instant at which the withdrawal takes effect.
    pub from: String,
    /// Reason, in the words of this participant.
    #[serde(default)]
    pub reason: String,
}

/// Negotiation in a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct NegotiationSummary {
    /// Identity of the negotiation.
    pub negotiation: String,
    /// Domain of the other participant.
    pub participant: String,
    /// Name of the dataset.
    pub dataset: String,
    /// Title of the dataset.
    #[serde(default)]
    pub title: Option<String>,
    /// Role of this participant.
    pub role: String,
    /// State, in the word of `hansa contract list`.
    pub state: String,
    /// Side that makes the next step, in the words of `hansa contract list`.
    #[serde(default)]
    pub turn: Option<String>,
    /// Role of the side that has ended the negotiation.
    #[serde(default)]
    pub ended_by: Option<String>,
}

/// Page with the list, its filter and the link to the next rows.
#[must_use]
pub fn render_contracts(frame: &PageFrame<'_>, view: &ContractListView) -> String {
    let language = frame.language;
    let body = html! {
        (render_filter(language, &view.filter))
        @if view.rows.is_empty() {
            (render_empty_list(language, &view.filter))
        } @else {
            (render_rows(frame, &view.rows))
        }
        @if let Some(after) = &view.after {
            @let number = ROWS_PER_PAGE;
            nav.pager aria-label=(message!(language, "nav-pages")) {
                a href=(next_address(&view.filter, after)) rel="next" {
                    (message!(language, "next-rows", number))
                }
            }
        }
    };
    let title = message!(language, "contracts-title");
    render_layout(frame, &PageContent::new(title, body))
}

fn next_address(filter: &ContractFilter, after: &str) -> String {
    QueryAddress::new(PATH)
        .with_filled("state", &filter.state)
        .with_filled("with", &filter.with)
        .with_filled("text", &filter.text)
        .with_filled("needs", &filter.needs)
        .with_value("after", after)
        .to_string()
}

fn render_filter(language: Language, filter: &ContractFilter) -> Markup {
    html! {
        form.filter method="get" action=(PATH) role="search" aria-label=(message!(language, "filter")) {
            div {
                label for="filter-text" { (message!(language, "filter-text")) }
                input id="filter-text" name="text" type="search" value=(reveal_controls(&filter.text));
            }
            div {
                label for="filter-with" { (message!(language, "filter-with")) }
                input id="filter-with" name="with" type="text" spellcheck="false"
                    value=(reveal_controls(&filter.with));
            }
            div {
                label for="filter-state" { (message!(language, "filter-state")) }
                select id="filter-state" name="state" {
                    option value="" selected[filter.state.is_empty()] { (message!(language, "filter-any")) }
                    @for state in STATES {
                        option value=(state) selected[filter.state == state] { (state_word(language, state)) }
                    }
                }
            }
            div.choice {
                input id="filter-needs" name="needs" type="checkbox" value="me" checked[filter.needs == "me"];
                label for="filter-needs" { (message!(language, "filter-needs")) }
            }
            div.buttons {
                button type="submit" { (message!(language, "filter-button")) }
                @if !filter.is_empty() {
                    " " a href=(PATH) { (message!(language, "filter-reset")) }
                }
            }
        }
    }
}

fn render_empty_list(language: Language, filter: &ContractFilter) -> Markup {
    html! {
        @if filter.is_empty() {
            p { (message!(language, "contracts-none")) }
            pre { code { "hansa catalog list" } }
        } @else {
            p { (message!(language, "contracts-none-such")) }
        }
    }
}

fn render_rows(frame: &PageFrame<'_>, rows: &[ContractRow]) -> Markup {
    let language = frame.language;
    let cells = rows.iter().map(|row| match row {
        ContractRow::Contract(contract) => contract_cells(frame, contract),
        ContractRow::Negotiation(negotiation) => negotiation_cells(frame, negotiation),
    });
    render_table(&DataTable {
        id: "contracts-caption",
        caption: message!(language, "contracts-caption"),
        columns: vec![
            message!(language, "column-contract"),
            message!(language, "column-with"),
            message!(language, "column-dataset"),
            message!(language, "column-role"),
            message!(language, "column-state"),
            message!(language, "column-end"),
        ],
        rows: cells.collect(),
    })
}

fn contract_cells(frame: &PageFrame<'_>, contract: &ContractSummary) -> Vec<Markup> {
    let language = frame.language;
    vec![
        link_contract(&contract.contract),
        html! {
            @match contract.other_party() {
                Some(other) => { bdi { (reveal_controls(other)) } }
                None => { (message!(language, "party-everyone")) }
            }
        },
        render_dataset(&contract.dataset, contract.title.as_deref()),
        html! { (role_name(language, &contract.role)) },
        render_state(language, &contract.state),
        html! {
            @match &contract.ended {
                Some(ended) => {
                    @let by = reveal_controls(&ended.by);
                    (render_instant_text(frame, &ended.from)) br;
                    bdi { (message!(language, "end-withdrawn", by)) }
                }
                None => { (render_instant_text(frame, &contract.not_after)) }
            }
        },
    ]
}

fn negotiation_cells(frame: &PageFrame<'_>, negotiation: &NegotiationSummary) -> Vec<Markup> {
    let language = frame.language;
    vec![
        link_contract(&negotiation.negotiation),
        html! { bdi { (reveal_controls(&negotiation.participant)) } },
        render_dataset(&negotiation.dataset, negotiation.title.as_deref()),
        html! { (role_name(language, &negotiation.role)) },
        html! {
            (render_state(language, &negotiation.state))
            @if is_own_turn(negotiation.turn.as_deref()) {
                " " strong.mark.open { (message!(language, "waits-for-you")) }
            }
        },
        html! {
            @match &negotiation.ended_by {
                Some(side) => {
                    @let side = role_name(language, side);
                    (message!(language, "end-declined", side))
                }
                None => { (message!(language, "end-open")) }
            }
        },
    ]
}

/// Name of a dataset below its title, which its owner has written.
fn render_dataset(name: &str, title: Option<&str>) -> Markup {
    html! {
        @if let Some(title) = title {
            q lang="" dir="auto" { (reveal_controls(title)) } br;
        }
        code { (reveal_controls(name)) }
    }
}
