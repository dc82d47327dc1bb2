//! Line numbers of byte positions in a text.

/// Positions of the line ends of a text, computed once for all lookups.
#[derive(Debug, Clone)]
pub(crate) struct LineIndex {
    ends: Vec<usize>,
}

impl LineIndex {
    /// Index of this text.
    pub(crate) fn of(text: &str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at);
        Self {
            ends: ends.collect(),
        }
    }

    /// Line number of a byte, from 1.
    pub(crate) fn line(&self, byte: usize) -> u64 {
        let before = self.ends.partition_point(|end| *end < byte);
        u64::try_from(before).unwrap_or(u64::MAX).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::LineIndex;

    #[test]
    fn a_byte_stands_behind_as_many_ends_as_come_before_it() {
        for text in ["", "a", "\n", "a\n\nb\r\nc", "ä\nö\n"] {
            let lines = LineIndex::of(text);
            for byte in 0..=text.len() + 1 {
                let before = text.bytes().take(byte).filter(|one| *one == b'\n');
                let line = u64::try_from(before.count()).unwrap() + 1;
                assert_eq!(lines.line(byte), line, "{text:?} {byte}");
            }
        }
    }
}
