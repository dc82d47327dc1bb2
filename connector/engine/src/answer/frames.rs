//! The answer as Arrow IPC messages, each reserved before it is handed out, with a running digest over what was handed out.

use crate::answer::Answer;
use crate::execute::Unanswered;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, make_array};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{
    DictionaryTracker, EncodedData, IpcDataGenerator, IpcWriteContext, IpcWriteOptions,
};
use async_trait::async_trait;
use bytes::Bytes;
use evidence::json::Json;
use evidence::ledger::{Entry, Evidence, Receipt};
use policy::id::RequestId;
use policy::refusal::{Code, Refusal};
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// One IPC message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The message's flatbuffer, without length or padding before it.
    pub header: Bytes,
    /// Its buffers.
    pub body: Bytes,
    /// How many rows it carries; the schema carries none.
    pub rows: u64,
}

impl Frame {
    /// Bytes of header and body.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let sum = self.header.len().saturating_add(self.body.len());
        u64::try_from(sum).unwrap_or(u64::MAX)
    }
}

/// Draws on the quotas of an answer.
#[async_trait]
pub trait Meter: Send {
    /// Reserves what is about to leave; `Ok` when it may.
    ///
    /// # Errors
    /// `QUOTA_ROWS`, `QUOTA_BYTES`, or that the reservation could not be recorded.
    async fn reserve(&mut self, rows: u64, bytes: u64) -> Result<(), Refusal>;
}

/// A meter of answers that draw on nothing.
#[derive(Debug, Clone, Copy)]
pub struct Unmetered;

#[async_trait]
impl Meter for Unmetered {
    async fn reserve(&mut self, _rows: u64, _bytes: u64) -> Result<(), Refusal> {
        Ok(())
    }
}

/// How the buffers of row messages are packed; messages below 64 KiB never are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As they are.
    Plain,
    /// LZ4 frames.
    Lz4,
    /// Zstandard.
    Zstd,
}

/// The messages of an answer: the schema, then its rows.
pub struct Frames<M> {
    answer: Answer,
    meter: M,
    plain: IpcWriteOptions,
    packed: Option<IpcWriteOptions>,
    generator: IpcDataGenerator,
    tracker: DictionaryTracker,
    context: IpcWriteContext,
    queue: VecDeque<Frame>,
    digest: blake3::Hasher,
    rows: u64,
    bytes: u64,
    outcome: Outcome,
}

/// The messages of `answer`.
pub fn frames<M: Meter>(answer: Answer, meter: M, packing: Packing) -> Frames<M> {
    let compression = match packing {
        Packing::Plain => None,
        Packing::Lz4 => Some(CompressionType::LZ4_FRAME),
        Packing::Zstd => Some(CompressionType::ZSTD),
    };
    let packed = compression.and_then(|kind| {
        IpcWriteOptions::default()
            .try_with_compression(Some(kind))
            .ok()
    });
    let plain = IpcWriteOptions::default();
    let generator = IpcDataGenerator::default();
    let mut tracker = DictionaryTracker::new(false);
    let schema =
        generator.schema_to_bytes_with_dictionary_tracker(answer.schema(), &mut tracker, &plain);
    Frames {
        answer,
        meter,
        plain,
        packed,
        generator,
        tracker,
        context: IpcWriteContext::default(),
        queue: VecDeque::from([frame(schema, 0)]),
        digest: blake3::Hasher::new(),
        rows: 0,
        bytes: 0,
        outcome: Outcome::Cancelled,
    }
}

impl<M: Meter> Frames<M> {
    /// The next message; `None` after the last one. After an error there is nothing more.
    pub async fn next(&mut self) -> Option<Result<Frame, Refusal>> {
        if self.outcome != Outcome::Cancelled {
            return None;
        }
        match self.step().await {
            Ok(Some(frame)) => Some(Ok(frame)),
            Ok(None) => {
                self.outcome = Outcome::Done;
                None
            }
            Err(refusal) => {
                self.outcome = Outcome::of(&refusal);
                self.queue.clear();
                Some(Err(refusal))
            }
        }
    }

