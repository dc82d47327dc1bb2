//! Strict JSON reader.

use super::{Json, JsonError, JsonErrorKind, JsonLimits, MAX_INT};
use std::collections::BTreeMap;

pub(super) fn read_json(bytes: &[u8], limits: JsonLimits) -> Result<Json, JsonError> {
    if bytes.len() > limits.bytes {
        return Err(JsonError {
            at: limits.bytes,
            what: JsonErrorKind::TooLarge,
        });
    }
    let text = std::str::from_utf8(bytes).map_err(|fault| JsonError {
        at: fault.valid_up_to(),
        what: JsonErrorKind::NotUtf8,
    })?;
    let mut reader = JsonReader { text, at: 0 };
    let value = reader.value(limits.depth)?;
    reader.skip_space();
    if reader.at < text.len() {
        return Err(reader.fault(JsonErrorKind::Trailing));
    }
    Ok(value)
}

struct JsonReader<'a> {
    text: &'a str,
    at: usize,
}

impl JsonReader<'_> {
    const fn fault(&self, what: JsonErrorKind) -> JsonError {
        JsonError { at: self.at, what }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Error for an unexpected byte, or for the end of the text.
    fn unexpected_byte_error(&self) -> JsonError {
        let what = match self.peek() {
            Some(_) => JsonErrorKind::Unexpected,
            None => JsonErrorKind::Ended,
        };
        self.fault(what)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.unexpected_byte_error())
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, JsonError> {
        for byte in word.bytes() {
            self.expect(byte)?;
        }
        Ok(value)
    }

    fn value(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.skip_space();
        match self.peek() {
            Some(b'n') => self.word("null", Json::Null),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.integer(),
            Some(b'[') => {
                let inner = self.enter_level(depth)?;
                self.list(inner)
            }
            Some(b'{') => {
                let inner = self.enter_level(depth)?;
                self.object(inner)
            }
            _ => Err(self.unexpected_byte_error()),
        }
    }

    fn enter_level(&mut self, depth: usize) -> Result<usize, JsonError> {
        let inner = depth
            .checked_sub(1)
            .ok_or_else(|| self.fault(JsonErrorKind::TooDeep))?;
        self.at += 1;
        Ok(inner)
    }

    fn list(&mut self, depth: usize) -> Result<Json, JsonError> {
        let mut items = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.skip_space();
            if self.peek() == Some(b']') {
                self.at += 1;
                return Ok(Json::List(items));
            }
            self.expect(b',')?;
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, JsonError> {
        let mut members = BTreeMap::new();
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(members));
        }
        loop {
            self.skip_space();
            let start = self.at;
            let name = self.string()?;
            self.skip_space();
            self.expect(b':')?;
            let value = self.value(depth)?;
            if members.insert(name, value).is_some() {
                return Err(JsonError {
                    at: start,
                    what: JsonErrorKind::Duplicate,
                });
            }
            self.skip_space();
            if self.peek() == Some(b'}') {
                self.at += 1;
                return Ok(Json::Object(members));
            }
            self.expect(b',')?;
        }
    }

    fn integer(&mut self) -> Result<Json, JsonError> {
        let start = self.at;
        let wrong = |what| JsonError { at: start, what };
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
            return Err(self.unexpected_byte_error());
        }
        let leading_zero = digits > 1 && self.text.as_bytes().get(first) == Some(&b'0');
        let fraction = matches!(self.peek(), Some(b'.' | b'e' | b'E'));
        if leading_zero || fraction || (negative && value == 0) {
            return Err(wrong(JsonErrorKind::NotAnInteger));
        }
        if value > MAX_INT {
            return Err(wrong(JsonErrorKind::OutOfRange));
        }
        Ok(Json::Int(if negative { -value } else { value }))
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.expect(b'"')?;
        let mut out = String::new();
        let mut run = self.at;
        loop {
            match self.peek() {
                None => return Err(self.fault(JsonErrorKind::Ended)),
                Some(b'"') => {
                    self.copy_run(run, &mut out);
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.copy_run(run, &mut out);
                    out.push(self.escape()?);
                    run = self.at;
                }
                Some(0..=0x1f) => return Err(self.fault(JsonErrorKind::Control)),
                Some(_) => self.at += 1,
            }
        }
    }

    /// Copies the text from `run` to the present position. Both are next to ASCII bytes, so on character boundaries.
    fn copy_run(&self, run: usize, out: &mut String) {
        out.push_str(self.text.get(run..self.at).unwrap_or_default());
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let start = self.at;
        self.at += 1;
        let Some(kind) = self.peek() else {
            return Err(self.fault(JsonErrorKind::Ended));
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
                return Err(JsonError {
                    at: start,
                    what: JsonErrorKind::BadEscape,
                });
            }
        };
        Ok(plain)
    }

    fn unicode(&mut self, start: usize) -> Result<char, JsonError> {
        let lone = JsonError {
            at: start,
            what: JsonErrorKind::LoneSurrogate,
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

    fn hex4(&mut self, start: usize) -> Result<u16, JsonError> {
        let bad = JsonError {
            at: start,
            what: JsonErrorKind::BadEscape,
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
