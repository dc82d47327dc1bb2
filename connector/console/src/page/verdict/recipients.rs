//! Recipients of answers: by participant, dataset, contract with its clauses, and month, with the records and receipts of both sides.

use super::comparison::difference_name;
use crate::message::message;
use crate::part::folder_layout::{
    FolderFrame, FolderPage, contract_file_name, month_file_name, render_folder_page,
};
use crate::part::layout::PageContent;
use crate::part::table::{DataTable, render_table};
use crate::part::text::{reveal_controls, shorten_identity};
use crate::part::time::{describe_month, render_instant_text};
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Totals of all answers, and the answers themselves where one page holds them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct RecipientView {
    /// Number of answers, each counted once.
    pub answers: u64,
    /// Totals by recipient, dataset and contract.
    pub lines: Vec<RecipientLine>,
    /// Number of lines that are left out.
    #[serde(default)]
    pub omitted: u64,
    /// Months with pages of their own; empty where this page holds all answers.
    #[serde(default)]
    pub months: Vec<MonthLine>,
    /// Answers of this page.
    #[serde(default)]
    pub groups: Vec<AnswerGroup>,
    /// Open data for the web, whose recipients nobody knows.
    #[serde(default)]
    pub web: Vec<WebLine>,
}

/// Totals of one recipient, dataset and contract.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct RecipientLine {
    /// Participant that sent.
    pub provider: String,
    /// Participant that received.
    pub recipient: String,
    /// Dataset.
    pub dataset: String,
    /// Contract; absent where neither a record nor a receipt names it.
    #[serde(default)]
    pub contract: Option<String>,
    /// Totals of the answers.
    #[serde(flatten)]
    pub totals: AnswerSums,
    /// Instant of the first answer.
    pub first: String,
    /// Instant of the last answer.
    pub last: String,
}

/// Totals of answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct AnswerSums {
    /// Number of answers.
    pub answers: u64,
    /// Number of rows, at most.
    pub rows: u64,
    /// Number of bytes, at most.
    pub bytes: u64,
}

/// Totals of a month, with the number of its pages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct MonthLine {
    /// Month, such as `2026-11`.
    pub month: String,
    /// Number of pages.
    pub pages: usize,
    /// Totals of the answers.
    #[serde(flatten)]
    pub totals: AnswerSums,
}

/// Open data that one log has permitted for the web.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct WebLine {
    /// Participant that sent.
    pub provider: String,
    /// Number of requests, at most.
    pub requests: u64,
    /// Number of bytes, at most.
    pub bytes: u64,
}

/// Answers to one recipient from one dataset under one contract with these clauses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct AnswerGroup {
    /// Participant that sent.
    pub provider: String,
    /// Participant that received.
    pub recipient: String,
    /// Dataset.
    pub dataset: String,
    /// Contract; absent where neither a record nor a receipt names it.
    #[serde(default)]
    pub contract: Option<String>,
    /// Clauses that were applied.
    #[serde(default)]
    pub clauses: Vec<ClauseLine>,
    /// Answers by month.
    pub months: Vec<AnswerMonth>,
}

/// Clause that was applied to an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ClauseLine {
    /// Number of the clause, such as `#c2`.
    pub clause: String,
    /// Text of the clause in the language of the page; absent where the contract is not in the files.
    #[serde(default)]
    pub text: Option<String>,
}

/// Answers of one month.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct AnswerMonth {
    /// Month, such as `2026-11`.
    pub month: String,
    /// Totals of the answers.
    #[serde(flatten)]
    pub totals: AnswerSums,
    /// Answers, in the order of time.
    pub lines: Vec<AnswerLine>,
}

/// Answer by the records of both sides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct AnswerLine {
    /// Instant of the permit, or of the receipt at the recipient.
    pub at: String,
    /// Identity of the question.
    pub request: String,
    /// Declared purpose.
    #[serde(default)]
    pub purpose: Option<String>,
    /// Snapshot of the dataset.
    #[serde(default)]
    pub snapshot: Option<String>,
    /// Further datasets that the same answer reads.
    #[serde(default)]
    pub further: Vec<String>,
    /// Result of the comparison of both logs, in the word of the command; absent where one log has no records of that time.
    #[serde(default)]
    pub finding: Option<String>,
    /// Record of the sender.
    #[serde(default)]
    pub sent: Option<AnswerSide>,
    /// Record of the recipient.
    #[serde(default)]
    pub received: Option<AnswerSide>,
}