    async fn step(&mut self) -> Result<Option<Frame>, Refusal> {
        loop {
            if let Some(frame) = self.queue.pop_front() {
                self.meter.reserve(frame.rows, frame.bytes()).await?;
                // INVARIANT: metered-before-sent. Only what was reserved is counted, digested and handed out.
                self.digest.update(&frame.header);
                self.digest.update(&frame.body);
                self.rows = self.rows.saturating_add(frame.rows);
                self.bytes = self.bytes.saturating_add(frame.bytes());
                return Ok(Some(frame));
            }
            match self.answer.next().await {
                None => return Ok(None),
                Some(batch) => self.encode(&tight(&batch?)?)?,
            }
        }
    }

    /// Encodes a batch, in halves as long as a message would be too large.
    fn encode(&mut self, batch: &RecordBatch) -> Result<(), Refusal> {
        let rows = batch.num_rows();
        let size = batch
            .columns()
            .iter()
            .map(|column| {
                column
                    .to_data()
                    .get_slice_memory_size()
                    .unwrap_or(usize::MAX)
            })
            .fold(0_usize, usize::saturating_add);
        if size > MESSAGE && rows > 1 {
            let half = rows.div_euclid(2);
            self.encode(&batch.slice(0, half))?;
            return self.encode(&batch.slice(half, rows.saturating_sub(half)));
        }
        if size > ROW {
            return Err(Refusal::new(
                Code::MessageTooLarge,
                "a row of the answer is larger than a message may be",
            ));
        }
        let options = match &self.packed {
            Some(packed) if size >= PACK => packed,
            Some(_) | None => &self.plain,
        };
        let encoded = self
            .generator
            .encode(batch, &mut self.tracker, options, &mut self.context);
        let (dictionaries, data) =
            encoded.map_err(|_| Refusal::new(Code::Internal, "the answer can't be encoded"))?;
        let count = u64::try_from(rows).unwrap_or(u64::MAX);
        self.queue
            .extend(dictionaries.into_iter().map(|data| frame(data, 0)));
        self.queue.push_back(frame(data, count));
        Ok(())
    }

    /// The answer's own state: quotas, memory.
    #[must_use]
    pub const fn answer(&self) -> &Answer {
        &self.answer
    }

    /// What was handed out so far, for a receipt: rows, bytes and the digest over them.
    #[must_use]
    pub fn sent(&self) -> Sent {
        Sent {
            rows: self.rows,
            bytes: self.bytes,
            digest: format!("blake3:{}", self.digest.finalize().to_hex()),
        }
    }

    /// Ends the answer before its last row; what was not handed out yet is dropped.
    pub fn cut(&mut self, why: &Refusal) {
        if self.outcome == Outcome::Cancelled {
            self.outcome = Outcome::of(why);
            self.queue.clear();
        }
    }

    /// Ends the answer and says how it ended; what was not asked for any more counts as cancelled.
    #[must_use]
    pub fn seal(self) -> Option<Sealed> {
        self.seal_with_meter().map(|(sealed, _)| sealed)
    }

    /// As [`Self::seal`], and gives the meter back, which knows what it reserved.
    #[must_use]
    pub fn seal_with_meter(mut self) -> Option<(Sealed, M)> {
        let sent = self.sent();
        let opened = self.answer.close()?;
        let sealed = Sealed {
            opened,
            request: self.answer.request(),
            outcome: self.outcome,
            sent,
        };
        Some((sealed, self.meter))
    }
}

impl<M> fmt::Debug for Frames<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames")
            .field("rows", &self.rows)
            .field("bytes", &self.bytes)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// What was handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Rows.
    pub rows: u64,
    /// Bytes of all messages.
    pub bytes: u64,
    /// `blake3:` and the digest over header and body of each message in order.
    pub digest: String,
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// With its last row.
    Done,
    /// Before: the contract, the peer's standing or the term ended.
    Cut(Code),
    /// Before: the asker went away.
    Cancelled,
    /// Before: it failed.
    Failed(Code),
}

