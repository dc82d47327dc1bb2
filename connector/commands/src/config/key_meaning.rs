//! Meaning of each key of the configuration, from the reference, and the moment at which a new value takes effect.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Meanings by the path of a key in the reference.
static MEANINGS: LazyLock<BTreeMap<String, String>> =
    LazyLock::new(|| read_meanings(hansa_node::config::REFERENCE));

/// Keys, and sections that end with a dot, whose values a running connector can't take.
const AT_NEXT_START: &[&str] = &[
    "participant.id",
    "state.dir",
    "listen.peer",
    "clients.",
    "web.",
    "console.listen",
    "console.name",
    "console.certificate",
    "console.key",
    "monitoring.listen",
    "officers.socket",
    "limits.memory_of_all",
    "limits.cores",
    "limits.reserve",
];

/// Keys whose values give access to somebody who reads them.
const SECRETS: &[&str] = &["notice.webhook"];

/// Moment at which a new value of a key takes effect.
pub(super) fn effect_of(key: &str) -> &'static str {
    let is_late = |late: &&&str| match late.strip_suffix('.') {
        Some(_) => key.starts_with(**late),
        None => key == **late,
    };
    match AT_NEXT_START.iter().find(is_late) {
        Some(_) => "start",
        None => "reload",
    }
}

/// `true` if the value of a key is for nobody who reads the configuration by a command.
pub(super) fn is_secret(key: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key);
    SECRETS.contains(&key)
        || ["password", "secret", "token"]
            .iter()
            .any(|word| last == *word || last.ends_with(&format!("_{word}")))
}

/// Meaning of a key in the words of the reference. The name of a table of somebody's own, such as `person.maria`, is that of any.
pub(super) fn meaning_of(key: &str) -> Option<&'static str> {
    if let Some(meaning) = MEANINGS.get(key) {
        return Some(meaning);
    }
    let parts: Vec<&str> = key.split('.').collect();
    let is_alike = |other: &str| {
        let others: Vec<&str> = other.split('.').collect();
        let name_at = parts.len().saturating_sub(2);
        parts.len() > 2
            && others.len() == parts.len()
            && parts
                .iter()
                .zip(&others)
                .enumerate()
                .all(|(at, (part, other))| at == name_at || part == other)
    };
    let found = MEANINGS.iter().find(|(other, _)| is_alike(other));
    found.map(|(_, meaning)| meaning.as_str())
}

/// Reads the comments behind the keys of a reference.
fn read_meanings(reference: &str) -> BTreeMap<String, String> {
    let mut meanings = BTreeMap::new();
    let mut section = String::new();
    for line in reference.lines() {
        let line = line.trim_start();
        // A key that is left out stands there as a comment.
        let line = line.strip_prefix("# ").unwrap_or(line);
        if line.starts_with('[') {
            let header = line.split('#').next().unwrap_or(line);
            section = header.trim().trim_matches(['[', ']']).to_owned();
            continue;
        }
        let Some((key, rest)) = line.split_once('=') else {
            continue;
        };
        let key = key.trim();
        let is_key = |letter: char| letter.is_ascii_lowercase() || letter == '_';
        if key.is_empty() || !key.chars().all(is_key) {
            continue;
        }
        if let Some(comment) = comment_of(rest) {
            let path = format!("{section}.{key}");
            meanings.entry(path).or_insert_with(|| comment.to_owned());
        }
    }
    meanings
}

/// Comment behind a value: after the first `#` that is in no text.
fn comment_of(rest: &str) -> Option<&str> {
    let mut is_text = false;
    let at = rest.char_indices().find_map(|(at, letter)| {
        is_text ^= letter == '"';
        (letter == '#' && !is_text).then_some(at)
    })?;
    let comment = rest.get(at..)?.trim_start_matches('#').trim();
    (!comment.is_empty()).then_some(comment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_meaning_of_the_reference() {
        let meaning = |key| meaning_of(key).unwrap_or_default();
        assert!(meaning("participant.zone").starts_with("of its civil times"));
        assert_eq!(meaning("console.idle"), "a session that nobody uses ends");
        assert_eq!(meaning("person.jonas.unix"), meaning("person.maria.unix"));
        assert!(!meaning("person.jonas.unix").is_empty());
        assert!(meaning("console.name").starts_with("as browsers reach it"));
        assert_eq!(meaning_of("person.jonas.nothing"), None);
        assert_eq!(meaning_of("nothing"), None);
        assert!(MEANINGS.len() > 80, "{}", MEANINGS.len());
    }

    #[test]
    fn a_key_takes_effect_by_a_reload_or_at_the_next_start() {
        for (key, effect) in [
            ("participant.id", "start"),
            ("clients.listen", "start"),
            ("console.listen", "start"),
            ("console.idle", "reload"),
            ("limits.rows", "reload"),
            ("person.maria.roles", "reload"),
        ] {
            assert_eq!(effect_of(key), effect, "{key}");
        }
    }

    #[test]
    fn values_that_give_access_are_secret() {
        for key in ["notice.webhook", "x.password", "x.client_secret", "x.token"] {
            assert!(is_secret(key), "{key}");
        }
        for key in ["dataset.source.password_file", "partner.firm.token_file"] {
            assert!(!is_secret(key), "{key}");
        }
    }
}
