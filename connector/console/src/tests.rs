//! Tests of whole pages: their shape in every language, and their safety with any text in any field.

mod html_reader;
mod sample;

use crate::part::text::{reveal_controls, shorten_quotation};
use crate::tests::html_reader::{PageElement, read_page};
use crate::{
    ContractFilter, ContractListView, ContractReport, ContractView, FaultView, PageFrame,
    PersonLabel, PersonRole, SignInFault, SignInView, StatusView, asset, render_contract,
    render_contracts, render_fault, render_overview, render_sign_in,
};
use hansa_policy::term::language::Language;
use serde_json::Value;
use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};

/// Elements that pages have.
const ELEMENTS: [&str; 50] = [
    "a",
    "bdi",
    "blockquote",
    "body",
    "br",
    "button",
    "caption",
    "code",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "head",
    "header",
    "html",
    "input",
    "label",
    "li",
    "link",
    "main",
    "meta",
    "meter",
    "nav",
    "ol",
    "option",
    "p",
    "pre",
    "q",
    "section",
    "select",
    "span",
    "strong",
    "summary",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "time",
    "title",
    "tr",
    "ul",
];

/// Members of the objects whose text a page shows completely.
const SHOWN: [&str; 17] = [
    "text",
    "sentence",
    "allowed",
    "act",
    "help",
    "name",
    "renew",
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
        };
        let negotiation = ContractView {
            report: read(&self.negotiation),
            page_language: None,
        };
        let mut unnamed = self.negotiation.clone();
        unnamed["participant"] = Value::Null;
        let unnamed = ContractView {
            report: read(&unnamed),
            page_language: None,
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
        let code = |fault| render_sign_in(&signed_out, &SignInView { fault });
        vec![
            code(None),
            code(Some(SignInFault::CodeWrong)),
            code(Some(SignInFault::TriesExhausted)),
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

fn elements<'a>(page: &'a [PageElement], name: &str) -> Vec<&'a PageElement> {
    page.iter().filter(|element| element.name == name).collect()
}

/// Rules that hold for each page with any text.
fn check_page(text: &str) -> Vec<PageElement> {
    assert!(text.len() < 60_000, "{} bytes", text.len());
    let page = read_page(text);
    let mut ids = BTreeSet::new();
    for element in &page {
        assert!(
            ELEMENTS.contains(&element.name.as_str()),
            "<{}>",
            element.name
        );
        for attribute in &element.attributes {
            let name = attribute.name.as_str();
            assert!(name != "style" && !name.starts_with("on"), "{name}");
            if name == "href" || name == "action" {
                let own = attribute.value.starts_with('/') && !attribute.value.starts_with("//");
                assert!(
                    own || attribute.value.starts_with('#'),
                    "{}",
                    attribute.value
                );
            }
            if name == "id" {
                assert!(
                    ids.insert(attribute.value.clone()),
                    "{} is there twice",
                    attribute.value
                );
            }
        }
    }
    for element in &page {
        for name in ["aria-labelledby", "aria-describedby", "for"] {
            for id in element
                .attribute(name)
                .unwrap_or_default()
                .split(' ')
                .filter(|id| !id.is_empty())
            {
                assert!(ids.contains(id), "{name}={id}");
            }
        }
        let target = element
            .attribute("href")
            .and_then(|href| href.strip_prefix('#'));
        assert!(target.is_none_or(|id| ids.contains(id)), "{target:?}");
        let is_field = element.name == "select"
            || (element.name == "input" && element.attribute("type") != Some("hidden"));
        if is_field {
            let id = element.attribute("id").unwrap();
            let labels = elements(&page, "label");
            let labels = labels
                .iter()
                .filter(|label| label.attribute("for") == Some(id));
            assert_eq!(labels.count(), 1, "{id}");
        }
        if element.name == "th" {
            assert!(element.attribute("scope").is_some());
        }
        if element.name == "td" {
            assert!(
                element
                    .attribute("data-label")
                    .is_some_and(|label| !label.is_empty())
            );
        }
    }
    assert_eq!(elements(&page, "h1").len(), 1);
    assert_eq!(elements(&page, "title").len(), 1);
    assert_eq!(
        elements(&page, "table").len(),
        elements(&page, "caption").len()
    );
    let body = page
        .iter()
        .position(|element| element.name == "body")
        .unwrap();
    assert_eq!(
        page[body + 1].attribute("href"),
        Some("#content"),
        "the skip link is first"
    );
    assert_eq!(elements(&page, "main")[0].attribute("id"), Some("content"));
    // Each link of the head leads to an asset of the console.
    for link in elements(&page, "link") {
        let address = link.attribute("href").unwrap();
        assert!(asset::find_asset(address).is_some(), "{address}");
    }
    page
}

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
    let overview = read_page(&pages[3]);
    let sentence = overview
        .iter()
        .find(|element| element.name == "p" && element.text.contains("acme.example waits"));
    assert_eq!(sentence.unwrap().attribute("lang"), Some("en"));
    let contract = read_page(&pages[7]);
    let text = elements(&contract, "pre");
    assert_eq!(
        text[0].attribute("lang"),
        Some("pt"),
        "the language that was asked for"
    );
    let negotiation = read_page(&pages[8]);
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
    let overview = hrefs(&pages[3]);
    assert!(overview.contains(&"/contracts/n-3c51a07be4".to_owned()));
    assert!(overview.contains(&"/contracts/7f3a91c2d0e4".to_owned()));
    assert!(overview.contains(&"/contracts?state=expired&lang=de".to_owned()));
    let list = hrefs(&pages[5]);
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

