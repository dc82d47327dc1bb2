//! The body of an answer: rows in their form, as they come. A small answer is sent with its length; a larger one begins while the
//! rest of it is not there yet, and ends without an end where it fails.

use super::format::AnswerWriter;
use crate::flight_sql::ClientAnswer;
use crate::internal_error;
use arrow_array::RecordBatch;
use axum::body::Body;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, stream};
use hansa_policy::refusal::Refusal;

/// Bytes up to which an answer is held, so that what fails within them is told as a refusal.
const WHOLE: usize = 256 * 1024;

/// Rows that are written at once.
const ROWS: usize = 1024;

/// An answer that ended before its last row; what is behind it was traced, and nothing of it can be sent any more.
#[derive(Debug, thiserror::Error)]
#[error("the answer was cut")]
struct CutAnswerError;

/// The body of an answer.
///
/// # Errors
/// Where it fails within its first bytes.
pub(super) async fn body(
    answer: ClientAnswer,
    writer: Box<dyn AnswerWriter>,
) -> Result<Body, Refusal> {
    let mut pieces = AnswerPieces::of(answer, writer);
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

/// An answer, piece by piece.
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
    pub(super) fn of(answer: ClientAnswer, writer: Box<dyn AnswerWriter>) -> Self {
        Self {
            rows: answer.rows,
            writer,
            batch: None,
            place: AnswerPlace::Begin,
        }
    }

    /// The next piece; nothing behind the last one.
    ///
    /// # Errors
    /// Why the answer ends before its last row.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        let mut out = Vec::new();
        match self.place {
            AnswerPlace::Begin => {
                self.writer.begin(&mut out)?;
                self.place = AnswerPlace::Rows;
            }
            AnswerPlace::Rows => {
                let batch = match self.batch.take() {
                    Some(batch) => Some(batch),
                    None => self.rows.next().await.transpose()?,
                };
                match batch {
                    None => {
                        self.writer.end(&mut out)?;
                        self.place = AnswerPlace::Ended;
                    }
                    Some(batch) => {
                        let count = batch.num_rows().min(ROWS);
                        self.writer.rows(&batch.slice(0, count), &mut out)?;
                        let left = batch.num_rows().saturating_sub(count);
                        self.batch = (left > 0).then(|| batch.slice(count, left));
                        // Between the rows of one batch others have their turn.
                        tokio::task::yield_now().await;
                    }
                }
            }
            AnswerPlace::Ended => return Ok(None),
        }
        Ok(Some(out.into()))
    }
}
