//! Scanner of canonical JSON, without building values.
//!
//! It accepts less than the strict reader. An accepted text is canonical and within the limits. For other texts, the strict reader
//! decides if and where they are wrong. So the scanner can replace the reader where only the common case must be fast.

use super::MAX_INT;

/// Scanner of a text that is known to be UTF-8.
#[derive(Debug)]
pub(crate) struct JsonScanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> JsonScanner<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Skips exactly these bytes.
    #[inline]
    pub(crate) fn expect(&mut self, expected: &[u8]) -> Option<()> {
        self.rest().starts_with(expected).then(|| {
            self.at += expected.len();
        })
    }

    /// True at the end of the text.
    pub(crate) const fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// Skips a value with at most this depth of arrays and objects, and returns its bytes.
    pub(crate) fn value(&mut self, depth: usize) -> Option<&'a [u8]> {
        let start = self.at;
        match self.peek()? {
            b'"' => drop(self.string()?),
            b'{' => self.object(depth.checked_sub(1)?)?,
            b'[' => self.list(depth.checked_sub(1)?)?,
            b'n' => self.expect(b"null")?,
            b't' => self.expect(b"true")?,
            b'f' => self.expect(b"false")?,
            _ => drop(self.integer()?),
        }
        self.bytes.get(start..self.at)
    }

    fn list(&mut self, depth: usize) -> Option<()> {
        self.at += 1;
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        loop {
            let _ = self.value(depth)?;
            let next = self.peek()?;
            self.at += 1;
            match next {
                b',' => {}
                b']' => return Some(()),
                _ => return None,
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        self.at += 1;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        let mut before: Option<&[u8]> = None;
        loop {
            // For names without escapes and non-ASCII characters the byte order is that of UTF-16; other names are left to the
            // reader.
            let name = self.plain_string()?;
            if !name.is_ascii() || before.is_some_and(|before| !is_less(before, name)) {
                return None;
            }
            before = Some(name);
            self.expect_byte(b':')?;
            let _ = self.value(depth)?;
            let next = self.peek()?;
            self.at += 1;
            match next {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// Skips a string, and returns the part between its quotes, with escapes.
    pub(crate) fn string(&mut self) -> Option<&'a [u8]> {
        self.expect_byte(b'"')?;
        let start = self.at;
        loop {
            self.at += plain_run(self.rest());
            match self.peek()? {
                b'"' => {
                    let inside = self.bytes.get(start..self.at);
                    self.at += 1;
                    return inside;
                }
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
    }

    /// Skips a string without escapes, and returns the part between its quotes.
    pub(crate) fn plain_string(&mut self) -> Option<&'a [u8]> {
        self.expect_byte(b'"')?;
        let rest = self.rest();
        let inside = rest.get(..plain_run(rest))?;
        self.at += inside.len();
        self.expect_byte(b'"')?;
        Some(inside)
    }

    #[inline]
    fn expect_byte(&mut self, expected: u8) -> Option<()> {
        (self.peek()? == expected).then(|| self.at += 1)
    }

    /// Skips an escape of the canonical form; other escapes are not accepted.
    fn escape(&mut self) -> Option<()> {
        match self.bytes.get(self.at + 1)? {
            b'"' | b'\\' | b'b' | b't' | b'n' | b'f' | b'r' => self.at += 2,
            b'u' => {
                let code = self.bytes.get(self.at + 2..self.at + 6)?;
                let short = [b"0008", b"0009", b"000a", b"000c", b"000d"];
                let [b'0', b'0', b'0' | b'1', b'0'..=b'9' | b'a'..=b'f'] = code else {
                    return None;
                };
                if short.iter().any(|short| *short == code) {
                    return None;
                }
                self.at += 6;
            }
            _ => return None,
        }
        Some(())
    }

    /// Reads an integer within ±(2^53 − 1).
    pub(crate) fn integer(&mut self) -> Option<i64> {
        let negative = self.peek()? == b'-';
        self.at += usize::from(negative);
        let first = self.at;
        let mut value: i64 = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value
                .checked_mul(10)?
                .checked_add(i64::from(digit - b'0'))?;
            self.at += 1;
        }
        let leading_zero = self.bytes.get(first) == Some(&b'0');
        let digits = self.at - first;
        if digits == 0 || value > MAX_INT || (leading_zero && (digits > 1 || negative)) {
            return None;
        }
        Some(if negative { -value } else { value })
    }
}

/// Byte order of two names, which mostly differ in their first byte.
fn is_less(one: &[u8], other: &[u8]) -> bool {
    match (one.first(), other.first()) {
        (Some(one), Some(other)) if one != other => one < other,
        _ => one < other,
    }
}

/// Number of bytes before the first quote, backslash or control character; tests sixteen bytes at a time, then eight.
fn plain_run(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // The lowest marked byte is below `limit`; higher marks may be wrong.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGH;
    let special = |byte: u8| (byte < b' ') | (byte == b'"') | (byte == b'\\');
    let mut run = 0;
    // Digests, names and addresses are longer than a word or two.
    for block in bytes.as_chunks::<16>().0 {
        if block.iter().fold(false, |any, byte| any | special(*byte)) {
            break;
        }
        run += 16;
    }
    let (words, rest) = bytes.get(run..).unwrap_or_default().as_chunks::<8>();
    for word in words {
        let word = u64::from_le_bytes(*word);
        let found =
            below(word, 0x20) | below(word ^ (ONES * 0x22), 1) | below(word ^ (ONES * 0x5c), 1);
        if found != 0 {
            return run + usize::try_from(found.trailing_zeros() / 8).unwrap_or_default();
        }
        run += 8;
    }
    let end = rest.iter().position(|byte| special(*byte));
    run + end.unwrap_or(rest.len())
}
