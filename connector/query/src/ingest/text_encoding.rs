//! Encoding of a text: indication in the first bytes, evidence from its lines, and contradictions to the entry.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::io::{self, Read};

/// Encoding that the first bytes of a text indicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatedEncoding {
    /// Encoding.
    pub encoding: &'static Encoding,
    /// Set if a byte order mark indicates it; otherwise the positions of NUL bytes do.
    pub has_mark: bool,
}

/// Encoding that the first bytes of a file indicate, if any: UTF-8 by its byte order mark, UTF-16 by its mark or its NUL bytes.
#[must_use]
pub fn stated_encoding(head: &[u8]) -> Option<StatedEncoding> {
    // The byte order mark of little-endian UTF-32 starts with that of UTF-16.
    if head.starts_with(b"\xff\xfe\0\0") {
        return None;
    }
    let marked = [
        (&b"\xef\xbb\xbf"[..], UTF_8),
        (b"\xff\xfe", UTF_16LE),
        (b"\xfe\xff", UTF_16BE),
    ];
    if let Some((_, encoding)) = marked.iter().find(|(mark, _)| head.starts_with(mark)) {
        return Some(StatedEncoding {
            encoding,
            has_mark: true,
        });
    }
    wide_encoding(head).map(|encoding| StatedEncoding {
        encoding,
        has_mark: false,
    })
}

/// Reason why a text does not have the encoding of its entry.
#[must_use]
pub fn encoding_contradiction(
    stated: Option<StatedEncoding>,
    declared: &'static Encoding,
    is_empty: bool,
) -> Option<String> {
    let is_wide = declared == UTF_16LE || declared == UTF_16BE;
    match stated {
        Some(stated) if stated.encoding == declared => None,
        Some(stated) => {
            let by = if stated.has_mark {
                "it begins with the mark of"
            } else {
                "its bytes are those of"
            };
            let (found, declared) = (stated.encoding.name(), declared.name());
            Some(format!("{by} {found}, and the entry says {declared}"))
        }
        None if is_wide && !is_empty => {
            Some(format!("its bytes are not those of {}", declared.name()))
        }
        None => None,
    }
}

/// Name of an encoding in an entry.
#[must_use]
pub fn entry_name(encoding: &'static Encoding) -> String {
    if encoding == WINDOWS_1252 {
        "latin-1".to_owned()
    } else {
        encoding.name().to_ascii_lowercase()
    }
}

/// Detects UTF-16 without a byte order mark: ASCII characters, which every table contains, have NUL in one half of the bytes and
/// none in the other, and each line feed has an adjacent NUL.
fn wide_encoding(head: &[u8]) -> Option<&'static Encoding> {
    let whole = head.get(..head.len() & !1)?;
    let (mut first, mut second, mut is_split) = (0_usize, 0_usize, false);
    for pair in whole.chunks_exact(2) {
        first = first.saturating_add(usize::from(pair.first() == Some(&0)));
        second = second.saturating_add(usize::from(pair.get(1) == Some(&0)));
        is_split |= pair.contains(&b'\n') && !pair.contains(&0);
    }
    let encoding = match (first, second) {
        (1.., 0) => UTF_16BE,
        (0, 1..) => UTF_16LE,
        _ => return None,
    };
    let is_frequent = first.max(second).saturating_mul(40) >= whole.len();
    let (text, _) = encoding.decode_without_bom_handling(whole);
    let is_control = |letter: char| {
        letter.is_control() && !matches!(letter, '\t' | '\n' | '\r' | '\x1c'..='\x1f')
    };
    let is_text = !is_split && text.contains('\n') && !text.contains(is_control);
    (is_frequent && is_text).then_some(encoding)
}

/// Scan for the encoding of each line in a file of UTF-8 or a single-byte encoding.
#[derive(Debug, Default)]
pub struct EncodingScan {
    line: u64,
    state: LineState,
    /// First line that is UTF-8 with characters beyond ASCII.
    utf8_line: Option<u64>,
    /// First line that is not UTF-8.
    other_line: Option<u64>,
    /// First line that is implausible as Latin-1.
    unlikely_line: Option<u64>,
    /// First line with a byte undefined in windows-1252.
    undefined_line: Option<u64>,
}

#[derive(Debug, Default)]
struct LineState {
    /// Number of missing bytes of a character, and the permitted range of the next one.
    pending: u8,
    lowest: u8,
    highest: u8,
    has_letters: bool,
    is_broken: bool,
    before: [u8; 2],
    run: u8,
    is_unlikely: bool,
    is_undefined: bool,
}

