//! Decoder of the messages of an answer, which are untrusted bytes.
//!
//! arrow-ipc trusts lengths and panics on some malformed messages, so all fields that it relies on are checked first.

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_flight::FlightData;
use arrow_ipc::{Endianness, Message, MessageHeader, MetadataVersion, Type, convert, reader};
use arrow_schema::{ArrowError, SchemaRef};
use bytes::Bytes;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Decoder of batches with one schema.
#[derive(Debug)]
pub struct BatchDecoder {
    schema: SchemaRef,
}

impl BatchDecoder {
    /// Decodes the first message, the schema.
    ///
    /// # Errors
    /// `PEER_DATA_INVALID`.
    pub fn from_first(frame: &FlightData) -> Result<Self, Refusal> {
        check_rows_only(frame)?;
        if !frame.data_body.is_empty() {
            return Err(invalid_answer_refusal("the schema carries data"));
        }
        let message = parse_message(&frame.data_header)?;
        let schema = message
            .header_as_schema()
            .ok_or_else(|| invalid_answer_refusal("the answer does not begin with its schema"))?;
        if schema.endianness() != Endianness::Little {
            return Err(invalid_answer_refusal("the answer is not little-endian"));
        }
        let fields = schema.fields().unwrap_or_default();
        if fields.len() > COLUMNS {
            return Err(invalid_answer_refusal("the answer has too many columns"));
        }
        for field in fields {
            if !is_flat(field.type_type()) || field.dictionary().is_some() {
                return Err(invalid_answer_refusal(
                    "a column of the answer has a type that does not travel",
                ));
            }
        }
        let schema = catch_decoding_panic("the schema of the answer can't be read", || {
            Ok(convert::fb_to_schema(schema))
        })?;
        Ok(Self {
            schema: Arc::new(schema),
        })
    }

    pub(crate) const fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Decodes one batch.
    ///
    /// # Errors
    /// `PEER_DATA_INVALID`.
    pub fn decode_batch(&self, frame: &FlightData) -> Result<RecordBatch, Refusal> {
        check_rows_only(frame)?;
        let message = parse_message(&frame.data_header)?;
        if message.header_type() != MessageHeader::RecordBatch {
            return Err(invalid_answer_refusal(
                "a message of the answer holds no rows",
            ));
        }
        let batch = message
            .header_as_record_batch()
            .ok_or_else(|| invalid_answer_refusal("a message of the answer holds no rows"))?;
        check_lengths(&batch, &frame.data_body)?;
        let body = Buffer::from(frame.data_body.clone());
        catch_decoding_panic("a batch of the answer can't be read", || {
            reader::read_record_batch(
                &body,
                batch,
                Arc::clone(&self.schema),
                &HashMap::new(),
                None,
                &MetadataVersion::V5,
            )
        })
    }
}

/// Receipt in the last message, which has no rows.
pub(super) fn read_receipt(frame: FlightData) -> Result<Bytes, Refusal> {
    let FlightData {
        flight_descriptor,
        data_header: _,
        app_metadata,
        data_body: _,
    } = frame;
    if flight_descriptor.is_some() || app_metadata.is_empty() || app_metadata.len() > RECEIPT {
        return Err(invalid_answer_refusal(
            "the last message carries no receipt",
        ));
    }
    Ok(app_metadata)
}

/// Refusal for an invalid answer of a participant.
pub(crate) fn invalid_answer_refusal(what: &str) -> Refusal {
    Refusal::new(ErrorCode::PeerDataInvalid, what)
}

/// Largest number of columns in an answer.
const COLUMNS: usize = 4096;

/// Largest number of rows in one message.
const ROWS: i64 = 1 << 24;

/// Largest size of one message after decompression, bytes.
const UNPACKED: i64 = 256 * 1024 * 1024;

/// Largest size of a receipt, bytes.
const RECEIPT: usize = 64 * 1024;

/// Size of the prefix of a compressed buffer: its length after decompression, or -1 for an uncompressed one.
const PREFIX: usize = 8;

/// Checks that a message with rows contains nothing else.
fn check_rows_only(frame: &FlightData) -> Result<(), Refusal> {
    if frame.flight_descriptor.is_none() && frame.app_metadata.is_empty() {
        Ok(())
    } else {
        Err(invalid_answer_refusal(
            "a message of the answer carries more than rows",
        ))
    }
}

fn parse_message(header: &Bytes) -> Result<Message<'_>, Refusal> {
    let message = arrow_ipc::root_as_message(header).map_err(|cause| {
        invalid_answer_refusal("a message of the answer can't be read").caused_by(cause.to_string())
    })?;
    if message.version() == MetadataVersion::V5 {
        Ok(message)
    } else {
        Err(invalid_answer_refusal(
            "a message of the answer has another version",
        ))
    }
}

/// True for types without children and dictionaries.
const fn is_flat(kind: Type) -> bool {
    matches!(
        kind,
        Type::Null
            | Type::Int
            | Type::FloatingPoint
            | Type::Binary
            | Type::Utf8
            | Type::Bool
            | Type::Decimal
            | Type::Date
            | Type::Time
            | Type::Timestamp
            | Type::Interval
            | Type::Duration
            | Type::LargeBinary
            | Type::LargeUtf8
            | Type::BinaryView
            | Type::Utf8View
    )
}

/// Checks that every length in the header lies within the body, and that the decompressed size is within the limit.
fn check_lengths(batch: &arrow_ipc::RecordBatch<'_>, body: &Bytes) -> Result<(), Refusal> {
    let wrong =
        || invalid_answer_refusal("the lengths in a message of the answer do not fit its data");
    let rows = batch.length();
    if !(0..=ROWS).contains(&rows) {
        return Err(wrong());
    }
    for node in batch.nodes().into_iter().flatten() {
        if node.length() != rows || !(0..=rows).contains(&node.null_count()) {
            return Err(wrong());
        }
    }
    for count in batch.variadicBufferCounts().into_iter().flatten() {
        if !(0..=ROWS).contains(&count) {
            return Err(wrong());
        }
    }
    let compressed = batch.compression().is_some();
    let mut unpacked = 0_i64;
    for buffer in batch.buffers().into_iter().flatten() {
        let start = usize::try_from(buffer.offset()).map_err(|cause| wrong().caused_by(cause))?;
        let length = usize::try_from(buffer.length()).map_err(|cause| wrong().caused_by(cause))?;
        let end = start.checked_add(length).ok_or_else(wrong)?;
        let bytes = body.get(start..end).ok_or_else(wrong)?;
        if compressed && !bytes.is_empty() {
            let prefix = bytes.first_chunk::<PREFIX>().ok_or_else(wrong)?;
            let size = i64::from_le_bytes(*prefix);
            if !(-1..=UNPACKED).contains(&size) {
                return Err(wrong());
            }
            unpacked = unpacked.saturating_add(size.max(0));
        }
    }
    if unpacked > UNPACKED {
        return Err(wrong());
    }
    Ok(())
}

/// Second line of defence after the checks: invalid bytes end an answer, never the connector.
fn catch_decoding_panic<T>(
    otherwise: &str,
    read: impl FnOnce() -> Result<T, ArrowError>,
) -> Result<T, Refusal> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(read) => read.map_err(|cause| invalid_answer_refusal(otherwise).caused_by(cause)),
        // The message of the panic is in the trace already.
        Err(_) => Err(invalid_answer_refusal(otherwise)),
    }
}

#[cfg(test)]
mod tests;