/// Random texts of pieces that have broken other pages.
struct HostileText {
    state: u64,
}

impl HostileText {
    fn draw_below(&mut self, below: usize) -> usize {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.state >> 33).unwrap() % below
    }

    fn draw_text(&mut self) -> String {
        const PIECES: [&str; 30] = [
            "<script>alert(1)</script>",
            "\"><img src=x onerror=alert(1)>",
            "' onclick='",
            "javascript:alert(1)",
            "</textarea>",
            "</pre></main>",
            "<!--",
            "-->",
            "]]>",
            "&",
            "&amp;",
            "&lt",
            "&#60;",
            "\"",
            "'",
            "`",
            "<",
            ">",
            "{ $name }",
            "{{7*7}}",
            "%2e%2e/",
            "..",
            "\\",
            "\u{202e}",
            "\u{2066}",
            "\u{200b}",
            "\0",
            "\u{1b}[2J",
            "Münster 東京 قاهرة",
            "e\u{301}\u{302}\u{303}",
        ];
        let count = 1 + self.draw_below(4);
        let mut text: String = (0..count)
            .map(|_| PIECES[self.draw_below(PIECES.len())])
            .collect();
        for _ in 0..self.draw_below(3) {
            let code = u32::try_from(self.draw_below(0x11_0000)).unwrap();
            text.extend(char::from_u32(code));
        }
        text
    }

    /// Replaces each text below a value. `shown` receives those that a page shows completely.
    fn replace_texts(&mut self, value: &mut Value, member: &str, shown: &mut Vec<String>) {
        match value {
            Value::String(text)
                if !matches!(member, "kind" | "severity" | "state" | "role" | "what") =>
            {
                *text = self.draw_text();
                if SHOWN.contains(&member) {
                    shown.push(text.clone());
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.replace_texts(item, member, shown);
                }
            }
            Value::Object(members) => {
                for (name, item) in members {
                    self.replace_texts(item, name, shown);
                }
            }
            _ => {}
        }
    }
}

#[test]
fn any_text_in_any_field_comes_out_as_text() {
    let fresh = RandomState::new().build_hasher().finish() >> 32;
    let first = std::env::var("HANSA_PROPERTY_SEED").map_or(fresh, |seed| seed.parse().unwrap());
    println!("again with HANSA_PROPERTY_SEED={first}");
    for seed in first..first + 60 {
        let mut random = HostileText { state: seed };
        let mut samples = PageSamples::new();
        samples.text = random.draw_text();
        let mut shown = vec![samples.text.clone()];
        samples.remove_unread_members();
        for object in samples.objects() {
            random.replace_texts(object, "", &mut shown);
        }
        let pages = samples.render_pages(Language::ALL[random.draw_below(3)]);
        let mut all = String::new();
        for text in &pages {
            let page = check_page(text);
            let left = text
                .split('>')
                .find(|piece| reveal_controls(piece) != *piece);
            assert_eq!(left, None, "seed {seed}: a control is left");
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
