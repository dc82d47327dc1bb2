//! Arrow files (Feather version 2) and Arrow streams as a source, read message by message.
//!
//! An Arrow file contains a stream between two magic strings, and a footer with the positions of its batches (Arrow columnar
//! format, "IPC File Format"). The reader reads the stream and compares the number of batches with the footer. A stream must end
//! with its end-of-stream marker, since missing batches could not be detected without it.

use crate::ingest::config::{SourceConfig, SourceKind};
use crate::ingest::content_kind::{ARROW_FILE_MARK, ARROW_MESSAGE_MARK};
use crate::ingest::field_value::SourceFileEvent;
use crate::ingest::source_content::SourceContent;
use crate::ingest::source_files::SourceFile;
use crate::ingest::typed_rows::{TypedRows, unreadable_file_refusal};
use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::{MessageHeader, root_as_footer, root_as_message};
use arrow_schema::SchemaRef;
use datafusion::arrow::buffer::Buffer;
use hansa_policy::refusal::Refusal;
use std::collections::VecDeque;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Maximum size of a message's metadata or of a footer, in bytes.
const MOST_DESCRIPTION: u64 = 16 << 20;
/// Maximum alignment of buffers, in bytes.
const MOST_ALIGNMENT: usize = 64;
/// Maximum uncompressed size of one batch, and of all dictionaries together, in bytes.
const MOST_AT_ONCE: u64 = 512 << 20;

/// Reads an Arrow file or an Arrow stream.
///
/// # Errors
/// `SOURCE_UNREADABLE` if the file is not Arrow, is truncated, or has a column of an unknown type that is not skipped.
pub fn read_arrow_file(
    file: &SourceFile,
    config: &SourceConfig,
    each: &mut dyn FnMut(SourceFileEvent<'_>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let shown = file.display_name.as_str();
    let mut messages = ArrowMessages::open(file)?;
    let schema = messages.read_schema()?;
    let mut rows = TypedRows::new(shown, &schema, config)?;
    each(SourceFileEvent::Header(rows.names()))?;
    while let Some(batch) = messages.read_batch()? {
        rows.hand_out(&batch, each)?;
    }
    Ok(())
}

/// Reads the schema of an Arrow file or an Arrow stream.
///
/// # Errors
/// `SOURCE_UNREADABLE` if the file is neither.
pub(super) fn read_schema(file: &SourceFile) -> Result<SchemaRef, Refusal> {
    ArrowMessages::open(file)?.read_schema()
}

/// Messages of a file, in order.
struct ArrowMessages<'a> {
    shown: &'a str,
    content: SourceContent,
    is_file: bool,
    decoder: StreamDecoder,
    /// Decoded batches that were not returned yet.
    ready: VecDeque<RecordBatch>,
    /// Number of batches so far.
    batches: usize,
    dictionary_bytes: u64,
    is_over: bool,
}

impl<'a> ArrowMessages<'a> {
    fn open(file: &'a SourceFile) -> Result<Self, Refusal> {
        let shown = file.display_name.as_str();
        let mut content = SourceContent::open_as(file, SourceKind::Arrow)?;
        let is_file = content.begins_with(ARROW_FILE_MARK);
        if is_file {
            read_exactly(&mut content, shown, 8)?;
        }
        Ok(Self {
            shown,
            content,
            is_file,
            decoder: StreamDecoder::new(),
            ready: VecDeque::new(),
            batches: 0,
            dictionary_bytes: 0,
            is_over: false,
        })
    }

    fn read_schema(&mut self) -> Result<SchemaRef, Refusal> {
        loop {
            if let Some(schema) = self.decoder.schema() {
                return Ok(schema);
            }
            if self.is_over {
                return Err(unreadable_file_refusal(self.shown, "it has no schema"));
            }
            self.read_message()?;
        }
    }

    fn read_batch(&mut self) -> Result<Option<RecordBatch>, Refusal> {
        while self.ready.is_empty() && !self.is_over {
            self.read_message()?;
        }
        Ok(self.ready.pop_front())
    }

    /// Reads the next message, or the end of the stream.
    fn read_message(&mut self) -> Result<(), Refusal> {
        let shown = self.shown;
        let prefix = self.read_prefix()?;
        let (mark, length) = prefix.split_at(4);
        if mark != ARROW_MESSAGE_MARK {
            let why = "a message does not begin as one; files from before Arrow 0.15 are not read";
            return Err(unreadable_file_refusal(shown, why));
        }
        let length = u32::from_le_bytes(*length.first_chunk().unwrap_or(&[0; 4]));
        if length == 0 {
            self.decode(prefix)?;
            self.is_over = true;
            return self.check_end();
        }
        let description = read_at_most(&mut self.content, shown, length.into(), MOST_DESCRIPTION)?;
        let message =
            root_as_message(&description).map_err(|error| unreadable_file_refusal(shown, error))?;
        let (kind, body_bytes) = (message.header_type(), message.bodyLength());
        let body_bytes =
            u64::try_from(body_bytes).map_err(|error| unreadable_file_refusal(shown, error))?;
        let body = read_at_most(&mut self.content, shown, body_bytes, MOST_AT_ONCE)?;
        let content = match kind {
            MessageHeader::Schema => None,
            MessageHeader::RecordBatch => message.header_as_record_batch(),
            MessageHeader::DictionaryBatch => {
                message.header_as_dictionary_batch().and_then(|d| d.data())
            }
            other => {
                let why = format!("it has a message of a kind that no table has: {other:?}");
                return Err(unreadable_file_refusal(shown, why));
            }
        };
        let unpacked = match content {
            Some(batch) => count_unpacked(&batch, &body).ok_or_else(|| {
                unreadable_file_refusal(shown, "the lengths in a message do not fit its content")
            })?,
            None => 0,
        };
        let kept = match kind {
            MessageHeader::DictionaryBatch => &mut self.dictionary_bytes,
            _ => &mut 0,
        };
        *kept = kept.saturating_add(unpacked);
        if *kept > MOST_AT_ONCE {
            return Err(too_large(shown));
        }
        let mut whole = prefix;
        whole.extend_from_slice(&description);
        whole.extend_from_slice(&body);
        drop((description, body));
        self.decode(whole)
    }

