//! Questions and what comes back, message by message.

use super::*;

pub(super) async fn opened(
    channel: Channel,
    ticket: &[u8],
    headers: &[(&'static str, &'static str)],
) -> Result<tonic::Streaming<FlightData>, Status> {
    let mut client = FlightServiceClient::new(channel)
        .max_decoding_message_size(MESSAGE)
        .max_encoding_message_size(MESSAGE);
    let mut request = Request::new(Ticket {
        ticket: ticket.to_vec().into(),
    });
    for (name, value) in headers {
        request
            .metadata_mut()
            .insert(*name, tonic::metadata::MetadataValue::from_static(value));
    }
    Ok(client.do_get(request).await?.into_inner())
}

pub(super) async fn asked(
    channel: Channel,
    ticket: &[u8],
    headers: &[(&'static str, &'static str)],
    provider: &ParticipantId,
) -> CollectedAnswer {
    let mut answer = CollectedAnswer::default();
    let refused = |status: &Status| Some(hansa_proto::peer::refusal::from_wire(status, provider));
    let mut frames = match opened(channel, ticket, headers).await {
        Ok(frames) => frames,
        Err(status) => {
            answer.refusal = refused(&status);
            return answer;
        }
    };
    let mut kept = Vec::new();
    loop {
        match frames.message().await {
            Ok(Some(frame)) => {
                answer.frames.push(frame.clone());
                answer.bytes.extend_from_slice(&frame.data_header);
                answer.bytes.extend_from_slice(&frame.data_body);
                if frame.data_header.is_empty() {
                    answer.receipt = frame.app_metadata.to_vec();
                } else {
                    kept.push(frame);
                }
            }
            Ok(None) => break,
            Err(status) => {
                answer.refusal = refused(&status);
                break;
            }
        }
    }
    let batches = decoded(kept).await;
    if let Some(first) = batches.first() {
        answer.schema = format!("{:?}", first.schema());
    }
    answer.rows = batches.iter().flat_map(lines).collect();
    answer
}

pub(super) async fn decoded(frames: Vec<FlightData>) -> Vec<RecordBatch> {
    let frames = futures::stream::iter(frames.into_iter().map(Ok));
    FlightRecordBatchStream::new_from_flight_data(frames)
        .try_collect()
        .await
        .unwrap_or_default()
}

/// A batch as CSV.
pub(super) fn lines(batch: &RecordBatch) -> Vec<String> {
    let mut text = Vec::new();
    let written = arrow_csv::WriterBuilder::new()
        .with_header(false)
        .with_null("NULL".to_owned())
        .build(&mut text)
        .write(batch);
    if written.is_err() {
        return Vec::new();
    }
    String::from_utf8_lossy(&text)
        .lines()
        .map(str::to_owned)
        .collect()
}
