//! Profile of the values of one column. No value is kept.

use super::column_doubt::ColumnDoubt;
use super::inferred_column::{self, InferredColumn};
use super::number_evidence::{FileNotation, KeptReason, NumberEvidence, NumberReading};
use crate::ingest::date_time::{self, DateTimeFormat};
use crate::ingest::field_value::{self, RawField};
use crate::ingest::place_extent::{LATITUDES, LONGITUDES};
use hansa_policy::value::decimal_type::DecimalType;
use std::borrow::Cow;
use std::sync::LazyLock;

/// Properties that all values of a column share.
#[derive(Debug, Clone)]
pub struct ColumnProfile {
    /// Evidence from texts as numbers.
    pub numbers: NumberEvidence,
    has_values: bool,
    /// Number of texts that are numbers; other texts are counted separately.
    number_count: u64,
    other_count: u64,
    has_gaps: bool,
    is_date: bool,
    is_time: bool,
    has_offset: bool,
    lacks_offset: bool,
    is_truth: bool,
    /// Formats that every value matches so far, as indexes of [`SPELLINGS`].
    spellings: Vec<usize>,
    clocks: Vec<&'static str>,
    /// Evidence from typed values.
    typed: TypedValues,
}

/// Values that have a type in the file.
#[derive(Debug, Clone, Copy, Default)]
struct TypedValues {
    has_text: bool,
    has_whole: bool,
    has_number: bool,
    has_truth: bool,
    /// Maximum digits before and after the decimal point of the decimal types.
    decimals: Option<(u8, u8)>,
}

impl TypedValues {
    const fn has_numbers(self) -> bool {
        self.has_whole || self.has_number
    }

    const fn is_known(self) -> bool {
        self.has_text
            || self.has_truth
            || self.has_whole
            || self.has_number
            || self.decimals.is_some()
    }
}

impl Default for ColumnProfile {
    fn default() -> Self {
        Self {
            numbers: NumberEvidence::default(),
            has_values: false,
            number_count: 0,
            other_count: 0,
            has_gaps: false,
            is_date: true,
            is_time: true,
            has_offset: false,
            lacks_offset: false,
            is_truth: true,
            spellings: (0..SPELLINGS.len()).collect(),
            clocks: inferred_column::CLOCKS.to_vec(),
            typed: TypedValues::default(),
        }
    }
}

impl ColumnProfile {
    /// Notes a row without a value.
    pub const fn observe_gap(&mut self) {
        self.has_gaps = true;
    }

    /// Adds a value of an untyped file.
    pub fn observe_text(&mut self, text: &str) {
        self.observe_moment(text);
        let count = if self.numbers.observe(text) {
            &mut self.number_count
        } else {
            &mut self.other_count
        };
        *count = count.saturating_add(1);
        self.is_truth &= matches!(text, "true" | "false" | "yes" | "no");
    }

    /// Adds a value of a typed file. A text is then never a number, whatever it looks like.
    pub fn observe_typed(&mut self, field: &RawField<'_>) {
        match field {
            RawField::Null => {
                self.observe_gap();
                return;
            }
            RawField::Text(_) | RawField::Day(_) | RawField::Civil(_) | RawField::Instant(_) => {
                self.typed.has_text = true;
            }
            RawField::Int(_) => self.typed.has_whole = true,
            RawField::Float(_) => self.typed.has_number = true,
            RawField::Decimal { kind, .. } => {
                let (whole, scale) = self.typed.decimals.unwrap_or_default();
                let own = kind.precision().saturating_sub(kind.scale());
                self.typed.decimals = Some((whole.max(own), scale.max(kind.scale())));
            }
            RawField::Digits(digits) if digits.parse::<i64>().is_ok() => {
                self.typed.has_whole = true;
            }
            RawField::Digits(digits) if field_value::exact_float(digits).is_some() => {
                self.typed.has_number = true;
            }
            // A conversion to a number would lose digits.
            RawField::Digits(_) => self.typed.has_text = true,
            RawField::Bool(_) => self.typed.has_truth = true,
        }
        self.observe_moment(&field.display_text());
    }

    /// Checks that the numbers of the column reveal the number notation of the file.
    #[must_use]
    pub fn shows_notation(&self) -> bool {
        self.has_values && !self.is_moment() && !self.typed.is_known()
    }

