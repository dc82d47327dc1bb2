//! Records as a Parquet file, for whoever counts them with other programs.

use arrow_array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use hansa_audit_log::record::Record;
use hansa_audit_store::filter::{COLUMNS, record_cells};
use hansa_policy::refusal::Refusal;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// Rows that are kept in memory at once.
const PIECE: usize = 8192;

/// Writes records as a Parquet file with the columns of the CSV; numbers and instants have their types. Gives their number.
pub(super) fn write_record_table(
    records: impl Iterator<Item = Result<Record, Refusal>>,
    out: impl Write + Send,
    path: &Path,
) -> Result<u64, Refusal> {
    let broken = |fault: ParquetError| {
        hansa_files::unwritable_file_refusal(path, &std::io::Error::other(fault.to_string()))
    };
    let schema = record_schema();
    let mut writer = ArrowWriter::try_new(out, Arc::clone(&schema), None).map_err(broken)?;
    let mut piece = Vec::with_capacity(PIECE);
    let mut count = 0_u64;
    for record in records {
        piece.push(record?);
        count = count.saturating_add(1);
        if piece.len() >= PIECE {
            let batch =
                build_record_batch(&schema, &piece).map_err(|fault| broken(fault.into()))?;
            writer.write(&batch).map_err(broken)?;
            piece.clear();
        }
    }
    let batch = build_record_batch(&schema, &piece).map_err(|fault| broken(fault.into()))?;
    writer.write(&batch).map_err(broken)?;
    writer.close().map_err(broken)?;
    Ok(count)
}

fn record_schema() -> SchemaRef {
    let fields: Vec<Field> = COLUMNS
        .iter()
        .map(|name| {
            let kind = match *name {
                "seq" | "rows" | "bytes" => DataType::UInt64,
                "t" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                _ => DataType::Utf8,
            };
            Field::new(*name, kind, true)
        })
        .collect();
    Arc::new(Schema::new(fields))
}

fn build_record_batch(schema: &SchemaRef, records: &[Record]) -> Result<RecordBatch, ArrowError> {
    let rows: Vec<_> = records.iter().map(record_cells).collect();
    let columns = schema.fields().iter().enumerate().map(|(index, field)| {
        let cell = |row: &'_ [String; 11]| row.get(index).filter(|cell| !cell.is_empty()).cloned();
        let column: ArrayRef = match field.data_type() {
            DataType::UInt64 => Arc::new(UInt64Array::from_iter(
                rows.iter().map(|row| cell(row)?.parse().ok()),
            )),
            DataType::Timestamp(..) => Arc::new(
                TimestampMicrosecondArray::from_iter_values(
                    records.iter().map(|record| record.at.micros()),
                )
                .with_timezone("UTC"),
            ),
            _ => Arc::new(StringArray::from_iter(rows.iter().map(cell))),
        };
        column
    });
    RecordBatch::try_new(Arc::clone(schema), columns.collect())
}
