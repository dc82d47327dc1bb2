//! A log as static files that tools of the transparency world read: the layout of C2SP tlog-tiles.
//!
//! A tile holds up to 256 hashes that stand beside each other in the tree; tiles of level `L` hold the roots of complete
//! subtrees over 256^L records. An entry bundle holds up to 256 records, each behind its length. A tile that is not full
//! has its width in its name, so that no file ever changes.

use crate::record::MAX_BYTES;
use crate::tree::MerkleTree;

#[cfg(test)]
mod tests;

/// Hashes of a full tile, and records of a full bundle.
pub const WIDTH: u64 = 256;

/// A tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Its level, from 0.
    pub level: u32,
    /// Its place on that level, from 0.
    pub index: u64,
    /// How many hashes it holds: 256, or fewer at the right edge.
    pub width: u64,
}

impl Tile {
    /// Its path below the log's folder.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, place(self.index, self.width))
    }

    /// Its hashes, one behind the other; `None` when the tree does not have them.
    #[must_use]
    pub fn bytes(&self, tree: &MerkleTree) -> Option<Vec<u8>> {
        let depth = self.level.checked_mul(8)?;
        let first = self.index.checked_mul(WIDTH)?;
        let mut bytes = Vec::new();
        for at in first..first.checked_add(self.width)? {
            bytes.extend(tree.subtree(depth, at)?.as_bytes());
        }
        Some(bytes)
    }
}

/// The tiles of a log of `size` records, the lowest level first.
pub fn tiles(size: u64) -> impl Iterator<Item = Tile> {
    let levels = (0..8).map(move |level| (level, size >> (8 * level)));
    levels
        .take_while(|(_, hashes)| *hashes > 0)
        .flat_map(|(level, hashes)| {
            row(hashes).map(move |(index, width)| Tile {
                level,
                index,
                width,
            })
        })
}

/// The bundles of records of a log of `size` records: their paths, the first record, and how many there are.
pub fn bundles(size: u64) -> impl Iterator<Item = (String, u64, u64)> {
    row(size).map(|(index, width)| {
        let path = format!("tile/entries/{}", place(index, width));
        (path, index * WIDTH, width)
    })
}

/// Adds a record to a bundle: two bytes of its length, then the record.
///
/// # Errors
/// Gives the length of a record that is longer than records may be.
pub fn add_entry(bundle: &mut Vec<u8>, record: &[u8]) -> Result<(), usize> {
    let length = u16::try_from(record.len())
        .ok()
        .filter(|length| usize::from(*length) <= MAX_BYTES)
        .ok_or(record.len())?;
    bundle.extend(length.to_be_bytes());
    bundle.extend(record);
    Ok(())
}

/// Pieces of 256, the last one perhaps smaller.
fn row(count: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..count.div_ceil(WIDTH)).map(move |index| (index, (count - index * WIDTH).min(WIDTH)))
}

/// The number in groups of three digits, all but the last one marked: `x001/x234/067`; with its width where it is not full.
fn place(index: u64, width: u64) -> String {
    let mut path = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1000);
        rest /= 1000;
    }
    if width < WIDTH {
        path.push_str(&format!(".p/{width}"));
    }
    path
}
