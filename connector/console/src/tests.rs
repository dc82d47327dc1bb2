//! Tests of whole pages: their shape in every language, and their safety with any text in any field.

mod act;
mod act_form;
mod addition;
mod ask;
mod attack;
mod catalog;
mod dataset;
mod evidence;
mod first_steps;
mod group;
mod help;
mod html_reader;
mod kept_content;
mod map;
mod negotiation;
mod operation;
mod page_check;
mod passkey;
mod policy;
mod policy_form;
mod sample;
mod session_end;
mod setting;
mod unsent_form;
mod verdict;

use crate::part::text::shorten_quotation;
use crate::tests::html_reader::read_page;
use crate::tests::page_check::{HostileText, check_no_control, check_page, elements, first_seed};
use crate::{
    ContractFilter, ContractListView, ContractReport, ContractView, DoneLogin, FaultView,
    IssuerLink, PageFrame, PersonLabel, PersonRole, SignInFault, SignInView, StatusView,
    render_contract, render_contracts, render_done_login, render_fault, render_overview,
    render_sign_in,
};
use hansa_policy::term::language::Language;
use serde_json::Value;
use std::collections::BTreeSet;

/// Members of the objects whose text a page shows completely.
const SHOWN: [&str; 16] = [
    "text",
    "sentence",
    "allowed",
    "act",
    "help",
    "name",
    "page",
    "diff",
    "reason",
    "dataset",
    "title",
    "authority",
    "fault",
    "first",
    "trace",
    "sealed_for",
];

/// Values of all pages.
struct PageSamples {
    status: Value,
    rows: Value,
    contract: Value,
    negotiation: Value,
    fault: Value,
    /// Text of the frame and of the filter.
    text: String,
}

impl PageSamples {
    fn new() -> Self {
        Self {
            status: sample::sample_status(),
            rows: sample::sample_rows(),
            contract: sample::sample_contract(),
            negotiation: sample::sample_negotiation(),
            fault: sample::sample_fault(),
            text: "Stadt Münster".to_owned(),
        }
    }

    fn objects(&mut self) -> [&mut Value; 5] {
        [
            &mut self.status,
            &mut self.rows,
            &mut self.contract,
            &mut self.negotiation,
            &mut self.fault,
        ]
    }

    /// Removes the texts of the objects that no page reads, or that the page of another object shows.
    fn remove_unread_members(&mut self) {
        let remove = |object: &mut Value, name: &str| {
            object.as_object_mut().unwrap().remove(name);
        };
        remove(&mut self.status, "name");
        remove(&mut self.status, "contact");
        remove(&mut self.contract, "title");
        for item in self.status["waiting"].as_array_mut().unwrap() {
            // Beside a link, no command is shown; the sentence of a negotiation stands in its heading.
            remove(item, "subject");
            if item["negotiation"].is_object() {
                remove(item, "text");
            }
        }
        for row in self.rows.as_array_mut().unwrap() {
            remove(row, "terms");
            remove(row, "reason");
            if row["ended"].is_object() {
                remove(&mut row["ended"], "reason");
            }
        }
    }