/// Answer by the record of one side.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct AnswerSide {
    /// Number of the record.
    pub record: u64,
    /// Number of rows; absent after a crash and while the answer runs.
    #[serde(default)]
    pub rows: Option<u64>,
    /// Number of bytes; absent likewise.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// Largest number of rows, where the number is not known.
    #[serde(default)]
    pub rows_at_most: Option<u64>,
    /// Largest number of bytes, where the number is not known.
    #[serde(default)]
    pub bytes_at_most: Option<u64>,
    /// Digest of the content.
    #[serde(default)]
    pub digest: Option<String>,
    /// Outcome of the answer.
    #[serde(default)]
    pub outcome: Option<String>,
    /// Digest of the receipt.
    #[serde(default)]
    pub receipt: Option<String>,
    /// State of the receipt: `countersigned`, `disputed`, `one-sided`, `held` or `none`.
    pub state: String,
}

/// Page with all recipients, and with the answers where they are few.
#[must_use]
pub fn render_recipients(frame: &FolderFrame<'_>, view: &RecipientView) -> String {
    let language = frame.language;
    let number = language.format_number(view.answers);
    let body = html! {
        @if view.answers == 0 && view.web.is_empty() {
            p { (message!(language, "recipients-none")) }
        } @else {
            p { (message!(language, "recipients-lead", number)) }
            (render_totals(frame, view))
            (render_months(language, &view.months))
            (render_groups(frame, &view.groups))
            (render_web(language, &view.web))
        }
    };
    let title = FolderPage::Recipients.title(language);
    render_folder_page(frame, &PageContent::new(title, body))
}

/// Page with the answers of a month, or with a part of them.
#[must_use]
pub fn render_month(
    frame: &FolderFrame<'_>,
    line: &MonthLine,
    part: usize,
    groups: &[AnswerGroup],
) -> String {
    let language = frame.language;
    let month = describe_month(language, &line.month);
    let body = html! {
        p { a href=(FolderPage::Recipients.file_name()) { (message!(language, "recipients-back")) } }
        p { (describe_sums(language, line.totals)) }
        @if line.pages > 1 {
            nav.pager aria-label=(message!(language, "nav-pages")) {
                ul {
                    @for page in 1..=line.pages {
                        li {
                            a href=(month_file_name(&line.month, page))
                                aria-current=[(page == part).then_some("page")] {
                                @let number = page.to_string();
                                (message!(language, "recipients-part", number))
                            }
                        }
                    }
                }
            }
        }
        (render_groups(frame, groups))
    };
    let title = message!(language, "recipients-month", month);
    render_folder_page(frame, &PageContent::new(title, body))
}

fn render_totals(frame: &FolderFrame<'_>, view: &RecipientView) -> Markup {
    let language = frame.language;
    let instants = frame.to_page_frame();
    let rows = view.lines.iter().map(|line| {
        vec![
            html! { bdi { (reveal_controls(&line.recipient)) } },
            html! { bdi { (reveal_controls(&line.provider)) } },
            html! { code { (reveal_controls(&line.dataset)) } },
            render_contract_link(language, line.contract.as_deref()),
            html! { (language.format_number(line.totals.answers)) },
            html! { (language.format_number(line.totals.rows)) },
            html! { (language.format_number(line.totals.bytes)) },
            html! {
                (render_instant_text(&instants, &line.first)) " – " (render_instant_text(&instants, &line.last))
            },
        ]
    });
    let number = language.format_number(view.omitted);
    html! {
        @if !view.lines.is_empty() {
            h2 { (message!(language, "recipients-totals")) }
            (render_table(&DataTable {
                id: "totals",
                caption: message!(language, "recipients-totals-caption"),
                columns: vec![
                    message!(language, "recipients-to"),
                    message!(language, "recipients-from"),
                    message!(language, "column-dataset"),
                    message!(language, "column-contract"),
                    message!(language, "recipients-answers"),
                    message!(language, "recipients-rows"),
                    message!(language, "recipients-bytes"),
                    message!(language, "recipients-span"),
                ],
                rows: rows.collect(),
            }))
            @if view.omitted > 0 {
                p.hint { (message!(language, "lines-omitted", number)) }
            }
        }
    }
}

