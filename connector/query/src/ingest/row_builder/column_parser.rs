//! One column: from a field to a value of the declared type, or why not. Total: no text makes it fail otherwise.

use crate::ingest::config::{ColumnConfig, ColumnValueOrigin};
use crate::ingest::date_time::{self, DateTimeFormat, LocalTimeResolution, WrittenDateTime};
use crate::ingest::field_value::{self, RawField, TypedValue};
use crate::ingest::ingest_counts::{IngestCounts, step};
use hansa_catalog::dataset::ColumnType;
use hansa_policy::refusal::{ErrorCode, Refusal};
use jiff::tz::TimeZone;
use std::borrow::Cow;

/// A column with what is needed to read it.
#[derive(Debug)]
pub struct ColumnParser<'c> {
    column: &'c ColumnConfig,
    formats: Vec<DateTimeFormat>,
    zone: TimeZone,
    base: Option<usize>,
    constant: Option<TypedValue>,
    decimal: char,
    /// The text that was read last and what it meant: times repeat from row to row.
    last: Option<(String, TypedValue, LocalTimeResolution)>,
}

type UnreadableReason = Cow<'static, str>;

impl<'c> ColumnParser<'c> {
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
        let Some(zone) = date_time::zone(zone) else {
            return Err(column.location.refuse(
                ErrorCode::ConfigInvalid,
                "zone",
                format!("`{zone}` is no IANA time zone such as Europe/Berlin"),
            ));
        };
        let mut formats = Vec::new();
        for format in &column.formats {
            formats.push(DateTimeFormat::parse(format).map_err(|why| {
                column
                    .location
                    .refuse(ErrorCode::ConfigInvalid, "format", why)
            })?);
        }
        if formats.is_empty() {
            formats = date_time::iso(column.kind == ColumnType::Instant);
        }
        let base = match &column.origin {
            ColumnValueOrigin::LocalDateOf(of) => {
                siblings.iter().position(|other| other.name == *of)
            }
            ColumnValueOrigin::From(_) | ColumnValueOrigin::Constant(_) => None,
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
        if let ColumnValueOrigin::Constant(text) = &column.origin {
            let cell = typing.value(RawField::Text(text)).map_err(|why| {
                column.location.refuse(
                    ErrorCode::ConfigInvalid,
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
        raw: RawField<'_>,
        before: &[TypedValue],
        counts: &mut IngestCounts,
    ) -> Result<TypedValue, UnreadableReason> {
        let (cell, decided) = if let Some(constant) = &self.constant {
            (constant.clone(), LocalTimeResolution::Nothing)
        } else if let Some(base) = self.base {
            match before.get(base) {
                Some(TypedValue::Instant(micros)) => {
                    let day =
                        date_time::local_day(*micros, &self.zone).ok_or("no such local date")?;
                    (TypedValue::Day(day), LocalTimeResolution::Nothing)
                }
                _ => (TypedValue::Null, LocalTimeResolution::Nothing),
            }
        } else {
            self.remembered(raw)?
        };
        match decided {
            LocalTimeResolution::Nothing => {}
            LocalTimeResolution::Ambiguous => step(&mut counts.ambiguous, self.name(), 1),
            LocalTimeResolution::Missing => step(&mut counts.gaps, self.name(), 1),
        }
        if cell == TypedValue::Null {
            if self.column.required {
                return Err("a value is required here".into());
            }
            step(&mut counts.missing, self.name(), 1);
        }
        Ok(cell)
    }

    fn remembered(
        &mut self,
        raw: RawField<'_>,
    ) -> Result<(TypedValue, LocalTimeResolution), UnreadableReason> {
        let timed = matches!(self.column.kind, ColumnType::Date | ColumnType::Instant);
        let RawField::Text(text) = raw else {
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

    fn value(
        &self,
        raw: RawField<'_>,
    ) -> Result<(TypedValue, LocalTimeResolution), UnreadableReason> {
        if raw == RawField::Null {
            return Ok((TypedValue::Null, LocalTimeResolution::Nothing));
        }
        let cell = match self.column.kind {
            ColumnType::Text => TypedValue::Text(match raw {
                RawField::Text(text) => text.to_owned(),
                other => other.display_text(),
            }),
            ColumnType::Int => TypedValue::Int(
                match raw {
                    RawField::Text(text) => field_value::int(text),
                    RawField::Int(number) => Some(number),
                    _ => None,
                }
                .ok_or("not a whole number")?,
            ),
            ColumnType::Float => TypedValue::Float(self.float(raw)?),
            ColumnType::Bool => TypedValue::Bool(
                match raw {
                    RawField::Text(text) => field_value::truth(text),
                    RawField::Bool(truth) => Some(truth),
                    RawField::Int(0) => Some(false),
                    RawField::Int(1) => Some(true),
                    _ => None,
                }
                .ok_or("neither true nor false")?,
            ),
            ColumnType::Date => TypedValue::Day(
                match raw {
                    RawField::Text(text) => self.civil(text).map(WrittenDateTime::day),
                    RawField::Day(day) => Some(day),
                    // A number such as 20230101 is read as its digits.
                    RawField::Int(number) => {
                        self.civil(&number.to_string()).map(WrittenDateTime::day)
                    }
                    _ => None,
                }
                .ok_or("not a date in the declared format")?,
            ),
            ColumnType::Instant => return self.instant(raw),
        };
        Ok((cell, LocalTimeResolution::Nothing))
    }

    fn float(&self, raw: RawField<'_>) -> Result<f64, UnreadableReason> {
        let number = match raw {
            RawField::Text(text) => field_value::float(text, self.decimal),
            RawField::Float(number) => Some(number).filter(|number| number.is_finite()),
            // Whole numbers beyond 2^53 would change silently.
            RawField::Int(number) => i32::try_from(number).map(f64::from).ok().or_else(|| {
                field_value::float(&number.to_string(), '.')
                    .filter(|_| number.unsigned_abs() <= 1 << 53)
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

    fn instant(
        &self,
        raw: RawField<'_>,
    ) -> Result<(TypedValue, LocalTimeResolution), UnreadableReason> {
        let civil = match raw {
            RawField::Text(text) => self.civil(text),
            RawField::Civil(micros) => Some(WrittenDateTime {
                micros,
                offset: None,
            }),
            RawField::Instant(micros) => Some(WrittenDateTime {
                micros,
                offset: Some(0),
            }),
            RawField::Day(day) => Some(WrittenDateTime {
                micros: i64::from(day) * date_time::DAY_US,
                offset: None,
            }),
            _ => None,
        };
        let civil = civil.ok_or("not a time in the declared format")?;
        let (micros, decided) = date_time::instant(
            civil,
            &self.zone,
            self.column.ambiguous,
            self.column.missing,
        )?;
        let moved = micros.checked_add(self.column.shift_us);
        let moved = moved
            .filter(|micros| hansa_audit_log::time::UtcTimestamp::from_micros(*micros).is_ok());
        let moved = moved.ok_or("the time lies outside the calendar")?;
        Ok((TypedValue::Instant(moved), decided))
    }

    fn civil(&self, text: &str) -> Option<WrittenDateTime> {
        self.formats.iter().find_map(|format| format.read(text))
    }
}