    /// Proposed column.
    #[must_use]
    pub fn conclude(&self, header: &str, notation: &FileNotation) -> InferredColumn {
        let mut column = InferredColumn {
            from: vec![header.to_owned()],
            name: inferred_column::derive_name(header, "column"),
            kind: "text".into(),
            format: None,
            bare: !self.has_values,
            remark: None,
            optional: false,
            clock: self.clocks.first().copied().filter(|_| self.has_values),
            meaning: None,
            unit: None,
            is_personal: false,
            local: false,
            gaps: self.has_gaps,
            doubt: None,
        };
        if !self.has_values {
            return column;
        }
        let fits = self.fitting_spellings();
        if self.is_date {
            column.kind = "date".into();
        } else if self.is_time {
            column.kind = "instant".into();
            column.local = !self.has_offset || self.lacks_offset;
        } else if let Some((first, others)) = fits.split_first() {
            match others.first() {
                Some(other) => {
                    column.doubt = Some(ColumnDoubt::DayOrMonth(first.text, other.text));
                }
                None if first.has_short_year => {
                    column.doubt = Some(ColumnDoubt::ShortYear(first.text));
                }
                None => {
                    column.kind = if first.has_time { "instant" } else { "date" }.into();
                    column.format = Some(first.text.to_owned());
                    column.local = first.has_time;
                }
            }
        } else if self.typed.is_known() {
            column.kind = self.typed_kind();
        } else if self.is_truth {
            column.kind = "bool".into();
        } else {
            match notation.read(&self.numbers) {
                NumberReading::Whole => column.kind = "int".into(),
                NumberReading::Fractional => column.kind = "float".into(),
                NumberReading::Decimal(kind) => column.kind = kind.to_string().into(),
                NumberReading::Text => {
                    let is_rare = self.other_count.saturating_mul(10) <= self.number_count;
                    column.doubt = is_rare.then_some(ColumnDoubt::MostlyNumbers(self.other_count));
                }
                // A trailing zero does not distinguish two places.
                NumberReading::Kept(KeptReason::TrailingZero) if is_degree(&column.name) => {
                    column.kind = "float".into();
                }
                NumberReading::Kept(reason) => column.doubt = Some(ColumnDoubt::Numbers(reason)),
            }
        }
        column
    }

    fn typed_kind(&self) -> Cow<'static, str> {
        let typed = self.typed;
        if let Some((whole, scale)) = typed.decimals {
            let kind = DecimalType::new(whole.saturating_add(scale), scale);
            let is_alone = !typed.has_text && !typed.has_truth && !typed.has_numbers();
            return match kind.filter(|_| is_alone) {
                Some(kind) => kind.to_string().into(),
                None => "text".into(),
            };
        }
        let kind = match (typed.has_text, typed.has_truth, typed.has_numbers()) {
            (false, true, false) => "bool",
            (false, false, true) if typed.has_number => "float",
            (false, false, true) => "int",
            (..) => "text",
        };
        kind.into()
    }

    fn observe_moment(&mut self, text: &str) {
        self.has_values = true;
        self.is_date &= ISO_DATE.iter().any(|format| format.read(text).is_some());
        if self.is_time {
            let read = ISO_TIMES.iter().find_map(|format| format.read(text));
            self.is_time = read.is_some();
            let has_offset = read.is_some_and(|time| time.offset.is_some());
            self.has_offset |= has_offset;
            self.lacks_offset |= !has_offset;
        }
        self.spellings.retain(|place| {
            let spelling = SPELLINGS.get(*place);
            spelling.is_some_and(|spelling| spelling.format.read(text).is_some())
        });
        self.clocks
            .retain(|clock| inferred_column::reads_clock(clock, text));
    }

    fn is_moment(&self) -> bool {
        self.is_date || self.is_time || !self.spellings.is_empty()
    }

    fn fitting_spellings(&self) -> Vec<&'static Spelling> {
        let places = self.spellings.iter();
        places.filter_map(|place| SPELLINGS.get(*place)).collect()
    }
}

/// Format of dates or times other than ISO 8601.
struct Spelling {
    text: &'static str,
    format: DateTimeFormat,
    has_time: bool,
    has_short_year: bool,
}

static SPELLINGS: LazyLock<Vec<Spelling>> = LazyLock::new(|| {
    let all = inferred_column::DATES
        .iter()
        .chain(&inferred_column::TIMES)
        .chain(&inferred_column::SHORT_YEARS);
    all.filter_map(|text| {
        Some(Spelling {
            text,
            format: DateTimeFormat::parse(text).ok()?,
            has_time: text.contains("%H"),
            has_short_year: text.contains("%y"),
        })
    })
    .collect()
});

/// Checks that a column name stands for degrees.
fn is_degree(name: &str) -> bool {
    LONGITUDES.contains(&name) || LATITUDES.contains(&name)
}

static ISO_DATE: LazyLock<Vec<DateTimeFormat>> = LazyLock::new(|| date_time::iso_formats(false));

static ISO_TIMES: LazyLock<Vec<DateTimeFormat>> = LazyLock::new(|| date_time::iso_formats(true));
