//! Rows of typed files, in Arrow batches.

use crate::ingest::bounded_reader::{MOST_COLUMNS, RowByteAllowance};
use crate::ingest::config::{
    AmbiguousTimeRule, ColumnConfig, ColumnDescription, ColumnNumberNotation, ColumnValueOrigin,
    ConfigLocation, DatasetConfig, MissingTimeRule, SourceConfig,
};
use crate::ingest::field_value::{RawField, SourceFileEvent};
use crate::ingest::schema_inference::inferred_column::DeclaredKind;
use crate::ingest::wildcard;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Schema, TimeUnit};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use hansa_catalog::dataset::ColumnType;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::value::decimal_type::DecimalType;

/// Rows of one file, in order.
pub(super) struct TypedRows<'a> {
    shown: &'a str,
    config: &'a SourceConfig,
    names: Vec<String>,
    /// Index and value type of the columns that are not skipped.
    kept: Vec<(usize, DataType)>,
    allowance: RowByteAllowance,
    line: u64,
}

impl<'a> TypedRows<'a> {
    /// Selects the columns of a file that its entry does not skip.
    ///
    /// # Errors
    /// `SOURCE_UNREADABLE` if a column has an unsupported type, or if there are too many columns.
    pub(super) fn new(
        shown: &'a str,
        schema: &Schema,
        config: &'a SourceConfig,
    ) -> Result<Self, Refusal> {
        let mut names = Vec::new();
        let mut kept = Vec::new();
        for (index, field) in schema.fields().iter().enumerate() {
            let skip = &config.skip_columns;
            if skip
                .iter()
                .any(|skip| wildcard::matches_wildcard(skip, field.name()))
            {
                continue;
            }
            let Some(plain) = to_plain_type(field.data_type()) else {
                let why = format!(
                    "column `{}` has a type that can't be published",
                    field.name()
                );
                return Err(
                    unreadable_file_refusal(shown, why).with_help("leave it out with skip_columns")
                );
            };
            names.push(field.name().clone());
            kept.push((index, plain));
        }
        if names.len() > MOST_COLUMNS {
            let why = format!("it has {} columns, more than {MOST_COLUMNS}", names.len());
            return Err(unreadable_file_refusal(shown, why));
        }
        Ok(Self {
            shown,
            config,
            names,
            kept,
            allowance: RowByteAllowance::of_fields(config),
            line: 0,
        })
    }

    /// Column names.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Passes the rows of a batch to `each`.
    ///
    /// # Errors
    /// `SOURCE_UNREADABLE` if a value exceeds its type or a row is too long, or a refusal of `each`.
    pub(super) fn hand_out(
        &mut self,
        batch: &RecordBatch,
        each: &mut dyn FnMut(SourceFileEvent<'_>) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let columns = cast_columns(batch, &self.kept)
            .map_err(|error| unreadable_file_refusal(self.shown, error.to_string()))?;
        for row in 0..batch.num_rows() {
            self.line = self.line.saturating_add(1);
            let fields: Vec<RawField<'_>> = columns
                .iter()
                .map(|column| match to_raw_field(column, row) {
                    RawField::Text(text) if self.config.nulls.iter().any(|word| word == text) => {
                        RawField::Null
                    }
                    other => other,
                })
                .collect();
            let texts = fields.iter().map(|field| match field {
                RawField::Text(text) => text.len(),
                _ => 0,
            });
            if self.allowance.is_exceeded(texts.sum()) {
                return Err(
                    unreadable_file_refusal(self.shown, self.allowance.sentence())
                        .with_place(self.shown, Some(self.line), None)
                        .with_help("say max_row_bytes in [dataset.source] where rows are so long"),
                );
            }
            each(SourceFileEvent::Row {
                line: self.line,
                fields: &fields,
            })?;
        }
        Ok(())
    }
}

/// Representative type of a family of Arrow types.
#[must_use]
pub fn to_plain_type(kind: &DataType) -> Option<DataType> {
    Some(match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => {
            let scale = u8::try_from(*scale).ok()?;
            ColumnType::Decimal(DecimalType::new(*precision, scale)?).to_arrow()
        }
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64 => DataType::Int64,
        DataType::Float16 | DataType::Float32 | DataType::Float64 => DataType::Float64,
        DataType::Boolean => DataType::Boolean,
        DataType::Date32 | DataType::Date64 => DataType::Date32,
        DataType::Timestamp(_, None) => DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Timestamp(_, Some(_)) => {
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
        }
        DataType::Dictionary(_, value) => return to_plain_type(value),
        _ => return None,
    })
}

