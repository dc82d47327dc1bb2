//! Encoder of record batches as IPC messages of a bounded size.

use super::{AnswerFrame, FrameCompression};
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, make_array};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{
    DictionaryTracker, EncodedData, IpcDataGenerator, IpcWriteContext, IpcWriteOptions,
};
use arrow_schema::{ArrowError, DataType, Schema};
use bytes::Bytes;
use datafusion::arrow::array::ArrayData;
use datafusion::arrow::buffer::{BooleanBuffer, NullBuffer};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::VecDeque;
use std::sync::Arc;

/// Encoder of one stream of messages.
pub(crate) struct FrameEncoder {
    plain: IpcWriteOptions,
    small: IpcWriteOptions,
    packed: Option<IpcWriteOptions>,
    generator: IpcDataGenerator,
    tracker: DictionaryTracker,
    context: IpcWriteContext,
}

impl FrameEncoder {
    pub(crate) fn new(packing: FrameCompression) -> Self {
        let compression = match packing {
            FrameCompression::Plain => None,
            FrameCompression::Lz4 => Some(CompressionType::LZ4_FRAME),
            FrameCompression::Zstd => Some(CompressionType::ZSTD),
        };
        let packed = compression.and_then(|kind| {
            IpcWriteOptions::default()
                .try_with_compression(Some(kind))
                .ok()
        });
        Self {
            plain: IpcWriteOptions::default(),
            small: compact_ipc_options(),
            packed,
            generator: IpcDataGenerator::default(),
            tracker: DictionaryTracker::new(false),
            context: IpcWriteContext::default(),
        }
    }

    /// Schema message, which is the first one of the stream.
    pub(crate) fn encode_schema(&mut self, schema: &Schema) -> AnswerFrame {
        let data = self.generator.schema_to_bytes_with_dictionary_tracker(
            schema,
            &mut self.tracker,
            &self.plain,
        );
        to_answer_frame(data, 0)
    }

    /// Appends the messages of `batch` to `queue`.
    ///
    /// # Errors
    /// `MESSAGE_TOO_LARGE` if a single row exceeds the maximum.
    pub(crate) fn encode_rows(
        &mut self,
        batch: &RecordBatch,
        queue: &mut VecDeque<AnswerFrame>,
    ) -> Result<(), Refusal> {
        self.encode_in_halves(batch, queue)
    }

    /// Encodes a batch, and splits it in halves while its message would be too large.
    fn encode_in_halves(
        &mut self,
        batch: &RecordBatch,
        queue: &mut VecDeque<AnswerFrame>,
    ) -> Result<(), Refusal> {
        let rows = batch.num_rows();
        let size = batch_byte_size(batch);
        if size > MESSAGE && rows > 1 {
            let half = rows.div_euclid(2);
            self.encode_in_halves(&batch.slice(0, half), queue)?;
            return self.encode_in_halves(&batch.slice(half, rows.saturating_sub(half)), queue);
        }
        if size > ROW {
            return Err(Refusal::new(
                ErrorCode::MessageTooLarge,
                "a row of the answer is larger than a message may be",
            ));
        }
        let options = match &self.packed {
            Some(packed) if size >= PACK => packed,
            Some(_) | None if size < SMALL => &self.small,
            Some(_) | None => &self.plain,
        };
        let (dictionaries, data) = self
            .generator
            .encode(
                &copy_own_rows(batch)?,
                &mut self.tracker,
                options,
                &mut self.context,
            )
            .map_err(|cause| not_encoded().caused_by(cause))?;
        queue.extend(
            dictionaries
                .into_iter()
                .map(|data| to_answer_frame(data, 0)),
        );
        queue.push_back(to_answer_frame(
            data,
            u64::try_from(rows).unwrap_or(u64::MAX),
        ));
        Ok(())
    }
}

