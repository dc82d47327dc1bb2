//! List of the people of the configuration, without their pseudonyms.

use crate::frame::{PageFrame, PersonRole};
use crate::message::message;
use crate::page::setting::render_links;
use crate::part::layout::{PageContent, render_layout, role_word};
use crate::part::table::{DataTable, render_table};
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Object of `hansa person list --json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct PersonRow {
    /// Name of the person.
    pub name: String,
    /// Words of the roles.
    pub roles: Vec<String>,
    /// Number of the Unix user.
    pub unix: Option<u32>,
    /// Subject identifier at the issuer.
    pub oidc: Option<String>,
}

/// Page with the people and their roles.
#[must_use]
pub fn render_people(frame: &PageFrame<'_>, rows: &[PersonRow]) -> String {
    let language = frame.language;
    let body = html! {
        (render_links(frame))
        p { (message!(language, "people-what")) }
        @if rows.is_empty() {
            p { (message!(language, "people-none")) }
        } @else {
            (render_rows(language, rows))
        }
        h2 { (message!(language, "people-roles")) }
        (render_roles(language))
    };
    let title = message!(language, "people-title");
    render_layout(frame, &PageContent::new(title, body))
}

fn render_rows(language: Language, rows: &[PersonRow]) -> Markup {
    let cells = rows.iter().map(|person| {
        vec![
            html! { bdi { (reveal_controls(&person.name)) } },
            html! {
                @for (index, role) in person.roles.iter().enumerate() {
                    @if index > 0 { ", " }
                    @match PersonRole::from_word(role) {
                        Some(role) => { (role_word(language, role)) }
                        None => { (reveal_controls(role)) }
                    }
                }
            },
            // A name in figures, not a quantity.
            html! { @if let Some(user) = person.unix { (user) } },
            html! { @if let Some(subject) = &person.oidc { code { (reveal_controls(subject)) } } },
        ]
    });
    render_table(&DataTable {
        id: "people-caption",
        caption: message!(language, "people-caption"),
        columns: vec![
            message!(language, "person-name"),
            message!(language, "person-roles"),
            message!(language, "person-unix"),
            message!(language, "person-oidc"),
        ],
        rows: cells.collect(),
    })
}

fn render_roles(language: Language) -> Markup {
    let rows = PersonRole::ALL.into_iter().map(|role| {
        let may = match role {
            PersonRole::Officer => message!(language, "role-officer-may"),
            PersonRole::Signer => message!(language, "role-signer-may"),
            PersonRole::Analyst => message!(language, "role-analyst-may"),
            PersonRole::Auditor => message!(language, "role-auditor-may"),
            PersonRole::Operator => message!(language, "role-operator-may"),
        };
        vec![
            html! { (role_word(language, role)) },
            html! { code { (role.as_str()) } },
            html! { (may) },
        ]
    });
    render_table(&DataTable {
        id: "roles-caption",
        caption: message!(language, "roles-caption"),
        columns: vec![
            message!(language, "role-name"),
            message!(language, "role-in-file"),
            message!(language, "role-may"),
        ],
        rows: rows.collect(),
    })
}
