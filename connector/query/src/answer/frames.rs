//! Arrow IPC messages of an answer. Each message is reserved against the quotas before it is handed out; a running digest covers
//! all messages handed out.

pub(crate) mod frame_encoder;

use crate::answer::QueryAnswer;
use crate::answer::frames::frame_encoder::FrameEncoder;
use crate::answer::sealed_answer::{DeliveredTotals, SealedAnswer, StreamOutcome, StreamTotals};
use arrow_schema::Schema;
use async_trait::async_trait;
use bytes::Bytes;
use hansa_policy::refusal::Refusal;
use std::collections::VecDeque;
use std::fmt;

/// One Arrow IPC message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerFrame {
    /// Flatbuffer of the message, without the length prefix and its padding.
    pub header: Bytes,
    /// Data buffers of the message.
    pub body: Bytes,
    /// Number of rows in the message; 0 for a schema message.
    pub rows: u64,
}

impl AnswerFrame {
    /// Total size of header and body, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let sum = self.header.len().saturating_add(self.body.len());
        u64::try_from(sum).unwrap_or(u64::MAX)
    }
}

/// Schema message of a stream without columns and rows.
#[must_use]
pub fn schema_without_columns() -> AnswerFrame {
    FrameEncoder::new(FrameCompression::Plain).encode_schema(&Schema::empty())
}

/// Quotas of an answer, from which each message is reserved.
#[async_trait]
pub trait QuotaMeter: Send {
    /// Reserves rows and bytes before a message is sent. The message may be sent after `Ok`.
    ///
    /// # Errors
    /// `QUOTA_ROWS`, `QUOTA_BYTES`, or that the reservation could not be recorded.
    async fn reserve(&mut self, rows: u64, bytes: u64) -> Result<(), Refusal>;
}

/// Meter for answers without quotas.
#[derive(Debug, Clone, Copy)]
pub struct UnlimitedMeter;

#[async_trait]
impl QuotaMeter for UnlimitedMeter {
    async fn reserve(&mut self, _rows: u64, _bytes: u64) -> Result<(), Refusal> {
        Ok(())
    }
}

/// Compression of the buffers in row messages. Small messages are never compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameCompression {
    /// No compression.
    Plain,
    /// LZ4 frame compression.
    Lz4,
    /// Zstandard compression.
    Zstd,
}

/// Messages of an answer: the schema, then the rows.
pub struct AnswerFrames<M> {
    answer: QueryAnswer,
    meter: M,
    encoder: FrameEncoder,
    queue: VecDeque<AnswerFrame>,
    totals: StreamTotals,
    outcome: StreamOutcome,
}

/// Creates the message stream of `answer`.
pub fn stream_answer_frames<M: QuotaMeter>(
    answer: QueryAnswer,
    meter: M,
    packing: FrameCompression,
) -> AnswerFrames<M> {
    let mut encoder = FrameEncoder::new(packing);
    let schema = encoder.encode_schema(answer.schema());
    AnswerFrames {
        answer,
        meter,
        encoder,
        queue: VecDeque::from([schema]),
        totals: StreamTotals::default(),
        outcome: StreamOutcome::Cancelled,
    }
}

impl<M: QuotaMeter> AnswerFrames<M> {
    /// Next message, or `None` after the last one. The stream ends after an error.
    pub async fn next(&mut self) -> Option<Result<AnswerFrame, Refusal>> {
        if self.outcome != StreamOutcome::Cancelled {
            return None;
        }
        match self.step().await {
            Ok(Some(frame)) => Some(Ok(frame)),
            Ok(None) => {
                self.outcome = StreamOutcome::Done;
                None
            }
            Err(refusal) => {
                self.outcome = StreamOutcome::of(&refusal);
                self.queue.clear();
                Some(Err(refusal))
            }
        }
    }

    /// Rows, bytes and digest of the messages handed out so far, for a receipt.
    #[must_use]
    pub fn delivered_totals(&self) -> DeliveredTotals {
        self.totals.delivered_totals()
    }

    /// Ends the answer before its last row. Messages that were not handed out are dropped.
    pub fn end_early(&mut self, why: &Refusal) {
        if self.outcome == StreamOutcome::Cancelled {
            self.outcome = StreamOutcome::of(why);
            self.queue.clear();
        }
    }

    /// Ends the answer and returns its outcome together with the meter, which holds the reserved amounts. An answer that was not
    /// read to its end counts as cancelled.
    #[must_use]
    pub fn seal(self) -> Option<(SealedAnswer, M)> {
        let sealed =
            SealedAnswer::from_answer(self.answer, self.outcome, self.totals.delivered_totals())?;
        Some((sealed, self.meter))
    }

    async fn step(&mut self) -> Result<Option<AnswerFrame>, Refusal> {
        loop {
            if let Some(frame) = self.queue.pop_front() {
                self.meter.reserve(frame.rows, frame.bytes()).await?;
                // INVARIANT: metered-before-sent. Only reserved messages are counted, digested and handed out.
                self.totals.add(&frame);
                return Ok(Some(frame));
            }
            match self.answer.next().await {
                None => return Ok(None),
                Some(batch) => self.encoder.encode_rows(&batch?, &mut self.queue)?,
            }
        }
    }
}

impl<M> fmt::Debug for AnswerFrames<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerFrames")
            .field("tally", &self.totals)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
