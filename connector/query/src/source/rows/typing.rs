//! One column: from a field to a value of the declared type, or why not. Total: no text makes it fail otherwise.

use crate::source::config::{ColumnConfig, Origin};
use crate::source::raw::{self, Cell, Raw};
use crate::source::report::{Counts, step};
use crate::source::when::{self, Civil, Decided, Format};
use hansa_catalog::dataset::ColumnType;
use hansa_policy::refusal::{Code, Refusal};
use jiff::tz::TimeZone;
use std::borrow::Cow;

/// A column with what is needed to read it.
#[derive(Debug)]
pub struct Typing<'c> {
    column: &'c ColumnConfig,
    formats: Vec<Format>,
    zone: TimeZone,
    base: Option<usize>,
    constant: Option<Cell>,
    decimal: char,
    /// The text that was read last and what it meant: times repeat from row to row.
    last: Option<(String, Cell, Decided)>,
}

type Why = Cow<'static, str>;

impl<'c> Typing<'c> {
    /// Prepares a column among its siblings.
    ///
    /// # Errors
    /// Where its zone, format or constant can't be used.
    pub fn new(
        column: &'c ColumnConfig,
        siblings: &[ColumnConfig],
        zone: &str,
        decimal: char,
    ) -> Result<Self, Refusal> {
        let zone = column.zone.as_deref().unwrap_or(zone);
        let Some(zone) = when::zone(zone) else {
            return Err(column.place.refuse(
                Code::ConfigInvalid,
                "zone",
                format!("`{zone}` is no IANA time zone such as Europe/Berlin"),
            ));
        };
        let mut formats = Vec::new();
        for format in &column.formats {
            formats.push(
                Format::parse(format)
                    .map_err(|why| column.place.refuse(Code::ConfigInvalid, "format", why))?,
            );
        }
        if formats.is_empty() {
            formats = when::iso(column.kind == ColumnType::Instant);
        }
        let base = match &column.origin {
            Origin::LocalDateOf(of) => siblings.iter().position(|other| other.name == *of),
            Origin::From(_) | Origin::Constant(_) => None,
        };
        let mut typing = Self {
            column,
            formats,
            zone,
            base,
            constant: None,
            decimal,
            last: None,
        };
        if let Origin::Constant(text) = &column.origin {
            let cell = typing.value(Raw::Text(text)).map_err(|why| {
                column.place.refuse(
                    Code::ConfigInvalid,
                    "value",
                    format!("`{text}` can't be a value of `{}`: {why}", column.name),
                )
            })?;
            typing.constant = Some(cell.0);
        }
        Ok(typing)
    }

