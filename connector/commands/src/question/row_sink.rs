//! Writes rows as they arrive: a table for people, csv, json, an Arrow stream or a Parquet file.

use crate::question::arguments::OutputFormat;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use hansa_node::answer::cell_text::to_text_cells;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::to_printable;
use std::io::Write;
use std::path::Path;

/// A place that takes rows. `end` must be called, or the file is not complete.
pub(crate) enum RowSink {
    /// Rows kept for a table; past a bound only counted.
    Table {
        /// Rows shown.
        kept: Vec<Vec<String>>,
        /// Rows in all.
        total: u64,
        /// The columns.
        schema: Option<SchemaRef>,
    },
    /// csv
    Csv(Box<arrow_csv::Writer<Box<dyn Write + Send>>>),
    /// One JSON object a line
    Json(arrow_json::LineDelimitedWriter<Box<dyn Write + Send>>),
    /// An Arrow IPC file; made with the schema
    ArrowFile(
        Option<Box<dyn Write + Send>>,
        Option<Box<arrow_ipc::writer::FileWriter<Box<dyn Write + Send>>>>,
    ),
    /// An Arrow IPC stream; made with the schema
    ArrowStream(
        Option<Box<dyn Write + Send>>,
        Option<Box<arrow_ipc::writer::StreamWriter<Box<dyn Write + Send>>>>,
    ),
    /// Parquet; made with the schema
    Parquet(
        Option<Box<dyn Write + Send>>,
        Option<Box<parquet::arrow::ArrowWriter<Box<dyn Write + Send>>>>,
    ),
}

/// Bytes of a row group of Parquet, which is in memory until it is written.
const ROW_GROUP: usize = 64 << 20;

/// Rows that a table shows; the rest is counted.
const SHOWN: usize = 100;

impl std::fmt::Debug for RowSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Table { .. } => "Table",
            Self::Csv(_) => "Csv",
            Self::Json(_) => "Json",
            Self::ArrowFile(..) => "ArrowFile",
            Self::ArrowStream(..) => "ArrowStream",
            Self::Parquet(..) => "Parquet",
        })
    }
}

/// The format that a file's ending names.
pub(crate) fn format_of(file: &Path) -> Option<OutputFormat> {
    match file.extension().and_then(std::ffi::OsStr::to_str) {
        Some("csv") => Some(OutputFormat::Csv),
        Some("json" | "jsonl" | "ndjson") => Some(OutputFormat::Json),
        Some("arrow" | "feather" | "ipc") => Some(OutputFormat::Arrow),
        Some("arrows") => Some(OutputFormat::Arrows),
        Some("parquet") => Some(OutputFormat::Parquet),
        Some(_) | None => None,
    }
}

impl RowSink {
    /// Rows in this format into `out`.
    pub(crate) fn new(format: OutputFormat, out: Box<dyn Write + Send>) -> Self {
        match format {
            OutputFormat::Table => Self::Table {
                kept: Vec::new(),
                total: 0,
                schema: None,
            },
            OutputFormat::Csv => Self::Csv(Box::new(
                arrow_csv::WriterBuilder::new().with_header(true).build(out),
            )),
            OutputFormat::Json => Self::Json(
                arrow_json::WriterBuilder::new()
                    .with_explicit_nulls(true)
                    .build(out),
            ),
            OutputFormat::Arrow => Self::ArrowFile(Some(out), None),
            OutputFormat::Arrows => Self::ArrowStream(Some(out), None),
            OutputFormat::Parquet => Self::Parquet(Some(out), None),
        }
    }

    /// Says what columns come; called once, before any row, also when there are none.
    ///
    /// # Errors
    /// When the place can't be written.
    pub(crate) fn begin_rows(&mut self, columns: &SchemaRef) -> Result<(), Refusal> {
        match self {
            Self::Table { schema, .. } => *schema = Some(columns.clone()),
            Self::Csv(writer) => writer
                .write(&RecordBatch::new_empty(columns.clone()))
                .map_err(unwritable_output_refusal)?,
            Self::Json(_) => {}
            Self::ArrowFile(out, writer) => {
                if let Some(out) = out.take() {
                    *writer = Some(Box::new(
                        arrow_ipc::writer::FileWriter::try_new(out, columns)
                            .map_err(unwritable_output_refusal)?,
                    ));
                }
            }
            Self::ArrowStream(out, writer) => {
                if let Some(out) = out.take() {
                    *writer = Some(Box::new(
                        arrow_ipc::writer::StreamWriter::try_new(out, columns)
                            .map_err(unwritable_output_refusal)?,
                    ));
                }
            }
            Self::Parquet(out, writer) => {
                if let Some(out) = out.take() {
                    *writer = Some(Box::new(
                        parquet::arrow::ArrowWriter::try_new(out, columns.clone(), None)
                            .map_err(unwritable_output_refusal)?,
                    ));
                }
            }
        }
        Ok(())
    }

