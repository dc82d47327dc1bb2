//! Conversion of a declared encoding to UTF-8. Invalid bytes end the reading.

use crate::ingest::text_encoding::EncodingScan;
use encoding_rs::{Decoder, DecoderResult, Encoding, ISO_8859_15, WINDOWS_1252};
use std::io::{self, Read};

/// Reader of UTF-8 over a reader of another encoding. A byte order mark of UTF-8 or UTF-16 is removed.
///
/// Characters that no text contains also end the reading: a NUL, and a byte order mark at the start of a later line, where two
/// files were concatenated. In Latin-1, which defines every byte, a line that is UTF-8 and a byte that windows-1252 leaves
/// undefined end it as well.
#[derive(Debug)]
pub struct TranscodingReader<R> {
    inner: R,
    decoder: Decoder,
    input: Vec<u8>,
    filled: usize,
    taken: usize,
    output: Vec<u8>,
    given: usize,
    lines: u64,
    /// Set if the next byte starts a line.
    is_line_start: bool,
    /// Scan of Latin-1 lines.
    scan: Option<EncodingScan>,
    ended: bool,
}

impl<R: Read> TranscodingReader<R> {
    /// Creates a decoder of `inner`.
    pub fn new(inner: R, encoding: &'static Encoding) -> Self {
        let is_latin = encoding == WINDOWS_1252 || encoding == ISO_8859_15;
        Self {
            inner,
            decoder: encoding.new_decoder_with_bom_removal(),
            input: vec![0; PIECE],
            filled: 0,
            taken: 0,
            output: Vec::with_capacity(PIECE * 3),
            given: 0,
            lines: 1,
            is_line_start: true,
            scan: is_latin.then(EncodingScan::default),
            ended: false,
        }
    }

    /// Decodes the next block into `output`. Returns false at the end.
    fn advance(&mut self) -> io::Result<bool> {
        if self.taken == self.filled && !self.ended {
            self.filled = self.inner.read(&mut self.input)?;
            self.taken = 0;
            self.ended = self.filled == 0;
            self.scan_input()?;
        } else if self.ended {
            return Ok(false);
        }
        self.output.clear();
        self.given = 0;
        let pending = self.input.get(self.taken..self.filled).unwrap_or_default();
        let room = self
            .decoder
            .max_utf8_buffer_length_without_replacement(pending.len())
            .unwrap_or(PIECE * 3);
        self.output.resize(room, 0);
        let (result, read, written) =
            self.decoder
                .decode_to_utf8_without_replacement(pending, &mut self.output, self.ended);
        self.output.truncate(written);
        self.taken = self.taken.saturating_add(read);
        self.check_output()?;
        match result {
            DecoderResult::InputEmpty | DecoderResult::OutputFull => Ok(true),
            DecoderResult::Malformed(..) => {
                Err(self.wrong_line(&format!("is not {}", self.decoder.encoding().name())))
            }
        }
    }

    /// Counts the lines of a decoded block, and checks for characters that no text contains.
    fn check_output(&mut self) -> io::Result<()> {
        let output = self.output.as_slice();
        let is_start = |place: usize| match place.checked_sub(1) {
            None => self.is_line_start,
            Some(before) => output.get(before) == Some(&b'\n'),
        };
        let nul = memchr::memchr(0, output);
        let mark = memchr::memmem::find_iter(output, MARK).find(|place| is_start(*place));
        let why = match (nul, mark) {
            (None, None) => {
                self.lines = self.lines.saturating_add(count_line_breaks(output));
                self.is_line_start = output
                    .last()
                    .map_or(self.is_line_start, |last| *last == b'\n');
                return Ok(());
            }
            (Some(nul), mark) if mark.is_none_or(|mark| nul < mark) => {
                "holds a NUL byte, which no text has"
            }
            _ => "begins with a byte order mark, as the first line of another file does",
        };
        let place = nul.unwrap_or(usize::MAX).min(mark.unwrap_or(usize::MAX));
        let before = output.get(..place).unwrap_or_default();
        self.lines = self.lines.saturating_add(count_line_breaks(before));
        Err(self.wrong_line(why))
    }

    /// Checks declared Latin-1 for lines of UTF-8.
    fn scan_input(&mut self) -> io::Result<()> {
        let Some(scan) = &mut self.scan else {
            return Ok(());
        };
        scan.take_bytes(self.input.get(..self.filled).unwrap_or_default());
        if self.ended {
            scan.finish();
        }
        let declared = self.decoder.encoding().name();
        if let Some(line) = scan.undefined_line() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("line {line} holds a byte that is no letter in {declared}"),
            ));
        }
        let Some(line) = scan.utf8_line() else {
            return Ok(());
        };
        let other = match scan.other_line() {
            Some(other) => format!(", and line {other} is not"),
            None => String::new(),
        };
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("line {line} is written in UTF-8{other}; its source is read as {declared}"),
        ))
    }

    fn wrong_line(&self, why: &str) -> io::Error {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("line {} {why}", self.lines),
        )
    }
}

impl<R: Read> Read for TranscodingReader<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        while self.given == self.output.len() {
            if !self.advance()? {
                return Ok(0);
            }
        }
        let ready = self.output.get(self.given..).unwrap_or_default();
        let count = ready.len().min(target.len());
        for (slot, byte) in target.iter_mut().zip(ready) {
            *slot = *byte;
        }
        self.given = self.given.saturating_add(count);
        Ok(count)
    }
}

fn count_line_breaks(bytes: &[u8]) -> u64 {
    u64::try_from(memchr::memchr_iter(b'\n', bytes).count()).unwrap_or(u64::MAX)
}

/// Byte order mark in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

const PIECE: usize = 64 * 1024;