    fn frame(&self, language: Language) -> PageFrame<'_> {
        PageFrame {
            participant_name: &self.text,
            participant_domain: &self.text,
            zone: "Europe/Berlin",
            person: Some(PersonLabel {
                name: &self.text,
                roles: &PersonRole::ALL,
            }),
            demo: true,
            clock_offset: Some(&self.text),
            as_of: Some("2026-11-27T09:42:00Z".parse().unwrap()),
            waiting: Some(3),
            command: Some(&self.text),
            ..PageFrame::new(language, "/contracts?state=expired&lang=pt")
        }
    }

    /// All pages in a language.
    fn render_pages(&self, language: Language) -> Vec<String> {
        let frame = self.frame(language);
        let signed_out = PageFrame {
            person: None,
            ..frame
        };
        let read =
            |value: &Value| -> ContractReport { serde_json::from_value(value.clone()).unwrap() };
        let contract = ContractView {
            report: read(&self.contract),
            page_language: Some(Language::Pt),
            done: None,
        };
        let negotiation = ContractView {
            report: read(&self.negotiation),
            page_language: None,
            done: None,
        };
        let mut unnamed = self.negotiation.clone();
        unnamed["participant"] = Value::Null;
        let unnamed = ContractView {
            report: read(&unnamed),
            page_language: None,
            done: None,
        };
        let list = ContractListView {
            rows: serde_json::from_value(self.rows.clone()).unwrap(),
            filter: ContractFilter {
                state: "expired".to_owned(),
                with: self.text.clone(),
                text: self.text.clone(),
                needs: "me".to_owned(),
            },
            after: Some(self.text.clone()),
        };
        let empty = ContractListView::default();
        let status: StatusView = serde_json::from_value(self.status.clone()).unwrap();
        let fault: FaultView = serde_json::from_value(self.fault.clone()).unwrap();
        let sign_in = |fault, has_codes, has_issuer| {
            let issuer = IssuerLink {
                host: self.text.clone(),
                is_fresh: has_codes,
            };
            let view = SignInView {
                fault,
                has_codes,
                issuer: Some(issuer).filter(|_| has_issuer),
            };
            render_sign_in(&signed_out, &view)
        };
        let code = |fault| sign_in(fault, true, false);
        vec![
            code(None),
            code(Some(SignInFault::CodeWrong)),
            code(Some(SignInFault::TriesExhausted)),
            sign_in(Some(SignInFault::CodeWrong), true, true),
            sign_in(None, false, true),
            render_done_login(&signed_out, DoneLogin::SignedIn),
            render_done_login(&signed_out, DoneLogin::Act(&self.text)),
            render_overview(&frame, &status),
            render_overview(&PageFrame::new(language, "/"), &StatusView::default()),
            render_contracts(&frame, &list),
            render_contracts(&frame, &empty),
            render_contract(&frame, &contract),
            render_contract(&frame, &negotiation),
            render_contract(&frame, &unnamed),
            render_fault(&frame, &fault),
        ]
    }
}

/// Places of the pages among the samples.
const OVERVIEW: usize = 7;
const LIST: usize = 9;
const CONTRACT: usize = 11;
const NEGOTIATION: usize = 12;

#[test]
fn each_page_has_its_shape_in_every_language() {
    let samples = PageSamples::new();
    for language in Language::ALL {
        for text in samples.render_pages(language) {
            let page = check_page(&text);
            assert_eq!(page[0].attribute("lang"), Some(language.tag()));
            let links: Vec<_> = page
                .iter()
                .filter(|element| element.attribute("hreflang").is_some())
                .collect();
            assert_eq!(links.len(), Language::ALL.len());
            for link in links {
                assert_eq!(link.attribute("lang"), link.attribute("hreflang"));
                let is_own = link.attribute("lang") == Some(language.tag());
                assert_eq!(link.attribute("aria-current").is_some(), is_own);
            }
            let mut level = 1;
            for heading in page
                .iter()
                .filter(|element| matches!(element.name.as_str(), "h1" | "h2" | "h3"))
            {
                let next: u32 = heading.name.strip_prefix('h').unwrap().parse().unwrap();
                assert!(next <= level + 1, "{}", heading.text);
                level = next;
            }
        }
    }
}

/// A message that shows its own ID is missing.
#[test]
fn pages_in_two_languages_share_no_sentence_of_the_console() {
    let samples = PageSamples::new();
    let words = |language| -> BTreeSet<String> {
        let pages = samples.render_pages(language);
        let pages = pages.iter().flat_map(|text| read_page(text));
        let named = pages.filter(|element| {
            matches!(
                element.name.as_str(),
                "h2" | "label" | "button" | "caption" | "summary"
            )
        });
        named.map(|element| element.text).collect()
    };
    let (en, de, pt) = (
        words(Language::En),
        words(Language::De),
        words(Language::Pt),
    );
    let both: Vec<_> = en
        .intersection(&de)
        .chain(de.intersection(&pt))
        .chain(en.intersection(&pt))
        .collect();
    assert_eq!(both, ["Code", "Quotas"]);
}