    /// Takes rows.
    ///
    /// # Errors
    /// When the place can't be written.
    pub(crate) fn write_batch(&mut self, batch: &RecordBatch) -> Result<(), Refusal> {
        match self {
            Self::Table { kept, total, .. } => {
                let room = SHOWN.saturating_sub(kept.len()).min(batch.num_rows());
                for row in to_text_cells(&batch.slice(0, room))? {
                    kept.push(row);
                }
                let rows = u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
                *total = total.saturating_add(rows);
                Ok(())
            }
            Self::Csv(writer) => writer.write(batch).map_err(unwritable_output_refusal),
            Self::Json(writer) => writer.write(batch).map_err(unwritable_output_refusal),
            Self::ArrowFile(_, Some(writer)) => {
                writer.write(batch).map_err(unwritable_output_refusal)
            }
            Self::ArrowStream(_, Some(writer)) => {
                writer.write(batch).map_err(unwritable_output_refusal)
            }
            Self::Parquet(_, Some(writer)) => {
                writer.write(batch).map_err(unwritable_output_refusal)?;
                match writer.in_progress_size() > ROW_GROUP {
                    true => writer.flush().map_err(unwritable_output_refusal),
                    false => Ok(()),
                }
            }
            Self::ArrowFile(_, None) | Self::ArrowStream(_, None) | Self::Parquet(_, None) => {
                Ok(())
            }
        }
    }

    /// Says below the rows where they come from and whether a participant is missing, under the key `hansa`, in the formats that
    /// have a place for it: Parquet and an Arrow file have one at their end. An Arrow stream has one only before its first row;
    /// there stands which datasets are read, under `hansa.reads`, as in all three.
    pub(crate) fn set_footer(&mut self, footer: &serde_json::Value) {
        match self {
            Self::Parquet(_, Some(writer)) => {
                writer.append_key_value_metadata(parquet::file::metadata::KeyValue::new(
                    "hansa".to_owned(),
                    footer.to_string(),
                ));
            }
            Self::ArrowFile(_, Some(writer)) => {
                writer.write_metadata("hansa", footer.to_string());
            }
            _ => {}
        }
    }

    /// Completes the output; a table comes back as text.
    ///
    /// # Errors
    /// When the place can't be written.
    pub(crate) fn finish(self) -> Result<Option<String>, Refusal> {
        match self {
            Self::Table {
                kept,
                total,
                schema,
            } => {
                let names: Vec<String> = schema
                    .iter()
                    .flat_map(|schema| schema.fields().iter().map(|field| field.name().clone()))
                    .collect();
                let header: Vec<&str> = names.iter().map(String::as_str).collect();
                let shown = u64::try_from(kept.len()).unwrap_or(u64::MAX);
                let mut text = if kept.is_empty() {
                    format!("{}\n(no rows)", to_printable(&header.join("  ")))
                } else {
                    crate::cli::output::render_table(&header, &kept)
                };
                if total > shown {
                    text.push_str(&format!("\n… {} rows more", total.saturating_sub(shown)));
                }
                Ok(Some(text))
            }
            Self::Csv(writer) => writer
                .into_inner()
                .flush()
                .map_err(unwritable_output_refusal)
                .map(|()| None),
            Self::Json(mut writer) => {
                writer.finish().map_err(unwritable_output_refusal)?;
                writer
                    .into_inner()
                    .flush()
                    .map_err(unwritable_output_refusal)?;
                Ok(None)
            }
            Self::ArrowFile(_, Some(mut writer)) => {
                writer.finish().map_err(unwritable_output_refusal)?;
                Ok(None)
            }
            Self::ArrowStream(_, Some(mut writer)) => {
                writer.finish().map_err(unwritable_output_refusal)?;
                Ok(None)
            }
            Self::Parquet(_, Some(writer)) => {
                writer.close().map_err(unwritable_output_refusal)?;
                Ok(None)
            }
            Self::ArrowFile(_, None) | Self::ArrowStream(_, None) | Self::Parquet(_, None) => {
                Ok(None)
            }
        }
    }
}

/// Writers wrap what the system said in errors of their own.
fn unwritable_output_refusal(fault: impl std::error::Error + 'static) -> Refusal {
    let first: &(dyn std::error::Error + 'static) = &fault;
    let full = std::iter::successors(Some(first), |error| error.source())
        .filter_map(|error| error.downcast_ref::<std::io::Error>())
        .any(hansa_files::is_full);
    let code = if full {
        ErrorCode::DiskFull
    } else {
        ErrorCode::StateBroken
    };
    Refusal::new(code, format!("the rows can't be written: {fault}"))
}
