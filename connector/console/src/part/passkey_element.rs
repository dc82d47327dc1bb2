//! Form whose answer comes from a passkey. It needs the script of the console, and stays hidden without it.

use crate::asset::script_address;
use crate::frame::PageFrame;
use crate::message::message;
use crate::part::text::reveal_controls;
use maud::{Markup, html};

/// Request to an authenticator, with binary values in base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyRequest {
    /// Challenge.
    pub challenge: String,
    /// Host of the console.
    pub party: String,
    /// Passkeys of the person: those that may answer, or those that are there already.
    pub credentials: Vec<String>,
}

/// Operation of an authenticator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PasskeyOperation<'a> {
    /// New passkey for a person.
    Create {
        /// Identity of the person for the authenticator, in base64url.
        user: &'a str,
    },
    /// Answer to a challenge.
    Get,
}

/// Form of a passkey.
pub(crate) struct PasskeyForm<'a> {
    /// Address to which the answer is sent.
    pub(crate) action: &'a str,
    /// Key of the form.
    pub(crate) key: &'a str,
    /// Request to the authenticator.
    pub(crate) request: &'a PasskeyRequest,
    /// Operation.
    pub(crate) operation: PasskeyOperation<'a>,
    /// Words of the button.
    pub(crate) label: String,
    /// `true` if the authenticator is asked as soon as the page is there.
    pub(crate) begins: bool,
}

/// Element with the form, and the script that shows and fills it.
pub(crate) fn render_passkey_form(frame: &PageFrame<'_>, form: &PasskeyForm<'_>) -> Markup {
    let language = frame.language;
    let request = form.request;
    let (operation, user, fields): (_, _, &[&str]) = match form.operation {
        PasskeyOperation::Create { user } => (
            "create",
            Some(user),
            &["client_data", "authenticator_data", "public_key"],
        ),
        PasskeyOperation::Get => (
            "get",
            None,
            &[
                "credential",
                "client_data",
                "authenticator_data",
                "signature",
            ],
        ),
    };
    let person = user.and(frame.person).map(|person| person.name);
    html! {
        script type="module" src=(script_address()) {}
        hansa-passkey data-operation=(operation)
            data-challenge=(reveal_controls(&request.challenge))
            data-party=(reveal_controls(&request.party))
            data-credentials=(reveal_controls(&request.credentials.join(" ")))
            data-user=[user.map(reveal_controls)]
            data-person=[person.map(reveal_controls)]
            data-participant=[user.map(|_| reveal_controls(frame.participant_name))]
            data-begins[form.begins]
            data-working=(message!(language, "passkey-working"))
            data-refused=(message!(language, "passkey-refused")) {
            p data-part="missing" { (message!(language, "passkey-no-browser")) }
            form method="post" action=(form.action) hidden {
                input type="hidden" name="key" value=(reveal_controls(form.key));
                @for name in fields {
                    input type="hidden" name=(name) value="";
                }
                button.main type="submit" { (form.label) }
            }
            p.hint role="status" {}
        }
    }
}
