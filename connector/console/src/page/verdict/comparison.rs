//! Comparison of two files: sent and received answers.

use super::FieldView;
use crate::message::message;
use crate::part::folder_layout::{FolderFrame, FolderPage, render_folder_page};
use crate::part::layout::PageContent;
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Comparison of the answers of one participant to another, as `hansa-verify reconcile --json` prints it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ComparisonView {
    /// Participant that sent.
    pub provider: String,
    /// Participant that received.
    pub consumer: String,
    /// Instant from which both logs keep their decisions; absent where all are compared.
    #[serde(default)]
    pub since: Option<String>,
    /// Numbers of older answers that were not compared: of the sender's log and of the recipient's.
    #[serde(default)]
    pub older_not_compared: Vec<u64>,
    /// Number of compared answers.
    pub answers: u64,
    /// Number of answers in which both logs and both receipts agree.
    pub matched: u64,
    /// Number of answers in which both logs agree, and a receipt is not acknowledged.
    pub unacknowledged: u64,
    /// Number of answers that the recipient did not take to their end.
    pub not_taken: u64,
    /// Number of answers to programs without a connector.
    pub one_sided: u64,
    /// Number of answers whose connection broke.
    pub cut_off: u64,
    /// Number of answers in which the sender's process ended.
    pub interrupted: u64,
    /// Number of sent rows.
    pub rows_sent: u64,
    /// Number of received rows.
    pub rows_received: u64,
    /// Number of sent bytes.
    pub bytes_sent: u64,
    /// Number of received bytes.
    pub bytes_received: u64,
    /// Answers in which the logs differ.
    #[serde(default)]
    pub differing: Vec<DifferenceView>,
    /// Number of further ones that are left out.
    #[serde(default)]
    pub differing_omitted: u64,
}

/// Answer in which two logs differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct DifferenceView {
    /// Identity of the question.
    pub request: String,
    /// Kind of the difference, in the word of the command.
    pub kind: String,
    /// Fields with the values of both logs.
    #[serde(default)]
    pub fields: Vec<FieldView>,
}

/// Page with the comparisons of all pairs of files.
#[must_use]
pub fn render_comparison(frame: &FolderFrame<'_>, comparisons: &[ComparisonView]) -> String {
    let language = frame.language;
    let body = html! {
        @if comparisons.is_empty() {
            p { (message!(language, "comparison-none")) }
        } @else {
            p { (message!(language, "comparison-lead")) }
            @for (index, comparison) in comparisons.iter().enumerate() {
                (render_direction(frame, comparison, index))
            }
        }
    };
    let title = FolderPage::Comparison.title(language);
    render_folder_page(frame, &PageContent::new(title, body))
}

fn render_direction(frame: &FolderFrame<'_>, comparison: &ComparisonView, index: usize) -> Markup {
    let language = frame.language;
    let instants = frame.to_page_frame();
    let recipient = reveal_controls(&comparison.consumer);
    let provider = reveal_controls(&comparison.provider);
    let matched = language.format_number(comparison.matched);
    let answers = language.format_number(comparison.answers);
    let older: u64 = comparison
        .older_not_compared
        .iter()
        .fold(0, |sum, one| sum.saturating_add(*one));
    html! {
        h2 { bdi { (message!(language, "recipients-group", recipient, provider)) } }
        p { strong { (message!(language, "comparison-matched", matched, answers)) } }
        @if let Some(since) = &comparison.since {
            @let older = language.format_number(older);
            p { (message!(language, "comparison-since")) " " (render_instant_text(&instants, since)) ". "
                (message!(language, "comparison-older", older)) }
        }
        (render_sums(language, comparison, index))
        (render_kinds(language, comparison, index))
        (render_differences(language, comparison, index))
    }
}