/// IPC options with buffers aligned to 8 bytes, the minimum of the format (Arrow columnar format, "Buffer Alignment and Padding").
/// In a message with few rows, wider alignment would be mostly padding.
fn compact_ipc_options() -> IpcWriteOptions {
    let version = arrow_ipc::MetadataVersion::V5;
    IpcWriteOptions::try_new(8, false, version).unwrap_or_default()
}

fn to_answer_frame(data: EncodedData, rows: u64) -> AnswerFrame {
    AnswerFrame {
        header: Bytes::from(data.ipc_message),
        body: Bytes::from(data.arrow_data),
        rows,
    }
}

fn batch_byte_size(batch: &RecordBatch) -> usize {
    batch
        .columns()
        .iter()
        .map(|column| {
            column
                .to_data()
                .get_slice_memory_size()
                .unwrap_or(usize::MAX)
        })
        .fold(0, usize::saturating_add)
}

/// Copy of a batch that holds nothing but its rows. Traces of how the rows were computed are removed.
fn copy_own_rows(batch: &RecordBatch) -> Result<RecordBatch, Refusal> {
    let columns = batch.columns().iter().map(|column| {
        let bare =
            strip_array_data(&column.to_data()).map_err(|cause| not_encoded().caused_by(cause))?;
        Ok(bare.map_or_else(|| Arc::clone(column), make_array))
    });
    let columns: Vec<ArrayRef> = columns.collect::<Result<_, Refusal>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(batch.schema(), columns, &options)
        .map_err(|cause| not_encoded().caused_by(cause))
}

/// Returns the array without unneeded bits, or `None` if it has none. A validity bitmap without NULLs is dropped, since its
/// presence depends on how the rows were computed. Bits outside the array's own rows are cleared: the last byte of a bitmap is sent
/// completely, and a reader or kernel may have left bits of other rows there, including hidden rows. Nested bitmaps are not
/// handled, because no allowed function returns lists or structs.
fn strip_array_data(data: &ArrayData) -> Result<Option<ArrayData>, ArrowError> {
    let marks = data.nulls().filter(|nulls| nulls.null_count() > 0);
    let marks_are_bare = match marks {
        Some(nulls) => is_bare(nulls.inner()),
        None => data.nulls().is_none(),
    };
    let bits = match (data.data_type(), data.buffers()) {
        (DataType::Boolean, [bits]) => {
            let bits = BooleanBuffer::new(bits.clone(), data.offset(), data.len());
            (!is_bare(&bits)).then_some(bits)
        }
        _ => None,
    };
    // INVARIANT: nothing-beside. The message contains this cleared bitmap.
    if marks_are_bare && bits.is_none() {
        return Ok(None);
    }
    let marks = marks.map(|nulls| {
        NullBuffer::new(BooleanBuffer::collect_bool(nulls.len(), |at| {
            nulls.is_valid(at)
        }))
    });
    let bare = data.clone().into_builder();
    let bare = match bits {
        Some(bits) => {
            let bits = BooleanBuffer::collect_bool(bits.len(), |at| bits.value(at));
            bare.offset(0).buffers(vec![bits.into_inner()])
        }
        None => bare,
    };
    bare.nulls(marks).build().map(Some)
}

/// Checks that a bitmap starts at its first bit and that all bits after its own are zero.
fn is_bare(bits: &BooleanBuffer) -> bool {
    let last = bits.values().get(bits.len().div_euclid(8));
    let used = bits.len().rem_euclid(8);
    let beside = last.is_some_and(|byte| used > 0 && byte >> used != 0);
    bits.offset() == 0 && !beside
}

fn not_encoded() -> Refusal {
    Refusal::new(ErrorCode::Internal, "the answer can't be encoded")
}

/// Target size of a message, in bytes.
const MESSAGE: usize = 1024 * 1024;

/// Maximum size of a single row, in bytes.
const ROW: usize = 12 * 1024 * 1024;

/// Size in bytes below which buffers are aligned to 8 bytes instead of 64.
const SMALL: usize = 64 * 1024;

/// Size in bytes below which compression costs more than it saves.
const PACK: usize = 4 * 1024;
