//! The answer as Arrow IPC messages, each reserved before it is handed out, with a running digest over what was handed out.

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

/// One IPC message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerFrame {
    /// The message's flatbuffer, without length or padding before it.
    pub header: Bytes,
    /// Its buffers.
    pub body: Bytes,
    /// How many rows it carries; the schema carries none.
    pub rows: u64,
}

impl AnswerFrame {
    /// Bytes of header and body.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let sum = self.header.len().saturating_add(self.body.len());
        u64::try_from(sum).unwrap_or(u64::MAX)
    }
}

/// The schema of a stream that has no columns and no rows.
#[must_use]
pub fn schema_without_columns() -> AnswerFrame {
    FrameEncoder::new(FrameCompression::Plain).schema(&Schema::empty())
}

/// Draws on the quotas of an answer.
#[async_trait]
pub trait QuotaMeter: Send {
    /// Reserves what is about to leave; `Ok` when it may.
    ///
    /// # Errors
    /// `QUOTA_ROWS`, `QUOTA_BYTES`, or that the reservation could not be recorded.
    async fn reserve(&mut self, rows: u64, bytes: u64) -> Result<(), Refusal>;
}

/// A meter of answers that draw on nothing.
#[derive(Debug, Clone, Copy)]
pub struct UnlimitedMeter;

#[async_trait]
impl QuotaMeter for UnlimitedMeter {
    async fn reserve(&mut self, _rows: u64, _bytes: u64) -> Result<(), Refusal> {
        Ok(())
    }
}

/// How the buffers of row messages are packed; messages below 64 KiB never are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameCompression {
    /// As they are.
    Plain,
    /// LZ4 frames.
    Lz4,
    /// Zstandard.
    Zstd,
}

/// The messages of an answer: the schema, then its rows.
pub struct AnswerFrames<M> {
    answer: QueryAnswer,
    meter: M,
    encoder: FrameEncoder,
    queue: VecDeque<AnswerFrame>,
    totals: StreamTotals,
    outcome: StreamOutcome,
}

/// The messages of `answer`.
pub fn frames<M: QuotaMeter>(
    answer: QueryAnswer,
    meter: M,
    packing: FrameCompression,
) -> AnswerFrames<M> {
    let mut encoder = FrameEncoder::new(packing);
    let schema = encoder.schema(answer.schema());
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
    /// The next message; `None` after the last one. After an error there is nothing more.
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

    /// What was handed out so far, for a receipt: rows, bytes and the digest over them.
    #[must_use]
    pub fn delivered_totals(&self) -> DeliveredTotals {
        self.totals.delivered_totals()
    }

    /// Ends the answer before its last row; what was not handed out yet is dropped.
    pub fn end_early(&mut self, why: &Refusal) {
        if self.outcome == StreamOutcome::Cancelled {
            self.outcome = StreamOutcome::of(why);
            self.queue.clear();
        }
    }

    /// Ends the answer and says how it ended, and gives back the meter, which knows what it reserved.
    /// What was not asked for any more counts as cancelled.
    #[must_use]
    pub fn seal(self) -> Option<(SealedAnswer, M)> {
        let sealed = SealedAnswer::of(self.answer, self.outcome, self.totals.delivered_totals())?;
        Some((sealed, self.meter))
    }

    async fn step(&mut self) -> Result<Option<AnswerFrame>, Refusal> {
        loop {
            if let Some(frame) = self.queue.pop_front() {
                self.meter.reserve(frame.rows, frame.bytes()).await?;
                // INVARIANT: metered-before-sent. Only what was reserved is counted, digested and handed out.
                self.totals.add(&frame);
                return Ok(Some(frame));
            }
            match self.answer.next().await {
                None => return Ok(None),
                Some(batch) => self.encoder.rows(&batch?, &mut self.queue)?,
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
