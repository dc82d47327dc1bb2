//! Configuration in force: its sections, and the keys of one section.

use crate::frame::{PageFrame, PersonRole};
use crate::message::message;
use crate::page::setting::render_links;
use crate::part::act_note::render_act_link;
use crate::part::address::QueryAddress;
use crate::part::layout::{PageContent, render_layout};
use crate::part::table::{DataTable, Fact, render_facts, render_table};
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Most keys of one page.
const KEYS_PER_PAGE: usize = 50;

const PATH: &str = "/settings";

/// Configuration with the selection of the page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigurationView {
    /// Configuration in force.
    pub configuration: Configuration,
    /// Section whose keys are shown; none for the list of sections.
    pub section: Option<String>,
    /// Number of keys of the section before the page.
    pub skipped: usize,
}

/// Object of `hansa config show --json`, without the text of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Configuration {
    /// Path of the file.
    pub file: String,
    /// Path of the state folder.
    pub state: String,
    /// Keys in the order of their names.
    pub keys: Vec<ConfigurationKey>,
}

/// Key of the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ConfigurationKey {
    /// Path of the key, such as `participant.zone`.
    pub key: String,
    /// Value as written; absent: the default is effective.
    #[serde(default)]
    pub value: Option<String>,
    /// Origin of the value: a line of the file, a variable, or `default`.
    pub from: String,
    /// Meaning in the words of the reference.
    #[serde(default)]
    pub meaning: Option<String>,
    /// Moment at which a new value takes effect: `reload` or `start`.
    #[serde(default)]
    pub effect: String,
}

impl ConfigurationKey {
    fn section(&self) -> &str {
        self.key.split('.').next().unwrap_or(&self.key)
    }
}

/// Numbers of keys of a section.
#[derive(Debug, Clone, Copy, Default)]
struct SectionCounts {
    known: u64,
    /// Keys with a value of their own.
    set: u64,
}

/// Page of the configuration.
#[must_use]
pub fn render_configuration(frame: &PageFrame<'_>, view: &ConfigurationView) -> String {
    let language = frame.language;
    let configuration = &view.configuration;
    let path = |path: &str| html! { code { (reveal_controls(path)) } };
    let facts = [
        Fact::new(
            message!(language, "settings-file"),
            path(&configuration.file),
        ),
        Fact::new(
            message!(language, "settings-state"),
            path(&configuration.state),
        ),
    ];
    let body = html! {
        (render_links(frame))
        @match &view.section {
            None => {
                (render_facts(&facts))
                p { (message!(language, "settings-how")) }
                @if frame.has_role(PersonRole::Operator) {
                    (render_act_link("/settings/reload", &message!(language, "reload")))
                }
                (render_sections(language, configuration))
            }
            Some(section) => {
                p { a href=(PATH) { (message!(language, "settings-all-sections")) } }
                (render_keys(language, view, section))
            }
        }
    };
    let title = match &view.section {
        Some(section) => {
            let section = reveal_controls(section);
            message!(language, "settings-title-of", section)
        }
        None => message!(language, "settings-title"),
    };
    render_layout(frame, &PageContent::new(title, body))
}

fn render_sections(language: Language, configuration: &Configuration) -> Markup {
    let mut sections: BTreeMap<&str, SectionCounts> = BTreeMap::new();
    for key in &configuration.keys {
        let counts = sections.entry(key.section()).or_default();
        counts.known = counts.known.saturating_add(1);
        counts.set = counts.set.saturating_add(u64::from(key.value.is_some()));
    }
    let rows = sections.into_iter().map(|(section, counts)| {
        let address = QueryAddress::new(PATH).with_value("section", section);
        vec![
            html! { a href=(address) { (reveal_controls(section)) } },
            html! { (language.format_number(counts.set)) },
            html! { (language.format_number(counts.known)) },
        ]
    });
    render_table(&DataTable {
        id: "sections-caption",
        caption: message!(language, "settings-sections-caption"),
        columns: vec![
            message!(language, "settings-section"),
            message!(language, "settings-set"),
            message!(language, "settings-known"),
        ],
        rows: rows.collect(),
    })
}

fn render_keys(language: Language, view: &ConfigurationView, section: &str) -> Markup {
    let of_section = view.configuration.keys.iter();
    let mut keys = of_section
        .filter(|key| key.section() == section)
        .skip(view.skipped);
    let shown: Vec<&ConfigurationKey> = keys.by_ref().take(KEYS_PER_PAGE).collect();
    let has_more = keys.next().is_some();
    if shown.is_empty() {
        return html! { p { (message!(language, "settings-no-keys")) } };
    }
    let rows = shown.iter().map(|key| {
        vec![
            html! { code { (reveal_controls(&key.key)) } },
            html! {
                @match &key.value {
                    Some(value) if value == "***" => { (message!(language, "settings-secret")) }
                    Some(value) => { code { (reveal_controls(value)) } }
                    None => { (message!(language, "settings-no-value")) }
                }
            },
            html! {
                @if key.from == "default" { (message!(language, "settings-default")) }
                @else { span lang="en" { (reveal_controls(&key.from)) } }
            },
            html! {
                @match &key.meaning {
                    Some(meaning) => { span lang="en" { (reveal_controls(meaning)) } }
                    None => { (message!(language, "settings-no-meaning")) }
                }
            },
            html! {
                @if key.effect == "start" { (message!(language, "settings-at-start")) }
                @else { (message!(language, "settings-at-reload")) }
            },
        ]
    });
    let next = view.skipped.saturating_add(KEYS_PER_PAGE).to_string();
    let number = KEYS_PER_PAGE;
    html! {
        (render_table(&DataTable {
            id: "keys-caption",
            caption: message!(language, "settings-keys-caption"),
            columns: vec![
                message!(language, "settings-key"),
                message!(language, "settings-value"),
                message!(language, "settings-from"),
                message!(language, "settings-meaning"),
                message!(language, "settings-effect"),
            ],
            rows: rows.collect(),
        }))
        @if has_more {
            nav.pager aria-label=(message!(language, "nav-pages")) {
                a rel="next" href=(QueryAddress::new(PATH)
                    .with_value("section", section)
                    .with_value("skip", &next)) {
                    (message!(language, "next-rows", number))
                }
            }
        }
    }
}