impl EncodingScan {
    /// Processes the next bytes.
    pub fn take_bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'\n' {
                self.end_line();
            } else {
                self.state.take_byte(*byte);
            }
        }
    }

    /// Ends the last line.
    pub fn finish(&mut self) {
        self.end_line();
    }

    /// First line that is UTF-8 with characters beyond ASCII, if any.
    #[must_use]
    pub const fn utf8_line(&self) -> Option<u64> {
        self.utf8_line
    }

    /// First line that is not UTF-8, if any.
    #[must_use]
    pub const fn other_line(&self) -> Option<u64> {
        self.other_line
    }

    /// First line that is neither UTF-8 nor plausible as Latin-1.
    #[must_use]
    pub const fn unlikely_line(&self) -> Option<u64> {
        self.unlikely_line
    }

    /// First line with a byte undefined in windows-1252 that is not UTF-8.
    #[must_use]
    pub const fn undefined_line(&self) -> Option<u64> {
        self.undefined_line
    }

    fn end_line(&mut self) {
        self.line = self.line.saturating_add(1);
        let mut state = std::mem::take(&mut self.state);
        state.end_sign(b'\n');
        if state.pending > 0 || state.is_broken {
            self.other_line.get_or_insert(self.line);
            if state.is_undefined {
                self.undefined_line.get_or_insert(self.line);
            }
            if state.is_unlikely || state.is_undefined {
                self.unlikely_line.get_or_insert(self.line);
            }
        } else if state.has_letters {
            self.utf8_line.get_or_insert(self.line);
        }
    }
}

impl LineState {
    fn take_byte(&mut self, byte: u8) {
        self.end_sign(byte);
        if self.pending > 0 {
            if (self.lowest..=self.highest).contains(&byte) {
                self.pending = self.pending.saturating_sub(1);
                (self.lowest, self.highest) = (0x80, 0xbf);
                return;
            }
            self.pending = 0;
            self.is_broken = true;
        }
        if byte < 0x80 {
            return;
        }
        self.has_letters = true;
        (self.pending, self.lowest, self.highest) = match byte {
            0xc2..=0xdf => (1, 0x80, 0xbf),
            0xe0 => (2, 0xa0, 0xbf),
            0xed => (2, 0x80, 0x9f),
            0xe1..=0xef => (2, 0x80, 0xbf),
            0xf0 => (3, 0x90, 0xbf),
            0xf4 => (3, 0x80, 0x8f),
            0xf1..=0xf3 => (3, 0x80, 0xbf),
            _ => {
                self.is_broken = true;
                (0, 0, 0)
            }
        };
    }

    /// Checks a byte and its neighbours as Latin-1. A symbol between two letters of a word, or five letters beyond ASCII in a row,
    /// indicate another encoding.
    fn end_sign(&mut self, byte: u8) {
        let [before, sign] = self.before;
        self.before = [sign, byte];
        let is_between = before.is_ascii_alphabetic() && byte.is_ascii_alphabetic();
        self.is_undefined |= is_undefined(byte);
        self.is_unlikely |= is_between && is_sign(sign);
        self.run = if byte >= 0xc0 {
            self.run.saturating_add(1)
        } else {
            0
        };
        self.is_unlikely |= self.run >= 5;
    }
}

/// Checks for a byte that windows-1252 does not define.
const fn is_undefined(byte: u8) -> bool {
    matches!(byte, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d)
}

/// Checks for a symbol of windows-1252 that never occurs between two letters of a word.
const fn is_sign(byte: u8) -> bool {
    matches!(
        byte,
        0x82..=0x84 | 0x86..=0x89 | 0x8b | 0x93..=0x95 | 0x98 | 0x9b | 0xa1..=0xa3 | 0xa5 | 0xa8 | 0xac | 0xaf | 0xb1 | 0xb3 | 0xb6
            | 0xb8 | 0xb9 | 0xbc..=0xbf
    )
}

/// Scans the lines of a file, up to `most` bytes.
///
/// # Errors
/// An error if the file can't be read.
pub fn scan_lines(reader: &mut impl Read, most: u64) -> io::Result<EncodingScan> {
    let mut scan = EncodingScan::default();
    let mut piece = vec![0_u8; 64 * 1024];
    let mut left = most;
    loop {
        let count = reader.read(&mut piece)?;
        let read = piece.get(..count).unwrap_or_default();
        if read.is_empty() {
            scan.finish();
            return Ok(scan);
        }
        scan.take_bytes(read);
        left = left.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
        if left == 0 {
            return Ok(scan);
        }
    }
}

#[cfg(test)]
mod tests;
