//! Links to the pages before acts, and messages after them.

use crate::frame::{ActNote, PageFrame, PersonRole};
use crate::message::message;
use crate::part::command_notice::CommandLines;
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Roles that open the record of an act.
const READERS: [PersonRole; 2] = [PersonRole::Officer, PersonRole::Auditor];

/// Message with the sentence of the act, the words of the command and the number of the record.
pub(crate) fn render_act_note(frame: &PageFrame<'_>, note: &ActNote) -> Markup {
    let language = frame.language;
    let lines = CommandLines::read(note.lines.iter().map(String::as_str));
    let tag = (note.language != language).then(|| note.language.tag());
    html! {
        div.done role="status" {
            @if note.waits {
                p { strong { (message!(language, "done-waits")) } }
            } @else {
                p { strong lang=[tag] { (reveal_controls(&note.sentence)) } }
            }
            @if note.has_faults {
                p { strong.fault { (message!(language, "done-with-faults")) } }
            }
            @if !lines.plain.is_empty() {
                p { (message!(language, "done-lines")) }
                pre lang="en" { code { (reveal_controls(&lines.plain.join("\n"))) } }
            }
            @for notice in &lines.coded { (notice.render(language)) }
            (render_act_record(frame, note.record))
        }
    }
}

/// Number of the record of an act, with a link to it for those who may read it.
pub(crate) fn render_act_record(frame: &PageFrame<'_>, record: u64) -> Markup {
    let may_read = READERS.into_iter().any(|role| frame.has_role(role));
    html! {
        p {
            @if may_read {
                a href={ "/evidence/records/" (record) } { (name_record(frame.language, record)) }
            } @else {
                (name_record(frame.language, record))
            }
        }
    }
}

fn name_record(language: Language, number: u64) -> String {
    message!(language, "done-record", number)
}

/// Link to the page before an act.
pub(crate) fn render_act_link(address: &str, label: &str) -> Markup {
    html! {
        p.buttons { a href=(address) { (label) "…" } }
    }
}
