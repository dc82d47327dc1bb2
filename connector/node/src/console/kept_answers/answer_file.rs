//! Rows of a kept answer in a file without a name: read by their number, in bounded memory.

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::reader::{StreamDecoder, StreamReader};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, SchemaRef};
use bytes::Bytes;
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::Mutex;
use std::fs::File;
use std::io::Cursor;
use std::os::unix::fs::FileExt as _;

/// Rows after which a piece of the file ends.
const ROWS: u64 = 4096;

/// Bytes after which a piece of the file ends.
const PIECE: usize = 1 << 20;

/// Rows of an answer, in pieces that can be read each by itself.
#[derive(Debug)]
pub struct AnswerFile {
    file: File,
    index: Mutex<FileIndex>,
}

/// Pieces of the file, in the order of their rows.
#[derive(Debug, Default)]
struct FileIndex {
    schema: Option<SchemaRef>,
    pieces: Vec<FilePiece>,
    rows: u64,
    bytes: u64,
    is_cleared: bool,
}

/// Piece of the file: an Arrow IPC stream of some batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FilePiece {
    /// Number of its first row, from 0.
    first: u64,
    /// Number of its rows.
    rows: u64,
    /// First byte in the file.
    offset: u64,
    /// Number of its bytes.
    length: u64,
}

impl AnswerFile {
    /// Answer without rows in an empty file.
    pub fn new(file: File) -> Self {
        Self {
            file,
            index: Mutex::default(),
        }
    }

    /// Columns of the answer, once they are known.
    pub fn schema(&self) -> Option<SchemaRef> {
        self.index.lock().schema.clone()
    }

    /// Number of rows that can be read.
    pub fn rows(&self) -> u64 {
        self.index.lock().rows
    }

    /// Bytes in the file.
    pub fn bytes(&self) -> u64 {
        self.index.lock().bytes
    }

    /// Number of pieces that can be read.
    pub fn pieces(&self) -> usize {
        self.index.lock().pieces.len()
    }

    /// Rows of a piece, by its number from 0; none behind the last piece.
    ///
    /// # Errors
    /// `INTERNAL` where the file can't be read.
    pub fn read_piece(&self, number: usize) -> Result<Vec<RecordBatch>, Refusal> {
        let piece = self.index.lock().pieces.get(number).copied();
        match piece {
            Some(piece) => self.read(piece),
            None => Ok(Vec::new()),
        }
    }

    /// Rows from a number on, at most so many. Only the pieces with these rows are read.
    ///
    /// # Errors
    /// As [`Self::read_piece`].
    pub fn read_rows(&self, first: u64, count: u64) -> Result<Vec<RecordBatch>, Refusal> {
        let wanted: Vec<FilePiece> = {
            let index = self.index.lock();
            let pieces = &index.pieces;
            let from = pieces.partition_point(|piece| piece.first + piece.rows <= first);
            let end = first.saturating_add(count);
            let pieces = pieces.iter().skip(from);
            let pieces = pieces.take_while(|piece| piece.first < end);
            pieces.copied().collect()
        };
        let mut found = Vec::new();
        let (mut skip, mut left) = (wanted.first().map_or(0, |piece| first - piece.first), count);
        for piece in wanted {
            for batch in self.read(piece)? {
                let rows = row_count(&batch);
                let from = skip.min(rows);
                let taken = (rows - from).min(left);
                skip -= from;
                left -= taken;
                if taken > 0 {
                    found.push(batch.slice(to_size(from), to_size(taken)));
                }
            }
        }
        Ok(found)
    }

    /// Forgets all rows and gives the disk back.
    pub fn clear(&self) {
        let mut index = self.index.lock();
        index.pieces.clear();
        index.rows = 0;
        index.bytes = 0;
        index.is_cleared = true;
        // The file ends with the answer in any case.
        let _ = self.file.set_len(0);
    }

    fn read(&self, piece: FilePiece) -> Result<Vec<RecordBatch>, Refusal> {
        let mut bytes = vec![0; to_size(piece.length)];
        if let Err(cause) = self.file.read_exact_at(&mut bytes, piece.offset) {
            // The answer may have failed since its piece was found.
            return match self.index.lock().is_cleared {
                true => Ok(Vec::new()),
                false => Err(file_refusal("read").caused_by(cause)),
            };
        }
        let reader = StreamReader::try_new(Cursor::new(bytes), None).map_err(unreadable)?;
        reader.map(|batch| batch.map_err(unreadable)).collect()
    }

