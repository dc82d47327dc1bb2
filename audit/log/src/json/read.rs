//! The strict reader.

use super::{Json, JsonFault, JsonFaultKind, Limits, MAX_INT};
use std::collections::BTreeMap;

pub(super) fn parse(bytes: &[u8], limits: Limits) -> Result<Json, JsonFault> {
    if bytes.len() > limits.bytes {
        return Err(JsonFault {
            at: limits.bytes,
            what: JsonFaultKind::TooLarge,
        });
    }
    let text = std::str::from_utf8(bytes).map_err(|fault| JsonFault {
        at: fault.valid_up_to(),
        what: JsonFaultKind::NotUtf8,
    })?;
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(limits.depth)?;
    reader.space();
    if reader.at < text.len() {
        return Err(reader.fault(JsonFaultKind::Trailing));
    }
    Ok(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    const fn fault(&self, what: JsonFaultKind) -> JsonFault {
        JsonFault { at: self.at, what }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The fault of a byte that is not expected, or of the end.
    fn unexpected(&self) -> JsonFault {
        let what = match self.peek() {
            Some(_) => JsonFaultKind::Unexpected,
            None => JsonFaultKind::Ended,
        };
        self.fault(what)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonFault> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.unexpected())
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, JsonFault> {
        for byte in word.bytes() {
            self.expect(byte)?;
        }
        Ok(value)
    }

    fn value(&mut self, depth: usize) -> Result<Json, JsonFault> {
        self.space();
        match self.peek() {
            Some(b'n') => self.word("null", Json::Null),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.integer(),
            Some(b'[') => {
                let inner = self.deeper(depth)?;
                self.list(inner)
            }
            Some(b'{') => {
                let inner = self.deeper(depth)?;
                self.object(inner)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn deeper(&mut self, depth: usize) -> Result<usize, JsonFault> {
        let inner = depth
            .checked_sub(1)
            .ok_or_else(|| self.fault(JsonFaultKind::TooDeep))?;
        self.at += 1;
        Ok(inner)
    }

    fn list(&mut self, depth: usize) -> Result<Json, JsonFault> {
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.space();
            if self.peek() == Some(b']') {
                self.at += 1;
                return Ok(Json::List(items));
            }
            self.expect(b',')?;
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, JsonFault> {
        let mut members = BTreeMap::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            let start = self.at;
            let name = self.string()?;
            self.space();
            self.expect(b':')?;
            let value = self.value(depth)?;
            if members.insert(name, value).is_some() {
                return Err(JsonFault {
                    at: start,
                    what: JsonFaultKind::Duplicate,
                });
            }
            self.space();
            if self.peek() == Some(b'}') {
                self.at += 1;
                return Ok(Json::Object(members));
            }
            self.expect(b',')?;
        }
    }

    fn integer(&mut self) -> Result<Json, JsonFault> {
        let start = self.at;
        let wrong = |what| JsonFault { at: start, what };
        let negative = self.peek() == Some(b'-');
        if negative {
            self.at += 1;
        }
        let first = self.at;
        let mut value: i64 = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value
                .saturating_mul(10)
                .saturating_add(i64::from(digit - b'0'));
            self.at += 1;
        }
        let digits = self.at - first;
        if digits == 0 {
            return Err(self.unexpected());
        }
        let leading_zero = digits > 1 && self.text.as_bytes().get(first) == Some(&b'0');
        let fraction = matches!(self.peek(), Some(b'.' | b'e' | b'E'));
        if leading_zero || fraction || (negative && value == 0) {
            return Err(wrong(JsonFaultKind::NotAnInteger));
        }
        if value > MAX_INT {
            return Err(wrong(JsonFaultKind::OutOfRange));
        }
        Ok(Json::Int(if negative { -value } else { value }))
    }

    fn string(&mut self) -> Result<String, JsonFault> {
        self.expect(b'"')?;
        let mut out = String::new();
        let mut run = self.at;
        loop {
            match self.peek() {
                None => return Err(self.fault(JsonFaultKind::Ended)),
                Some(b'"') => {
                    self.take(run, &mut out);
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.take(run, &mut out);
                    out.push(self.escape()?);
                    run = self.at;
                }
                Some(0..=0x1f) => return Err(self.fault(JsonFaultKind::Control)),
                Some(_) => self.at += 1,
            }
        }
    }

    /// Copies what stands between `run` and here; both lie before or behind an ASCII byte, so on character borders.
    fn take(&self, run: usize, out: &mut String) {
        out.push_str(self.text.get(run..self.at).unwrap_or_default());
    }

    fn escape(&mut self) -> Result<char, JsonFault> {
        let start = self.at;
        self.at += 1;
        let Some(kind) = self.peek() else {
            return Err(self.fault(JsonFaultKind::Ended));
        };
        self.at += 1;
        let plain = match kind {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(start),
            _ => {
                return Err(JsonFault {
                    at: start,
                    what: JsonFaultKind::BadEscape,
                });
            }
        };
        Ok(plain)
    }

    fn unicode(&mut self, start: usize) -> Result<char, JsonFault> {
        let lone = JsonFault {
            at: start,
            what: JsonFaultKind::LoneSurrogate,
        };
        let first = self.hex4(start)?;
        let mut units = vec![first];
        if (0xd800..0xdc00).contains(&first) {
            let followed = self
                .text
                .get(self.at..)
                .is_some_and(|rest| rest.starts_with("\\u"));
            if !followed {
                return Err(lone);
            }
            self.at += 2;
            units.push(self.hex4(start)?);
        }
        let mut decoded = char::decode_utf16(units);
        match (decoded.next(), decoded.next()) {
            (Some(Ok(c)), None) => Ok(c),
            _ => Err(lone),
        }
    }

    fn hex4(&mut self, start: usize) -> Result<u16, JsonFault> {
        let bad = JsonFault {
            at: start,
            what: JsonFaultKind::BadEscape,
        };
        let end = self.at + 4;
        let digits = self.text.get(self.at..end).ok_or(bad)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(bad);
        }
        self.at = end;
        u16::from_str_radix(digits, 16).map_err(|_| bad)
    }
}
