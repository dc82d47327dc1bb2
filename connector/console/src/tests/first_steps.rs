//! Page of the first steps.

use crate::tests::page_check::{check_page, elements};
use crate::{
    FirstStep, FirstStepsView, PageFrame, PersonLabel, PersonRole, StatusView, render_first_steps,
    render_overview,
};
use hansa_policy::term::language::Language;

fn frame(language: Language) -> PageFrame<'static> {
    PageFrame {
        person: Some(PersonLabel {
            name: "Maria Santos",
            roles: &[PersonRole::Officer],
        }),
        ..PageFrame::new(language, "/start")
    }
}

#[test]
fn first_steps_say_what_is_missing_and_lead_there() {
    let some = FirstStepsView {
        done: vec![FirstStep::Identity, FirstStep::League],
        not_needed: vec![FirstStep::Passkey],
    };
    assert_eq!(some.count_open(), 6);
    for language in Language::ALL {
        let page = check_page(&render_first_steps(&frame(language), &some));
        let links = elements(&page, "a");
        let leads = |path: &str| {
            links
                .iter()
                .any(|link| link.attribute("href") == Some(path))
        };
        assert!(leads("/datasets/add") && leads("/policies"));
        // An operator opens this one.
        assert!(!leads("/operations/backup"));
    }
    let all = FirstStepsView {
        done: FirstStep::ALL.to_vec(),
        not_needed: Vec::new(),
    };
    assert_eq!(all.count_open(), 0);
    let page = render_first_steps(&frame(Language::En), &all);
    assert!(page.contains("All first steps are done."), "{page}");
}

#[test]
fn the_overview_leads_to_the_steps_while_one_is_missing() {
    let mut view = StatusView::default();
    let overview = PageFrame {
        address: "/",
        ..frame(Language::De)
    };
    let page = render_overview(&overview, &view);
    assert!(!page.contains("/start"), "{page}");
    view.open_steps = 2;
    for language in Language::ALL {
        let page = check_page(&render_overview(&frame(language), &view));
        let links = elements(&page, "a");
        let mut links = links.iter();
        assert!(links.any(|link| link.attribute("href") == Some("/start")));
    }
}
