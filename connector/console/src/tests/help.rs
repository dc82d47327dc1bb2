//! The guide inside the console, and the warning of forked logs on each page.

use crate::tests::html_reader::read_page;
use crate::tests::page_check::{check_page, check_view, elements};
use crate::{
    ForkNotice, GuideTopic, LogFork, PageFrame, PersonLabel, PersonRole, StatusView, render_help,
    render_help_topic, render_overview,
};
use hansa_policy::term::language::Language;
use serde_json::json;

fn frame(language: Language, address: &str) -> PageFrame<'_> {
    PageFrame {
        person: Some(PersonLabel {
            name: "Maria Santos",
            roles: &[PersonRole::Auditor],
        }),
        ..PageFrame::new(language, address)
    }
}

fn hrefs(page: &str) -> Vec<String> {
    let page = read_page(page);
    let links = elements(&page, "a");
    let hrefs = links.iter().filter_map(|link| link.attribute("href"));
    hrefs.map(str::to_owned).collect()
}

/// Pages of all topics, by their address.
fn topic_pages(language: Language) -> Vec<(String, String)> {
    let list = render_help(&frame(language, "/help"));
    check_page(&list);
    let listed = hrefs(&list);
    let topics = listed.iter().filter_map(|href| href.strip_prefix("/help/"));
    let topics = topics.map(|name| {
        let topic = GuideTopic::from_name(name).unwrap();
        let address = format!("/help/{name}");
        let page = render_help_topic(&frame(language, &address), topic);
        (address, page)
    });
    topics.collect()
}

#[test]
fn each_topic_is_a_page_and_its_links_lead_to_a_place() {
    for language in Language::ALL {
        let mut pages = topic_pages(language);
        pages.sort();
        pages.dedup();
        assert_eq!(pages.len(), 12);
        for (address, page) in &pages {
            let read = check_page(page);
            assert!(read.len() > 40, "{address} is empty");
            // Marks of Markdown that are left are marks of something that the reader does not know.
            for element in read.iter().filter(|element| {
                matches!(element.name.as_str(), "p" | "li" | "h2" | "h3" | "strong")
            }) {
                for mark in ["**", "](", "<!--", "```"] {
                    assert!(!element.text.contains(mark), "{address}: {}", element.text);
                }
            }
            for href in hrefs(page) {
                let Some((other, id)) = href.split_once('#').filter(|(path, _)| !path.is_empty())
                else {
                    continue;
                };
                let (_, target) = pages.iter().find(|(path, _)| path == other).unwrap();
                assert!(
                    target.contains(&format!("id=\"{id}\"")),
                    "{address}: {href}"
                );
            }
        }
    }
}

#[test]
fn each_page_links_to_its_topic() {
    for (address, topic) in [
        ("/", "/help/console"),
        ("/evidence/records/118", "/help/auditor"),
    ] {
        let page = render_overview(&frame(Language::En, address), &StatusView::default());
        assert!(hrefs(&page).contains(&topic.to_owned()), "{page}");
    }
    let nobody = PageFrame::new(Language::En, "/accessibility");
    let page = render_overview(&nobody, &StatusView::default());
    assert!(!page.contains("/help"), "{page}");
}

#[test]
fn a_forked_log_is_told_on_each_page_with_what_to_do() {
    let forks = [
        LogFork {
            owner: "acme.example".to_owned(),
            is_own: false,
        },
        LogFork {
            owner: "munster.example".to_owned(),
            is_own: true,
        },
    ];
    let page_with = |forks| {
        let frame = PageFrame {
            forks,
            ..frame(Language::En, "/")
        };
        let page = render_overview(&frame, &StatusView::default());
        check_page(&page);
        page
    };
    let page = page_with(ForkNotice::Known(&forks));
    assert_eq!(page.matches("FORKED").count(), 2, "{page}");
    assert!(page.contains("The log of acme.example has two histories."));
    assert!(page.contains("The log of this participant has two histories."));
    assert!(
        hrefs(&page).contains(&"/help/incidents".to_owned()),
        "{page}"
    );
    let quiet = page_with(ForkNotice::Known(&[]));
    assert!(!quiet.contains("FORKED") && !quiet.contains("two histories"));
    let unread = page_with(ForkNotice::Unreadable);
    assert!(unread.contains("be read now"), "{unread}");
}

#[test]
fn the_owner_of_a_forked_log_comes_out_as_text() {
    check_view(
        &json!({ "title": "acme.example" }),
        &["title"],
        |language, object| {
            let forks = [LogFork {
                owner: object["title"].as_str().unwrap().to_owned(),
                is_own: false,
            }];
            let frame = PageFrame {
                forks: ForkNotice::Known(&forks),
                ..frame(language, "/")
            };
            render_overview(&frame, &StatusView::default())
        },
    );
}
