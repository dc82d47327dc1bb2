//! `[portal]`: publication of the open datasets to data portals.

use crate::config::reader::ConfigSection;
use hansa_policy::id::{IdentifierError, SqlIdentifier};
use hansa_portal::{
    FREQUENCIES, HVD_CATEGORIES, LANGUAGES, PUBLISHER_KINDS, PortalPublisher, PortalStatements,
    THEMES, is_address,
};
use std::collections::BTreeMap;

/// `[portal]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalConfig {
    /// `https://` and the public host of the pages.
    pub(crate) base: String,
    /// Title of the catalog.
    pub(crate) title: String,
    /// Description of the catalog.
    pub(crate) description: String,
    /// Language of title and description.
    pub(crate) language: String,
    /// Publisher of the catalog.
    pub(crate) publisher: PortalPublisher,
    /// Inboxes of portals that are notified of changes.
    pub(crate) inboxes: Vec<String>,
    /// `[portal.dataset.NAME]`
    pub(crate) datasets: BTreeMap<SqlIdentifier, PortalStatements>,
}

/// Reads the section. Without it, nothing is published to portals.
pub(super) fn read_portal_config(section: ConfigSection<'_>) -> Option<PortalConfig> {
    let Some(base) = section.text("base") else {
        section.finish();
        return None;
    };
    let base = base.trim_end_matches('/').to_owned();
    let host = base.strip_prefix("https://").unwrap_or_default();
    if host.is_empty() || host.contains(['/', '?', '#', '@']) || !is_address(&base) {
        let sentence = "`portal.base` is https:// and the host under which anybody reaches [web], such as https://data.lindau.example";
        section.report_problem("base", sentence);
    }
    let title = section.required_text("title");
    let description = section.required_text("description");
    let publisher = section.required_text("publisher");
    let kind = one_of(&section, "publisher_kind", &PUBLISHER_KINDS);
    let languages = LANGUAGES.map(|(word, _)| word);
    let language = one_of(&section, "language", &languages);
    let contact = section.text("contact");
    let (email, page) = match contact {
        Some(page) if is_address(&page) => (None, Some(page)),
        Some(email) if is_mail(&email) => (Some(email), None),
        Some(_) => {
            section.report_problem(
                "contact",
                "`portal.contact` is an address of mail, or of a page",
            );
            (None, None)
        }
        None => (None, None),
    };
    let inboxes = section.texts("inboxes").unwrap_or_default();
    if !inboxes.iter().all(|one| is_address(one)) {
        let sentence = "`portal.inboxes` are addresses that begin with https:// or http://";
        section.report_problem("inboxes", sentence);
    }
    let mut datasets = BTreeMap::new();
    for (name, inner) in section.section("dataset").named_sections() {
        match name.parse() {
            Ok(name) => {
                datasets.insert(name, read_portal_statements(&inner));
            }
            Err(fault) => {
                let fault: IdentifierError = fault;
                section.report_problem("dataset", format!("`{name}`: {fault}"));
            }
        }
        inner.finish();
    }
    section.finish();
    Some(PortalConfig {
        base,
        title: title?,
        description: description?,
        language: language.unwrap_or_else(|| "ENG".to_owned()),
        publisher: PortalPublisher {
            name: publisher?,
            kind: kind.unwrap_or_else(|| "LocalAuthority".to_owned()),
            email,
            page,
        },
        inboxes,
        datasets,
    })
}

fn read_portal_statements(section: &ConfigSection<'_>) -> PortalStatements {
    let categories = HVD_CATEGORIES.map(|(word, _)| word);
    PortalStatements {
        description: section.text("description"),
        keywords: section.texts("keywords").unwrap_or_default(),
        theme: one_of(section, "theme", &THEMES),
        frequency: one_of(section, "frequency", &FREQUENCIES),
        hvd_category: one_of(section, "hvd_category", &categories),
    }
}

/// Checks that a text is a mail address of ASCII characters.
fn is_mail(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._+@".contains(&byte);
    text.split('@').count() == 2
        && text.split('@').all(|part| !part.is_empty())
        && text.bytes().all(is_plain)
}

/// Reads a word of a closed list.
fn one_of(section: &ConfigSection<'_>, key: &'static str, list: &[&'static str]) -> Option<String> {
    let known: Vec<(&'static str, &'static str)> = list.iter().map(|word| (*word, *word)).collect();
    section.word(key, &known).map(str::to_owned)
}