    /// The column's name.
    #[must_use]
    pub fn name(&self) -> &'c str {
        self.column.name.as_str()
    }

    /// Reads a field; `before` are the cells of the columns that stand before this one.
    ///
    /// # Errors
    /// Why it can't be read as what is declared.
    pub fn read(
        &mut self,
        raw: Raw<'_>,
        before: &[Cell],
        counts: &mut Counts,
    ) -> Result<Cell, Why> {
        let (cell, decided) = if let Some(constant) = &self.constant {
            (constant.clone(), Decided::Nothing)
        } else if let Some(base) = self.base {
            match before.get(base) {
                Some(Cell::Instant(micros)) => {
                    let day = when::local_day(*micros, &self.zone).ok_or("no such local date")?;
                    (Cell::Day(day), Decided::Nothing)
                }
                _ => (Cell::Null, Decided::Nothing),
            }
        } else {
            self.remembered(raw)?
        };
        match decided {
            Decided::Nothing => {}
            Decided::Ambiguous => step(&mut counts.ambiguous, self.name(), 1),
            Decided::Missing => step(&mut counts.gaps, self.name(), 1),
        }
        if cell == Cell::Null {
            if self.column.required {
                return Err("a value is required here".into());
            }
            step(&mut counts.missing, self.name(), 1);
        }
        Ok(cell)
    }

    fn remembered(&mut self, raw: Raw<'_>) -> Result<(Cell, Decided), Why> {
        let timed = matches!(self.column.kind, ColumnType::Date | ColumnType::Instant);
        let Raw::Text(text) = raw else {
            return self.value(raw);
        };
        if !timed {
            return self.value(raw);
        }
        if let Some((known, cell, decided)) = &self.last
            && known == text
        {
            return Ok((cell.clone(), *decided));
        }
        let (cell, decided) = self.value(raw)?;
        self.last = Some((text.to_owned(), cell.clone(), decided));
        Ok((cell, decided))
    }

    fn value(&self, raw: Raw<'_>) -> Result<(Cell, Decided), Why> {
        if raw == Raw::Null {
            return Ok((Cell::Null, Decided::Nothing));
        }
        let cell = match self.column.kind {
            ColumnType::Text => Cell::Text(match raw {
                Raw::Text(text) => text.to_owned(),
                other => other.shown(),
            }),
            ColumnType::Int => Cell::Int(
                match raw {
                    Raw::Text(text) => raw::int(text),
                    Raw::Int(number) => Some(number),
                    _ => None,
                }
                .ok_or("not a whole number")?,
            ),
            ColumnType::Float => Cell::Float(self.float(raw)?),
            ColumnType::Bool => Cell::Bool(
                match raw {
                    Raw::Text(text) => raw::truth(text),
                    Raw::Bool(truth) => Some(truth),
                    Raw::Int(0) => Some(false),
                    Raw::Int(1) => Some(true),
                    _ => None,
                }
                .ok_or("neither true nor false")?,
            ),
            ColumnType::Date => Cell::Day(
                match raw {
                    Raw::Text(text) => self.civil(text).map(Civil::day),
                    Raw::Day(day) => Some(day),
                    // A number such as 20230101 is read as its digits.
                    Raw::Int(number) => self.civil(&number.to_string()).map(Civil::day),
                    _ => None,
                }
                .ok_or("not a date in the declared format")?,
            ),
            ColumnType::Instant => return self.instant(raw),
        };
        Ok((cell, Decided::Nothing))
    }

    fn float(&self, raw: Raw<'_>) -> Result<f64, Why> {
        let number = match raw {
            Raw::Text(text) => raw::float(text, self.decimal),
            Raw::Float(number) => Some(number).filter(|number| number.is_finite()),
            // Whole numbers beyond 2^53 would change silently.
            Raw::Int(number) => i32::try_from(number).map(f64::from).ok().or_else(|| {
                raw::float(&number.to_string(), '.').filter(|_| number.unsigned_abs() <= 1 << 53)
            }),
            _ => None,
        };
        let number = number.ok_or("not a number")?;
        let factor = self
            .column
            .factor
            .as_ref()
            .map_or(1.0, |factor| factor.value);
        let converted = number * factor;
        if converted.is_finite() {
            Ok(converted)
        } else {
            Err("too large once converted".into())
        }
    }

    fn instant(&self, raw: Raw<'_>) -> Result<(Cell, Decided), Why> {
        let civil = match raw {
            Raw::Text(text) => self.civil(text),
            Raw::Civil(micros) => Some(Civil {
                micros,
                offset: None,
            }),
            Raw::Instant(micros) => Some(Civil {
                micros,
                offset: Some(0),
            }),
            Raw::Day(day) => Some(Civil {
                micros: i64::from(day) * when::DAY_US,
                offset: None,
            }),
            _ => None,
        };
        let civil = civil.ok_or("not a time in the declared format")?;
        let (micros, decided) = when::instant(
            civil,
            &self.zone,
            self.column.ambiguous,
            self.column.missing,
        )?;
        let moved = micros.checked_add(self.column.shift_us);
        let moved =
            moved.filter(|micros| hansa_audit_log::time::Time::from_micros(*micros).is_ok());
        let moved = moved.ok_or("the time lies outside the calendar")?;
        Ok((Cell::Instant(moved), decided))
    }

    fn civil(&self, text: &str) -> Option<Civil> {
        self.formats.iter().find_map(|format| format.read(text))
    }
}