fn render_sums(language: Language, comparison: &ComparisonView, index: usize) -> Markup {
    let line = |name: String, sent: u64, received: u64| {
        vec![
            html! { (name) },
            html! { (language.format_number(sent)) },
            html! { (language.format_number(received)) },
        ]
    };
    render_table(&DataTable {
        id: &format!("sums-{index}"),
        caption: message!(language, "comparison-sums"),
        columns: vec![
            message!(language, "comparison-amount"),
            message!(language, "recipients-sent"),
            message!(language, "recipients-received"),
        ],
        rows: vec![
            line(
                message!(language, "recipients-rows"),
                comparison.rows_sent,
                comparison.rows_received,
            ),
            line(
                message!(language, "recipients-bytes"),
                comparison.bytes_sent,
                comparison.bytes_received,
            ),
        ],
    })
}

/// Answers in which a log has less than the other, for a reason that the logs name.
fn render_kinds(language: Language, comparison: &ComparisonView, index: usize) -> Markup {
    let kinds = [
        ("unacknowledged", comparison.unacknowledged),
        ("not taken", comparison.not_taken),
        ("one-sided", comparison.one_sided),
        ("cut off", comparison.cut_off),
        ("interrupted", comparison.interrupted),
    ];
    let rows: Vec<Vec<Markup>> = kinds
        .into_iter()
        .filter(|(_, number)| *number > 0)
        .map(|(kind, number)| {
            vec![
                html! { (difference_name(language, kind)) },
                html! { (language.format_number(number)) },
            ]
        })
        .collect();
    html! {
        @if !rows.is_empty() {
            (render_table(&DataTable {
                id: &format!("kinds-{index}"),
                caption: message!(language, "comparison-kinds"),
                columns: vec![
                    message!(language, "comparison-kind"),
                    message!(language, "recipients-answers"),
                ],
                rows,
            }))
        }
    }
}

fn render_differences(language: Language, comparison: &ComparisonView, index: usize) -> Markup {
    let rows = comparison.differing.iter().map(|difference| {
        vec![
            html! { code { (reveal_controls(&difference.request)) } },
            html! { strong.fault { (difference_name(language, &difference.kind)) } },
            html! {
                @for field in &difference.fields {
                    span.side {
                        (field_name(language, &field.field)) ": "
                        code { (reveal_controls(&field.provider)) } " / " code { (reveal_controls(&field.consumer)) }
                    }
                }
                @if difference.fields.is_empty() { (message!(language, "verdict-none")) }
            },
        ]
    });
    let number = language.format_number(comparison.differing_omitted);
    html! {
        @if comparison.differing.is_empty() {
            p { (message!(language, "comparison-agree")) }
        } @else {
            (render_table(&DataTable {
                id: &format!("differences-{index}"),
                caption: message!(language, "comparison-differences"),
                columns: vec![
                    message!(language, "recipients-question"),
                    message!(language, "comparison-kind"),
                    message!(language, "comparison-values"),
                ],
                rows: rows.collect(),
            }))
            @if comparison.differing_omitted > 0 {
                p.hint { (message!(language, "findings-omitted", number)) }
            }
        }
    }
}

/// Result of the comparison of one answer in a language. A word that this crate does not know is shown as it is.
pub(crate) fn difference_name(language: Language, kind: &str) -> String {
    match kind {
        "matched" => message!(language, "kind-matched"),
        "unacknowledged" => message!(language, "kind-unacknowledged"),
        "not taken" => message!(language, "kind-not-taken"),
        "one-sided" => message!(language, "kind-one-sided"),
        "cut off" => message!(language, "kind-cut-off"),
        "interrupted" => message!(language, "kind-interrupted"),
        "mismatch" => message!(language, "kind-mismatch"),
        "provider only" => message!(language, "kind-provider-only"),
        "consumer only" => message!(language, "kind-consumer-only"),
        "repeated" => message!(language, "kind-repeated"),
        other => reveal_controls(other).into_owned(),
    }
}

/// Name of a compared field in a language. A field that this crate does not know is shown as it is.
pub(super) fn field_name(language: Language, field: &str) -> String {
    match field {
        "contract" => message!(language, "column-contract"),
        "rows" => message!(language, "recipients-rows"),
        "bytes" => message!(language, "recipients-bytes"),
        "digest" => message!(language, "side-digest"),
        "outcome" => message!(language, "side-outcome"),
        other => reveal_controls(other).into_owned(),
    }
}
