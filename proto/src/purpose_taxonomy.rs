//! Known purposes: those of the Data Privacy Vocabulary, embedded with their digest, and a participant's own purposes below them.

use hansa_audit_log::digest::Digest;
use hansa_policy::id::PurposeId;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::language::Language;
use hansa_policy::term::purpose::{OwnPurpose, Taxonomy};

/// Returns the vocabulary with own purposes below it.
///
/// # Errors
/// `TERM_UNKNOWN` if an own purpose has a name of the vocabulary, or an unknown parent.
pub fn build_taxonomy(own: &[OwnPurpose]) -> Result<Taxonomy, Refusal> {
    embedded_vocabulary().with_own(own)
}

/// Returns the embedded vocabulary alone.
#[must_use]
pub fn embedded_vocabulary() -> Taxonomy {
    let vocabulary = vocabulary_entries().filter_map(|entry| {
        let parents = entry.parents.split_whitespace().map(purpose_id);
        Some((
            purpose_id(entry.name)?,
            parents.collect::<Option<Vec<_>>>()?,
        ))
    });
    Taxonomy::new(vocabulary_label(), vocabulary.collect())
}

/// Returns version and digest of the embedded vocabulary, as contracts name them.
#[must_use]
pub fn vocabulary_label() -> String {
    format!("{VERSION}:sha256:{}", Digest::of(LIST.as_bytes()))
}

/// Returns the title of a purpose of the vocabulary: `Academic Research`.
#[must_use]
pub fn purpose_title(purpose: &PurposeId) -> Option<&'static str> {
    let name = purpose.as_str().strip_prefix(PREFIX)?;
    vocabulary_entries()
        .find(|entry| entry.name == name)
        .map(|entry| entry.title)
}

/// Returns the title of a purpose of the vocabulary in a language: `Akademische Forschung`.
#[must_use]
pub fn title_in(language: Language, purpose: &PurposeId) -> Option<&'static str> {
    let name = purpose.as_str().strip_prefix(PREFIX)?;
    let translated = || {
        TITLES
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| {
                let (name, rest) = line.split_once(" | ")?;
                let (de, pt) = rest.split_once(" | ")?;
                Some((name, language.pick("", de, pt)))
            })
            .find(|(known, _)| *known == name)
            .map(|(_, title)| title)
    };
    match language {
        Language::En => purpose_title(purpose),
        Language::De | Language::Pt => translated(),
    }
}

const VERSION: &str = "2.3";
const PREFIX: &str = "dpv:";
const LIST: &str = include_str!("../data/dpv-purposes.txt");
const TITLES: &str = include_str!("../data/dpv-purpose-titles.txt");

struct TaxonomyEntry {
    name: &'static str,
    parents: &'static str,
    title: &'static str,
}

fn vocabulary_entries() -> impl Iterator<Item = TaxonomyEntry> {
    LIST.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let (name, rest) = line.split_once(" | ")?;
            let (parents, title) = rest.split_once(" | ")?;
            Some(TaxonomyEntry {
                name,
                parents,
                title,
            })
        })
}

fn purpose_id(name: &str) -> Option<PurposeId> {
    format!("{PREFIX}{name}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hansa_policy::refusal::ErrorCode;

    fn purpose(text: &str) -> PurposeId {
        text.parse().unwrap()
    }

    fn own(name: &str, parent: &str) -> OwnPurpose {
        OwnPurpose {
            name: purpose(name),
            parent: purpose(parent),
            text: String::new(),
        }
    }

    #[test]
    fn every_line_of_the_list_is_read_and_every_parent_is_known() {
        let tree = embedded_vocabulary();
        let lines = LIST.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(tree.purposes().count(), lines);
        assert_eq!(lines, 122);
        let roots: Vec<_> = tree.purposes().filter(|one| tree.is_root(one)).collect();
        assert_eq!(roots, [&purpose("dpv:Purpose")]);
        for one in tree.purposes() {
            let parents = tree.parents(one).unwrap();
            assert!(tree.covers(&purpose("dpv:Purpose"), one), "{one}");
            assert!(parents.iter().all(|parent| tree.contains(parent)), "{one}");
            assert!(purpose_title(one).is_some());
        }
    }

    #[test]
    fn the_digest_of_the_list_is_pinned() {
        // Contracts contain this label, so a changed list needs another version.
        assert_eq!(
            vocabulary_label(),
            "2.3:sha256:233ea2468fd1ba83f2cde01ee8935c90e87aa5c427c9e84c811b88c548d941b3"
        );
    }

    #[test]
    fn every_purpose_has_a_title_in_every_language() {
        let lines = TITLES.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(lines, 122);
        for one in embedded_vocabulary().purposes() {
            let titles = Language::ALL.map(|language| title_in(language, one).unwrap());
            let different: std::collections::BTreeSet<&str> = titles.into_iter().collect();
            assert_eq!(different.len(), 3, "{one}: {titles:?}");
        }
        // Signed pages contain the titles, so a changed word changes every such page.
        assert_eq!(
            Digest::of(TITLES.as_bytes()).to_string(),
            "24f0d9be29e86517f42af239aac7c4d9c536775a99505072e85252d84d0722b5"
        );
    }

    #[test]
    fn own_purposes_hang_below_known_ones() {
        let tree = build_taxonomy(&[
            own("mobility-research", "dpv:ResearchAndDevelopment"),
            own("cycling-research", "mobility-research"),
        ])
        .unwrap();
        let covers =
            |needed: &str, declared: &str| tree.covers(&purpose(needed), &purpose(declared));
        assert!(covers("dpv:ResearchAndDevelopment", "cycling-research"));
        assert!(covers("dpv:ResearchAndDevelopment", "dpv:AcademicResearch"));
        assert!(!covers("mobility-research", "dpv:AcademicResearch"));
        assert!(!covers("dpv:Marketing", "cycling-research"));
        assert!(!covers("dpv:Marketing", "advertising"));
        assert_eq!(tree.label, vocabulary_label());
        let refused = build_taxonomy(&[own("mobility-research", "dpv:Research")]).unwrap_err();
        assert_eq!(refused.code, ErrorCode::TermUnknown);
        assert!(build_taxonomy(&[own("dpv:Marketing", "dpv:PublicBenefit")]).is_err());
    }
}
