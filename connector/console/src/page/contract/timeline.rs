//! Events of a contract or a negotiation, the first one first.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::contract::report::TimelineEvent;
use crate::part::text::{reveal_controls, shorten_quotation};
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Section with the events.
pub(super) fn render_timeline(frame: &PageFrame<'_>, events: &[TimelineEvent]) -> Markup {
    let language = frame.language;
    if events.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="timeline" {
            h2 id="timeline" { (message!(language, "timeline")) }
            ol.timeline {
                @for event in events {
                    li {
                        (render_instant_text(frame, &event.at)) " "
                        strong { (step_word(language, &event.step)) }
                        @if let Some(by) = &event.by {
                            @let by = reveal_controls(by);
                            " " bdi { (message!(language, "timeline-by", by)) }
                        }
                        @if let Some(pseudonym) = &event.pseudonym {
                            @let pseudonym = reveal_controls(pseudonym);
                            " " (message!(language, "timeline-pseudonym", pseudonym))
                        }
                        @if let Some(text) = &event.text {
                            // Words of their author: as a quotation, in a language that nobody knows.
                            ": " q lang="" { (shorten_quotation(text).text) }
                        }
                    }
                }
            }
        }
    }
}

/// Word of an event. An event that this crate does not know is shown as it is.
fn step_word(language: Language, step: &str) -> String {
    let topic = step.split(':').next().unwrap_or_default();
    match topic {
        "request" => message!(language, "step-request"),
        "offer" => message!(language, "step-offer"),
        "acceptance" => message!(language, "step-acceptance"),
        "agreement" => message!(language, "step-agreement"),
        "verification" => message!(language, "step-verification"),
        "finalization" => message!(language, "step-finalization"),
        "termination" => message!(language, "step-termination"),
        "comment" => message!(language, "step-comment"),
        "approval" => message!(language, "step-approval"),
        "signature" => message!(language, "step-signature"),
        "withdrawal" => message!(language, "step-withdrawal"),
        "first-use" => message!(language, "step-first-use"),
        "refusal" => message!(language, "step-refusal"),
        "schema-change" => message!(language, "step-schema-change"),
        _ => reveal_controls(step).into_owned(),
    }
}