#[test]
fn text_of_others_states_its_language() {
    let samples = PageSamples::new();
    let pages = samples.render_pages(Language::De);
    let overview = read_page(&pages[OVERVIEW]);
    let sentence = overview
        .iter()
        .find(|element| element.name == "p" && element.text.contains("acme.example waits"));
    assert_eq!(sentence.unwrap().attribute("lang"), Some("en"));
    let contract = read_page(&pages[CONTRACT]);
    let text = elements(&contract, "pre");
    assert_eq!(
        text[0].attribute("lang"),
        Some("pt"),
        "the language that was asked for"
    );
    let negotiation = read_page(&pages[NEGOTIATION]);
    let text = elements(&negotiation, "pre");
    assert_eq!(
        text[1].attribute("lang"),
        Some("en"),
        "the language of the signatures"
    );
    let quotes = elements(&negotiation, "blockquote");
    assert_eq!(quotes.len(), 2);
    assert!(
        quotes
            .iter()
            .all(|quote| quote.attribute("lang") == Some(""))
    );
    assert!(
        elements(&negotiation, "a")
            .iter()
            .all(|link| !link.text.contains("https"))
    );
    let authors = elements(&negotiation, "figcaption");
    assert!(
        authors[1].text.starts_with("acme.example schreibt:"),
        "{}",
        authors[1].text
    );
    assert!(authors[1].text.contains("UNTERSCHRIFT NICHT GÜLTIG"));
}

#[test]
fn links_lead_to_contracts_and_keep_the_query() {
    let samples = PageSamples::new();
    let pages = samples.render_pages(Language::En);
    let hrefs = |page: &str| -> Vec<String> {
        let page = read_page(page);
        let links = elements(&page, "a");
        links
            .iter()
            .filter_map(|link| link.attribute("href").map(str::to_owned))
            .collect()
    };
    let overview = hrefs(&pages[OVERVIEW]);
    assert!(overview.contains(&"/contracts/n-3c51a07be4".to_owned()));
    // A signer comes to the page where the end is approved.
    assert!(overview.contains(&"/contracts/7f3a91c2d0e4/withdraw".to_owned()));
    assert!(overview.contains(&"/approvals/7f3a91c2d0e4/decline".to_owned()));
    assert!(overview.contains(&"/contracts?state=expired&lang=de".to_owned()));
    let list = hrefs(&pages[LIST]);
    assert!(list.contains(
        &"/contracts?state=expired&with=Stadt%20M%C3%BCnster&text=Stadt%20M%C3%BCnster&needs=me&after=Stadt%20M%C3%BCnster".to_owned()
    ));
    let sign_in = read_page(&pages[1]);
    assert!(elements(&sign_in, "title")[0].text.starts_with("Error: "));
    let focused: Vec<_> = sign_in
        .iter()
        .filter(|element| element.attribute("autofocus").is_some())
        .collect();
    assert_eq!(focused.len(), 1);
    assert_eq!(focused[0].name, "div", "the summary takes the focus");
}

#[test]
fn any_text_in_any_field_comes_out_as_text() {
    let first = first_seed();
    for seed in first..first + 60 {
        let mut random = HostileText { state: seed };
        let mut samples = PageSamples::new();
        samples.text = random.draw_text();
        let mut shown = vec![samples.text.clone()];
        samples.remove_unread_members();
        for object in samples.objects() {
            random.replace_texts(object, "", &SHOWN, &mut shown);
        }
        let pages = samples.render_pages(Language::ALL[random.draw_below(3)]);
        let mut all = String::new();
        for text in &pages {
            let page = check_page(text);
            check_no_control(text, seed);
            all.push_str(&page[0].text);
        }
        for text in shown {
            let short = shorten_quotation(&text).text;
            assert!(
                all.contains(&short),
                "seed {seed}: {text:?} is not shown as {short:?}"
            );
        }
    }
}
