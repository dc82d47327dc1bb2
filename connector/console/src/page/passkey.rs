//! Passkeys of the person who is signed in.

use crate::frame::PageFrame;
use crate::message::message;
use crate::part::layout::{PageContent, render_layout};
use crate::part::passkey_element::{
    PasskeyForm, PasskeyOperation, PasskeyRequest, render_passkey_form,
};
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Address of the page.
pub const PASSKEYS_ADDRESS: &str = "/me/passkeys";

/// Passkeys of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PasskeyListView {
    /// Passkeys, oldest first.
    pub passkeys: Vec<PasskeyEntry>,
    /// Form for another one; absent where the console has none, or the person has too many.
    pub addition: Option<PasskeyAdditionView>,
    /// `true` if acts of this console are proven by passkeys.
    pub is_on: bool,
    /// Largest number of passkeys of one person.
    pub most: usize,
    /// Change of the person a moment ago.
    pub done: Option<DonePasskeyView>,
    /// `true` after an answer of the browser that makes no passkey.
    pub is_refused: bool,
}

/// Passkey of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyEntry {
    /// SHA-256 of the public key, in hexadecimal digits.
    pub key: String,
    /// Instant at which it was added.
    pub added: String,
    /// Host of the console for which it was made.
    pub party: String,
    /// `true` if it is for the console as it is named now.
    pub is_usable: bool,
    /// Key of the form that removes it.
    pub form_key: String,
}

/// Form for a new passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyAdditionView {
    /// Request to the authenticator.
    pub request: PasskeyRequest,
    /// Identity of the person for the authenticator, in base64url.
    pub user: String,
    /// Key of the form.
    pub form_key: String,
}

/// Change that the person has made a moment ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DonePasskeyView {
    /// `true` for a new passkey, `false` for one that was removed.
    pub is_added: bool,
    /// Number of the record of the act.
    pub record: u64,
}

/// Page with the passkeys of the person who is signed in.
#[must_use]
pub fn render_passkeys(frame: &PageFrame<'_>, view: &PasskeyListView) -> String {
    let language = frame.language;
    let most = view.most;
    let body = html! {
        @if let Some(done) = view.done {
            (render_done(language, done))
        }
        @if view.is_refused {
            div.summary tabindex="-1" autofocus {
                h2 { (message!(language, "error-summary")) }
                p { (message!(language, "passkey-not-added")) }
            }
        }
        p { (message!(language, "passkey-purpose")) }
        @if view.passkeys.is_empty() {
            p { (message!(language, "passkey-none")) }
        } @else {
            (render_list(frame, &view.passkeys))
        }
        h2 { (message!(language, "passkey-add-title")) }
        @match &view.addition {
            _ if !view.is_on => p { (message!(language, "passkey-off")) },
            None => p { (message!(language, "passkey-full", most)) },
            Some(addition) => {
                p { (message!(language, "passkey-add-how")) }
                (render_passkey_form(frame, &PasskeyForm {
                    action: PASSKEYS_ADDRESS,
                    key: &addition.form_key,
                    request: &addition.request,
                    operation: PasskeyOperation::Create { user: &addition.user },
                    label: message!(language, "passkey-add"),
                    begins: false,
                }))
            }
        }
    };
    let mut content = PageContent::new(message!(language, "passkey-title"), body);
    content.is_error = view.is_refused;
    render_layout(frame, &content)
}

fn render_list(frame: &PageFrame<'_>, passkeys: &[PasskeyEntry]) -> Markup {
    let language = frame.language;
    let rows = passkeys.iter().map(|passkey| {
        let short: String = passkey.key.chars().take(12).collect();
        let short = reveal_controls(&short);
        let party = reveal_controls(&passkey.party);
        vec![
            html! { code { (short) } },
            html! { (render_instant_text(frame, &passkey.added)) },
            html! {
                @if passkey.is_usable {
                    (message!(language, "passkey-usable"))
                } @else {
                    (message!(language, "passkey-elsewhere", party))
                }
            },
            html! {
                form method="post" action={ (PASSKEYS_ADDRESS) "/" (reveal_controls(&passkey.key)) "/remove" } {
                    input type="hidden" name="key" value=(reveal_controls(&passkey.form_key));
                    button type="submit" {
                        (message!(language, "passkey-remove")) span.unseen { " " (short) }
                    }
                }
            },
        ]
    });
    render_table(&DataTable {
        id: "passkeys",
        caption: message!(language, "passkey-caption"),
        columns: vec![
            message!(language, "passkey-key"),
            message!(language, "passkey-added"),
            message!(language, "passkey-use"),
            message!(language, "passkey-change"),
        ],
        rows: rows.collect(),
    })
}

fn render_done(language: Language, done: DonePasskeyView) -> Markup {
    let sentence = match done.is_added {
        true => message!(language, "passkey-done-added"),
        false => message!(language, "passkey-done-removed"),
    };
    let number = done.record;
    html! {
        div.done role="status" {
            p { strong { (sentence) } }
            p { a href={ "/evidence/records/" (number) } { (message!(language, "done-record", number)) } }
        }
    }
}
