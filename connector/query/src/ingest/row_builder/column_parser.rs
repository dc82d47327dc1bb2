//! Parser of one column: converts a field to the declared type, or returns the reason why that fails.

use crate::ingest::config::{AmbiguousTimeRule, ColumnConfig, ColumnValueOrigin, DatasetConfig};
use crate::ingest::date_time::{self, DateTimeFormat, LocalTimeResolution, WrittenDateTime};
use crate::ingest::field_value::{self, RawField, TypedValue};
use crate::ingest::ingest_counts::{IngestCounts, increase_count};
use crate::ingest::number_notation::{NumberNotation, ThousandsMark};
use crate::ingest::row_builder::repeated_hour::{
    RepeatedHourOrder, RepeatedInstant, RowPosition, UnclearOrder,
};
use hansa_catalog::dataset::ColumnType;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::decimal_type::{DecimalFault, DecimalType};
use jiff::tz::TimeZone;
use std::borrow::Cow;

/// Column with the prepared data for its parsing.
#[derive(Debug)]
pub struct ColumnParser<'c> {
    column: &'c ColumnConfig,
    formats: Vec<DateTimeFormat>,
    zone: TimeZone,
    base: Option<usize>,
    constant: Option<TypedValue>,
    numbers: NumberNotation,
    /// Order of the rows, if it resolves local times that occur twice.
    order: Option<RepeatedHourOrder>,
    /// Last text with its result, since times repeat from row to row.
    last: Option<(String, TypedValue, LocalTimeResolution)>,
}

type UnreadableReason = Cow<'static, str>;

impl<'c> ColumnParser<'c> {
    /// Prepares a column of a dataset.
    ///
    /// # Errors
    /// A refusal if the zone, a format or the constant is invalid.
    pub fn new(
        column: &'c ColumnConfig,
        config: &'c DatasetConfig,
        zone: &str,
    ) -> Result<Self, Refusal> {
        let zone = column.zone.as_deref().unwrap_or(zone);
        let Some(zone) = date_time::find_zone(zone) else {
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
            formats = date_time::iso_formats(column.kind == ColumnType::Instant);
        }
        let base = match &column.origin {
            ColumnValueOrigin::LocalDateOf(of) => {
                config.columns.iter().position(|other| other.name == *of)
            }
            ColumnValueOrigin::From(_) | ColumnValueOrigin::Constant(_) => None,
        };
        let numbers = column.numbers.resolve_notation(&config.source);
        // A column inherits the decimal mark of the source.
        if ThousandsMark::of(numbers.decimal) == numbers.thousands && numbers.thousands.is_some() {
            let sentence = "`thousands` is the decimal mark, too: add `decimal` to the column";
            return Err(column
                .location
                .refuse(ErrorCode::ConfigInvalid, "thousands", sentence));
        }
        let mut typing = Self {
            column,
            formats,
            zone,
            base,
            constant: None,
            numbers,
            order: (column.ambiguous == AmbiguousTimeRule::Sequence)
                .then(RepeatedHourOrder::default),
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

    /// Name of the column.
    #[must_use]
    pub fn name(&self) -> &'c str {
        self.column.name.as_str()
    }

    /// Checks that the order of rows resolves local times that occur twice.
    #[must_use]
    pub const fn needs_order(&self) -> bool {
        self.order.is_some()
    }

    /// Time that the order of the rows did not resolve.
    #[must_use]
    pub fn finish(self) -> Option<UnclearOrder> {
        self.order.and_then(RepeatedHourOrder::finish)
    }

    /// Converts a field. `before` are the values of the preceding columns.
    ///
    /// # Errors
    /// The reason why the field does not have the declared type.
    pub fn read(
        &mut self,
        raw: RawField<'_>,
        position: RowPosition<'_>,
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
            self.parse_or_reuse_value(raw, position)?
        };
        match decided {
            LocalTimeResolution::Nothing => {}
            LocalTimeResolution::Ambiguous => increase_count(&mut counts.ambiguous, self.name(), 1),
            LocalTimeResolution::Missing => increase_count(&mut counts.gaps, self.name(), 1),
        }
        if cell == TypedValue::Null {
            if self.column.required {
                return Err("a value is required here".into());
            }
            increase_count(&mut counts.missing, self.name(), 1);
        }
        Ok(cell)
    }

