//! The end of the session on each page: the instant, and the form that makes it last longer.

use crate::tests::html_reader::PageElement;
use crate::tests::page_check::{check_page, elements};
use crate::{
    PageFrame, PersonLabel, PersonRole, STAY_ADDRESS, SessionEnd, StatusView, render_overview,
    state_session_end,
};
use hansa_policy::term::language::Language;

fn frame(language: Language, end: Option<SessionEnd>) -> PageFrame<'static> {
    PageFrame {
        zone: "Europe/Berlin",
        person: Some(PersonLabel {
            name: "Maria Santos",
            roles: &[PersonRole::Officer],
        }),
        session_end: end,
        ..PageFrame::new(language, "/")
    }
}

fn end(can_stay: bool) -> SessionEnd {
    SessionEnd {
        at: "2026-11-27T09:57:00Z".parse().unwrap(),
        left_ms: 900_000,
        can_stay,
    }
}

fn page_with(language: Language, end: Option<SessionEnd>) -> Vec<PageElement> {
    check_page(&render_overview(
        &frame(language, end),
        &StatusView::default(),
    ))
}

fn stay_forms(page: &[PageElement]) -> usize {
    let forms = elements(page, "form");
    let own = forms.iter().filter(|form| {
        form.attribute("action") == Some(STAY_ADDRESS) && form.attribute("target") == Some("_blank")
    });
    own.count()
}

#[test]
fn each_page_says_when_the_session_ends_and_how_to_stay() {
    for language in Language::ALL {
        let page = page_with(language, Some(end(true)));
        assert_eq!(stay_forms(&page), 1, "{language}");
        let element = elements(&page, "hansa-session")[0];
        assert_eq!(element.attribute("data-left"), Some("900000"));
        // The warning is there for the script, and hidden without it.
        for part in ["soon", "over"] {
            let hidden = page
                .iter()
                .find(|element| element.attribute("data-part") == Some(part));
            assert!(hidden.unwrap().attribute("hidden").is_some(), "{part}");
        }
        assert_eq!(elements(&page, "script").len(), 1);
    }
    let page = page_with(Language::En, Some(end(true)));
    assert!(page[0].text.contains("27 Nov 2026, 10:57 (Berlin)"));
}

#[test]
fn a_session_at_its_longest_can_not_be_made_longer() {
    let page = page_with(Language::En, Some(end(false)));
    assert_eq!(stay_forms(&page), 0);
    assert!(page[0].text.contains("whatever you do"), "{}", page[0].text);
    assert!(!page[0].text.contains("Stay signed in"));
    let nobody = page_with(Language::En, None);
    assert!(elements(&nobody, "hansa-session").is_empty());
    assert!(elements(&nobody, "script").is_empty());
}

#[test]
fn the_script_reads_a_number_and_an_instant() {
    let end = end(true);
    assert_eq!(
        state_session_end(&frame(Language::En, Some(end)), end),
        "900000\n27 Nov 2026, 10:57 (Berlin)"
    );
}
