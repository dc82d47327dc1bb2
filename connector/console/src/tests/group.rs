//! Tests of the groups: the list, and the acts on them.

use crate::tests::page_check::{check_page, check_view, elements};
use crate::{
    ActFormView, ActStep, GroupRow, PageFrame, PersonLabel, PersonRole, ProposedMembers,
    describe_group_addition, describe_group_removal, render_act_form, render_groups,
};
use hansa_policy::term::language::Language;
use serde_json::{Value, json};

fn frame(language: Language, roles: &[PersonRole]) -> PageFrame<'_> {
    PageFrame {
        person: Some(PersonLabel {
            name: "Maria",
            roles,
        }),
        ..PageFrame::new(language, "/groups")
    }
}

fn sample() -> Value {
    json!([
        { "group": "hanse-cities", "members": ["riga.example", "tallinn.example"], "until": "2026-12-01T00:00:00Z",
            "counts": true, "why_not": null },
        { "group": "neighbours", "members": [], "until": "2026-11-01T00:00:00Z", "counts": false,
            "why_not": "its list has ended" },
    ])
}

fn read_rows(value: &Value) -> Vec<GroupRow> {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn groups_are_shown_and_changed_by_whoever_signs() {
    check_view(
        &sample(),
        &["group", "members", "why_not"],
        |language, value| render_groups(&frame(language, &PersonRole::ALL), &read_rows(value)),
    );
    let list_links = |roles: &[PersonRole]| -> Vec<String> {
        let page = check_page(&render_groups(
            &frame(Language::En, roles),
            &read_rows(&sample()),
        ));
        let links = elements(&page, "a").into_iter();
        links
            .filter_map(|link| link.attribute("href").map(str::to_owned))
            .filter(|link| link.starts_with("/groups/"))
            .collect()
    };
    assert_eq!(
        list_links(&[PersonRole::Officer, PersonRole::Signer]),
        [
            "/groups/hanse-cities/remove",
            "/groups/neighbours/remove",
            "/groups/add"
        ]
    );
    assert_eq!(list_links(&[PersonRole::Officer]), Vec::<String>::new());
    check_page(&render_groups(&frame(Language::De, &[]), &[]));
}

#[test]
fn the_acts_on_groups_are_safe_with_any_text() {
    check_view(&sample(), &[], |language, value| {
        let frame = frame(language, &PersonRole::ALL);
        let rows = read_rows(value);
        let proposed = ProposedMembers {
            group: rows[0].group.clone(),
            participants: rows[0].members.clone(),
        };
        let forms = [
            describe_group_addition(&frame, &proposed),
            describe_group_removal(&frame, &rows[0]),
        ];
        let pages = forms.map(|form| {
            let view = ActFormView {
                values: form.initial_values(),
                form,
                key: "00ff".to_owned(),
                shown: "e7a2".to_owned(),
                faults: Vec::new(),
                unsent: None,
                step: ActStep::Act,
                back: "/groups".to_owned(),
            };
            let page = render_act_form(&frame, &view);
            check_page(&page);
            page
        });
        let [_, removal] = pages;
        removal
    });
    // A member that is none of the list is not chosen.
    let frame = frame(Language::En, &PersonRole::ALL);
    let form = describe_group_removal(&frame, &read_rows(&sample())[0]);
    let sent = [
        ("participants-0", "tallinn.example"),
        ("participants-1", "tallinn.example"),
    ];
    let sent = sent.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let values = form.read_values(&sent.into());
    assert_eq!(values["participants"], "tallinn.example");
    let none = form.read_values(&[].into());
    assert_eq!(form.find_faults(&none).len(), 1);
}
