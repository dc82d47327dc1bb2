//! Re-cutting of batches, so that batch boundaries and buffers depend on the permitted view alone.

use crate::engine_error;
use crate::sql::functions::bounded_text::TEXT;
use arrow_array::cast::AsArray as _;
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, StringViewArray};
use arrow_schema::SchemaRef;
use datafusion::arrow::compute::BatchCoalescer;
use datafusion_common::Result;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// Cutter of batches with a fixed row count. The rows are copied, so that neither boundaries nor buffers reveal hidden rows.
pub(super) struct BatchCutter {
    rows: usize,
    schema: SchemaRef,
    cut: BatchCoalescer,
    /// Number of pending rows without columns.
    bare: usize,
    /// Batch that already has the required row count.
    whole: Option<RecordBatch>,
}

impl BatchCutter {
    pub(super) fn new(schema: &SchemaRef, rows: usize) -> Self {
        Self {
            rows,
            schema: Arc::clone(schema),
            cut: BatchCoalescer::new(Arc::clone(schema), rows),
            bare: 0,
            whole: None,
        }
    }

    pub(super) fn take_batch(&mut self, batch: RecordBatch) -> Result<()> {
        if self.schema.fields().is_empty() {
            self.bare = self.bare.saturating_add(batch.num_rows());
            return Ok(());
        }
        if batch.num_rows() == self.rows && self.cut.is_empty() {
            // Exactly one batch of the view: no cut is needed.
            self.whole = Some(batch);
            return Ok(());
        }
        Ok(self.cut.push_batch(batch)?)
    }

    pub(super) fn next(&mut self) -> Option<RecordBatch> {
        if self.bare >= self.rows {
            self.bare = self.bare.saturating_sub(self.rows);
            return columnless_batch(&self.schema, self.rows);
        }
        self.whole
            .take()
            .or_else(|| self.cut.next_completed_batch())
    }

    pub(super) fn finish(&mut self) -> Result<Option<RecordBatch>> {
        if self.schema.fields().is_empty() {
            let rows = std::mem::take(&mut self.bare);
            return Ok(if rows == 0 {
                None
            } else {
                columnless_batch(&self.schema, rows)
            });
        }
        self.cut.finish_buffered_batch()?;
        Ok(self.cut.next_completed_batch())
    }
}

/// Copy of a batch with the texts of its own rows alone. Unreferenced texts would count as memory, so hidden rows could change the
/// moment at which a question runs out of memory.
pub(super) fn compact_batch(batch: &RecordBatch) -> Result<RecordBatch> {
    with_texts(batch, |texts| Some(texts.gc()))
}

/// Copy of a batch without most of the texts that its views do not refer to. It is for tables without hidden rows: nothing can leak
/// there, but each batch would count the complete page that it was read from. A page that is no larger than the views is kept.
pub(super) fn trim_batch(batch: &RecordBatch) -> Result<RecordBatch> {
    with_texts(batch, |texts| {
        let held: usize = texts.data_buffers().iter().map(|one| one.len()).sum();
        let views = texts.views().inner().len();
        let is_much = || held > texts.total_buffer_bytes_used().saturating_mul(2);
        (held > views && is_much()).then(|| texts.gc())
    })
}

fn too_long() -> Refusal {
    Refusal::new(
        ErrorCode::ResourceLimit,
        format!("a text that the question reads has more than {TEXT} bytes"),
    )
    .with_help("ask without the column that holds it")
}

/// Checks for a text with more than [`TEXT`] bytes. A text that is not inlined in its view lies within one buffer, so buffer sizes
/// usually suffice for the check.
fn is_too_long(texts: &StringViewArray) -> bool {
    let mut buffers = texts.data_buffers().iter();
    let exceeds = |length: u32| usize::try_from(length).map_or(true, |length| length > TEXT);
    buffers.any(|buffer| buffer.len() > TEXT) && texts.lengths().any(exceeds)
}

fn with_texts(
    batch: &RecordBatch,
    change: impl Fn(&StringViewArray) -> Option<StringViewArray>,
) -> Result<RecordBatch> {
    let columns = batch.columns().iter().map(|column| -> Result<ArrayRef> {
        let Some(texts) = column.as_string_view_opt() else {
            return Ok(Arc::clone(column));
        };
        if is_too_long(texts) {
            return Err(engine_error::wrap_refusal(too_long()));
        }
        Ok(match change(texts) {
            Some(texts) => Arc::new(texts),
            None => Arc::clone(column),
        })
    });
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let columns = columns.collect::<Result<_>>()?;
    Ok(RecordBatch::try_new_with_options(
        batch.schema(),
        columns,
        &options,
    )?)
}

fn columnless_batch(schema: &SchemaRef, rows: usize) -> Option<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), Vec::new(), &options).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Array as _, BooleanArray};
    use datafusion::arrow::compute::filter_record_batch;

    /// Memory of each output batch for fifty visible rows, each preceded by `hidden` hidden rows, read in batches of `read` rows.
    fn sizes(hidden: usize, read: usize) -> Vec<usize> {
        let text = |row: usize| format!("{row} a text that does not stand in the view itself");
        let mut all = Vec::new();
        for row in 0..50 {
            all.extend((0..hidden).map(|_| (false, text(row * 1000))));
            all.push((true, text(row)));
        }
        let texts: StringViewArray = all.iter().map(|(_, text)| Some(text)).collect();
        let shown: BooleanArray = all.iter().map(|(shown, _)| Some(*shown)).collect();
        let batch = RecordBatch::try_from_iter([("s", Arc::new(texts) as ArrayRef)]).unwrap();
        let mut cutter = BatchCutter::new(&batch.schema(), 8);
        let mut made = Vec::new();
        for start in (0..all.len()).step_by(read) {
            let rows = read.min(all.len() - start);
            let kept = filter_record_batch(&batch.slice(start, rows), &shown.slice(start, rows));
            cutter.take_batch(kept.unwrap()).unwrap();
            made.extend(std::iter::from_fn(|| cutter.next()));
        }
        made.extend(cutter.finish().unwrap());
        let rows: usize = made.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(rows, 50);
        let column = |batch: &RecordBatch| batch.column(0).get_buffer_memory_size();
        made.iter()
            .map(|batch| column(&compact_batch(batch).unwrap()))
            .collect()
    }

    #[test]
    fn what_texts_take_does_not_depend_on_hidden_rows() {
        let alone = sizes(0, 50);
        for (hidden, read) in [(0, 8), (0, 3), (1, 4), (7, 50), (300, 1000), (300, 31)] {
            assert_eq!(sizes(hidden, read), alone, "{hidden} hidden, {read} read");
        }
    }
}
