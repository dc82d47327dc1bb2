//! Inference of a column's type. A type is proposed only if all examined values agree with it; otherwise the column is text. No
//! value is kept.

use super::column_doubt::{ColumnDoubt, WrittenMoment};
use super::column_profile::ColumnProfile;
use super::number_evidence::FileNotation;
use crate::ingest::date_time::{self, DateTimeFormat};
use hansa_catalog::dataset::ColumnType;
use hansa_policy::id::SqlIdentifier;
use std::borrow::Cow;

/// Inferred column.
#[derive(Debug, Clone)]
pub struct InferredColumn {
    /// Source columns; several form one timestamp.
    pub from: Vec<String>,
    /// Proposed name.
    pub name: String,
    /// Proposed type.
    pub kind: Cow<'static, str>,
    /// Format of dates or times, if it is not ISO 8601.
    pub format: Option<String>,
    /// Set if no value was found.
    pub bare: bool,
    /// Remark in addition to the type.
    pub remark: Option<&'static str>,
    /// Set if some files lack the column.
    pub optional: bool,
    /// Format of times of day, if the column contains nothing else.
    pub clock: Option<&'static str>,
    /// Doubt for which the column stays text.
    pub doubt: Option<ColumnDoubt>,
    /// Meaning, by statement of a person.
    pub meaning: Option<String>,
    /// Unit (UCUM), by statement of a person.
    pub unit: Option<String>,
    /// Set if a person has stated that the values are about persons.
    pub is_personal: bool,
    /// Set if the times are civil times.
    pub(super) local: bool,
    /// Set if some rows have no value.
    pub(super) gaps: bool,
}

/// Type of a column in a typed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclaredKind {
    /// Column type of a dataset.
    Type(ColumnType),
    /// Time without a zone.
    LocalTime,
    /// Text.
    Text,
}

impl InferredColumn {
    /// Infers a column from its values. A missing value is `None`.
    pub fn from_values<'v>(
        header: &str,
        values: impl Iterator<Item = Option<&'v str>>,
        decimal: char,
    ) -> Self {
        let mut profile = ColumnProfile::default();
        for value in values {
            match value {
                Some(text) => profile.observe_text(text),
                None => profile.observe_gap(),
            }
        }
        profile.conclude(header, &FileNotation::with_decimal_mark(decimal))
    }

    /// Applies the type that the file declares, which overrides the inference.
    #[must_use]
    pub fn with_declared_kind(mut self, declared: DeclaredKind) -> Self {
        match declared {
            DeclaredKind::Type(kind) => {
                self.kind = kind.to_string().into();
                self.format = None;
                self.doubt = None;
                self.clock = None;
                self.local = false;
            }
            DeclaredKind::LocalTime => {
                self.kind = "instant".into();
                self.format = None;
                self.doubt = None;
                self.clock = None;
                self.local = true;
            }
            // Numbers in a text column are codes. A person decides if date texts are dates.
            DeclaredKind::Text => {
                let kind = match &*self.kind {
                    "date" => Some(WrittenMoment::Date),
                    "instant" => Some(WrittenMoment::Instant),
                    _ => None,
                };
                if let Some(kind) = kind.filter(|_| !self.bare) {
                    let format = self.format.as_deref();
                    let mut known = DATES.iter().chain(&TIMES).copied();
                    let format = known.find(|known| Some(*known) == format);
                    self.doubt = Some(ColumnDoubt::TypedText(kind, format));
                }
                self.kind = "text".into();
                self.format = None;
                self.clock = None;
                self.local = false;
            }
        }
        self
    }

    /// Text column of this name, whose values come from the file name or the source's description.
    #[must_use]
    pub fn from_description(
        name: &str,
        from: &str,
        kind: impl Into<Cow<'static, str>>,
        remark: &'static str,
    ) -> Self {
        Self {
            from: vec![from.to_owned()],
            name: name.to_owned(),
            kind: kind.into(),
            format: None,
            bare: false,
            remark: Some(remark),
            optional: false,
            clock: None,
            doubt: None,
            meaning: None,
            unit: None,
            is_personal: false,
            local: false,
            gaps: false,
        }
    }

    /// Checks for a date or timestamp column.
    #[must_use]
    pub fn is_time(&self) -> bool {
        matches!(&*self.kind, "date" | "instant")
    }

    /// Timestamp column that a date column and a column of times of day form together.
    #[must_use]
    pub fn join_time_of_day(&self, clock: &Self) -> Option<Self> {
        let of_day = clock.clock.filter(|_| self.kind == "date")?;
        let date = self.format.as_deref().unwrap_or("%Y-%m-%d");
        Some(Self {
            from: [self.from.clone(), clock.from.clone()].concat(),
            name: "observed_at".to_owned(),
            kind: "instant".into(),
            format: Some(format!("{date} {of_day}")),
            bare: false,
            remark: Some("assumed: a date and a time of day that make one instant"),
            optional: self.optional || clock.optional,
            clock: None,
            doubt: None,
            meaning: None,
            unit: None,
            is_personal: false,
            local: true,
            gaps: self.gaps || clock.gaps,
        })
    }

    /// Makes the name unique.
    pub fn set_apart(&mut self, taken: &mut Vec<String>) {
        let base = self.name.clone();
        let mut number = 2_u32;
        while taken.contains(&self.name) {
            self.name = format!("{base}_{number}");
            number = number.saturating_add(1);
        }
        taken.push(self.name.clone());
    }

    /// Lines of the `[[dataset.column]]` entry.
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
            [one] => lines.push(format!("from   = {}{remark}", quote_toml_string(one))),
            several => {
                let several: Vec<String> =
                    several.iter().map(|one| quote_toml_string(one)).collect();
                lines.push(format!("from   = [{}]{remark}", several.join(", ")));
            }
        }
        let gaps = if self.gaps && !self.bare {
            ", sometimes none"
        } else {
            ""
        };
        let seen = match (self.bare, &*self.kind) {
            (true, "text") => "no value",
            (true, _) => "no value; the file says its type",
            (false, "int") => "whole numbers",
            (false, "float") => "numbers",
            (false, kind) if kind.starts_with("decimal") => "numbers, exact to the last digit",
            (false, "bool") => "yes or no",
            (false, "date") => "dates",
            (false, "instant") => "times",
            (false, _) => "text",
        };
        lines.push(format!(
            "type   = \"{}\"    # seen: {seen}{gaps}",
            self.kind
        ));
        if let Some(doubt) = self.doubt {
            lines.push(format!("# It stays text: {}.", doubt.sentence()));
            let settings = doubt.settings();
            lines.extend(settings.iter().map(|setting| format!("# {setting}")));
        }
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
                "# ambiguous = \"sequence\"         # the repeated hour in autumn: its rows are in order; or first, second"
                    .to_owned(),
            );
        }
        if let Some(unit) = &self.unit {
            lines.push(format!("unit   = {}", quote_toml_string(unit)));
        } else if matches!(&*self.kind, "int" | "float") || self.kind.starts_with("decimal") {
            lines.push("# unit   = \"\"    # UCUM: ug.m-3, Cel, m, {bicycle}, 1".to_owned());
        }
        if let Some(meaning) = &self.meaning {
            lines.push(format!("meaning = {}", quote_toml_string(meaning)));
        }
        if self.is_personal {
            lines.push("personal = true".to_owned());
        }
        lines
    }
}

