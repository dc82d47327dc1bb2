//! Body of an answer: rows in their format, as they arrive. A small answer is sent with its length. A larger one is sent while the
//! rest is still being computed, and breaks off if it fails.

use super::format::AnswerWriter;
use crate::flight_sql::ClientAnswer;
use crate::internal_error;
use arrow_array::RecordBatch;
use axum::body::Body;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, stream};
use hansa_policy::refusal::Refusal;

/// Size up to which an answer is buffered, bytes, so that an error within it is sent as a refusal.
const WHOLE: usize = 256 * 1024;

/// Number of rows that are written at once.
const ROWS: usize = 1024;

/// Error of an answer that ended before its last row. The cause was traced, and can't be sent any more.
#[derive(Debug, thiserror::Error)]
#[error("the answer was cut")]
struct CutAnswerError;

/// Body of an answer.
///
/// # Errors
/// When the answer fails within its first bytes.
pub(super) async fn stream_body(
    answer: ClientAnswer,
    writer: Box<dyn AnswerWriter>,
) -> Result<Body, Refusal> {
    let mut pieces = AnswerPieces::new(answer, writer);
    let mut begin = Vec::new();
    while begin.len() < WHOLE {
        match pieces.next().await? {
            Some(piece) => begin.extend_from_slice(&piece),
            None => return Ok(Body::from(begin)),
        }
    }
    let begin = stream::once(async { Ok(Bytes::from(begin)) });
    let rest = stream::unfold(Some(pieces), |pieces| async {
        let mut pieces = pieces?;
        match pieces.next().await {
            Ok(Some(piece)) => Some((Ok(piece), Some(pieces))),
            Ok(None) => None,
            // INVARIANT: cut-answers-do-not-end. The connection, or the stream on it, breaks off.
            Err(refusal) => {
                let refusal = internal_error::with_trace_number(refusal);
                tracing::info!(%refusal, "web.answer_cut");
                Some((Err(CutAnswerError), None))
            }
        }
    });
    Ok(Body::from_stream(begin.chain(rest)))
}

/// Pieces of an answer's body.
pub(super) struct AnswerPieces {
    rows: BoxStream<'static, Result<RecordBatch, Refusal>>,
    writer: Box<dyn AnswerWriter>,
    /// Rows that are not written yet.
    batch: Option<RecordBatch>,
    place: AnswerPlace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AnswerPlace {
    Begin,
    Rows,
    Ended,
}

impl AnswerPieces {
    pub(super) fn new(answer: ClientAnswer, writer: Box<dyn AnswerWriter>) -> Self {
        Self {
            rows: answer.rows,
            writer,
            batch: None,
            place: AnswerPlace::Begin,
        }
    }

    /// Next piece; none after the last one.
    ///
    /// # Errors
    /// The reason why the answer ends before its last row.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        let mut out = Vec::new();
        match self.place {
            AnswerPlace::Begin => {
                self.writer.write_begin(&mut out)?;
                self.place = AnswerPlace::Rows;
            }
            AnswerPlace::Rows => {
                let batch = match self.batch.take() {
                    Some(batch) => Some(batch),
                    None => self.rows.next().await.transpose()?,
                };
                match batch {
                    None => {
                        self.writer.write_end(&mut out)?;
                        self.place = AnswerPlace::Ended;
                    }
                    Some(batch) => {
                        let count = batch.num_rows().min(ROWS);
                        self.writer.write_rows(&batch.slice(0, count), &mut out)?;
                        let left = batch.num_rows().saturating_sub(count);
                        self.batch = (left > 0).then(|| batch.slice(count, left));
                        // Other tasks run between the pieces of one batch.
                        tokio::task::yield_now().await;
                    }
                }
            }
            AnswerPlace::Ended => return Ok(None),
        }
        Ok(Some(out.into()))
    }
}