    fn append(&self, bytes: &[u8], rows: u64) -> Result<(), Refusal> {
        let offset = self.index.lock().bytes;
        self.file
            .write_all_at(bytes, offset)
            .map_err(|cause| file_refusal("written").caused_by(cause))?;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let mut index = self.index.lock();
        if index.is_cleared {
            return Ok(());
        }
        let piece = FilePiece {
            first: index.rows,
            rows,
            offset,
            length,
        };
        index.pieces.push(piece);
        index.rows += rows;
        index.bytes += length;
        Ok(())
    }
}

/// Writer of an answer: it takes the Arrow IPC stream of a question. There is one for each answer.
#[derive(Default)]
pub struct AnswerWriter {
    decoder: StreamDecoder,
    open: Option<StreamWriter<Vec<u8>>>,
    open_rows: u64,
    has_pieces: bool,
}

crate::debug_by_name!(AnswerWriter);

impl AnswerWriter {
    /// Takes the next bytes of the stream. True if a piece was written.
    ///
    /// # Errors
    /// `PEER_DATA_INVALID` for bytes that are no such stream, `INTERNAL` where the file can't be written.
    pub fn take_bytes(&mut self, file: &AnswerFile, bytes: Bytes) -> Result<bool, Refusal> {
        let mut buffer = Buffer::from(bytes);
        let mut has_written = false;
        while !buffer.is_empty() {
            let batch = self.decoder.decode(&mut buffer).map_err(unreadable)?;
            if let Some(schema) = self.decoder.schema() {
                let mut index = file.index.lock();
                if index.schema.is_none() {
                    index.schema = Some(schema);
                }
            }
            if let Some(batch) = batch {
                has_written |= self.take_batch(file, &batch)?;
            }
        }
        Ok(has_written)
    }

    /// Ends an answer whose stream must have come to its end.
    ///
    /// # Errors
    /// `STREAM_CUT` where the stream ends in the middle, and those of [`Self::write_open_rows`].
    pub fn finish(&mut self, file: &AnswerFile) -> Result<(), Refusal> {
        self.decoder.finish().map_err(|fault| {
            let sentence = "the rows of the answer end in the middle";
            Refusal::new(ErrorCode::StreamCut, sentence).caused_by(fault)
        })?;
        self.write_open_rows(file)
    }

    /// Writes the rows that are in no piece yet.
    ///
    /// # Errors
    /// As [`Self::take_bytes`].
    pub fn write_open_rows(&mut self, file: &AnswerFile) -> Result<(), Refusal> {
        let Some(mut open) = self.open.take() else {
            return Ok(());
        };
        open.finish().map_err(unreadable)?;
        let bytes = open.into_inner().map_err(unreadable)?;
        let rows = std::mem::take(&mut self.open_rows);
        self.has_pieces = true;
        file.append(&bytes, rows)
    }

    fn take_batch(&mut self, file: &AnswerFile, batch: &RecordBatch) -> Result<bool, Refusal> {
        if batch.num_rows() == 0 {
            return Ok(false);
        }
        let mut open = match self.open.take() {
            Some(open) => open,
            None => StreamWriter::try_new(Vec::new(), &batch.schema()).map_err(unreadable)?,
        };
        open.write(batch).map_err(unreadable)?;
        self.open_rows += row_count(batch);
        let length = open.get_ref().len();
        self.open = Some(open);
        // The first rows are shown at once.
        if !self.has_pieces || self.open_rows >= ROWS || length >= PIECE {
            self.write_open_rows(file)?;
            return Ok(true);
        }
        Ok(false)
    }
}

fn row_count(batch: &RecordBatch) -> u64 {
    u64::try_from(batch.num_rows()).unwrap_or(u64::MAX)
}

fn to_size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn file_refusal(act: &str) -> Refusal {
    let sentence = format!("the file of the answer can't be {act}");
    Refusal::new(ErrorCode::Internal, sentence)
}

fn unreadable(fault: ArrowError) -> Refusal {
    let sentence = "the rows of the answer can't be read";
    Refusal::new(ErrorCode::PeerDataInvalid, sentence).caused_by(fault)
}
