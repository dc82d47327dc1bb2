//! Reading durable records while others are written.

use crate::audit::folder::{self, Place};
use crate::audit::index::Index;
use evidence::record::Record;
use evidence::tree::leaf_hash;
use policy::refusal::{Code, Refusal};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::sync::Arc;

/// The records of a log from an index on, up to what was durable when reading began.
#[derive(Debug)]
pub struct Reader {
    index: Arc<Index>,
    next: u64,
    end: u64,
    open: Option<(Place, BufReader<File>)>,
}

impl Reader {
    pub(super) fn new(index: Arc<Index>, from: u64) -> Self {
        let end = index.size();
        Self {
            index,
            next: from,
            end,
            open: None,
        }
    }

    /// The bytes of the next record, compared with the leaf hash in memory.
    pub(super) fn next_bytes(&mut self) -> Option<Result<Vec<u8>, Refusal>> {
        if self.next >= self.end {
            return None;
        }
        let read = self.line();
        match read {
            Ok(_) => self.next += 1,
            Err(_) => self.next = self.end,
        }
        Some(read)
    }

    fn line(&mut self) -> Result<Vec<u8>, Refusal> {
        let number = self.next;
        let unreadable = |error| folder::unavailable(self.index.folder(), &error);
        let found = self.index.place(number).map_err(unreadable)?;
        let (place, segment) = found.ok_or_else(|| not_here(number, self.index.folder()))?;
        let failed = |error| folder::unavailable(&segment.path, &error);
        let mut lines = match self.open.take() {
            Some((at, lines)) if at == place => lines,
            // It may just have gone to the archive.
            _ => match segment.open_at(place.offset) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return Err(not_here(number, self.index.folder()));
                }
                opened => opened.map_err(failed)?,
            },
        };
        let mut line = Vec::new();
        let length = lines.read_until(b'\n', &mut line).map_err(failed)?;
        line.pop_if(|last| *last == b'\n');
        if self.index.tree(|tree| tree.leaf(number)) != Some(leaf_hash(&line)) {
            return Err(edited(number));
        }
        let offset = place.offset + u64::try_from(length).unwrap_or_default();
        self.open = Some((Place { offset, ..place }, lines));
        Ok(line)
    }
}

impl Iterator for Reader {
    type Item = Result<Record, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        let number = self.next;
        let bytes = self.next_bytes()?;
        Some(bytes.and_then(|bytes| Record::from_bytes(&bytes).map_err(|_| edited(number))))
    }
}

fn edited(index: u64) -> Refusal {
    Refusal::new(
        Code::EvidenceBroken,
        format!("record {index} of the log was edited"),
    )
}

fn not_here(index: u64, folder: &std::path::Path) -> Refusal {
    Refusal::new(
        Code::EvidenceIncomplete,
        format!("record {index} of the log is archived, and the archive is not here"),
    )
    .with_help(format!(
        "put it back as `{}`, or a link to it",
        folder.join(folder::ARCHIVE).display()
    ))
}
