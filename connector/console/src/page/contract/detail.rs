//! Sections of the page of a contract: comments, quotas, clauses, signatures, approvals.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::contract::report::{
    ClauseComment, DeclinedStep, OfficerApproval, QuotaUse, SignatureCheck, TermText,
};
use crate::part::contract_words::role_name;
use crate::part::quotation::{Quotation, render_quotation};
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::{render_instant, render_instant_text};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Comments of both sides, each in the frame of its author.
pub(super) fn render_comments(frame: &PageFrame<'_>, comments: &[ClauseComment]) -> Markup {
    let language = frame.language;
    html! {
        @if !comments.is_empty() {
            section aria-labelledby="comments" {
                h2 id="comments" { (message!(language, "comments")) }
                p.hint { (message!(language, "comments-hint")) }
                @for comment in comments {
                    (render_quotation(frame, &Quotation {
                        author: &comment.participant,
                        at: Some(&comment.at),
                        clause: Some(&comment.clause),
                        text: &comment.text,
                        valid: comment.valid,
                    }))
                }
            }
        }
    }
}

/// Table of the quotas and their use.
pub(super) fn render_budgets(frame: &PageFrame<'_>, budgets: &[QuotaUse]) -> Markup {
    let language = frame.language;
    if budgets.is_empty() {
        return html! {};
    }
    let rows = budgets.iter().map(|quota| {
        let used = language.format_number(quota.used);
        let of = language.format_number(quota.of);
        let label = message!(language, "budget-used-of", used, of);
        vec![
            html! { (reveal_controls(&quota.clause)) },
            html! { (unit_word(language, &quota.what)) },
            html! {
                (label) " "
                meter min="0" max=(quota.of.max(1)) value=(quota.used.min(quota.of)) aria-label=(label) {}
                @if quota.by == "receipts" { br; (message!(language, "budget-by-receipts")) }
            },
            render_instant_text(frame, &quota.until),
        ]
    });
    let table = DataTable {
        id: "budgets-caption",
        caption: message!(language, "budgets-caption"),
        columns: vec![
            message!(language, "column-clause"),
            message!(language, "budget-unit"),
            message!(language, "budget-used"),
            message!(language, "budget-until"),
        ],
        rows: rows.collect(),
    };
    html! {
        section aria-labelledby="budgets" {
            h2 id="budgets" { (message!(language, "budgets")) }
            (render_table(&table))
        }
    }
}

fn unit_word(language: Language, unit: &str) -> String {
    match unit {
        "questions" => message!(language, "unit-questions"),
        "rows" => message!(language, "unit-rows"),
        "bytes" => message!(language, "unit-bytes"),
        other => reveal_controls(other).into_owned(),
    }
}

/// Table of the clauses, which says of each if the connector enforces it. Closed at first, since the page holds the clauses, too.
pub(super) fn render_terms(language: Language, terms: &[TermText]) -> Markup {
    if terms.is_empty() {
        return html! {};
    }
    let rows = terms.iter().map(|term| {
        vec![
            html! { (reveal_controls(&term.clause)) },
            html! { span lang="en" { (reveal_controls(&term.text)) } },
            html! {
                @if term.enforced {
                    strong { (message!(language, "term-enforced")) }
                } @else {
                    (message!(language, "term-agreed"))
                }
            },
        ]
    });
    let table = DataTable {
        id: "terms-caption",
        caption: message!(language, "terms-caption"),
        columns: vec![
            message!(language, "column-clause"),
            message!(language, "term-text"),
            message!(language, "term-force"),
        ],
        rows: rows.collect(),
    };
    html! {
        details {
            summary { (message!(language, "terms")) }
            (render_table(&table))
        }
    }
}

