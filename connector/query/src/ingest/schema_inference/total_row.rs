//! Detection of a last row with totals, which as an ordinary row would double every total.

use super::inferred_column::InferredColumn;
use crate::ingest;
use crate::ingest::config::SourceConfig;
use crate::ingest::field_value::{RawField, SourceFileEvent};
use crate::ingest::number_notation::NumberNotation;
use crate::ingest::source_files::SourceFile;
use hansa_policy::refusal::Refusal;

/// Sign of a row with totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TotalSign {
    /// Numbers that are the sums of the rows above.
    Sums,
    /// First text that is a word for a total.
    Word,
}

/// Checks the last row of a file for totals.
///
/// # Errors
/// `SOURCE_UNREADABLE`.
pub(super) fn find_total_sign(
    file: &SourceFile,
    config: &SourceConfig,
    columns: &[InferredColumn],
) -> Result<Option<TotalSign>, Refusal> {
    let mut sums = TotalCheck::new(config, columns);
    ingest::read_source_file(file, config, &mut |event| {
        match event {
            SourceFileEvent::Header(names) => sums.lay_out(names, columns),
            SourceFileEvent::Row { fields, .. } => sums.observe(fields),
            SourceFileEvent::Broken { .. } | SourceFileEvent::Counted(_) => {}
        }
        Ok(())
    })?;
    Ok(sums.conclude())
}

/// Sums of all rows but the last.
struct TotalCheck {
    notation: NumberNotation,
    /// Flag for each field: it is a number.
    is_number: Vec<bool>,
    /// Sum of each field over the rows above the last.
    sums: Vec<f64>,
    /// Numbers of the last row.
    last: Vec<Option<f64>>,
    /// Set if the first text of the last row is a word for a total.
    has_word: bool,
    /// Number of other rows with such a word.
    words_above: u64,
    rows: u64,
}

impl TotalCheck {
    fn new(config: &SourceConfig, columns: &[InferredColumn]) -> Self {
        Self {
            notation: NumberNotation {
                thousands: config.thousands,
                ..NumberNotation::with_decimal_mark(config.decimal)
            },
            is_number: Vec::with_capacity(columns.len()),
            sums: Vec::new(),
            last: Vec::new(),
            has_word: false,
            words_above: 0,
            rows: 0,
        }
    }

    fn lay_out(&mut self, names: &[String], columns: &[InferredColumn]) {
        let is_number = |name: &String| {
            let mut named = columns
                .iter()
                .filter(|column| column.from == [name.clone()]);
            named.any(|column| {
                matches!(column.kind.as_ref(), "int" | "float")
                    || column.kind.starts_with("decimal")
            })
        };
        self.is_number = names.iter().map(is_number).collect();
        self.sums = vec![0.0; names.len()];
        self.last = vec![None; names.len()];
    }

    fn observe(&mut self, fields: &[RawField<'_>]) {
        self.rows = self.rows.saturating_add(1);
        self.words_above = self.words_above.saturating_add(u64::from(self.has_word));
        for (sum, last) in self.sums.iter_mut().zip(&mut self.last) {
            *sum += last.take().unwrap_or(0.0);
        }
        let mut first_text = None;
        for ((field, is_number), last) in fields.iter().zip(&self.is_number).zip(&mut self.last) {
            match field {
                RawField::Text(text) if *is_number => {
                    *last = self.notation.read_number(text).ok();
                }
                RawField::Text(text) => first_text = first_text.or(Some(*text)),
                _ => {}
            }
        }
        self.has_word = first_text.is_some_and(is_total_word);
    }

    fn conclude(&self) -> Option<TotalSign> {
        let has_numbers = self.last.iter().flatten().next().is_some();
        if self.rows < LEAST_ROWS || !has_numbers {
            return None;
        }
        let pairs = || {
            let both = self.last.iter().zip(&self.sums);
            both.filter_map(|(last, sum)| last.map(|last| (last, *sum)))
        };
        let is_sum = |last: f64, sum: f64| (last - sum).abs() <= sum.abs() * 1e-9;
        let has_any = pairs().any(|(last, _)| last != 0.0);
        if has_any && pairs().all(|(last, sum)| is_sum(last, sum)) {
            return Some(TotalSign::Sums);
        }
        (self.has_word && self.words_above == 0).then_some(TotalSign::Word)
    }
}

/// Checks that a text starts with a word for a total, followed by no other letter.
fn is_total_word(text: &str) -> bool {
    let plain = text.trim().to_lowercase();
    WORDS.iter().any(|word| {
        let rest = plain.strip_prefix(word);
        rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    })
}

/// Minimum number of rows. The sums of fewer rows may match by chance.
const LEAST_ROWS: u64 = 4;

/// Words for totals in the languages of European cities.
const WORDS: [&str; 28] = [
    "total",
    "totals",
    "grand total",
    "sum",
    "summe",
    "gesamt",
    "gesamtsumme",
    "gesamtergebnis",
    "insgesamt",
    "zusammen",
    "totale",
    "totaux",
    "ensemble",
    "totaal",
    "totalt",
    "i alt",
    "suma",
    "razem",
    "ogółem",
    "celkem",
    "spolu",
    "összesen",
    "ukupno",
    "skupaj",
    "yhteensä",
    "kokku",
    "σύνολο",
    "общо",
];
