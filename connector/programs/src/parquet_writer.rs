//! Apache Parquet with small row groups, so that at most one of them is in memory.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::AnswerWriter;
use parking_lot::Mutex;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use std::io;
use std::sync::Arc;

/// Rows of a row group.
const ROWS: usize = 65_536;

/// Bytes at which a row group is closed.
const BYTES: usize = 16 * 1024 * 1024;

/// Writer of Parquet files.
pub struct ParquetWriter {
    writer: Option<ArrowWriter<WrittenBytes>>,
    written: WrittenBytes,
}

hansa_node::debug_by_name!(ParquetWriter);

/// Written bytes that were not yet taken.
#[derive(Debug, Clone, Default)]
struct WrittenBytes(Arc<Mutex<Vec<u8>>>);

impl io::Write for WrittenBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ParquetWriter {
    /// Makes a writer for rows of these columns.
    ///
    /// # Errors
    /// `INTERNAL` if Parquet has no such type.
    pub fn new(columns: SchemaRef) -> Result<Self, Refusal> {
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(ROWS))
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .build();
        let written = WrittenBytes::default();
        let writer = ArrowWriter::try_new(written.clone(), columns, Some(properties));
        Ok(Self {
            writer: Some(writer.map_err(unwritten_rows_refusal)?),
            written,
        })
    }

    fn take_bytes(&self, out: &mut Vec<u8>) {
        out.append(&mut self.written.0.lock());
    }
}

impl AnswerWriter for ParquetWriter {
    fn write_begin(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal> {
        self.take_bytes(out);
        Ok(())
    }

    fn write_rows(&mut self, rows: &RecordBatch, out: &mut Vec<u8>) -> Result<(), Refusal> {
        if let Some(writer) = &mut self.writer {
            writer.write(rows).map_err(unwritten_rows_refusal)?;
            if writer.in_progress_size() > BYTES {
                writer.flush().map_err(unwritten_rows_refusal)?;
            }
        }
        self.take_bytes(out);
        Ok(())
    }

    fn write_end(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal> {
        if let Some(writer) = self.writer.take() {
            writer.close().map_err(unwritten_rows_refusal)?;
        }
        self.take_bytes(out);
        Ok(())
    }
}

fn unwritten_rows_refusal(cause: ParquetError) -> Refusal {
    Refusal::new(ErrorCode::Internal, "rows can't be written").caused_by(cause)
}
