//! JSON reader that keeps the digits of numbers, detects duplicate names in an object, and reads at most one byte ahead.

use crate::ingest::bounded_reader::{self, BoundedReader, RowByteAllowance};
use crate::ingest::transcoding_reader::TranscodingReader;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{self, BufReader, Read};

/// JSON value. A number is kept as its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonValue {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// Digits of a number, with sign, decimal point and exponent.
    Number(String),
    /// String without quotation marks and escapes.
    Text(String),
    /// Array.
    List(Vec<JsonValue>),
    /// Members of an object, in order of the file.
    Object(Vec<(String, JsonValue)>),
}

impl JsonValue {
    /// Member of an object by its name. Returns `None` for other values.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Self> {
        let members = self.members()?;
        members
            .iter()
            .find_map(|(known, value)| (known == name).then_some(value))
    }

    /// Members of an object. Returns `None` for other values.
    #[must_use]
    pub fn members(&self) -> Option<&[(String, Self)]> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Content of a string. Returns `None` for other values.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Nearest floating-point number of a JSON number, if it is finite.
    #[must_use]
    pub fn nearest_float(&self) -> Option<f64> {
        match self {
            Self::Number(digits) => digits.parse().ok().filter(|float: &f64| float.is_finite()),
            _ => None,
        }
    }

    /// First duplicate name in this object or a nested one.
    #[must_use]
    pub fn repeated_name(&self) -> Option<&str> {
        match self {
            Self::List(values) => values.iter().find_map(Self::repeated_name),
            Self::Object(members) => {
                let mut seen = HashSet::with_capacity(members.len());
                members.iter().find_map(|(name, value)| {
                    if seen.insert(name) {
                        value.repeated_name()
                    } else {
                        Some(name.as_str())
                    }
                })
            }
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => None,
        }
    }

    /// Reason why a value with a duplicate name is no row.
    #[must_use]
    pub fn repetition(&self) -> Option<String> {
        let name: String = self.repeated_name()?.chars().take(60).collect();
        Some(format!("the name `{name}` stands twice in one object"))
    }

    /// JSON text of the value without blanks.
    #[must_use]
    pub fn to_compact_text(&self) -> String {
        let mut text = String::new();
        self.write_compact(&mut text);
        text
    }

    fn write_compact(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
            Self::Number(digits) => out.push_str(digits),
            Self::Text(text) => write_quoted(text, out),
            Self::List(values) => {
                out.push('[');
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    value.write_compact(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_quoted(name, out);
                    out.push(':');
                    value.write_compact(out);
                }
                out.push('}');
            }
        }
    }
}

