//! What a column seems to hold. Only what every value looked at agrees with is proposed; the rest is text.

use crate::source::raw;
use crate::source::when::{self, Format};
use policy::id::Name;

/// A column as it was seen.
#[derive(Debug)]
pub struct Column {
    header: String,
    kind: &'static str,
    format: Option<&'static str>,
    local: bool,
    empty: bool,
    example: Option<String>,
}

impl Column {
    /// Looks at the values of a column; an absent one is none.
    pub fn look<'v>(
        header: &str,
        values: impl Iterator<Item = Option<&'v str>>,
        decimal: char,
    ) -> Self {
        let values: Vec<Option<&str>> = values.collect();
        let told: Vec<&str> = values.iter().flatten().copied().collect();
        let all =
            |fits: &dyn Fn(&str) -> bool| !told.is_empty() && told.iter().all(|text| fits(text));
        // A number that begins with 0 is a key: as a number it would lose the 0.
        let key = told.iter().any(|text| {
            text.len() > 1
                && text.starts_with('0')
                && text.bytes().all(|byte| byte.is_ascii_digit())
        });
        let format = |list: &[&'static str]| {
            list.iter().copied().find(|format| {
                Format::parse(format).is_ok_and(|format| all(&|text| format.read(text).is_some()))
            })
        };
        let iso_date = Format::parse("%Y-%m-%d").ok();
        let (kind, format, local) = if key {
            ("text", None, false)
        } else if iso_date.is_some_and(|iso| all(&|text| iso.read(text).is_some())) {
            ("date", None, false)
        } else if all(&|text| {
            when::iso(true)
                .iter()
                .any(|format| format.read(text).is_some())
        }) {
            let offset = all(&|text| {
                let read = when::iso(true).iter().find_map(|format| format.read(text));
                read.is_some_and(|civil| civil.offset.is_some())
            });
            ("instant", None, !offset)
        } else if let Some(format) = format(&DATES) {
            ("date", Some(format), false)
        } else if let Some(format) = format(&TIMES) {
            ("instant", Some(format), true)
        } else if all(&|text| raw::int(text).is_some()) {
            ("int", None, false)
        } else if all(&|text| raw::float(text, decimal).is_some()) {
            ("float", None, false)
        } else if all(&|text| matches!(text, "true" | "false" | "yes" | "no")) {
            ("bool", None, false)
        } else {
            ("text", None, false)
        };
        Self {
            header: header.to_owned(),
            kind,
            format,
            local,
            empty: values.iter().any(Option::is_none),
            example: told.first().map(|text| text.chars().take(40).collect()),
        }
    }

    /// The lines of its `[[dataset.column]]` entry.
    #[must_use]
    pub fn lines(&self, taken: &mut Vec<String>) -> Vec<String> {
        let mut name = name(&self.header, "column");
        let base = name.clone();
        let mut number = 2_u32;
        while taken.contains(&name) {
            name = format!("{base}_{number}");
            number = number.saturating_add(1);
        }
        taken.push(name.clone());
        let example = self.example.as_deref().unwrap_or("nothing");
        let example: String = example
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let gaps = if self.empty { ", sometimes empty" } else { "" };
        let mut lines = vec![
            "[[dataset.column]]".to_owned(),
            format!("name   = \"{name}\""),
        ];
        if name != self.header {
            lines.push(format!("from   = {}", literal(&self.header)));
        }
        lines.push(format!(
            "type   = \"{}\"    # seen: {example}{gaps}",
            self.kind
        ));
        if let Some(format) = self.format {
            lines.push(format!(
                "format = \"{format}\"    # assumed: every value fits"
            ));
        }
        if self.local {
            lines.push(
                "# zone      = \"Europe/Berlin\"    # these are local times: say whose".to_owned(),
            );
            lines.push(
                "# ambiguous = \"first\"            # what the repeated hour in autumn means"
                    .to_owned(),
            );
        }
        if matches!(self.kind, "int" | "float") {
            lines.push("# unit   = \"\"    # UCUM: ug.m-3, Cel, m, {bicycle}, 1".to_owned());
        }
        lines
    }
}

/// A name out of any text.
#[must_use]
pub fn name(text: &str, otherwise: &str) -> String {
    let mut name = String::new();
    for letter in text.chars() {
        let plain = match letter {
            'ä' | 'à' | 'á' | 'â' | 'ã' | 'å' | 'Ä' => "a",
            'ö' | 'ó' | 'ò' | 'ô' | 'õ' | 'Ö' => "o",
            'ü' | 'ú' | 'ù' | 'û' | 'Ü' => "u",
            'é' | 'è' | 'ê' | 'ë' | 'É' => "e",
            'í' | 'ì' | 'î' | 'ï' => "i",
            'ß' => "ss",
            'ç' => "c",
            'ñ' => "n",
            letter if letter.is_ascii_alphanumeric() => {
                name.push(letter.to_ascii_lowercase());
                continue;
            }
            _ => "_",
        };
        if plain != "_" || !name.ends_with('_') {
            name.push_str(plain);
        }
    }
    let name = name.trim_matches('_');
    let name = if name.starts_with(|first: char| first.is_ascii_digit()) {
        format!("{otherwise}_{name}")
    } else {
        name.to_owned()
    };
    let name: String = name.chars().take(60).collect();
    match name.parse::<Name>() {
        Ok(_) => name,
        Err(_) => otherwise.to_owned(),
    }
}

/// As a TOML text in single quotes where that is possible.
fn literal(text: &str) -> String {
    if text.contains('\'') || text.chars().any(char::is_control) {
        let escaped: String = text.escape_default().collect();
        return format!("\"{}\"", escaped.replace("\\'", "'"));
    }
    format!("'{text}'")
}

const DATES: [&str; 4] = ["%d.%m.%Y", "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y"];

const TIMES: [&str; 5] = [
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
];