    fn parse_or_reuse_value(
        &mut self,
        raw: RawField<'_>,
        position: RowPosition<'_>,
    ) -> Result<(TypedValue, LocalTimeResolution), UnreadableReason> {
        if self.order.is_some() && raw != RawField::Null {
            return self.ordered_instant(raw, position);
        }
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
            ColumnType::Int => TypedValue::Int(match raw {
                RawField::Text(text) => self.numbers.read_whole(text)?,
                RawField::Int(number) => number,
                RawField::Decimal { units, kind } => {
                    let numbers = NumberNotation::with_decimal_mark('.');
                    numbers.read_whole(&format_decimal(units, kind))?
                }
                RawField::Digits(digits) => digits.parse().map_err(|_| "not a whole number")?,
                _ => return Err("not a whole number".into()),
            }),
            ColumnType::Float => TypedValue::Float(self.float(raw)?),
            ColumnType::Decimal(kind) => TypedValue::Decimal {
                units: self.decimal(raw, kind)?,
                kind,
            },
            ColumnType::Bool => TypedValue::Bool(
                match raw {
                    RawField::Text(text) => field_value::parse_bool(text),
                    RawField::Bool(truth) => Some(truth),
                    RawField::Int(0) | RawField::Digits("0") => Some(false),
                    RawField::Int(1) | RawField::Digits("1") => Some(true),
                    _ => None,
                }
                .ok_or("neither true nor false")?,
            ),
            ColumnType::Date => TypedValue::Day(
                match raw {
                    RawField::Text(text) | RawField::Digits(text) => {
                        self.parse_civil_time(text).map(WrittenDateTime::day)
                    }
                    RawField::Day(day) => Some(day),
                    // A number such as 20230101 is read as its digits.
                    RawField::Int(number) => self
                        .parse_civil_time(&number.to_string())
                        .map(WrittenDateTime::day),
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
            RawField::Text(text) => Some(self.numbers.read_number(text)?),
            RawField::Digits(digits) => Some(
                field_value::exact_float(digits)
                    .ok_or("not a number that floating point holds to its last digit")?,
            ),
            RawField::Float(number) => Some(number).filter(|number| number.is_finite()),
            RawField::Decimal { units, kind } => {
                field_value::parse_float(&kind.format_units(units), '.')
            }
            // Integers beyond 2^53 would change silently.
            RawField::Int(number) => i32::try_from(number).map(f64::from).ok().or_else(|| {
                field_value::parse_float(&number.to_string(), '.')
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

    /// Decimal number without loss of digits. A floating-point number is accepted if a decimal number of up to 15 digits parses to
    /// it. Numbers with more digits result from computations, and have no exact decimal value.
    fn decimal(&self, raw: RawField<'_>, to: DecimalType) -> Result<i128, UnreadableReason> {
        let units = match raw {
            RawField::Text(text) => return Ok(self.numbers.read_decimal(text, to)?),
            RawField::Decimal { units, kind } => to.parse_number(&kind.format_units(units)),
            RawField::Digits(digits) => to.parse_number(digits),
            RawField::Int(number) => to.parse(&number.to_string()),
            RawField::Float(number) => {
                let text = number.to_string();
                let digits = text.bytes().filter(u8::is_ascii_digit).count();
                match digits <= 15 {
                    true => to.parse(&text),
                    false => Err(DecimalFault::TooManyPlaces),
                }
            }
            _ => Err(DecimalFault::NotANumber),
        };
        units.map_err(|fault| fault.as_str().into())
    }

    fn instant(
        &self,
        raw: RawField<'_>,
    ) -> Result<(TypedValue, LocalTimeResolution), UnreadableReason> {
        let civil = self.written_time(raw)?;
        let (micros, decided) = date_time::resolve_instant(
            civil,
            &self.zone,
            self.column.ambiguous,
            self.column.missing,
        )?;
        Ok((self.shift_time(micros)?, decided))
    }

    fn shift_time(&self, micros: i64) -> Result<TypedValue, UnreadableReason> {
        let moved = micros.checked_add(self.column.shift_us);
        let moved = moved
            .filter(|micros| hansa_audit_log::time::UtcTimestamp::from_micros(*micros).is_ok());
        let moved = moved.ok_or(date_time::OUTSIDE_CALENDAR)?;
        Ok(TypedValue::Instant(moved))
    }

    fn written_time(&self, raw: RawField<'_>) -> Result<WrittenDateTime, UnreadableReason> {
        let civil = match raw {
            RawField::Text(text) => self.parse_civil_time(text),
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
        civil.ok_or_else(|| "not a time in the declared format".into())
    }

    /// Instant of a row that depends on the order of rows.
    fn ordered_instant(
        &mut self,
        raw: RawField<'_>,
        position: RowPosition<'_>,
    ) -> Result<(TypedValue, LocalTimeResolution), UnreadableReason> {
        let civil = self.written_time(raw)?;
        let missing = self.column.missing;
        let at = |rule| date_time::resolve_instant(civil, &self.zone, rule, missing);
        let (first, decided) = at(AmbiguousTimeRule::First)?;
        let (second, _) = at(AmbiguousTimeRule::Second)?;
        let Some(order) = &mut self.order else {
            return Err("the order of the rows is not known".into());
        };
        let micros = if decided == LocalTimeResolution::Ambiguous {
            order.resolve(position, RepeatedInstant { first, second })?
        } else {
            order.observe(position, first);
            first
        };
        Ok((self.shift_time(micros)?, decided))
    }

    fn parse_civil_time(&self, text: &str) -> Option<WrittenDateTime> {
        self.formats.iter().find_map(|format| format.read(text))
    }
}

/// Text of a decimal number without trailing zeros after the decimal point.
fn format_decimal(units: i128, kind: DecimalType) -> String {
    let written = kind.format_units(units);
    match written.split_once('.') {
        Some((whole, places)) if places.bytes().all(|digit| digit == b'0') => whole.to_owned(),
        _ => written,
    }
}
