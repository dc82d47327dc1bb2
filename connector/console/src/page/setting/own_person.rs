//! Own person: roles and sessions.

use crate::frame::PageFrame;
use crate::message::message;
use crate::page::passkey::PASSKEYS_ADDRESS;
use crate::page::setting::token_list::{TokenRow, render_token_rows};
use crate::part::act_note::render_act_link;
use crate::part::address::page_below;
use crate::part::layout::{PageContent, render_layout, role_word};
use crate::part::magnitude::describe_duration;
use crate::part::table::{DataTable, Fact, render_facts, render_table};
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};

/// Sessions of the person of the frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnPersonView {
    /// Sessions, the newest first.
    pub sessions: Vec<OwnSession>,
    /// Time without a request after which a session ends, in milliseconds.
    pub idle_ms: u64,
    /// Longest life of a session, in milliseconds.
    pub longest_ms: u64,
    /// Access tokens of the person; absent for a person who asks nothing.
    pub tokens: Option<Vec<TokenRow>>,
}

/// Session of the person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnSession {
    /// Name of the session in addresses, which is no secret.
    pub handle: String,
    /// Time since the sign-in, in milliseconds.
    pub opened_ms: u64,
    /// Time since the last request, in milliseconds.
    pub used_ms: u64,
    /// `true` for the session of this page.
    pub is_this: bool,
}

/// Page of the own person.
#[must_use]
pub fn render_own_person(frame: &PageFrame<'_>, view: &OwnPersonView) -> String {
    let language = frame.language;
    let body = html! {
        @if let Some(person) = frame.person {
            @let roles: Vec<String> = person.roles.iter().map(|role| role_word(language, *role)).collect();
            (render_facts(&[
                Fact::new(
                    message!(language, "person-name"),
                    html! { bdi { (reveal_controls(person.name)) } },
                ),
                Fact::new(message!(language, "person-roles"), html! { (roles.join(", ")) }),
            ]))
            p.hint { (message!(language, "own-roles-from")) }
            p { a href=(PASSKEYS_ADDRESS) { (message!(language, "passkey-act-list")) } }
        }
        h2 { (message!(language, "own-sessions")) }
        (render_sessions(language, &view.sessions))
        @if view.sessions.len() > 1 {
            (render_act_link("/me/sessions/end", &message!(language, "sessions-end")))
        }
        @let idle = describe_duration(language, view.idle_ms);
        @let longest = describe_duration(language, view.longest_ms);
        p { (message!(language, "own-session-life", idle, longest)) }
        p { (message!(language, "own-session-strange")) }
        @if let Some(tokens) = &view.tokens {
            h2 { (message!(language, "own-tokens")) }
            p { (message!(language, "tokens-what")) }
            @if tokens.is_empty() {
                p { (message!(language, "own-tokens-none")) }
            } @else {
                (render_token_rows(frame, tokens, "/me/tokens"))
            }
            (render_act_link("/me/tokens/add", &message!(language, "token-add")))
        }
    };
    let title = message!(language, "own-title");
    render_layout(frame, &PageContent::new(title, body))
}

fn render_sessions(language: Language, sessions: &[OwnSession]) -> Markup {
    let rows = sessions.iter().enumerate().map(|(index, session)| {
        vec![
            html! {
                (index.saturating_add(1))
                @if session.is_this {
                    " " span class="mark open" { (message!(language, "own-this-session")) }
                }
            },
            html! { (describe_past(language, session.opened_ms)) },
            html! { (describe_past(language, session.used_ms)) },
            render_end_link(language, index, session),
        ]
    });
    render_table(&DataTable {
        id: "sessions-caption",
        caption: message!(language, "own-sessions-caption"),
        columns: vec![
            message!(language, "own-session"),
            message!(language, "own-opened"),
            message!(language, "own-used"),
            message!(language, "own-session-act"),
        ],
        rows: rows.collect(),
    })
}

/// Link to the page before the end of a session. The one of the page ends by signing out.
fn render_end_link(language: Language, index: usize, session: &OwnSession) -> Markup {
    let address = page_below("/me/sessions", &[&session.handle, "end"]);
    let number = index.saturating_add(1);
    html! {
        @match address.filter(|_| !session.is_this) {
            Some(address) => a href=(address) {
                (message!(language, "session-end")) "…" span.unseen { " " (number) }
            },
            None => { (message!(language, "own-session-leave")) }
        }
    }
}

fn describe_past(language: Language, milliseconds: u64) -> String {
    let time = describe_duration(language, milliseconds);
    message!(language, "own-ago", time)
}
