//! Rows of the own answer, decoded from the messages of an answer.

use crate::answer::query_intake;
use arrow_array::RecordBatch;
use arrow_ipc::reader::read_record_batch;
use arrow_schema::SchemaRef;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::federation::remote_query::RemoteRows;
use hansa_transport::peer_handler::{AnswerStreamFrame, QueryRejection};
use std::collections::HashMap;
use std::sync::Arc;

/// Decodes the rows of these messages, once the first one has come.
///
/// # Errors
/// The refusal that came instead of rows; `INTERNAL` without any message.
pub async fn decode_rows(
    mut frames: BoxStream<'static, Result<AnswerStreamFrame, Refusal>>,
) -> Result<RemoteRows, Refusal> {
    let schema = loop {
        match frames.next().await {
            Some(Ok(AnswerStreamFrame::Data { header, .. })) => break schema_of(&header)?,
            Some(Err(refusal)) => return Err(refusal),
            // The receipt comes first, then the reason why no row came.
            Some(Ok(AnswerStreamFrame::Receipt(_))) => {}
            None => return Err(Refusal::new(ErrorCode::Internal, "the own answer is empty")),
        }
    };
    let columns = Arc::clone(&schema);
    let mut whole = false;
    let batches = frames
        .map(Some)
        .chain(futures::stream::once(std::future::ready(None)))
        .map(move |frame| match frame.transpose()? {
            Some(AnswerStreamFrame::Data { header, body }) => {
                batch_of(&header, &body, &columns).map(Some)
            }
            Some(AnswerStreamFrame::Receipt(_)) => {
                whole = true;
                Ok(None)
            }
            None if whole => Ok(None),
            // An answer that fails breaks off and must not look complete.
            None => Err(Refusal::new(
                ErrorCode::Internal,
                "the own answer broke off before its end",
            )),
        })
        .try_filter_map(|batch| async move { Ok(batch) });
    Ok(RemoteRows {
        schema,
        batches: batches.boxed(),
        travelled: std::sync::Arc::default(),
    })
}

/// Converts a rejection of the own answer workflow to a refusal for own users.
pub fn to_plain_refusal(no: QueryRejection) -> Refusal {
    match no {
        QueryRejection::Declined(recorded) => recorded.refusal().clone(),
        QueryRejection::Quiet(recorded) => recorded.refusal(),
        QueryRejection::Summed(summed) => summed.refusal().clone(),
        QueryRejection::Closed => Refusal::new(
            ErrorCode::EvidenceUnavailable,
            "the log can't be written, so no question is answered",
        ),
        QueryRejection::Moved => query_intake::tell_moved(),
    }
}

fn unreadable_answer_refusal(cause: impl std::fmt::Display) -> Refusal {
    Refusal::new(ErrorCode::Internal, "the own answer can't be read").caused_by(cause.to_string())
}

/// Columns in the first message of an answer.
fn schema_of(header: &Bytes) -> Result<SchemaRef, Refusal> {
    let message = arrow_ipc::root_as_message(header).map_err(unreadable_answer_refusal)?;
    let schema = message
        .header_as_schema()
        .ok_or_else(|| unreadable_answer_refusal("the message holds no schema"))?;
    Ok(Arc::new(arrow_ipc::convert::fb_to_schema(schema)))
}

/// Rows of one message. Answers contain no dictionaries. A stream decoder would keep a message without a body until more bytes
/// come, and so lose the last one.
fn batch_of(header: &Bytes, body: &Bytes, columns: &SchemaRef) -> Result<RecordBatch, Refusal> {
    let message = arrow_ipc::root_as_message(header).map_err(unreadable_answer_refusal)?;
    let batch = message
        .header_as_record_batch()
        .ok_or_else(|| unreadable_answer_refusal("the message holds no rows"))?;
    read_record_batch(
        &arrow_buffer::Buffer::from(body.clone()),
        batch,
        Arc::clone(columns),
        &HashMap::new(),
        None,
        &message.version(),
    )
    .map_err(unreadable_answer_refusal)
}

#[cfg(test)]
mod tests {
    //! Tests: the end of an answer.

    use crate::question::peer_query_client::own_answer::decode_rows;
    use arrow_ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteOptions};
    use arrow_schema::{DataType, Field, Schema};
    use bytes::Bytes;
    use futures::{StreamExt as _, TryStreamExt as _};
    use hansa_policy::refusal::{ErrorCode, Refusal};
    use hansa_transport::peer_handler::AnswerStreamFrame;

    fn came(rest: Vec<Result<AnswerStreamFrame, Refusal>>) -> Result<usize, Refusal> {
        let schema = Schema::new(vec![Field::new("n", DataType::Int64, false)]);
        let message = IpcDataGenerator::default().schema_to_bytes_with_dictionary_tracker(
            &schema,
            &mut DictionaryTracker::new(false),
            &IpcWriteOptions::default(),
        );
        let first = AnswerStreamFrame::Data {
            header: Bytes::from(message.ipc_message),
            body: Bytes::new(),
        };
        read(std::iter::once(Ok(first)).chain(rest).collect())
    }

    fn read(frames: Vec<Result<AnswerStreamFrame, Refusal>>) -> Result<usize, Refusal> {
        let frames = futures::stream::iter(frames);
        futures::executor::block_on(async {
            let rows = decode_rows(frames.boxed()).await?;
            let batches: Vec<_> = rows.batches.try_collect().await?;
            Ok(batches.len())
        })
    }

    #[test]
    fn an_answer_that_breaks_off_is_not_complete() {
        let end = || Ok(AnswerStreamFrame::Receipt(Bytes::new()));
        assert_eq!(came(vec![end()]).unwrap(), 0);
        assert_eq!(came(Vec::new()).unwrap_err().code, ErrorCode::Internal);
        // An answer that ends before its columns has a reason.
        let withdrawn = || Refusal::new(ErrorCode::Withdrawn, "over");
        assert_eq!(
            read(vec![end(), Err(withdrawn())]).unwrap_err().code,
            ErrorCode::Withdrawn
        );
        assert_eq!(read(vec![end()]).unwrap_err().code, ErrorCode::Internal);
        // The receipt comes first, then the reason of the early end.
        let why = Refusal::new(ErrorCode::Expired, "over");
        assert_eq!(
            came(vec![end(), Err(why)]).unwrap_err().code,
            ErrorCode::Expired
        );
    }
}