/// Checks for a date or time in one of the proposed formats.
#[must_use]
pub fn is_moment(text: &str, spellings: &[DateTimeFormat]) -> bool {
    spellings.iter().any(|format| format.read(text).is_some())
}

/// All proposed formats of dates and times.
#[must_use]
pub fn proposed_formats() -> Vec<DateTimeFormat> {
    let own = DATES.iter().chain(&TIMES);
    let own = own.filter_map(|text| DateTimeFormat::parse(text).ok());
    [date_time::iso_formats(false), date_time::iso_formats(true)]
        .into_iter()
        .flatten()
        .chain(own)
        .collect()
}

/// Valid name derived from any text.
#[must_use]
pub fn derive_name(text: &str, otherwise: &str) -> String {
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

/// TOML string, in single quotes where possible.
#[must_use]
pub fn quote_toml_string(text: &str) -> String {
    if text.contains('\'') || text.chars().any(char::is_control) {
        return toml::Value::String(text.to_owned()).to_string();
    }
    format!("'{text}'")
}

/// Checks for a time of day in this format.
pub(super) fn reads_clock(clock: &str, text: &str) -> bool {
    let day = DateTimeFormat::parse(&format!("%Y-%m-%d {clock}"));
    day.is_ok_and(|format| {
        format
            .read(&format!("2000-01-01 {}", text.trim()))
            .is_some()
    })
}

pub(super) const DATES: [&str; 6] = [
    "%d.%m.%Y", "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y",
];

pub(super) const TIMES: [&str; 10] = [
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%m-%d-%Y %H:%M",
    "%d-%m-%Y %H:%M:%S",
    "%m-%d-%Y %H:%M:%S",
];

/// Formats that are mentioned but not proposed, because they omit the century.
pub(super) const SHORT_YEARS: [&str; 6] = [
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%y-%m-%d",
    "%d.%m.%y %H:%M",
    "%d/%m/%y %H:%M",
];

pub(super) const CLOCKS: [&str; 3] = ["%H:%M", "%H:%M:%S", "%Hh%M"];