fn write_quoted(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if u32::from(control) < 0x20 => {
                // Writing to a string can't fail.
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Reason for the end of reading.
#[derive(Debug)]
pub struct JsonError {
    /// Line number of the reader.
    pub line: u64,
    /// Fault, in lower case without a full stop.
    pub why: String,
    /// Set if a value exceeds the maximum bytes of a row.
    pub is_too_long: bool,
}

/// Reader of the values in a file.
#[derive(Debug)]
pub struct JsonReader<'a, R> {
    input: BoundedReader<'a, BufReader<TranscodingReader<R>>>,
    allowance: &'a RowByteAllowance,
    /// Byte that was read ahead.
    peeked: Option<u8>,
    line: u64,
    taken: u64,
}

impl<'a, R: Read> JsonReader<'a, R> {
    /// Creates a reader of UTF-8. A byte order mark is skipped.
    pub fn new(file: R, allowance: &'a RowByteAllowance) -> Self {
        let decoded = BufReader::new(TranscodingReader::new(file, encoding_rs::UTF_8));
        Self {
            input: BoundedReader::new(decoded, allowance),
            allowance,
            peeked: None,
            line: 1,
            taken: 0,
        }
    }

    /// Line number of the next byte.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// Number of consumed bytes.
    #[must_use]
    pub const fn bytes_read(&self) -> u64 {
        self.taken
    }

    /// Resets the row limit. The first byte of the row may have been read ahead.
    pub fn begin_row(&self) {
        self.allowance.begin_row(usize::from(self.peeked.is_some()));
    }

    /// Error for a row above the limit.
    #[must_use]
    pub fn too_long(&self) -> JsonError {
        JsonError {
            is_too_long: true,
            ..self.error(self.allowance.sentence())
        }
    }

    /// Error on the current line.
    pub fn error(&self, why: impl Into<String>) -> JsonError {
        JsonError {
            line: self.line,
            why: why.into(),
            is_too_long: false,
        }
    }

    /// First byte of the next token, or `None` at the end of the file.
    ///
    /// # Errors
    /// An error if the file can't be read.
    pub fn peek_token(&mut self) -> Result<Option<u8>, JsonError> {
        loop {
            match self.peek()? {
                Some(b' ' | b'\t' | b'\r' | b'\n') => {
                    self.take_byte()?;
                }
                other => return Ok(other),
            }
        }
    }

    /// First byte of the next value in a sequence, after any number of record separators.
    ///
    /// # Errors
    /// An error if the file can't be read.
    pub fn peek_record(&mut self) -> Result<Option<u8>, JsonError> {
        loop {
            // Bytes between two values belong to neither of them.
            self.begin_row();
            match self.peek_token()? {
                Some(RECORD_SEPARATOR) => {
                    self.take_byte()?;
                }
                other => return Ok(other),
            }
        }
    }

    /// Consumes a punctuation byte if it is the next one.
    ///
    /// # Errors
    /// An error if the file can't be read.
    pub fn take_if(&mut self, byte: u8) -> Result<bool, JsonError> {
        if self.peek_token()? != Some(byte) {
            return Ok(false);
        }
        self.take_byte()?;
        Ok(true)
    }

    /// Reads the name of the next member in an open object, with its colon. Returns `None` at the end of the object. `is_first` is
    /// true before the first member.
    ///
    /// # Errors
    /// An error if the text is no JSON.
    pub fn next_name(&mut self, is_first: bool) -> Result<Option<String>, JsonError> {
        if self.take_if(b'}')? {
            return Ok(None);
        }
        if !is_first {
            self.expect_byte(b',')?;
        }
        self.begin_name()
    }

    /// Checks for a further value in an open array. `is_first` is true before the first value.
    ///
    /// # Errors
    /// An error if the text is no JSON.
    pub fn has_next_value(&mut self, is_first: bool) -> Result<bool, JsonError> {
        if self.take_if(b']')? {
            return Ok(false);
        }
        if !is_first {
            self.expect_byte(b',')?;
        }
        Ok(true)
    }

    /// Reads the next value completely.
    ///
    /// # Errors
    /// An error if the text is no JSON, or if the value exceeds the maximum bytes of a row.
    pub fn value(&mut self) -> Result<JsonValue, JsonError> {
        self.nested_value(0)
    }

    fn nested_value(&mut self, depth: usize) -> Result<JsonValue, JsonError> {
        if depth > MOST_DEPTH {
            return Err(self.error(format!("values lie more than {MOST_DEPTH} deep in another")));
        }
        match self.peek_token()? {
            Some(b'{') => {
                self.take_byte()?;
                let mut members = Vec::new();
                while let Some(name) = self.next_name(members.is_empty())? {
                    members.push((name, self.nested_value(depth.saturating_add(1))?));
                }
                Ok(JsonValue::Object(members))
            }
            Some(b'[') => {
                self.take_byte()?;
                let mut values = Vec::new();
                while self.has_next_value(values.is_empty())? {
                    values.push(self.nested_value(depth.saturating_add(1))?);
                }
                Ok(JsonValue::List(values))
            }
            Some(b'"') => Ok(JsonValue::Text(self.text()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(letter) if letter.is_ascii_alphabetic() => self.word(),
            Some(_) => Err(self.error("a value is expected")),
            None => Err(self.error("the file ends where a value is expected")),
        }
    }

    fn begin_name(&mut self) -> Result<Option<String>, JsonError> {
        if self.peek_token()? != Some(b'"') {
            return Err(self.error("a name in quotes is expected"));
        }
        let name = self.text()?;
        self.expect_byte(b':')?;
        Ok(Some(name))
    }

    fn expect_byte(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.take_if(byte)? {
            return Ok(());
        }
        Err(self.error(format!("`{}` is expected", char::from(byte))))
    }

    /// Reads `true`, `false` or `null`. `NaN` and `Infinity` are no JSON, though some programs write them.
    fn word(&mut self) -> Result<JsonValue, JsonError> {
        let mut word = String::new();
        while let Some(letter) = self.peek()?.filter(u8::is_ascii_alphanumeric) {
            self.take_byte()?;
            word.push(char::from(letter));
        }
        match word.as_str() {
            "true" => Ok(JsonValue::Bool(true)),
            "false" => Ok(JsonValue::Bool(false)),
            "null" => Ok(JsonValue::Null),
            "NaN" | "Infinity" => Err(self.error(format!("JSON has no number `{word}`"))),
            _ => Err(self.error("a value is expected, but a word was found")),
        }
    }

    fn number(&mut self) -> Result<JsonValue, JsonError> {
        let mut digits = String::new();
        while let Some(byte) = self.peek()? {
            if !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')) {
                break;
            }
            self.take_byte()?;
            digits.push(char::from(byte));
        }
        if is_number(&digits) {
            return Ok(JsonValue::Number(digits));
        }
        let why = match digits.as_str() {
            "-Infinity" => "JSON has no number `-Infinity`",
            _ => "a number is not written as JSON writes it",
        };
        Err(self.error(why))
    }

    /// Reads a string with its quotation marks.
    fn text(&mut self) -> Result<String, JsonError> {
        self.expect_byte(b'"')?;
        let mut bytes = Vec::new();
        loop {
            match self.take_byte()? {
                b'"' => break,
                b'\\' => {
                    let letter = self.read_escape()?;
                    bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                }
                0..=0x1f => {
                    return Err(self.error("a text has a control character or a line break in it"));
                }
                byte => bytes.push(byte),
            }
        }
        String::from_utf8(bytes).map_err(|_| self.error("a text is not UTF-8"))
    }

    fn read_escape(&mut self) -> Result<char, JsonError> {
        Ok(match self.take_byte()? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.escaped_unit(),
            _ => return Err(self.error("a text has an escape that JSON does not know")),
        })
    }

    /// Reads the character of one `\u` escape, or of a surrogate pair of two.
    fn escaped_unit(&mut self) -> Result<char, JsonError> {
        let mut units = vec![self.unit()?];
        if matches!(units.as_slice(), [0xd800..=0xdbff]) {
            if (self.take_byte()?, self.take_byte()?) != (b'\\', b'u') {
                return Err(self.error("a text has half a character"));
            }
            units.push(self.unit()?);
        }
        let mut letters = char::decode_utf16(units);
        match (letters.next(), letters.next()) {
            (Some(Ok(letter)), None) => Ok(letter),
            _ => Err(self.error("a text has half a character")),
        }
    }

    fn unit(&mut self) -> Result<u16, JsonError> {
        let mut unit = 0_u16;
        for _ in 0..4 {
            let digit = char::from(self.take_byte()?).to_digit(16);
            let Some(digit) = digit.and_then(|digit| u16::try_from(digit).ok()) else {
                return Err(self.error("a text has an escape that JSON does not know"));
            };
            unit = unit << 4 | digit;
        }
        Ok(unit)
    }

    fn take_byte(&mut self) -> Result<u8, JsonError> {
        let Some(byte) = self.peek()? else {
            return Err(self.error("the file ends in the middle of a value"));
        };
        self.peeked = None;
        self.taken = self.taken.saturating_add(1);
        if byte == b'\n' {
            self.line = self.line.saturating_add(1);
        }
        Ok(byte)
    }

    fn peek(&mut self) -> Result<Option<u8>, JsonError> {
        if self.peeked.is_none() {
            let mut one = [0];
            let count = loop {
                match self.input.read(&mut one) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    other => break other,
                }
            };
            match count {
                Ok(0) => {}
                Ok(_) => self.peeked = one.first().copied(),
                Err(error) => {
                    return Err(JsonError {
                        is_too_long: bounded_reader::is_too_long(&error),
                        ..self.error(error.to_string())
                    });
                }
            }
        }
        Ok(self.peeked)
    }
}

/// Checks that a text is a number of the JSON grammar.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|text| digits(text.strip_prefix(['+', '-']).unwrap_or(text)))
}

/// Maximum nesting depth of values.
const MOST_DEPTH: usize = 120;

/// Record separator U+001E, which precedes each value of an RFC 7464 sequence.
const RECORD_SEPARATOR: u8 = 0x1e;

#[cfg(test)]
mod tests;
