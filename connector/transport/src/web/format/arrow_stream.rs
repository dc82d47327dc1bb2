//! Arrow IPC stream. Its last message marks it as complete.

use super::AnswerWriter;
use super::column_rules::unwritten_rows_refusal;
use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::SchemaRef;
use hansa_policy::refusal::Refusal;

/// Writer of an Arrow IPC stream.
pub(crate) struct ArrowStreamWriter(StreamWriter<Vec<u8>>);

impl ArrowStreamWriter {
    /// Writer for rows of these columns.
    ///
    /// # Errors
    /// When Arrow can't write the columns.
    pub(crate) fn new(columns: &SchemaRef) -> Result<Self, Refusal> {
        let writer = StreamWriter::try_new(Vec::new(), columns);
        writer.map(Self).map_err(unwritten_rows_refusal)
    }

    fn take_bytes(&mut self, out: &mut Vec<u8>) {
        out.append(self.0.get_mut());
    }
}

impl AnswerWriter for ArrowStreamWriter {
    fn write_begin(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal> {
        self.take_bytes(out);
        Ok(())
    }

    fn write_rows(&mut self, rows: &RecordBatch, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let written = self.0.write(rows);
        written.map_err(unwritten_rows_refusal)?;
        self.take_bytes(out);
        Ok(())
    }

    fn write_end(&mut self, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let written = self.0.finish();
        written.map_err(unwritten_rows_refusal)?;
        self.take_bytes(out);
        Ok(())
    }
}