fn render_months(language: Language, months: &[MonthLine]) -> Markup {
    let rows = months.iter().map(|line| {
        vec![
            html! {
                a href=(month_file_name(&line.month, 1)) { (describe_month(language, &line.month)) }
            },
            html! { (language.format_number(line.totals.answers)) },
            html! { (language.format_number(line.totals.rows)) },
            html! { (language.format_number(line.totals.bytes)) },
        ]
    });
    html! {
        @if !months.is_empty() {
            h2 { (message!(language, "recipients-months")) }
            (render_table(&DataTable {
                id: "months",
                caption: message!(language, "recipients-months-caption"),
                columns: vec![
                    message!(language, "recipients-month-column"),
                    message!(language, "recipients-answers"),
                    message!(language, "recipients-rows"),
                    message!(language, "recipients-bytes"),
                ],
                rows: rows.collect(),
            }))
        }
    }
}

fn render_groups(frame: &FolderFrame<'_>, groups: &[AnswerGroup]) -> Markup {
    let language = frame.language;
    let parties = |group: &AnswerGroup| (group.recipient.clone(), group.provider.clone());
    html! {
        @for (index, group) in groups.iter().enumerate() {
            @let before = index.checked_sub(1).and_then(|before| groups.get(before));
            @if before.is_none_or(|before| parties(before) != parties(group)) {
                @let recipient = reveal_controls(&group.recipient);
                @let provider = reveal_controls(&group.provider);
                h2.group { bdi { (message!(language, "recipients-group", recipient, provider)) } }
            }
            (render_group(frame, group, index))
        }
    }
}

fn render_group(frame: &FolderFrame<'_>, group: &AnswerGroup, index: usize) -> Markup {
    let language = frame.language;
    html! {
        h3 {
            @if group.dataset.is_empty() {
                (message!(language, "recipients-no-dataset"))
            } @else {
                code { (reveal_controls(&group.dataset)) }
            }
        }
        p { (message!(language, "column-contract")) ": " (render_contract_link(language, group.contract.as_deref())) }
        @if group.clauses.is_empty() {
            p { (message!(language, "recipients-no-clauses")) }
        } @else {
            p { (message!(language, "recipients-clauses")) }
            ul {
                @for clause in &group.clauses {
                    li {
                        code { (reveal_controls(&clause.clause)) } " "
                        @match &clause.text {
                            Some(text) => { span dir="auto" { (reveal_controls(text)) } }
                            None => { (message!(language, "recipients-clause-absent")) }
                        }
                    }
                }
            }
        }
        @for (number, month) in group.months.iter().enumerate() {
            (render_answers(frame, month, &format!("answers-{index}-{number}")))
        }
    }
}

fn render_answers(frame: &FolderFrame<'_>, month: &AnswerMonth, id: &str) -> Markup {
    let language = frame.language;
    let instants = frame.to_page_frame();
    let rows = month.lines.iter().map(|line| {
        vec![
            html! {
                (render_instant_text(&instants, &line.at)) br;
                code { (reveal_controls(&line.request)) }
                @if let Some(purpose) = &line.purpose {
                    br; (message!(language, "recipients-purpose")) " " code { (reveal_controls(purpose)) }
                }
                @if let Some(snapshot) = &line.snapshot {
                    br; (message!(language, "recipients-snapshot")) " " code { (reveal_controls(snapshot)) }
                }
                @if let Some(finding) = &line.finding {
                    span.side { (difference_name(language, finding)) }
                }
                @if !line.further.is_empty() {
                    br; (message!(language, "recipients-further"))
                    @for dataset in &line.further { " " code { (reveal_controls(dataset)) } }
                }
            },
            render_side(language, line.sent.as_ref(), line.finding.as_deref()),
            render_side(language, line.received.as_ref(), line.finding.as_deref()),
        ]
    });
    let name = describe_month(language, &month.month);
    let sums = describe_sums(language, month.totals);
    render_table(&DataTable {
        id,
        caption: format!("{name}: {sums}"),
        columns: vec![
            message!(language, "recipients-question"),
            message!(language, "recipients-sent"),
            message!(language, "recipients-received"),
        ],
        rows: rows.collect(),
    })
}

