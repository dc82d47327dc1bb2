//! Fields of the form of an act, and their faults.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::act::{ActCheckView, ActFault, ActKind};
use crate::page::contract::report::{ContractReport, TermText};
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

impl ActFault {
    /// ID of the field.
    const fn field(self) -> &'static str {
        match self {
            Self::NotRead => "read",
            Self::Reason => "reason",
            Self::From => "from",
            Self::Clause => "clause",
            Self::Text => "text",
        }
    }

    fn sentence(self, language: Language) -> String {
        match self {
            Self::NotRead => message!(language, "fault-not-read"),
            Self::Reason => message!(language, "fault-reason"),
            Self::From => message!(language, "fault-from"),
            Self::Clause => message!(language, "fault-no-clause"),
            Self::Text => message!(language, "fault-text"),
        }
    }
}

/// Summary of the faults, with links to their fields.
pub(super) fn render_field_faults(language: Language, faults: &[ActFault]) -> Markup {
    html! {
        @if !faults.is_empty() {
            div.summary tabindex="-1" autofocus {
                h2 { (message!(language, "error-summary")) }
                ul {
                    @for fault in faults {
                        li { a href={ "#" (fault.field()) } { (fault.sentence(language)) } }
                    }
                }
            }
        }
    }
}

/// Fields of an act. Whoever approves the act of another person gives no reason of their own.
pub(super) fn render_fields(frame: &PageFrame<'_>, view: &ActCheckView, approves: bool) -> Markup {
    let language = frame.language;
    let fields = &view.fields;
    let mark = |fault| view.faults.contains(&fault).then_some("true");
    html! {
        @match view.kind {
            ActKind::Sign => {
                (render_reading(language, view))
            }
            ActKind::Comment => {
                div {
                    label for="clause" { (message!(language, "field-clause")) }
                    select id="clause" name="clause" aria-invalid=[mark(ActFault::Clause)] {
                        option value="" { (message!(language, "field-clause-none")) }
                        @for term in terms_of(&view.report) {
                            @let number = term.clause.trim_start_matches("#c");
                            option value=(reveal_controls(number)) selected[fields.clause == number] {
                                (reveal_controls(&term.clause)) " " (begin_of(&term.text))
                            }
                        }
                    }
                }
                div {
                    label for="text" { (message!(language, "field-text")) }
                    p.hint id="text-hint" { (message!(language, "field-text-hint")) }
                    input id="text" name="text" type="text" maxlength="2000" autocomplete="off" value=(reveal_controls(&fields.text))
                        aria-describedby="text-hint" aria-invalid=[mark(ActFault::Text)];
                }
            }
            ActKind::Decline => {
                (render_reason(language, view))
            }
            ActKind::Withdraw => {
                @if approves {
                    input type="hidden" name="reason" value=(reveal_controls(&fields.reason));
                    input type="hidden" name="from" value=(reveal_controls(&fields.from));
                } @else {
                    (render_reason(language, view))
                    div {
                        label for="from" { (message!(language, "field-from")) }
                        p.hint id="from-hint" {
                            @let zone = reveal_controls(frame.zone);
                            (message!(language, "field-from-hint", zone))
                        }
                        input id="from" name="from" type="date" value=(reveal_controls(&fields.from))
                            aria-describedby="from-hint" aria-invalid=[mark(ActFault::From)];
                    }
                }
                (render_reading(language, view))
            }
        }
    }
}

fn render_reading(language: Language, view: &ActCheckView) -> Markup {
    let is_missing = view.faults.contains(&ActFault::NotRead);
    html! {
        div.choice {
            input id="read" name="read" type="checkbox" value="yes" checked[view.fields.has_read]
                aria-invalid=[is_missing.then_some("true")];
            label for="read" { (message!(language, "field-read")) }
        }
    }
}

fn render_reason(language: Language, view: &ActCheckView) -> Markup {
    let is_wrong = view.faults.contains(&ActFault::Reason);
    html! {
        div {
            label for="reason" { (message!(language, "field-reason")) }
            p.hint id="reason-hint" { (message!(language, "field-reason-hint")) }
            input id="reason" name="reason" type="text" maxlength="500" autocomplete="off" value=(reveal_controls(&view.fields.reason))
                aria-describedby="reason-hint" aria-invalid=[is_wrong.then_some("true")];
        }
    }
}

/// Clauses of the page.
pub(super) fn terms_of(report: &ContractReport) -> &[TermText] {
    match report {
        ContractReport::Contract(detail) => &detail.terms,
        ContractReport::Negotiation(detail) => &detail.terms,
    }
}

/// Beginning of the text of a clause, as much as a list shows.
fn begin_of(text: &str) -> String {
    const LETTERS: usize = 70;
    let mut begin: String = text.chars().take(LETTERS).collect();
    if text.chars().nth(LETTERS).is_some() {
        begin.push('…');
    }
    reveal_controls(&begin).into_owned()
}
