//! Bytes of a declared encoding to UTF-8, piece by piece; what is not of that encoding ends the reading.

use encoding_rs::{Decoder, DecoderResult, Encoding};
use std::io::{self, Read};

/// A reader of UTF-8 over a reader of another encoding; a byte order mark of UTF-8 or UTF-16 goes.
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
    ended: bool,
}

impl<R: Read> TranscodingReader<R> {
    /// Decodes what `inner` gives.
    pub fn new(inner: R, encoding: &'static Encoding) -> Self {
        Self {
            inner,
            decoder: encoding.new_decoder_with_bom_removal(),
            input: vec![0; PIECE],
            filled: 0,
            taken: 0,
            output: Vec::with_capacity(PIECE * 3),
            given: 0,
            lines: 1,
            ended: false,
        }
    }

    /// Decodes the next piece into `output`; false at the end.
    fn advance(&mut self) -> io::Result<bool> {
        if self.taken == self.filled && !self.ended {
            self.filled = self.inner.read(&mut self.input)?;
            self.taken = 0;
            self.ended = self.filled == 0;
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
        let breaks = self.output.iter().filter(|byte| **byte == b'\n').count();
        self.lines = self
            .lines
            .saturating_add(u64::try_from(breaks).unwrap_or_default());
        match result {
            DecoderResult::InputEmpty | DecoderResult::OutputFull => Ok(true),
            DecoderResult::Malformed(..) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "line {} is not {}",
                    self.lines,
                    self.decoder.encoding().name()
                ),
            )),
        }
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

const PIECE: usize = 64 * 1024;