/// Table of the signatures and the results of their check.
pub(super) fn render_signatures(frame: &PageFrame<'_>, signatures: &[SignatureCheck]) -> Markup {
    let language = frame.language;
    if signatures.is_empty() {
        return html! {};
    }
    let rows = signatures.iter().map(|signature| {
        vec![
            html! { (role_name(language, &signature.role)) },
            render_seconds(frame, signature.issued_at),
            html! {
                (reveal_controls(&signature.algorithm)) " "
                code { (reveal_controls(&signature.key)) }
                @if let Some(organisation) = &signature.sealed_for {
                    @let organisation = reveal_controls(organisation);
                    br; bdi { (message!(language, "signature-seal", organisation)) }
                }
            },
            html! {
                @if signature.valid {
                    (message!(language, "signature-valid"))
                } @else {
                    strong.fault { (message!(language, "signature-invalid")) }
                    @if let Some(fault) = &signature.fault {
                        br; span lang="en" { (reveal_controls(fault)) }
                    }
                }
            },
        ]
    });
    let table = DataTable {
        id: "signatures-caption",
        caption: message!(language, "signatures-caption"),
        columns: vec![
            message!(language, "signature-role"),
            message!(language, "signature-at"),
            message!(language, "signature-key"),
            message!(language, "signature-result"),
        ],
        rows: rows.collect(),
    };
    html! {
        section aria-labelledby="signatures" {
            h2 id="signatures" { (message!(language, "signatures")) }
            (render_table(&table))
        }
    }
}

/// Instant in seconds. A number outside the years that can be written is shown as it is.
fn render_seconds(frame: &PageFrame<'_>, seconds: i64) -> Markup {
    match UtcTimestamp::from_micros(seconds.saturating_mul(1_000_000)) {
        Ok(instant) => render_instant(frame, instant),
        Err(_) => html! { (seconds) },
    }
}

/// Table of the steps that were declined, with the reason for whoever has asked for them.
pub(super) fn render_declined_steps(frame: &PageFrame<'_>, declined: &[DeclinedStep]) -> Markup {
    let language = frame.language;
    if declined.is_empty() {
        return html! {};
    }
    let rows = declined.iter().map(|step| {
        vec![
            html! { code { (reveal_controls(&step.action)) } },
            html! { code { (reveal_controls(&step.first)) } },
            html! { code { (reveal_controls(&step.declined)) } },
            render_instant_text(frame, &step.at),
            html! {
                @if let Some(reason) = &step.reason {
                    q lang="" dir="auto" { (reveal_controls(reason)) }
                }
            },
        ]
    });
    let table = DataTable {
        id: "declined-caption",
        caption: message!(language, "declined-caption"),
        columns: vec![
            message!(language, "approval-step"),
            message!(language, "approval-first"),
            message!(language, "declined-by"),
            message!(language, "declined-at"),
            message!(language, "declined-reason"),
        ],
        rows: rows.collect(),
    };
    html! {
        section aria-labelledby="declined" {
            h2 id="declined" { (message!(language, "declined")) }
            (render_table(&table))
        }
    }
}

/// Table of the steps that need two officers.
pub(super) fn render_approvals(language: Language, approvals: &[OfficerApproval]) -> Markup {
    if approvals.is_empty() {
        return html! {};
    }
    let rows = approvals.iter().map(|approval| {
        vec![
            html! { code { (reveal_controls(&approval.action)) } },
            html! { code { (reveal_controls(&approval.first)) } },
            html! {
                @match &approval.second {
                    Some(second) => { code { (reveal_controls(second)) } }
                    None => { strong { (message!(language, "approval-missing")) } }
                }
            },
        ]
    });
    let table = DataTable {
        id: "approvals-caption",
        caption: message!(language, "approvals-caption"),
        columns: vec![
            message!(language, "approval-step"),
            message!(language, "approval-first"),
            message!(language, "approval-second"),
        ],
        rows: rows.collect(),
    };
    html! {
        section aria-labelledby="approvals" {
            h2 id="approvals" { (message!(language, "approvals")) }
            (render_table(&table))
        }
    }
}
