//! Tests: messages are complete in each language, and missing ones are found.

use super::*;
use std::path::Path;

fn sources(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if !path.starts_with(here()) {
            found.push(std::fs::read_to_string(path).unwrap());
        }
    }
    found
}

/// Examples with messages that don't exist.
fn here() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/message")
}

#[test]
fn every_sentence_of_a_term_is_there_in_every_language() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert_eq!(TERMS.find_faults(&sources(&src)), Vec::<String>::new());
}

static EXAMPLE: MessageCatalog = MessageCatalog::new(
    "# A comment.\nrow = { $count } row of { $table }, {\"{{consumer}}\"}\nplain = plain\n",
    "row = { $count } Zeile aus { $table }\nplain = einfach\n",
    "row = { $count } linha\nplain = simples\nmore = { $much }\n",
);

#[test]
fn arguments_stand_as_they_are_and_what_is_missing_stops_nothing() {
    let text = |language, arguments: &[(&'static str, &dyn fmt::Display)]| {
        EXAMPLE.text(language, MessageId("row"), arguments)
    };
    let given: [(_, &dyn fmt::Display); 2] = [("count", &1_234.5), ("table", &"a{b} ")];
    assert_eq!(
        text(Language::En, &given),
        "1234.5 row of a{b} , {{consumer}}"
    );
    assert_eq!(text(Language::De, &given[..1]), "1234.5 Zeile aus {$table}");
    assert_eq!(EXAMPLE.text(Language::De, MessageId("more"), &[]), "more");
}

#[test]
fn what_does_not_agree_is_found() {
    let faults = |source: &str| EXAMPLE.find_faults(&[source.to_owned()]);
    let fits = "message!(\n    language,\n    \"row\",\n    count,\n    table,\n) message!(x.y, \"plain\")";
    let more = "en: more is missing, de: more is missing";
    assert_eq!(
        faults(&format!("{fits} message!(x, \"more\", much)")).join(", "),
        more
    );
    assert_eq!(faults(fits), ["pt: more is not used"]);
    for (source, fault) in [
        ("message!(x, \"other\")", "de: other is missing"),
        (
            "message!(x, \"row\", count)",
            "row is given {\"count\"} and takes {\"count\", \"table\"}",
        ),
        (
            "message!(x, \"plain\", y)",
            "plain is given {\"y\"} and takes {}",
        ),
        (
            "message!(x, \"plain\") message!(x, \"plain\", y)",
            "plain is used with different arguments",
        ),
        ("message!(x, name)", "not understood: x, name"),
    ] {
        let found = faults(source);
        assert!(found.iter().any(|one| one == fault), "{fault}: {found:?}");
    }
    let broken = MessageCatalog::new("a = { $b\nc\na = d\n", "a = a\n", "a = a\n");
    let found = broken
        .find_faults(&["message!(x, \"a\")".to_owned()])
        .join("; ");
    for fault in ["no message: c", "a is there twice", "en: Expected"] {
        assert!(found.contains(fault), "{found}");
    }
}
