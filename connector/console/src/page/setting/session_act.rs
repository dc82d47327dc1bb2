//! Words of the acts on the sessions of the own person.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::act_form::ActForm;

/// End of one session.
#[must_use]
pub fn describe_session_end(frame: &PageFrame<'_>) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "session-end-title"),
        message!(language, "session-end"),
        message!(language, "session-end-done"),
    );
    form.consequences = vec![message!(language, "session-end-effect")];
    form
}

/// End of all sessions but the one of the page.
#[must_use]
pub fn describe_other_sessions_end(frame: &PageFrame<'_>) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "sessions-end-title"),
        message!(language, "sessions-end"),
        message!(language, "sessions-end-done"),
    );
    form.consequences = vec![
        message!(language, "sessions-end-effect"),
        message!(language, "sessions-end-code"),
    ];
    form
}
