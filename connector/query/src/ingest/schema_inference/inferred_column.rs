//! What a column seems to hold. Only what every value looked at agrees with is proposed; the rest is text. Nothing of a value goes on.

use crate::ingest::date_time::{self, DateTimeFormat};
use crate::ingest::field_value;
use hansa_policy::id::SqlIdentifier;

/// A column as it was seen.
#[derive(Debug, Clone)]
pub struct InferredColumn {
    /// The columns of the source that it is read from; several make one instant.
    pub from: Vec<String>,
    /// The name that is proposed for it.
    pub name: String,
    /// The type that is proposed.
    pub kind: &'static str,
    /// The spelling of its dates or times, where it is not that of ISO 8601.
    pub format: Option<String>,
    /// No value was seen.
    pub bare: bool,
    /// What is said of it beside its type.
    pub remark: Option<&'static str>,
    /// Some files lack it.
    pub optional: bool,
    /// The spelling of its times of day, where it holds nothing else.
    pub clock: Option<&'static str>,
    local: bool,
    gaps: bool,
}

impl InferredColumn {
    /// Looks at the values of a column; an absent one is none.
    pub fn look<'v>(
        header: &str,
        values: impl Iterator<Item = Option<&'v str>>,
        decimal: char,
    ) -> Self {
        let values: Vec<Option<&str>> = values.collect();
        let reported: Vec<&str> = values.iter().flatten().copied().collect();
        let all = |fits: &dyn Fn(&str) -> bool| {
            !reported.is_empty() && reported.iter().all(|text| fits(text))
        };
        // A number that begins with 0 is a key: as a number it would lose the 0.
        let key = reported.iter().any(|text| {
            text.len() > 1
                && text.starts_with('0')
                && text.bytes().all(|byte| byte.is_ascii_digit())
        });
        let format = |list: &[&'static str]| {
            list.iter().copied().find(|format| {
                DateTimeFormat::parse(format)
                    .is_ok_and(|format| all(&|text| format.read(text).is_some()))
            })
        };
        let iso_date = DateTimeFormat::parse("%Y-%m-%d").ok();
        let iso_time = date_time::iso(true);
        let (kind, format, local) =
            if iso_date.is_some_and(|iso| all(&|text| iso.read(text).is_some())) {
                ("date", None, false)
            } else if all(&|text| iso_time.iter().any(|format| format.read(text).is_some())) {
                let offset = all(&|text| {
                    let read = iso_time.iter().find_map(|format| format.read(text));
                    read.is_some_and(|civil| civil.offset.is_some())
                });
                ("instant", None, !offset)
            } else if let Some(format) = format(&DATES) {
                ("date", Some(format), false)
            } else if let Some(format) = format(&TIMES) {
                ("instant", Some(format), true)
            } else if key {
                ("text", None, false)
            } else if all(&|text| field_value::int(text).is_some()) {
                ("int", None, false)
            } else if all(&|text| field_value::float(text, decimal).is_some()) {
                ("float", None, false)
            } else if all(&|text| matches!(text, "true" | "false" | "yes" | "no")) {
                ("bool", None, false)
            } else {
                ("text", None, false)
            };
        Self {
            from: vec![header.to_owned()],
            name: name(header, "column"),
            kind,
            format: format.map(str::to_owned),
            bare: reported.is_empty(),
            remark: None,
            optional: false,
            clock: CLOCKS
                .into_iter()
                .find(|clock| all(&|text| reads_clock(clock, text))),
            local,
            gaps: values.iter().any(Option::is_none),
        }
    }

    /// A column whose values are the file's or made by the source's description: a text of this name.
    #[must_use]
    pub fn made(name: &str, from: &str, kind: &'static str, remark: &'static str) -> Self {
        Self {
            from: vec![from.to_owned()],
            name: name.to_owned(),
            kind,
            format: None,
            bare: false,
            remark: Some(remark),
            optional: false,
            clock: None,
            local: false,
            gaps: false,
        }
    }

    /// Whether it holds dates or instants.
    #[must_use]
    pub fn is_time(&self) -> bool {
        matches!(self.kind, "date" | "instant")
    }

    /// The instant that this column of dates and one of times of day make together.
    #[must_use]
    pub fn joined(&self, clock: &Self) -> Option<Self> {
        let of_day = clock.clock.filter(|_| self.kind == "date")?;
        let date = self.format.as_deref().unwrap_or("%Y-%m-%d");
        Some(Self {
            from: [self.from.clone(), clock.from.clone()].concat(),
            name: "observed_at".to_owned(),
            kind: "instant",
            format: Some(format!("{date} {of_day}")),
            bare: false,
            remark: Some("assumed: a date and a time of day that make one instant"),
            optional: self.optional || clock.optional,
            clock: None,
            local: true,
            gaps: self.gaps || clock.gaps,
        })
    }

    /// Takes a name that no other column has.
    pub fn set_apart(&mut self, taken: &mut Vec<String>) {
        let base = self.name.clone();
        let mut number = 2_u32;
        while taken.contains(&self.name) {
            self.name = format!("{base}_{number}");
            number = number.saturating_add(1);
        }
        taken.push(self.name.clone());
    }

    /// The lines of its `[[dataset.column]]` entry.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            "[[dataset.column]]".to_owned(),
            format!("name   = \"{}\"", self.name),
        ];
        let remark = self
            .remark
            .map_or_else(String::new, |remark| format!("    # {remark}"));
        match self.from.as_slice() {
            [one] if *one == self.name => {
                lines.extend(self.remark.map(|remark| format!("# {remark}")))
            }
            [one] => lines.push(format!("from   = {}{remark}", literal(one))),
            several => {
                let several: Vec<String> = several.iter().map(|one| literal(one)).collect();
                lines.push(format!("from   = [{}]{remark}", several.join(", ")));
            }
        }
        let gaps = if self.gaps && !self.bare {
            ", sometimes none"
        } else {
            ""
        };
        let seen = match (self.bare, self.kind) {
            (true, _) => "no value",
            (false, "int") => "whole numbers",
            (false, "float") => "numbers",
            (false, "bool") => "yes or no",
            (false, "date") => "dates",
            (false, "instant") => "times",
            (false, _) => "text",
        };
        lines.push(format!(
            "type   = \"{}\"    # seen: {seen}{gaps}",
            self.kind
        ));
        if let Some(format) = &self.format {
            lines.push(format!(
                "format = \"{format}\"    # assumed: every value fits"
            ));
        }
        if self.optional {
            lines.push("optional = true    # some of the files lack it".to_owned());
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

/// Whether it is a date or a time in one of the spellings that are proposed.
#[must_use]
pub fn is_moment(text: &str, spellings: &[DateTimeFormat]) -> bool {
    spellings.iter().any(|format| format.read(text).is_some())
}

/// All spellings of dates and times that are proposed.
#[must_use]
pub fn spellings() -> Vec<DateTimeFormat> {
    let own = DATES.iter().chain(&TIMES);
    let own = own.filter_map(|text| DateTimeFormat::parse(text).ok());
    [date_time::iso(false), date_time::iso(true)]
        .into_iter()
        .flatten()
        .chain(own)
        .collect()
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
    match name.parse::<SqlIdentifier>() {
        Ok(_) => name,
        Err(_) => otherwise.to_owned(),
    }
}

/// As a TOML text in single quotes where that is possible.
#[must_use]
pub fn literal(text: &str) -> String {
    if text.contains('\'') || text.chars().any(char::is_control) {
        return toml::Value::String(text.to_owned()).to_string();
    }
    format!("'{text}'")
}

/// Whether a text is a time of day in this spelling.
fn reads_clock(clock: &str, text: &str) -> bool {
    let day = DateTimeFormat::parse(&format!("%Y-%m-%d {clock}"));
    day.is_ok_and(|format| {
        format
            .read(&format!("2000-01-01 {}", text.trim()))
            .is_some()
    })
}

const DATES: [&str; 4] = ["%d.%m.%Y", "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y"];

const TIMES: [&str; 5] = [
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
];

const CLOCKS: [&str; 3] = ["%H:%M", "%H:%M:%S", "%Hh%M"];
