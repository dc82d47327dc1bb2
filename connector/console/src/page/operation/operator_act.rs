//! Words of the acts of those who run the connector.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::act_form::ActForm;
use crate::page::act_form::field::{ActField, FieldInput};
use crate::page::operation::peer_list::PeerRow;
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

/// Copy of the state into a new file.
#[must_use]
pub fn describe_backup(frame: &PageFrame<'_>, proposed_file: &str) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "backup-act-title"),
        message!(language, "backup-act"),
        message!(language, "backup-act-done"),
    );
    form.consequences = vec![
        message!(language, "backup-act-effect"),
        message!(language, "backup-keys"),
        message!(language, "backup-act-user"),
    ];
    form.fields = vec![
        ActField::new(
            "file",
            message!(language, "backup-file"),
            message!(language, "backup-file-fault"),
            FieldInput::Line { most: 1_000 },
        )
        .with_hint(message!(language, "backup-file-hint"))
        .with_initial(proposed_file),
    ];
    form
}

/// Addition of a participant.
#[must_use]
pub fn describe_peer_addition(frame: &PageFrame<'_>) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "peer-add-title"),
        message!(language, "peer-add"),
        message!(language, "peer-add-done"),
    );
    form.consequences = vec![
        message!(language, "peer-add-effect"),
        message!(language, "peer-add-no-rights"),
    ];
    let line = |most: usize| FieldInput::Line { most };
    form.fields = vec![
        ActField::new(
            "address",
            message!(language, "peer-add-address"),
            message!(language, "peer-add-address-fault"),
            line(260),
        )
        .with_hint(message!(language, "peer-add-address-hint")),
        ActField::new(
            "id",
            message!(language, "peer-add-id"),
            message!(language, "peer-add-id-fault"),
            line(253),
        )
        .with_hint(message!(language, "peer-add-id-hint"))
        .mark_optional(),
        ActField::new(
            "alias",
            message!(language, "peer-add-alias"),
            message!(language, "peer-add-alias-fault"),
            line(63),
        )
        .with_hint(message!(language, "peer-add-alias-hint"))
        .mark_optional(),
    ];
    form
}

/// Removal of a participant.
#[must_use]
pub fn describe_peer_removal(frame: &PageFrame<'_>, peer: &PeerRow) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "peer-remove-title"),
        message!(language, "peer-remove"),
        message!(language, "peer-remove-done"),
    );
    form.consequences = vec![
        message!(language, "peer-remove-effect"),
        message!(language, "peer-remove-contracts"),
    ];
    if peer.contracts > 0 {
        let number = language.format_number(peer.contracts);
        form.warnings = vec![message!(language, "peer-remove-warning", number)];
    }
    form.body = render_facts(&[
        Fact::new(
            message!(language, "peer-name"),
            html! { bdi { (reveal_controls(&peer.participant)) } },
        ),
        Fact::new(
            message!(language, "peer-add-alias"),
            html! { code { (reveal_controls(&peer.alias)) } },
        ),
        Fact::new(
            message!(language, "peer-address"),
            html! { (reveal_controls(&peer.address)) },
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
