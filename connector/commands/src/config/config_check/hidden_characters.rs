//! Own texts that others would be shown as escapes: characters that command a terminal, turn the direction of writing or are
//! hidden.

use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::{printable_lines, to_printable};
use hansa_toml_reader::{ProblemStyle, TomlReader, TomlValue};
use std::collections::BTreeMap;
use toml::de::DeValue;

/// What a TOML file holds of such characters, in comments and in texts, also where they are written as escapes; one for each
/// line.
pub(super) fn find_hidden_characters(file: &str, text: &str) -> Vec<Refusal> {
    let mut found = BTreeMap::new();
    let reader = TomlReader::new(file, text, ProblemStyle::CONFIG);
    if let Ok(parsed) = reader.parse() {
        scan_values(reader.root(&parsed).values(), &mut found);
    }
    for (line, written) in (1..).zip(text.lines()) {
        if printable_lines(written) != written {
            found
                .entry(line)
                .or_insert_with(|| (None, to_printable(written)));
        }
    }
    let report = |(line, (key, shown))| {
        Refusal::new(
            ErrorCode::ConfigInvalid,
            format!("this text has hidden characters; people will see it with escapes: {shown}"),
        )
        .with_place(file, Some(line), key)
        .with_help(
            "remove characters that control a terminal, change the writing direction or are invisible",
        )
    };
    found.into_iter().map(report).collect()
}

fn scan_values(values: &[TomlValue<'_>], found: &mut BTreeMap<u64, (Option<String>, String)>) {
    for value in values {
        match value.node {
            DeValue::String(text) if is_hidden(value.path(), text) => {
                let shown = (Some(value.path().to_owned()), to_printable(text));
                found.entry(value.line()).or_insert(shown);
            }
            DeValue::Array(_) => scan_values(&value.items().unwrap_or_default(), found),
            DeValue::Table(_) => {
                if let Some(table) = value.table() {
                    scan_values(table.values(), found);
                }
            }
            _ => {}
        }
    }
}

/// Whether a text would not be shown as it is; of what is one line also where it has several.
fn is_hidden(key: &str, text: &str) -> bool {
    const LINES: [&str; 7] = [
        "title",
        "name",
        "attribution",
        "licence",
        "meaning",
        "unit",
        "contact",
    ];
    let last = key.rsplit('.').next().unwrap_or(key);
    match LINES.contains(&last) {
        true => to_printable(text) != text,
        false => printable_lines(text) != text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, lines: &[(u64, Option<&str>)]) {
        let found = find_hidden_characters("hansa.toml", text);
        let places: Vec<(u64, Option<String>)> = found
            .iter()
            .map(|refusal| {
                let location = refusal.location.clone().unwrap();
                (location.line.unwrap(), location.key)
            })
            .collect();
        let expected: Vec<(u64, Option<String>)> = lines
            .iter()
            .map(|(line, key)| (*line, key.map(str::to_owned)))
            .collect();
        assert_eq!(places, expected, "{text:?}");
    }

    #[test]
    fn what_is_hidden_in_a_file_is_found_with_its_line() {
        check("title = \"Räder\"\n# a comment\tof one\n", &[]);
        check(
            "a = 1\n[[dataset]]\ntitle = \"x\\u001b[2J\"\n[[dataset]]\ntitle = \"\u{202e}y\"\n",
            &[(3, Some("dataset.title")), (5, Some("dataset.title"))],
        );
        check("# \u{2066}hidden\n", &[(1, None)]);
        check("list = [\n\"a\",\n\"b\\u061c\"]\n", &[(3, Some("list"))]);
        // A statement has lines, a title has one.
        check(
            "prepare = \"SELECT\\n1\"\ntitle = \"a\\nb\"\n",
            &[(2, Some("title"))],
        );
        check("no toml \u{9b}", &[(1, None)]);
    }
}