    /// Reads the eight-byte prefix of a message. Some writers pad the magic string of a file to the alignment of its buffers.
    fn read_prefix(&mut self) -> Result<Vec<u8>, Refusal> {
        let is_first = self.is_file && self.decoder.schema().is_none();
        let mut filled = if is_first { MOST_ALIGNMENT } else { 0 };
        loop {
            let prefix = read_exactly(&mut self.content, self.shown, 8)?;
            let is_filling = prefix.iter().all(|byte| *byte == 0);
            if !is_filling || filled == 0 {
                return Ok(prefix);
            }
            filled = filled.saturating_sub(8);
        }
    }

    /// Passes bytes to the decoder. A panic of the decoder on malformed bytes ends the reading and not the program.
    fn decode(&mut self, bytes: Vec<u8>) -> Result<(), Refusal> {
        let mut bytes = Buffer::from_vec(bytes);
        while !bytes.is_empty() {
            let decode = AssertUnwindSafe(|| self.decoder.decode(&mut bytes));
            let decoded = catch_unwind(decode).map_err(|_| {
                unreadable_file_refusal(self.shown, "a message of it makes no sense")
            })?;
            let batch = decoded.map_err(|error| unreadable_file_refusal(self.shown, error))?;
            self.batches = self.batches.saturating_add(usize::from(batch.is_some()));
            self.ready.extend(batch);
        }
        Ok(())
    }

    /// Checks the bytes after the stream: nothing, or the footer of a file.
    fn check_end(&mut self) -> Result<(), Refusal> {
        let shown = self.shown;
        let mut rest = Vec::new();
        (&mut self.content)
            .take(MOST_DESCRIPTION.saturating_add(1))
            .read_to_end(&mut rest)
            .map_err(|error| unreadable_file_refusal(shown, error))?;
        if !self.is_file {
            return match rest.is_empty() {
                true => Ok(()),
                false => Err(unreadable_file_refusal(
                    shown,
                    "something follows the end of the stream",
                )),
            };
        }
        let footer = || {
            let mark = ARROW_FILE_MARK.strip_suffix(b"\0\0")?;
            let (rest, length) = rest.strip_suffix(mark)?.split_last_chunk::<4>()?;
            let length = usize::try_from(i32::from_le_bytes(*length)).ok()?;
            (rest.len() == length).then_some(rest)
        };
        let footer = footer()
            .ok_or_else(|| unreadable_file_refusal(shown, "it is cut off: it lacks its footer"))?;
        let footer =
            root_as_footer(footer).map_err(|error| unreadable_file_refusal(shown, error))?;
        let listed = footer.recordBatches().map_or(0, |batches| batches.len());
        if listed != self.batches {
            let why = format!(
                "its footer lists {listed} batches, and it has {}",
                self.batches
            );
            return Err(unreadable_file_refusal(shown, why));
        }
        Ok(())
    }
}

/// Uncompressed size of a batch in bytes, or `None` if its lengths are inconsistent.
fn count_unpacked(batch: &arrow_ipc::RecordBatch<'_>, body: &[u8]) -> Option<u64> {
    let is_packed = batch.compression().is_some();
    let mut unpacked = 0_u64;
    for buffer in batch.buffers().into_iter().flatten() {
        let start = usize::try_from(buffer.offset()).ok()?;
        let length = usize::try_from(buffer.length()).ok()?;
        let bytes = body.get(start..start.checked_add(length)?)?;
        // A compressed buffer is preceded by its uncompressed length; -1 means that the buffer is not compressed ("Buffer
        // compression").
        let length = match bytes.first_chunk::<8>() {
            Some(prefix) if is_packed => i64::from_le_bytes(*prefix).max(0),
            _ => buffer.length(),
        };
        unpacked = unpacked.saturating_add(u64::try_from(length).ok()?);
    }
    Some(unpacked)
}

fn read_exactly(content: &mut SourceContent, shown: &str, bytes: u64) -> Result<Vec<u8>, Refusal> {
    let mut read = Vec::new();
    let count = content.take(bytes).read_to_end(&mut read);
    let count = count.map_err(|error| unreadable_file_refusal(shown, error))?;
    if u64::try_from(count).ok() != Some(bytes) {
        return Err(unreadable_file_refusal(
            shown,
            "it is cut off: its end is missing",
        ));
    }
    Ok(read)
}

fn read_at_most(
    content: &mut SourceContent,
    shown: &str,
    bytes: u64,
    most: u64,
) -> Result<Vec<u8>, Refusal> {
    if bytes > most {
        return Err(too_large(shown));
    }
    read_exactly(content, shown, bytes)
}

fn too_large(shown: &str) -> Refusal {
    let why = format!("a batch of it takes more than {} MB", MOST_AT_ONCE >> 20);
    unreadable_file_refusal(shown, why)
        .with_help("write it in batches of 65,536 rows, or as Parquet")
}

#[cfg(test)]
mod tests;
