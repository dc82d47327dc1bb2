//! Groups of participants that contracts of this participant may be for: the list, and the acts on them.

use crate::frame::{PageFrame, PersonRole};
use crate::message::message;
use crate::page::act_form::ActForm;
use crate::page::act_form::field::{ActField, FieldInput, FieldOption};
use crate::page::contract_list::ROWS_PER_PAGE;
use crate::part::act_note::render_act_link;
use crate::part::address::page_below;
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{DataTable, Fact, render_facts, render_table};
use crate::part::text::reveal_controls;
use crate::part::time::render_instant_text;
use maud::{Markup, html};
use serde::Deserialize;

/// Address of the page.
pub const GROUPS_ADDRESS: &str = "/groups";

/// Object of `hansa group list --json`. Unknown members are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct GroupRow {
    /// Name of the group.
    pub group: String,
    /// Domains of the members.
    pub members: Vec<String>,
    /// Instant at which the signed list ends, unless it is renewed.
    pub until: String,
    /// Reason why the list is not in force now, in English.
    #[serde(default)]
    pub why_not: Option<String>,
}

/// Page with the groups and their members.
#[must_use]
pub fn render_groups(frame: &PageFrame<'_>, rows: &[GroupRow]) -> String {
    let language = frame.language;
    let body = html! {
        p { (message!(language, "groups-what")) }
        @if rows.is_empty() {
            p { (message!(language, "groups-none")) }
        } @else {
            (render_rows(frame, rows))
        }
        @if rows.len() > ROWS_PER_PAGE {
            @let number = rows.len();
            p.hint { (message!(language, "groups-more", number)) }
        }
        @if frame.has_role(PersonRole::Signer) {
            (render_act_link("/groups/add", &message!(language, "group-add")))
        }
    };
    let title = message!(language, "groups-title");
    render_layout(frame, &PageContent::new(title, body))
}

fn render_rows(frame: &PageFrame<'_>, rows: &[GroupRow]) -> Markup {
    let language = frame.language;
    let may_change = frame.has_role(PersonRole::Signer);
    let cells = rows.iter().take(ROWS_PER_PAGE).map(|group| {
        let name = reveal_controls(&group.group);
        vec![
            html! { code { (name) } },
            html! {
                @for (index, member) in group.members.iter().enumerate() {
                    @if index > 0 { ", " }
                    bdi { (reveal_controls(member)) }
                }
            },
            render_instant_text(frame, &group.until),
            html! {
                @match &group.why_not {
                    Some(why) => { strong.fault lang="en" { (reveal_controls(why)) } }
                    None => { (message!(language, "group-in-force")) }
                }
                @if let Some(address) = remove_address(group).filter(|_| may_change) {
                    br;
                    a href=(address) { (message!(language, "group-remove")) "…" span.unseen { " " (name) } }
                }
            },
        ]
    });
    render_table(&DataTable {
        id: "groups-caption",
        caption: message!(language, "groups-caption"),
        columns: vec![
            message!(language, "group-name"),
            message!(language, "group-members"),
            message!(language, "group-until"),
            message!(language, "column-state"),
        ],
        rows: cells.collect(),
    })
}

fn remove_address(group: &GroupRow) -> Option<String> {
    page_below(GROUPS_ADDRESS, &[&group.group, "remove"])
}

/// Group and participants that a page proposes to add, such as those that another person has asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProposedMembers {
    /// Name of the group.
    pub group: String,
    /// Domains of the participants.
    pub participants: Vec<String>,
}

/// Addition of participants to a group.
#[must_use]
pub fn describe_group_addition(frame: &PageFrame<'_>, proposed: &ProposedMembers) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "group-add-title"),
        message!(language, "group-add"),
        message!(language, "group-add-done"),
    );
    form.consequences = vec![
        message!(language, "group-add-effect"),
        message!(language, "group-add-second"),
    ];
    form.fields = vec![
        ActField::new(
            "group",
            message!(language, "group-name"),
            message!(language, "group-name-fault"),
            FieldInput::Line { most: 100 },
        )
        .with_hint(message!(language, "group-name-hint"))
        .with_initial(&proposed.group),
        ActField::new(
            "participants",
            message!(language, "group-participants"),
            message!(language, "group-participants-fault"),
            FieldInput::Lines {
                most: 20_000,
                rows: 5,
            },
        )
        .with_hint(message!(language, "group-participants-hint"))
        .with_initial(&proposed.participants.join("\n")),
    ];
    form
}

/// Removal of participants from a group.
#[must_use]
pub fn describe_group_removal(frame: &PageFrame<'_>, group: &GroupRow) -> ActForm {
    let language = frame.language;
    let mut form = ActForm::new(
        message!(language, "group-remove-title"),
        message!(language, "group-remove"),
        message!(language, "group-remove-done"),
    );
    form.consequences = vec![
        message!(language, "group-remove-effect"),
        message!(language, "group-remove-again"),
    ];
    form.body = render_facts(&[Fact::new(
        message!(language, "group-name"),
        html! { code { (reveal_controls(&group.group)) } },
    )]);
    let members = group
        .members
        .iter()
        .map(|member| FieldOption::plain(member));
    form.fields = vec![ActField::new(
        "participants",
        message!(language, "group-members"),
        message!(language, "group-members-fault"),
        FieldInput::Choices(members.collect()),
    )];
    form
}
