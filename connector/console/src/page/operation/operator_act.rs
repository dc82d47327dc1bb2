//! Words of the acts of those who run the connector.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::act_form::ActForm;
use crate::page::operation::running_list::RunningRow;
use crate::part::table::{Fact, render_facts};
use crate::part::text::reveal_controls;
use maud::html;

/// End of a running answer.
#[must_use]
pub fn describe_running_cut(frame: &PageFrame<'_>, row: &RunningRow) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "cut-title"),
        message!(language, "cut"),
        message!(language, "cut-done"),
    );
    form.consequences = vec![
        message!(language, "cut-effect"),
        message!(language, "cut-for-good"),
    ];
    // Rows and age grow while the page is read, so they are no part of what is shown.
    let who = match row.by.as_str() {
        "house" => html! { (message!(language, "running-house")) },
        "web" => html! { (message!(language, "running-web")) },
        _ => html! { bdi { (reveal_controls(&row.participant)) } },
    };
    let purpose = row.purpose.as_deref();
    form.body = render_facts(&[
        Fact::new(
            message!(language, "running-question"),
            html! { code { (reveal_controls(&row.question)) } },
        ),
        Fact::new(message!(language, "running-who"), who),
        Fact::new(
            message!(language, "running-purpose"),
            html! {
                @match purpose {
                    Some(purpose) => { (reveal_controls(purpose)) }
                    None => { (message!(language, "running-no-purpose")) }
                }
            },
        ),
    ]);
    form
}

/// Reading of the configuration and of all files again.
#[must_use]
pub fn describe_reload(frame: &PageFrame<'_>) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "reload-title"),
        message!(language, "reload"),
        message!(language, "reload-done"),
    );
    form.consequences = vec![
        message!(language, "reload-effect"),
        message!(language, "reload-faults"),
    ];
    form
}
