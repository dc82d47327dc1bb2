//! Findings about the catalogue for portals: requirements of DCAT-AP and of the law on high-value datasets that are not met.

use crate::code_list::{FREQUENCIES, HVD_CATEGORIES, LANGUAGES, PUBLISHER_KINDS, THEMES};
use crate::licence;
use crate::portal_catalog::{PortalCatalog, PortalDataset};

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalFinding {
    /// Dataset of the finding; absent: the catalogue itself.
    pub dataset: Option<String>,
    /// True if a portal or the law would refuse it; false for a recommendation.
    pub is_error: bool,
    /// Property by its name in DCAT-AP.
    pub property: &'static str,
    /// One sentence: lower case, no full stop.
    pub sentence: String,
    /// Configuration key that solves it.
    pub key: &'static str,
}

/// All findings, the catalogue's first.
#[must_use]
pub fn portal_findings(catalog: &PortalCatalog) -> Vec<PortalFinding> {
    let mut found = Vec::new();
    let mut note = |is_error, property, key, sentence: String| {
        found.push(PortalFinding {
            dataset: None,
            is_error,
            property,
            sentence,
            key,
        });
    };
    if catalog.description.trim().is_empty() {
        let sentence = "the catalogue has no description".to_owned();
        note(true, "dct:description", "portal.description", sentence);
    }
    if catalog.publisher.name.trim().is_empty() {
        let sentence = "the publisher has no name".to_owned();
        note(true, "foaf:name", "portal.publisher", sentence);
    }
    let kind = &catalog.publisher.kind;
    if !PUBLISHER_KINDS.contains(&kind.as_str()) {
        let sentence = format!(
            "`{kind}` is no kind of publisher: {}",
            PUBLISHER_KINDS.join(", ")
        );
        note(true, "dct:type", "portal.publisher_kind", sentence);
    }
    let language = &catalog.language;
    if !LANGUAGES.iter().any(|(known, _)| known == language) {
        let words: Vec<&str> = LANGUAGES.iter().map(|(word, _)| *word).collect();
        let sentence = format!("`{language}` is no language: {}", words.join(", "));
        note(true, "dct:language", "portal.language", sentence);
    }
    if catalog.publisher.email.is_none() && catalog.publisher.page.is_none() {
        let sentence = "nobody is named whom one could ask".to_owned();
        // The law demands it for the services of high-value datasets.
        let is_error = catalog.datasets.iter().any(|dataset| dataset.high_value);
        note(is_error, "dcat:contactPoint", "portal.contact", sentence);
    }
    for dataset in &catalog.datasets {
        of_dataset(dataset, &mut found);
    }
    found
}

/// Reason why CKAN's harvester, which turns keywords into tags, refuses a keyword unless configured to clean them.
fn tag_fault(keyword: &str) -> Option<String> {
    let other = keyword
        .chars()
        .find(|letter| !(letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_' | '.')));
    match (other, keyword.chars().count()) {
        (Some(other), _) if other.is_control() => Some("holds a control character".to_owned()),
        (Some(other), _) => Some(format!("holds `{other}`")),
        (None, 0 | 1) => Some("has fewer than 2 characters".to_owned()),
        (None, 2..=100) => None,
        (None, length) => Some(format!("has {length} characters")),
    }
}

fn of_dataset(dataset: &PortalDataset, found: &mut Vec<PortalFinding>) {
    let mut note = |is_error, property, key, sentence: String| {
        found.push(PortalFinding {
            dataset: Some(dataset.name.clone()),
            is_error,
            property,
            sentence,
            key,
        });
    };
    let statements = &dataset.statements;
    let known = |word: &Option<String>, list: &[&str]| {
        word.as_ref()
            .filter(|word| !list.contains(&word.as_str()))
            .cloned()
    };
    if statements.description.is_none() {
        let sentence = "it has no description, so its title stands there".to_owned();
        note(
            false,
            "dct:description",
            "portal.dataset.description",
            sentence,
        );
    }
    if statements.keywords.is_empty() {
        let sentence = "no keyword leads to it".to_owned();
        note(false, "dcat:keyword", "portal.dataset.keywords", sentence);
    }
    for keyword in &statements.keywords {
        if let Some(why) = tag_fault(keyword) {
            let sentence = format!(
                "the keyword `{keyword}` {why}; a CKAN portal takes 2 to 100 letters, digits, blanks, `-`, `_` and `.` alone, and may \
                 refuse the whole dataset"
            );
            note(false, "dcat:keyword", "portal.dataset.keywords", sentence);
        }
    }
    match (&statements.theme, known(&statements.theme, &THEMES)) {
        (None, _) => {
            let sentence = "no theme is named, so portals list it under none".to_owned();
            note(false, "dcat:theme", "portal.dataset.theme", sentence);
        }
        (_, Some(word)) => {
            let sentence = format!("`{word}` is no theme: {}", THEMES.join(", "));
            note(true, "dcat:theme", "portal.dataset.theme", sentence);
        }
        _ => {}
    }
    if let Some(word) = known(&statements.frequency, &FREQUENCIES) {
        let sentence = format!("`{word}` is no frequency: {}", FREQUENCIES.join(", "));
        note(
            true,
            "dct:accrualPeriodicity",
            "portal.dataset.frequency",
            sentence,
        );
    }
    let categories = HVD_CATEGORIES.map(|(word, _)| word);
    if let Some(word) = known(&statements.hvd_category, &categories) {
        let sentence = format!("`{word}` is no category: {}", categories.join(", "));
        note(
            true,
            "dcatap:hvdCategory",
            "portal.dataset.hvd_category",
            sentence,
        );
    }
    let has_document = licence::document_iri(&dataset.licence).is_some();
    if !has_document {
        let sentence = format!("no document is known for the licence `{}`", dataset.licence);
        note(
            dataset.high_value,
            "dct:license",
            "dataset.licence",
            sentence,
        );
    }
    if dataset.files.is_empty() {
        let sentence = "there is no link by which it is fetched whole".to_owned();
        note(true, "dcat:distribution", "open_data", sentence);
    }
    match (dataset.high_value, &statements.hvd_category) {
        (true, None) => {
            let sentence = "a high-value dataset names its category".to_owned();
            note(
                true,
                "dcatap:hvdCategory",
                "portal.dataset.hvd_category",
                sentence,
            );
        }
        (false, Some(_)) => {
            let sentence =
                "a category of high-value data is named, and the dataset is not said to be such"
                    .to_owned();
            note(
                true,
                "dcatap:applicableLegislation",
                "dataset.high_value",
                sentence,
            );
        }
        _ => {}
    }
    if dataset.high_value && has_document && !licence::fits_high_value(&dataset.licence) {
        let sentence = format!(
            "a high-value dataset is under CC BY 4.0 or a licence as open, and `{}` is none",
            dataset.licence
        );
        note(true, "dct:license", "dataset.licence", sentence);
    }
}
