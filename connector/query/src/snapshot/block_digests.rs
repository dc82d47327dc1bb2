//! Digests of the blocks of a file, so that each read part can be verified. The Parquet library writes no page checksums.

use hansa_audit_log::digest::{Digest, IncrementalDigest};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Read as _, Result};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Digests of the blocks of one file, in order; BLAKE3 with 256 bits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BlockDigestsJson", into = "BlockDigestsJson")]
pub struct BlockDigests {
    /// Size of the file, in bytes.
    size: u64,
    /// Size of each block but the last, in bytes.
    block: u64,
    digests: Arc<[blake3::Hash]>,
    /// Digest over all block digests, as their name.
    name: Digest,
}

/// Digests of a file's content and of its blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDigests {
    /// SHA-256 of the content.
    pub content: Digest,
    /// Digests of the blocks.
    pub blocks: BlockDigests,
}

impl FileDigests {
    /// Computes the digests of a file.
    ///
    /// # Errors
    /// An error of the disk.
    pub fn of(path: &Path) -> Result<Self> {
        let mut file = File::open(path)?;
        let mut whole = IncrementalDigest::default();
        let mut digests = Vec::new();
        let mut size = 0_u64;
        let mut buffer = vec![0_u8; 1 << 18];
        loop {
            let filled = fill_buffer(&mut file, &mut buffer)?;
            let Some(read) = buffer.get(..filled).filter(|read| !read.is_empty()) else {
                break;
            };
            whole.update(read);
            digests.push(blake3::hash(read));
            size = size.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
            if filled < buffer.len() {
                break;
            }
        }
        Ok(Self {
            content: whole.finish(),
            blocks: BlockDigests::new(size, BLOCK, digests),
        })
    }
}

/// Reads until the buffer is full or the file ends.
fn fill_buffer(file: &mut File, buffer: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            read => filled = filled.saturating_add(read),
        }
    }
    Ok(filled)
}

impl BlockDigests {
    fn new(size: u64, block: u64, digests: Vec<blake3::Hash>) -> Self {
        let mut whole = IncrementalDigest::default();
        whole.update(&size.to_be_bytes());
        whole.update(&block.to_be_bytes());
        for digest in &digests {
            whole.update(digest.as_bytes());
        }
        Self {
            size,
            block,
            digests: digests.into(),
            name: whole.finish(),
        }
    }

    /// Size of the file, in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Number of blocks.
    #[must_use]
    pub fn count(&self) -> usize {
        self.digests.len()
    }

    /// Digest over all block digests, as their name.
    #[must_use]
    pub const fn name(&self) -> Digest {
        self.name
    }

    /// Blocks that a range of bytes covers; empty for an empty range.
    #[must_use]
    pub fn covering_blocks(&self, bytes: &Range<u64>) -> Range<u64> {
        if bytes.end <= bytes.start || self.block == 0 {
            return 0..0;
        }
        bytes.start / self.block..bytes.end.div_ceil(self.block)
    }

    /// Range of bytes of a range of blocks.
    #[must_use]
    pub fn bytes(&self, blocks: &Range<u64>) -> Range<u64> {
        let at = |block: u64| block.saturating_mul(self.block).min(self.size);
        at(blocks.start)..at(blocks.end)
    }

    /// Checks that a block has these bytes.
    #[must_use]
    pub fn holds(&self, block: u64, bytes: &[u8]) -> bool {
        let known = usize::try_from(block).ok();
        let known = known.and_then(|block| self.digests.get(block));
        known.is_some_and(|known| *known == blake3::hash(bytes))
    }
}

/// Digests of a file in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BlockDigestsJson {
    size: u64,
    block: u64,
    /// Concatenated digests in hexadecimal digits.
    digests: String,
}

impl From<BlockDigests> for BlockDigestsJson {
    fn from(blocks: BlockDigests) -> Self {
        let digests = blocks.digests.iter();
        Self {
            size: blocks.size,
            block: blocks.block,
            digests: digests.map(|digest| digest.to_hex().to_string()).collect(),
        }
    }
}

impl TryFrom<BlockDigestsJson> for BlockDigests {
    type Error = &'static str;

    fn try_from(json: BlockDigestsJson) -> std::result::Result<Self, Self::Error> {
        let BlockDigestsJson {
            size,
            block,
            digests,
        } = json;
        let digests = digests.as_bytes().chunks(2 * blake3::OUT_LEN);
        let digests: std::result::Result<Vec<blake3::Hash>, _> =
            digests.map(blake3::Hash::from_hex).collect();
        let digests = digests.map_err(|_| "`digests` holds no digests")?;
        let wanted = size.checked_div(block).ok_or("`block` is 0")?;
        let wanted = wanted.checked_add(u64::from(!size.is_multiple_of(block)));
        if u64::try_from(digests.len()).ok() != wanted {
            return Err("`digests` has not one digest for each block");
        }
        Ok(Self::new(size, block, digests))
    }
}

/// Size of a block, in bytes. A column chunk of a row group has a few blocks, and the digests enlarge the manifest by a
/// four-thousandth of the rows.
const BLOCK: u64 = 1 << 18;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_by_its_blocks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for size in [0, 1, 1 << 18, (1 << 18) + 1, 700_000] {
            let bytes: Vec<u8> = (0..size).map(|at: u32| (at % 251) as u8).collect();
            std::fs::write(&path, &bytes).unwrap();
            let found = FileDigests::of(&path).unwrap();
            assert_eq!(found.content, Digest::of(&bytes));
            let blocks = found.blocks;
            assert_eq!(blocks.size(), bytes.len() as u64);
            assert_eq!(blocks.count(), bytes.len().div_ceil(1 << 18));
            let back = BlockDigests::try_from(BlockDigestsJson::from(blocks.clone()));
            assert_eq!(back.as_ref(), Ok(&blocks));
            for block in 0..blocks.count() as u64 {
                let range = blocks.bytes(&(block..block + 1));
                assert_eq!(blocks.covering_blocks(&range), block..block + 1);
                let part = &bytes[range.start as usize..range.end as usize];
                assert!(blocks.holds(block, part));
                let mut other = part.to_vec();
                let last = other.len() - 1;
                other[last] ^= 1;
                assert!(!blocks.holds(block, &other));
                assert!(!blocks.holds(block + 1, part));
            }
        }
    }

    #[test]
    fn what_is_no_list_of_digests_is_none() {
        let shape = |size, block, digests: &str| BlockDigestsJson {
            size,
            block,
            digests: digests.to_owned(),
        };
        let one = "ab".repeat(32);
        assert!(BlockDigests::try_from(shape(5, 8, &one)).is_ok());
        for other in [
            shape(5, 0, &one),
            shape(9, 8, &one),
            shape(0, 8, &one),
            shape(5, 8, ""),
            shape(5, 8, &one[1..]),
            shape(5, 8, &"xy".repeat(32)),
        ] {
            assert!(BlockDigests::try_from(other).is_err());
        }
    }
}
