//! Reader of the lines of a long file, without a copy of each line.

use std::fs::File;
use std::io::{self, Read as _};

/// Number of bytes that are read at once; more for a longer line.
const AT_ONCE: usize = 256 * 1024;

/// Reader of the lines of a file.
pub(super) struct LineReader {
    file: File,
    held: Vec<u8>,
    /// Start of the next line, and end of the bytes that were read.
    unread: (usize, usize),
}

impl LineReader {
    pub(super) fn of(file: File) -> Self {
        Self {
            file,
            held: vec![0; AT_ONCE],
            unread: (0, 0),
        }
    }

    /// Next line without its line break, and true if it had one: the last line may have none.
    pub(super) fn next(&mut self) -> io::Result<Option<(&[u8], bool)>> {
        let (mut from, mut to) = self.unread;
        let mut searched = from;
        let (end, next) = loop {
            let found = self.held.get(searched..to).unwrap_or_default();
            if let Some(length) = memchr::memchr(b'\n', found) {
                break (searched + length, searched + length + 1);
            }
            searched = to;
            // The line is moved to the front, so that the rest of the buffer is free for its remaining bytes.
            self.held.copy_within(from..to, 0);
            (searched, to, from) = (searched - from, to - from, 0);
            if to == self.held.len() {
                self.held.resize(to * 2, 0);
            }
            let read = loop {
                let buffer = self.held.get_mut(to..).unwrap_or_default();
                match self.file.read(buffer) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => break read?,
                }
            };
            if read == 0 {
                break (to, to);
            }
            to += read;
        };
        self.unread = (next, to);
        let line = self.held.get(from..end).unwrap_or_default();
        let is_whole = next > end;
        Ok((is_whole || !line.is_empty()).then_some((line, is_whole)))
    }
}

#[cfg(test)]
mod tests {
    use super::{AT_ONCE, LineReader};
    use std::io::{Seek as _, Write as _};

    fn lines(text: &[u8]) -> Vec<(Vec<u8>, bool)> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text).unwrap();
        file.rewind().unwrap();
        let (mut lines, mut all) = (LineReader::of(file), Vec::new());
        while let Some((line, is_whole)) = lines.next().unwrap() {
            all.push((line.to_vec(), is_whole));
        }
        // The end is permanent.
        assert_eq!(lines.next().unwrap(), None);
        all
    }

    #[test]
    fn lines_of_every_length_come_whole() {
        let lengths = [
            0,
            1,
            0,
            7,
            AT_ONCE - 12,
            1,
            AT_ONCE - 1,
            AT_ONCE,
            AT_ONCE + 1,
            3 * AT_ONCE,
            5,
            0,
        ];
        let expected: Vec<Vec<u8>> = lengths
            .iter()
            .zip(b'a'..)
            .map(|(length, byte)| vec![byte; *length])
            .collect();
        let mut text = expected.join(&b'\n');
        let without: Vec<_> = expected[..11]
            .iter()
            .map(|line| (line.clone(), true))
            .collect();
        // A line break at the end of the file ends the last line, and begins none.
        assert_eq!(lines(&text), without);
        text.extend(b"rest");
        let mut with = without;
        with.push((b"rest".to_vec(), false));
        assert_eq!(lines(&text), with);
        assert_eq!(lines(b""), []);
        assert_eq!(lines(b"\n"), [(Vec::new(), true)]);
    }
}
