//! How each term of the vocabulary is written in a policy file: its key, an example, and the sentence that it becomes.

use super::aggregate;
use super::keys::write_term;
use hansa_policy::term::Term;
use hansa_policy::term::vocabulary::VOCABULARY;
use std::collections::BTreeSet;

/// A term as policy files have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermExample {
    /// Its name in the vocabulary.
    pub name: &'static str,
    /// The key; of a key within another both, with a dot. Nothing where no file says it.
    pub key: Option<String>,
    /// A line that says it, or the part of one within another.
    pub example: String,
    /// The sentence that a contract shows for it.
    pub sentence: String,
}

/// Every term of the vocabulary, in its order.
#[must_use]
pub fn term_examples() -> Vec<TermExample> {
    let samples = Term::samples();
    let of = |name: &'static str| {
        let mut own = samples.iter().filter(|term| term.spec().name == name);
        // A form that a file can say comes before one that it can't.
        let said = own
            .clone()
            .find_map(|term| Some((term, key_and_line(term)?)));
        let (term, (key, example)) = match said {
            Some((term, (key, example))) => (Some(term), (Some(key), example)),
            None => (own.next(), (None, String::new())),
        };
        TermExample {
            name,
            key,
            example,
            sentence: term.map(|term| term.to_english()).unwrap_or_default(),
        }
    };
    VOCABULARY.iter().map(|entry| of(entry.spec.name)).collect()
}

/// The same as a table in Markdown.
#[must_use]
pub fn examples_table() -> String {
    let mut rows = vec![
        "| term | key | example | in short |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    // A bar would end the cell of the table.
    let cell = |text: &str| text.replace('|', "\\|");
    // One name may stand for several entries of the vocabulary, which one key writes.
    let mut named = BTreeSet::new();
    for one in term_examples()
        .into_iter()
        .filter(|one| named.insert(one.name))
    {
        let key = one
            .key
            .map_or_else(|| "–".to_owned(), |key| format!("`{key}`"));
        let example = match one.example.is_empty() {
            true => "–".to_owned(),
            false => format!("`{}`", cell(&one.example)),
        };
        rows.push(format!(
            "| {} | {key} | {example} | {} |",
            one.name,
            cell(&one.sentence)
        ));
    }
    rows.push(String::new());
    rows.join("\n")
}

/// The key of a term, and a line that says it; the grid is that of the dataset.
fn key_and_line(term: &Term) -> Option<(String, String)> {
    let entry = write_term(term).filter(|entry| entry.key != aggregate::GRID)?;
    let name = entry.key.strip_prefix(aggregate::PREFIX);
    let line = format!("{} = {}", name.unwrap_or(&entry.key), entry.to_toml());
    Some((entry.key, line))
}

#[cfg(test)]
mod tests {
    use super::super::parse_policy;
    use super::*;
    use crate::samples::sample_dataset;

    const DOCS: &str = include_str!("../../../docs/terms.md");

    #[test]
    fn each_term_has_its_key_in_the_docs_but_the_grid() {
        let without: Vec<&str> = term_examples()
            .into_iter()
            .filter(|one| one.key.is_none())
            .map(|one| one.name)
            .collect();
        assert_eq!(without, ["grid"]);
        assert!(term_examples().iter().all(|one| !one.sentence.is_empty()));
    }

    /// A line is TOML, and each of its keys is one that the reader knows.
    #[test]
    fn each_example_has_keys_that_are_read() {
        for one in term_examples().into_iter().filter(|one| one.key.is_some()) {
            let line = match one.key.as_deref().and_then(|key| key.split_once('.')) {
                None => one.example.clone(),
                Some((outer, _)) => format!("{outer} = {{ {} }}", one.example),
            };
            let policy = format!("title = \"t\"\n{line}\n");
            let problems = parse_policy(&policy, "p.toml", &sample_dataset())
                .err()
                .unwrap_or_default();
            for problem in problems {
                let unread = ["CONFIG_UNKNOWN_KEY", "TERM_UNKNOWN"];
                assert!(
                    !unread.contains(&problem.code.as_str()),
                    "{line}: {problem}"
                );
                assert!(!problem.sentence.contains("no TOML"), "{line}: {problem}");
            }
        }
    }

    #[test]
    fn the_whole_policy_of_the_docs_is_read() {
        let (_, after) = DOCS.split_once("```toml\n").unwrap();
        let (policy, _) = after.split_once("```").unwrap();
        let draft = parse_policy(policy, "p.toml", &sample_dataset()).unwrap();
        assert!(draft.clauses.len() > 8, "{draft:?}");
    }
}
