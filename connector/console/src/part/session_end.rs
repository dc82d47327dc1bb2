//! End of the session: the instant on each page, and a warning two minutes before it, where scripts run.

use crate::asset::script_address;
use crate::frame::{PageFrame, SessionEnd};
use crate::message::message;
use crate::part::time::{describe_instant, render_instant};
use maud::{Markup, html};

/// Address that makes a session last longer.
pub const STAY_ADDRESS: &str = "/stay";

/// Element with the end of the session. Without scripts, the form opens a page of its own, so that this page keeps what was typed.
pub(crate) fn render_session_end(frame: &PageFrame<'_>) -> Markup {
    let language = frame.language;
    let Some(end) = frame.session_end else {
        return html! {};
    };
    html! {
        script type="module" src=(script_address()) {}
        hansa-session data-left=(end.left_ms) {
            p.hint {
                @if end.can_stay { (message!(language, "session-ends")) }
                @else { (message!(language, "session-ends-for-good")) }
                " " span data-part="end" { (render_instant(frame, end.at)) }
            }
            div role="alert" {
                p data-part="soon" hidden {
                    strong { (message!(language, "session-soon")) }
                    @if end.can_stay { " " (message!(language, "session-stay-hint")) }
                }
                p data-part="over" hidden {
                    strong { (message!(language, "session-over")) } " "
                    a href="/enter" target="_blank" { (message!(language, "session-enter")) }
                }
            }
            @if end.can_stay {
                form.buttons method="post" action=(STAY_ADDRESS) target="_blank" {
                    button type="submit" { (message!(language, "session-stay")) }
                    span.hint data-part="tab" { (message!(language, "session-new-tab")) }
                }
            }
        }
    }
}

/// Milliseconds until the end of the session and its instant, a line each, as the script of the page reads them.
#[must_use]
pub fn state_session_end(frame: &PageFrame<'_>, end: SessionEnd) -> String {
    format!("{}\n{}", end.left_ms, describe_instant(frame, end.at))
}
