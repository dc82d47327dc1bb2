//! Who received what, under which clauses of which contract.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::evidence::record_list::{render_day_field, render_text_field};
use crate::page::evidence::{bare_identity, dataset_name};
use crate::part::address::QueryAddress;
use crate::part::clause_table::ClauseText;
use crate::part::contract_words::link_contract;
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{DataTable, Fact, render_facts, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Path of the page.
pub(crate) const PATH: &str = "/evidence/received";

/// Lines of one page of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceivedView {
    /// Lines by recipient, dataset and contract.
    pub lines: Vec<ReceivedLine>,
    /// Sum over all lines, also those of other pages; none where nobody received anything.
    pub sum: Option<ReceivedLine>,
    /// Conditions under which answers were counted.
    pub filter: ReceivedFilter,
    /// Key after which the next page begins; none on the last page.
    pub after: Option<String>,
    /// Clauses in the language of the page, by the identity of their contract; a contract that is not kept here has none.
    pub clauses: BTreeMap<String, Vec<ClauseText>>,
}

/// Conditions of the table, as its form sends them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceivedFilter {
    /// Recipient.
    pub participant: String,
    /// Dataset.
    pub dataset: String,
    /// Contract, by its identity or its first digits.
    pub contract: String,
    /// First day or instant of the questions.
    pub from: String,
    /// First day or instant after the range.
    pub to: String,
}

/// Line of `hansa audit received --json`. Unknown members are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReceivedLine {
    /// Identity of the recipient; a word for everybody on the web, and for the sum.
    pub recipient: String,
    /// Identity of the dataset.
    pub dataset: String,
    /// Identity of the contract.
    pub contract: String,
    /// Clauses that were applied, with spaces between them.
    pub clauses: String,
    /// Purposes of the questions, with spaces between them.
    #[serde(default)]
    pub purposes: String,
    /// Number of answers.
    pub answers: u64,
    /// Number of rows.
    pub rows: SentAmount,
    /// Number of bytes.
    pub bytes: SentAmount,
    /// Instant of the first question.
    pub first: String,
    /// Instant of the last question.
    pub last: String,
    /// Answers that were cut.
    #[serde(default)]
    pub cut: u64,
    /// Answers whose receipt the recipient has countersigned.
    #[serde(default)]
    pub acknowledged: u64,
}

impl ReceivedLine {
    /// Key of the line, in the order of the table.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{} {} {}", self.recipient, self.dataset, self.contract)
    }

    /// `true` for the sum over all lines.
    #[must_use]
    pub fn is_sum(&self) -> bool {
        self.recipient == "all" && self.dataset.is_empty()
    }
}

/// Clauses of one contract that were applied.
struct AppliedClauses<'a> {
    contract: &'a str,
    clauses: Vec<&'a ClauseText>,
}

/// Amount that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum SentAmount {
    /// Exact number.
    Count(u64),
    /// Upper bound of a number.
    AtMost {
        /// The bound.
        at_most: u64,
    },
    /// Unknown number.
    Unknown(()),
}

/// Page with the table, its filter and the sum.
#[must_use]
pub fn render_received(frame: &PageFrame<'_>, view: &ReceivedView) -> String {
    let language = frame.language;
    let body = html! {
        p { (message!(language, "received-lead")) }
        (render_filter(language, &view.filter))
        @if let Some(sum) = &view.sum {
            (render_lines(frame, view))
            @if let Some(after) = &view.after {
                nav.pager aria-label=(message!(language, "nav-pages")) {
                    a href=(next_address(&view.filter, after)) rel="next" { (message!(language, "received-more")) }
                }
            }
            section aria-labelledby="received-sum" {
                h2 id="received-sum" { (message!(language, "received-sum")) }
                (render_facts(&list_sum_facts(frame, sum)))
                p.hint { (message!(language, "received-once")) }
                @if is_bound(sum) { p.hint { (message!(language, "received-bound")) } }
            }
            (render_clause_words(language, view))
        } @else {
            p { (message!(language, "received-none")) }
        }
    };
    let title = message!(language, "received-title");
    render_layout(frame, &PageContent::new(title, body))
}

fn next_address(filter: &ReceivedFilter, after: &str) -> String {
    QueryAddress::new(PATH)
        .with_filled("participant", &filter.participant)
        .with_filled("dataset", &filter.dataset)
        .with_filled("contract", &filter.contract)
        // An empty beginning stands for the whole log; without one the month begins.
        .with_value("from", &filter.from)
        .with_filled("to", &filter.to)
        .with_value("after", after)
        .to_string()
}

fn render_filter(language: Language, filter: &ReceivedFilter) -> Markup {
    html! {
        form.filter method="get" action=(PATH) role="search" aria-label=(message!(language, "received-filter")) {
            (render_text_field("participant", message!(language, "column-recipient"), &filter.participant))
            (render_text_field("dataset", message!(language, "column-dataset"), &filter.dataset))
            (render_text_field("contract", message!(language, "column-contract"), &filter.contract))
            (render_day_field("from", message!(language, "filter-from"), &filter.from))
            (render_day_field("to", message!(language, "filter-before"), &filter.to))
            div.buttons {
                button type="submit" { (message!(language, "filter-button")) }
                " " a href=(PATH) { (message!(language, "received-month")) }
            }
        }
        p.hint { (message!(language, "received-from-hint")) }
    }
}

