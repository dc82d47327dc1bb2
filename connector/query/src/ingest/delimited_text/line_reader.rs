//! Lines of a text before the parsing of rows: the line `sep=;`, and skipped lines at the start and the end.

use crate::ingest::config::SourceConfig;
use crate::ingest::source_content::SourceContent;
use crate::ingest::source_files::SourceFile;
use crate::ingest::transcoding_reader::TranscodingReader;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::io::{self, Chain, Cursor, Read};

/// Text of the rows, with information about the lines above.
pub(super) struct RowText {
    /// Text from the first header line or row.
    pub(super) reader: Chain<Cursor<Vec<u8>>, LineReader<TranscodingReader<SourceContent>>>,
    /// Number of lines above.
    pub(super) skipped: u64,
    /// Field delimiter.
    pub(super) delimiter: u8,
}

/// Opens a file at its header.
///
/// # Errors
/// `FILE_MISSING`, `SOURCE_OUTSIDE`, `SOURCE_UNREADABLE`.
pub(super) fn open_at_header(file: &SourceFile, config: &SourceConfig) -> Result<RowText, Refusal> {
    let shown = file.display_name.as_str();
    let unreadable = |error: io::Error| {
        let sentence = format!("`{shown}` can't be read: {error}");
        Refusal::new(ErrorCode::SourceUnreadable, sentence).with_place(shown, None, None)
    };
    let lines = match config.skip_last_lines {
        0 => u64::MAX,
        last => {
            let all = LineReader::new(decode_line(file, config)?, u64::MAX);
            let written = count_lines(all).map_err(unreadable)?;
            written.saturating_sub(u64::from(last))
        }
    };
    let mut reader = LineReader::new(decode_line(file, config)?, lines);
    let (head, delimiter) = separator_line(&mut reader).map_err(unreadable)?;
    let mut skipped = u64::from(delimiter.is_some());
    let mut reader = Cursor::new(head).chain(reader);
    let above = u64::from(config.skip_lines).saturating_sub(skipped);
    skipped = skipped.saturating_add(skip_lines(&mut reader, above).map_err(unreadable)?);
    Ok(RowText {
        reader,
        skipped,
        delimiter: delimiter.unwrap_or(config.delimiter),
    })
}

/// Delimiter in a line `sep=;`, which spreadsheets write as the first line.
pub(in crate::ingest) fn named_delimiter(line: &str) -> Option<u8> {
    let line = line.trim_end_matches(['\r', '\n']);
    let line = line
        .strip_prefix('"')
        .and_then(|line| line.strip_suffix('"'))
        .unwrap_or(line);
    let named = line
        .get(..4)
        .filter(|word| word.eq_ignore_ascii_case("sep="));
    match line.as_bytes() {
        [_, _, _, _, one] if named.is_some() && one.is_ascii() && *one != b'"' => Some(*one),
        _ => None,
    }
}

fn decode_line(
    file: &SourceFile,
    config: &SourceConfig,
) -> Result<TranscodingReader<SourceContent>, Refusal> {
    Ok(TranscodingReader::new(
        SourceContent::open_text(file, config)?,
        config.encoding,
    ))
}

/// Reads the first line while it can be a delimiter line. Returns the bytes that were read if it is another line.
fn separator_line(reader: &mut impl Read) -> io::Result<(Vec<u8>, Option<u8>)> {
    let mut head = Vec::new();
    let mut byte = [0_u8];
    while head.len() < LONGEST_SEPARATOR && reader.read(&mut byte)? > 0 {
        head.extend(byte);
        if byte == *b"\n" {
            break;
        }
    }
    let delimiter = std::str::from_utf8(&head).ok().and_then(named_delimiter);
    if delimiter.is_some() {
        head.clear();
    }
    Ok((head, delimiter))
}

/// Skips lines, counted by their ends, and returns their number.
fn skip_lines(reader: &mut impl Read, lines: u64) -> io::Result<u64> {
    let mut skipped = 0_u64;
    let mut byte = [0_u8];
    while skipped < lines && reader.read(&mut byte)? > 0 {
        if byte == *b"\n" {
            skipped = skipped.saturating_add(1);
        }
    }
    Ok(skipped)
}

/// Number of lines up to the last one that is not blank.
fn count_lines(mut reader: impl Read) -> io::Result<u64> {
    let mut piece = vec![0_u8; 64 * 1024];
    let (mut line, mut last) = (1_u64, 0_u64);
    loop {
        let count = reader.read(&mut piece)?;
        let Some(read) = piece.get(..count).filter(|read| !read.is_empty()) else {
            return Ok(last);
        };
        for byte in read {
            match byte {
                b'\n' => line = line.saturating_add(1),
                byte if byte.is_ascii_whitespace() => {}
                _ => last = line,
            }
        }
    }
}

/// Reader of the first lines of a text.
pub(super) struct LineReader<R> {
    inner: R,
    /// Number of lines that may still be read.
    left: u64,
}

impl<R: Read> LineReader<R> {
    /// Creates a reader of the first `lines` lines.
    pub(super) const fn new(inner: R, lines: u64) -> Self {
        Self { inner, left: lines }
    }
}

impl<R: Read> Read for LineReader<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let count = self.inner.read(target)?;
        let read = target.get(..count).unwrap_or_default();
        for place in memchr::memchr_iter(b'\n', read) {
            self.left = self.left.saturating_sub(1);
            if self.left == 0 {
                return Ok(place.saturating_add(1));
            }
        }
        Ok(count)
    }
}

/// Length of `"sep=;"` with a line end.
const LONGEST_SEPARATOR: usize = 9;

#[cfg(test)]
mod tests {
    use super::{LineReader, count_lines, named_delimiter};
    use std::io::Read;

    #[test]
    fn the_first_lines_are_given() {
        for (text, expected) in [("a\nb\nc\n", "a\nb\n"), ("a\nb", "a\nb"), ("", "")] {
            let mut found = String::new();
            let mut reader = LineReader::new(text.as_bytes(), 2);
            reader.read_to_string(&mut found).unwrap();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn blank_lines_at_the_end_are_not_counted() {
        for (text, lines) in [("", 0), ("a", 1), ("a\n\nb\n \r\n\n", 3), ("\n\n", 0)] {
            assert_eq!(count_lines(text.as_bytes()).unwrap(), lines, "{text:?}");
        }
    }

    #[test]
    fn the_line_of_spreadsheets_names_the_delimiter() {
        for (line, expected) in [
            ("sep=;\r\n", Some(b';')),
            ("\"sep=,\"\n", Some(b',')),
            ("SEP=\t", Some(b'\t')),
            ("sep=;;\n", None),
            ("sep=\n", None),
            ("step=;", None),
            ("sep;;", None),
        ] {
            assert_eq!(named_delimiter(line), expected, "{line:?}");
        }
    }
}
