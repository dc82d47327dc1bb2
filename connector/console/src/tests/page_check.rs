//! Rules that hold for each page: its shape, and its safety with any text in any field.

use crate::asset;
use crate::part::text::{reveal_controls, shorten_quotation};
use crate::tests::html_reader::{PageElement, read_page};
use hansa_policy::term::language::Language;
use serde_json::Value;
use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};

/// Elements that pages have.
const ELEMENTS: [&str; 70] = [
    "a",
    "bdi",
    "blockquote",
    "body",
    "br",
    "button",
    "caption",
    "circle",
    "code",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "em",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "hansa-passkey",
    "hansa-preview",
    "hansa-session",
    "hansa-upload",
    "head",
    "header",
    "html",
    "input",
    "ins",
    "label",
    "legend",
    "li",
    "line",
    "link",
    "main",
    "meta",
    "meter",
    "nav",
    "ol",
    "option",
    "p",
    "path",
    "polyline",
    "pre",
    "progress",
    "q",
    "rect",
    "script",
    "section",
    "select",
    "span",
    "strong",
    "style",
    "summary",
    "svg",
    "table",
    "tbody",
    "td",
    "text",
    "textarea",
    "th",
    "thead",
    "time",
    "title",
    "tr",
    "ul",
];

/// Elements of a name.
pub(super) fn elements<'a>(page: &'a [PageElement], name: &str) -> Vec<&'a PageElement> {
    page.iter().filter(|element| element.name == name).collect()
}

/// Rule of the addresses that a page may link to.
#[derive(Clone, Copy)]
pub(super) struct LinkRule(pub(super) fn(&str) -> bool);

/// Paths of the console.
const CONSOLE: LinkRule =
    LinkRule(|address| address.starts_with('/') && !address.starts_with("//"));

/// Rules that hold for each page of the console with any text.
pub(super) fn check_page(text: &str) -> Vec<PageElement> {
    check_length(text);
    check_page_with(CONSOLE, text)
}

/// Checks that a page stays small, whatever the length of its texts.
pub(super) fn check_length(text: &str) {
    assert!(text.len() < 60_000, "{} bytes", text.len());
}

/// Rules that hold for each page with any text. Its links lead to places in itself, and to those that the rule permits.
pub(super) fn check_page_with(links: LinkRule, text: &str) -> Vec<PageElement> {
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
                let is_asset = element.name == "link";
                assert!(
                    is_asset || links.0(&attribute.value) || attribute.value.starts_with('#'),
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
            || element.name == "textarea"
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
    // A script is an asset, too, and has no text of its own.
    for script in elements(&page, "script") {
        let address = script.attribute("src").unwrap();
        assert!(asset::find_asset(address).is_some(), "{address}");
        assert_eq!(script.text, "");
    }
    page
}

/// Random texts of pieces that have broken other pages.
pub(super) struct HostileText {
    /// State of the generator.
    pub(super) state: u64,
}

impl HostileText {
    /// Number below a bound.
    pub(super) fn draw_below(&mut self, below: usize) -> usize {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.state >> 33).unwrap() % below
    }

    /// Text of some pieces.
    pub(super) fn draw_text(&mut self) -> String {
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

    /// Replaces each text below a value. `shown` receives those whose member a page shows completely: one of `names`.
    pub(super) fn replace_texts(
        &mut self,
        value: &mut Value,
        member: &str,
        names: &[&str],
        shown: &mut Vec<String>,
    ) {
        match value {
            Value::String(text)
                if !matches!(
                    member,
                    "kind" | "severity" | "state" | "role" | "what" | "form"
                ) =>
            {
                *text = self.draw_text();
                if names.contains(&member) {
                    shown.push(text.clone());
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.replace_texts(item, member, names, shown);
                }
            }
            Value::Object(members) => {
                for (name, item) in members {
                    self.replace_texts(item, name, names, shown);
                }
            }
            _ => {}
        }
    }
}

/// Seed of a property: that of `HANSA_PROPERTY_SEED`, or a fresh one, which is printed.
pub(super) fn first_seed() -> u64 {
    let fresh = RandomState::new().build_hasher().finish() >> 32;
    let first = std::env::var("HANSA_PROPERTY_SEED").map_or(fresh, |seed| seed.parse().unwrap());
    println!("again with HANSA_PROPERTY_SEED={first}");
    first
}

/// Checks that no control character is left in the source of a page.
pub(super) fn check_no_control(text: &str, seed: u64) {
    let left = text
        .split('>')
        .find(|piece| reveal_controls(piece) != *piece);
    assert_eq!(left, None, "seed {seed}: a control is left");
}

/// Checks the page of an object in every language: its shape, and that text in any of its fields comes out as text.
///
/// `names` are the members whose text the page shows completely. `render` reads the object and makes the page.
pub(super) fn check_view(
    sample: &Value,
    names: &[&str],
    render: impl Fn(Language, &Value) -> String,
) {
    check_view_with(CONSOLE, sample, names, |language, object| {
        let page = render(language, object);
        check_length(&page);
        page
    });
}

/// Checks a page like [`check_view`], with another rule for links.
pub(super) fn check_view_with(
    links: LinkRule,
    sample: &Value,
    names: &[&str],
    render: impl Fn(Language, &Value) -> String,
) {
    for language in Language::ALL {
        let page = check_page_with(links, &render(language, sample));
        assert_eq!(page[0].attribute("lang"), Some(language.tag()));
    }
    let first = first_seed();
    for seed in first..first + 40 {
        let mut random = HostileText { state: seed };
        let mut object = sample.clone();
        let mut shown = Vec::new();
        random.replace_texts(&mut object, "", names, &mut shown);
        let language = Language::ALL[random.draw_below(3)];
        let text = render(language, &object);
        let page = check_page_with(links, &text);
        check_no_control(&text, seed);
        for text in shown {
            let short = shorten_quotation(&text).text;
            assert!(
                page[0].text.contains(&short),
                "seed {seed}: {text:?} is not shown as {short:?}"
            );
        }
    }
}