fn render_lines(frame: &PageFrame<'_>, view: &ReceivedView) -> Markup {
    let language = frame.language;
    let rows = view.lines.iter().map(|line| {
        vec![
            render_recipient(language, &line.recipient),
            html! { code { (dataset_name(&line.dataset)) } },
            html! {
                @if !line.contract.is_empty() { (link_contract(&line.contract)) br; }
                (reveal_controls(&line.clauses))
                @if !line.purposes.is_empty() { br; (reveal_controls(&line.purposes)) }
            },
            html! { (language.format_number(line.answers)) },
            html! { (describe_amount(language, line.rows)) },
            html! { (describe_amount(language, line.bytes)) },
            html! {
                (render_instant_text(frame, &line.first))
                @if line.last != line.first { " – " (render_instant_text(frame, &line.last)) }
            },
            html! { (language.format_number(line.cut)) },
            html! { (describe_receipts(language, line)) },
        ]
    });
    render_table(&DataTable {
        id: "received-caption",
        caption: message!(language, "received-caption"),
        columns: vec![
            message!(language, "column-recipient"),
            message!(language, "column-dataset"),
            message!(language, "column-contract-clauses"),
            message!(language, "column-answers"),
            message!(language, "column-rows"),
            message!(language, "column-bytes"),
            message!(language, "column-asked"),
            message!(language, "column-cut"),
            message!(language, "column-receipts"),
        ],
        rows: rows.collect(),
    })
}

/// Applied clauses of each contract in words, below the table with their numbers.
fn render_clause_words(language: Language, view: &ReceivedView) -> Markup {
    let mut applied: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in &view.lines {
        let clauses = applied.entry(line.contract.as_str()).or_default();
        clauses.extend(line.clauses.split_whitespace());
    }
    let told = view.clauses.iter().filter_map(|(contract, clauses)| {
        let applied = applied.get(contract.as_str())?;
        let is_applied = |clause: &&ClauseText| applied.contains(clause.clause.as_str());
        let clauses: Vec<&ClauseText> = clauses.iter().filter(is_applied).collect();
        (!clauses.is_empty()).then_some(AppliedClauses { contract, clauses })
    });
    let told: Vec<AppliedClauses<'_>> = told.collect();
    html! {
        @if !told.is_empty() {
            section aria-labelledby="received-clauses" {
                h2 id="received-clauses" { (message!(language, "received-clauses")) }
                @for one in told {
                    h3 { (message!(language, "column-contract")) " " (link_contract(one.contract)) }
                    ul {
                        @for clause in one.clauses {
                            li { code { (reveal_controls(&clause.clause)) } " " (reveal_controls(&clause.text)) }
                        }
                    }
                }
            }
        }
    }
}

fn render_recipient(language: Language, recipient: &str) -> Markup {
    html! {
        @if recipient == "anybody on the web" {
            (message!(language, "recipient-web"))
        } @else {
            bdi { (bare_identity(recipient)) }
        }
    }
}

fn describe_amount(language: Language, amount: SentAmount) -> String {
    match amount {
        SentAmount::Count(number) => language.format_number(number),
        SentAmount::AtMost { at_most } => {
            let number = language.format_number(at_most);
            message!(language, "amount-at-most", number)
        }
        SentAmount::Unknown(()) => message!(language, "amount-unknown"),
    }
}

fn describe_receipts(language: Language, line: &ReceivedLine) -> String {
    let signed = language.format_number(line.acknowledged);
    let all = language.format_number(line.answers);
    message!(language, "receipts-of", signed, all)
}

/// `true` if a number of a line is not exact.
const fn is_bound(line: &ReceivedLine) -> bool {
    !matches!(
        (line.rows, line.bytes),
        (SentAmount::Count(_), SentAmount::Count(_))
    )
}

fn list_sum_facts(frame: &PageFrame<'_>, sum: &ReceivedLine) -> Vec<Fact> {
    let language = frame.language;
    let text = |text: String| html! { (text) };
    let plain = |value: Markup| html! { span.plain { (value) } };
    vec![
        Fact::new(
            message!(language, "column-answers"),
            text(language.format_number(sum.answers)),
        ),
        Fact::new(
            message!(language, "column-rows"),
            text(describe_amount(language, sum.rows)),
        ),
        Fact::new(
            message!(language, "column-bytes"),
            text(describe_amount(language, sum.bytes)),
        ),
        Fact::new(
            message!(language, "sum-first"),
            plain(render_instant_text(frame, &sum.first)),
        ),
        Fact::new(
            message!(language, "sum-last"),
            plain(render_instant_text(frame, &sum.last)),
        ),
        Fact::new(
            message!(language, "sum-cut"),
            text(language.format_number(sum.cut)),
        ),
        Fact::new(
            message!(language, "sum-receipts"),
            text(describe_receipts(language, sum)),
        ),
    ]
}
