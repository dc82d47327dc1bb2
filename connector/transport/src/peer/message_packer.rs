//! Packing of small messages in an answer. With few rows, most bytes are equal in all such messages.

use arrow_flight::FlightData;
use bytes::Bytes;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::envelope::parts::EnvelopeParts;
use hansa_proto::peer::compact_answer::{
    CompactAnswerMessage, DICTIONARY, MARK, from_bytes, to_bytes,
};
use parking_lot::Mutex;
use std::sync::LazyLock;
use std::{fmt, io};
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

/// Largest size of a packed message, and of its content, bytes.
const MOST: usize = 16 * 1024;

/// Smallest size of a message for which packing saves space, bytes.
const LEAST: usize = 128;

static ENCODER: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARY, zstd::DEFAULT_COMPRESSION_LEVEL));

static DECODER: LazyLock<DecoderDictionary<'static>> =
    LazyLock::new(|| DecoderDictionary::copy(DICTIONARY));

/// Idle compressors. A compressor is large compared with a message, so it is reused.
static COMPRESSORS: IdlePool<Compressor<'static>> = IdlePool::new();
static DECOMPRESSORS: IdlePool<Decompressor<'static>> = IdlePool::new();

/// Packer of the messages of one answer.
#[derive(Default)]
pub struct MessagePacker(Option<Compressor<'static>>);

impl Drop for MessagePacker {
    fn drop(&mut self) {
        COMPRESSORS.put_back(self.0.take());
    }
}

impl MessagePacker {
    /// Message, packed if that makes it smaller.
    pub fn pack_message(&mut self, message: FlightData) -> FlightData {
        match self.compress_message(&message) {
            Some(packed) => FlightData {
                app_metadata: packed,
                ..FlightData::default()
            },
            None => message,
        }
    }

    fn compress_message(&mut self, message: &FlightData) -> Option<Bytes> {
        let length = |part: &Bytes| part.len();
        let size = length(&message.data_header)
            .saturating_add(length(&message.data_body))
            .saturating_add(length(&message.app_metadata));
        if !(LEAST..=MOST).contains(&size) {
            return None;
        }
        let FlightData {
            flight_descriptor: None,
            data_header,
            app_metadata,
            data_body,
        } = message
        else {
            return None;
        };
        let small = if app_metadata.is_empty() && !data_header.is_empty() {
            CompactAnswerMessage::Rows {
                header: data_header.clone(),
                body: data_body.clone(),
            }
        } else if data_header.is_empty() && data_body.is_empty() {
            CompactAnswerMessage::Receipt(EnvelopeParts::of(app_metadata)?)
        } else {
            // A message with other fields than rows or a receipt would lose them.
            return None;
        };
        if self.0.is_none() {
            let made = || Compressor::with_prepared_dictionary(&ENCODER).ok();
            self.0 = COMPRESSORS.take().or_else(made);
        }
        let frame = self.0.as_mut()?.compress(&to_bytes(&small)).ok()?;
        (frame.len() < size).then(|| [&[MARK], frame.as_slice()].concat().into())
    }
}

impl fmt::Debug for MessagePacker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessagePacker").finish_non_exhaustive()
    }
}

/// Unpacked message; one that is not packed is unchanged.
///
/// # Errors
/// `PEER_DATA_INVALID` for a message that was packed differently, or exceeds the size of small messages.
pub fn unpack_message(message: FlightData) -> Result<FlightData, Refusal> {
    let [MARK, frame @ ..] = &message.app_metadata[..] else {
        return Ok(message);
    };
    if message.flight_descriptor.is_some()
        || !message.data_header.is_empty()
        || !message.data_body.is_empty()
    {
        return Err(invalid_message_refusal(
            "a packed message carries something beside",
        ));
    }
    // The buffer never exceeds the size of a small message, whatever the frame states.
    let bytes = decompress_frame(frame).map_err(|cause| {
        invalid_message_refusal("a packed message can't be unpacked").caused_by(cause)
    })?;
    let small = from_bytes(&bytes)
        .map_err(|refusal| invalid_message_refusal(&refusal.sentence).caused_by(refusal))?;
    Ok(match small {
        CompactAnswerMessage::Rows { header, body } => FlightData {
            data_header: header,
            data_body: body,
            ..FlightData::default()
        },
        CompactAnswerMessage::Receipt(parts) => FlightData {
            app_metadata: parts.assemble().into(),
            ..FlightData::default()
        },
    })
}

/// Decompressed content of a frame. A decompressor with an error is not reused.
fn decompress_frame(frame: &[u8]) -> io::Result<Vec<u8>> {
    let mut decompressor = match DECOMPRESSORS.take() {
        Some(spare) => spare,
        None => Decompressor::with_prepared_dictionary(&DECODER)?,
    };
    let bytes = decompressor.decompress(frame, UNPACKED)?;
    DECOMPRESSORS.put_back(Some(decompressor));
    Ok(bytes)
}

/// A few idle objects.
struct IdlePool<T>(Mutex<Vec<T>>);

impl<T> IdlePool<T> {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn take(&self) -> Option<T> {
        self.0.lock().pop()
    }

    /// Returns an object to the pool, if there is room.
    fn put_back(&self, one: Option<T>) {
        let mut spare = self.0.lock();
        if spare.len() < FEW {
            spare.extend(one);
        }
    }
}

/// Largest number of idle objects. Each has tables of up to 1 MB.
const FEW: usize = 4;

/// Largest size of an unpacked message with the framing of its parts, bytes.
const UNPACKED: usize = MOST.saturating_add(256);

fn invalid_message_refusal(what: &str) -> Refusal {
    Refusal::new(ErrorCode::PeerDataInvalid, what)
}

#[cfg(test)]
mod tests;