fn render_side(language: Language, side: Option<&AnswerSide>, finding: Option<&str>) -> Markup {
    let Some(side) = side else {
        return html! {
            @match finding {
                Some("provider only" | "consumer only" | "mismatch" | "repeated") => {
                    strong.fault { (message!(language, "side-no-record")) }
                }
                Some(finding) => { (difference_name(language, finding)) }
                None => { (message!(language, "side-no-file")) }
            }
        };
    };
    let record = side.record.to_string();
    html! {
        span.side { (describe_amount(language, side)) }
        span.side { (message!(language, "finding-record", record)) }
        @if let Some(outcome) = side.outcome.as_ref().filter(|outcome| *outcome != "done") {
            span.side { (message!(language, "side-outcome")) " " code { (reveal_controls(outcome)) } }
        }
        @if let Some(digest) = side.digest.as_ref().filter(|digest| !digest.is_empty()) {
            span.side { (message!(language, "side-digest")) " " code { (shorten_digest(digest)) } }
        }
        span.side {
            (receipt_word(language, &side.state))
            @if let Some(receipt) = &side.receipt { " " code { (shorten_identity(receipt)) } }
        }
    }
}

/// First digits of a digest, after the name of its algorithm.
fn shorten_digest(digest: &str) -> String {
    match digest.split_once(':') {
        Some((algorithm, digits)) => {
            format!(
                "{}:{}",
                shorten_identity(algorithm),
                shorten_identity(digits)
            )
        }
        None => shorten_identity(digest),
    }
}

fn describe_amount(language: Language, side: &AnswerSide) -> String {
    match (side.rows, side.bytes, side.rows_at_most, side.bytes_at_most) {
        (Some(rows), Some(bytes), _, _) => {
            let rows = language.format_number(rows);
            let bytes = language.format_number(bytes);
            message!(language, "side-amount", rows, bytes)
        }
        (_, _, Some(rows), Some(bytes)) => {
            let rows = language.format_number(rows);
            let bytes = language.format_number(bytes);
            message!(language, "side-at-most", rows, bytes)
        }
        _ => message!(language, "side-unknown"),
    }
}

fn receipt_word(language: Language, state: &str) -> String {
    match state {
        "countersigned" => message!(language, "receipt-countersigned"),
        "disputed" => message!(language, "receipt-disputed"),
        "one-sided" => message!(language, "receipt-one-sided"),
        "held" => message!(language, "receipt-held"),
        _ => message!(language, "receipt-none"),
    }
}

/// Totals in one line.
fn describe_sums(language: Language, totals: AnswerSums) -> String {
    let answers = language.format_number(totals.answers);
    let rows = language.format_number(totals.rows);
    let bytes = language.format_number(totals.bytes);
    message!(language, "recipients-sums", answers, rows, bytes)
}

fn render_web(language: Language, lines: &[WebLine]) -> Markup {
    let rows = lines.iter().map(|line| {
        vec![
            html! { bdi { (reveal_controls(&line.provider)) } },
            html! { (language.format_number(line.requests)) },
            html! { (language.format_number(line.bytes)) },
        ]
    });
    html! {
        @if !lines.is_empty() {
            h2 { (message!(language, "web-title")) }
            p { (message!(language, "web-lead")) }
            (render_table(&DataTable {
                id: "web",
                caption: message!(language, "web-caption"),
                columns: vec![
                    message!(language, "recipients-from"),
                    message!(language, "web-requests"),
                    message!(language, "recipients-bytes"),
                ],
                rows: rows.collect(),
            }))
        }
    }
}

/// Link to the page of a contract, with the first digits of its identity.
pub(crate) fn render_contract_link(language: Language, contract: Option<&str>) -> Markup {
    html! {
        @match contract {
            Some(contract) => {
                @match contract_file_name(contract) {
                    Some(file) => { a href=(file) { code { (shorten_identity(contract)) } } }
                    None => { code { (reveal_controls(contract)) } }
                }
            }
            None => { (message!(language, "recipients-no-contract")) }
        }
    }
}