fn cast_columns(
    batch: &RecordBatch,
    kept: &[(usize, DataType)],
) -> Result<Vec<ArrayRef>, arrow_schema::ArrowError> {
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    kept.iter()
        .filter_map(|(index, plain)| batch.columns().get(*index).map(|column| (column, plain)))
        .map(|(column, plain)| cast_with_options(column, plain, &strict))
        .collect()
}

fn to_raw_field(column: &ArrayRef, row: usize) -> RawField<'_> {
    if column.is_null(row) {
        return RawField::Null;
    }
    match column.data_type() {
        DataType::Utf8 => RawField::Text(column.as_string::<i32>().value(row)),
        DataType::Int64 => RawField::Int(column.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => RawField::Float(column.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(..) => match ColumnType::of_arrow(column.data_type()) {
            Some(ColumnType::Decimal(kind)) => RawField::Decimal {
                units: column.as_primitive::<Decimal128Type>().value(row),
                kind,
            },
            _ => RawField::Null,
        },
        DataType::Boolean => RawField::Bool(column.as_boolean().value(row)),
        DataType::Date32 => RawField::Day(column.as_primitive::<Date32Type>().value(row)),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            match zone {
                Some(_) => RawField::Instant(micros),
                None => RawField::Civil(micros),
            }
        }
        // The columns have types of `plain` alone.
        _ => RawField::Null,
    }
}

/// Declared types of a schema's columns, as far as they determine a dataset type.
pub(super) fn list_declared_kinds(schema: &Schema) -> Vec<(String, DeclaredKind)> {
    let kinds = schema.fields().iter().filter_map(|field| {
        let kind = match to_plain_type(field.data_type())? {
            DataType::Utf8 => DeclaredKind::Text,
            DataType::Timestamp(_, None) => DeclaredKind::LocalTime,
            plain => DeclaredKind::Type(ColumnType::of_arrow(&plain)?),
        };
        Some((field.name().clone(), kind))
    });
    kinds.collect()
}

/// Converts the columns of a schema to column declarations.
///
/// # Errors
/// `SCHEMA_MISMATCH` if a column can't be published without conversion.
pub fn declare_columns(
    schema: &Schema,
    dataset: &DatasetConfig,
) -> Result<Vec<ColumnConfig>, Refusal> {
    let skip = &dataset.source.skip_columns;
    let mut columns = Vec::new();
    for field in schema.fields() {
        if skip
            .iter()
            .any(|skip| wildcard::matches_wildcard(skip, field.name()))
        {
            continue;
        }
        let mismatch = |why: String| {
            dataset
                .location
                .refuse(
                    ErrorCode::SchemaMismatch,
                    "column",
                    format!("column `{}`: {why}", field.name()),
                )
                .with_help("declare it as [[dataset.column]], or leave it out with skip_columns")
        };
        let name = field
            .name()
            .parse()
            .map_err(|why| mismatch(format!("{why}")))?;
        let kind = match (field.data_type(), to_plain_type(field.data_type())) {
            (DataType::Timestamp(_, None), _) => {
                return Err(mismatch("a time without a zone needs one".to_owned()));
            }
            (kind, plain) => plain
                .and_then(|plain| ColumnType::of_arrow(&plain))
                .ok_or_else(|| mismatch(format!("the type {kind} can't be published")))?,
        };
        columns.push(as_it_is(
            dataset.location.clone(),
            name,
            kind,
            field.name(),
            !field.is_nullable(),
        ));
    }
    Ok(columns)
}

/// Column without conversion.
#[must_use]
pub fn as_it_is(
    location: ConfigLocation,
    name: SqlIdentifier,
    kind: ColumnType,
    from: &str,
    required: bool,
) -> ColumnConfig {
    ColumnConfig {
        location,
        name,
        kind,
        origin: ColumnValueOrigin::From(vec![from.to_owned()]),
        formats: Vec::new(),
        zone: None,
        ambiguous: AmbiguousTimeRule::Refuse,
        missing: MissingTimeRule::Refuse,
        shift_us: 0,
        numbers: ColumnNumberNotation::default(),
        factor: None,
        required,
        optional: false,
        about: ColumnDescription::default(),
    }
}

/// Refusal of a file.
pub(super) fn unreadable_file_refusal(shown: &str, why: impl std::fmt::Display) -> Refusal {
    Refusal::new(
        ErrorCode::SourceUnreadable,
        format!("`{shown}` can't be read: {why}"),
    )
    .with_place(shown, None, None)
}