impl Outcome {
    const fn of(refusal: &Refusal) -> Self {
        match refusal.code {
            Code::Withdrawn
            | Code::Expired
            | Code::Superseded
            | Code::PeerNotTrusted
            | Code::SchemaChanged
            | Code::StreamCut => Self::Cut(refusal.code),
            code => Self::Failed(code),
        }
    }

    /// In one word, as in records and receipts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Cut(_) => "cut",
            Self::Cancelled => "cancelled",
            Self::Failed(_) => "failed",
        }
    }

    /// Why, where there is a reason.
    #[must_use]
    pub const fn code(self) -> Option<Code> {
        match self {
            Self::Cut(code) | Self::Failed(code) => Some(code),
            Self::Done | Self::Cancelled => None,
        }
    }
}

/// The end of an answer, about to be recorded. Made by [`Frames::seal`] and [`Unanswered::seal`].
#[derive(Debug)]
pub struct Sealed {
    opened: Receipt,
    request: RequestId,
    outcome: Outcome,
    sent: Sent,
}

impl Sealed {
    /// The question's identity.
    #[must_use]
    pub const fn request(&self) -> RequestId {
        self.request
    }

    /// How it ended.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// What was handed out.
    #[must_use]
    pub const fn sent(&self) -> &Sent {
        &self.sent
    }

    /// Where the permit stands in the log.
    pub const fn opened(&self) -> &Receipt {
        &self.opened
    }
}

impl Evidence for Sealed {
    fn entry(&self) -> Entry {
        Entry {
            kind: "close",
            body: Json::object([
                ("request_id", Json::text(self.request)),
                ("opened", Json::count(self.opened.index())),
                ("outcome", Json::text(self.outcome.as_str())),
                ("code", self.outcome.code().map_or(Json::Null, Json::text)),
                ("rows", Json::count(self.sent.rows)),
                ("bytes", Json::count(self.sent.bytes)),
                ("result_digest", Json::text(&self.sent.digest)),
            ]),
        }
    }
}

impl Unanswered {
    /// The end of a question that failed before its first row, and why.
    #[must_use]
    pub fn seal(self) -> (Sealed, Refusal) {
        let Self {
            refusal,
            opened,
            request,
        } = self;
        let sealed = Sealed {
            opened,
            request,
            outcome: Outcome::of(&refusal),
            sent: Sent {
                rows: 0,
                bytes: 0,
                digest: format!("blake3:{}", blake3::Hasher::new().finalize().to_hex()),
            },
        };
        (sealed, refusal)
    }
}

fn frame(data: EncodedData, rows: u64) -> Frame {
    Frame {
        header: Bytes::from(data.ipc_message),
        body: Bytes::from(data.arrow_data),
        rows,
    }
}

/// Without bitmaps that mark nothing as NULL: whether one is there would depend on how the rows came about.
fn tight(batch: &RecordBatch) -> Result<RecordBatch, Refusal> {
    let columns: Vec<ArrayRef> = batch
        .columns()
        .iter()
        .map(|column| {
            if column.nulls().is_some_and(|nulls| nulls.null_count() == 0) {
                let bare = column.to_data().into_builder().nulls(None);
                bare.build().map_or_else(|_| Arc::clone(column), make_array)
            } else {
                Arc::clone(column)
            }
        })
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(batch.schema(), columns, &options)
        .map_err(|_| Refusal::new(Code::Internal, "the answer can't be encoded"))
}

/// The size that a message aims at.
const MESSAGE: usize = 1024 * 1024;

/// The largest single row.
const ROW: usize = 12 * 1024 * 1024;

/// Below this, packing costs more than it saves.
const PACK: usize = 64 * 1024;

#[cfg(test)]
mod tests;
