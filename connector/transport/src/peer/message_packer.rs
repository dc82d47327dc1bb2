//! Small messages of an answer, packed: of few rows most bytes are what all such messages have in common.

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

/// Messages above this go as they are, and nothing that is packed holds more, in bytes.
const MOST: usize = 16 * 1024;

/// Below this there is nothing to be saved, in bytes.
const LEAST: usize = 128;

static ENCODER: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARY, zstd::DEFAULT_COMPRESSION_LEVEL));

static DECODER: LazyLock<DecoderDictionary<'static>> =
    LazyLock::new(|| DecoderDictionary::copy(DICTIONARY));

/// What packs and unpacks is large beside a small message, and made once for many.
static COMPRESSORS: IdlePool<Compressor<'static>> = IdlePool::new();
static DECOMPRESSORS: IdlePool<Decompressor<'static>> = IdlePool::new();

/// Packs the messages of one answer.
#[derive(Default)]
pub struct MessagePacker(Option<Compressor<'static>>);

impl Drop for MessagePacker {
    fn drop(&mut self) {
        COMPRESSORS.keep(self.0.take());
    }
}

impl MessagePacker {
    /// The message, packed where that makes it smaller.
    pub fn pack(&mut self, message: FlightData) -> FlightData {
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
            // Neither rows alone nor a receipt alone: something of it would be lost.
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

/// The message as it was before it was packed; one that is not stays as it is.
///
/// # Errors
/// `PEER_DATA_INVALID` for what was not packed by these rules, or holds more than small messages may.
pub fn unpack_message(message: FlightData) -> Result<FlightData, Refusal> {
    let [MARK, frame @ ..] = &message.app_metadata[..] else {
        return Ok(message);
    };
    if message.flight_descriptor.is_some()
        || !message.data_header.is_empty()
        || !message.data_body.is_empty()
    {
        return Err(invalid("a packed message carries something beside"));
    }
    // Whatever it says of itself, no more room is taken than a small message may need.
    let bytes = decompress_frame(frame)
        .map_err(|cause| invalid("a packed message can't be unpacked").caused_by(cause))?;
    let small =
        from_bytes(&bytes).map_err(|refusal| invalid(&refusal.sentence).caused_by(refusal))?;
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

/// What of a frame is good comes out; who could not unpack one is not used again.
fn decompress_frame(frame: &[u8]) -> io::Result<Vec<u8>> {
    let mut decompressor = match DECOMPRESSORS.take() {
        Some(spare) => spare,
        None => Decompressor::with_prepared_dictionary(&DECODER)?,
    };
    let bytes = decompressor.decompress(frame, UNPACKED)?;
    DECOMPRESSORS.keep(Some(decompressor));
    Ok(bytes)
}

/// A few that are not in use.
struct IdlePool<T>(Mutex<Vec<T>>);

impl<T> IdlePool<T> {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn take(&self) -> Option<T> {
        self.0.lock().pop()
    }

    /// Keeps it, where there are few.
    fn keep(&self, one: Option<T>) {
        let mut spare = self.0.lock();
        if spare.len() < FEW {
            spare.extend(one);
        }
    }
}

/// So many wait for use: each holds its tables, up to a megabyte.
const FEW: usize = 4;

/// What a small message may hold, with what is around its parts, in bytes.
const UNPACKED: usize = MOST.saturating_add(256);

fn invalid(what: &str) -> Refusal {
    Refusal::new(ErrorCode::PeerDataInvalid, what)
}

#[cfg(test)]
mod tests;
