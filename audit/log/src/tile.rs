//! A log as static files for transparency-log tools: the layout of C2SP tlog-tiles.
//!
//! A tile contains up to 256 neighbouring hashes of the tree; tiles of level `L` contain the roots of complete subtrees over 256^L
//! records. An entry bundle contains up to 256 records, each after its length. The name of a partial tile contains its width, so
//! that no file ever changes.

use crate::record::MAX_BYTES;
use crate::tree::MerkleTree;

#[cfg(test)]
mod tests;

/// Number of hashes in a full tile, and of records in a full bundle.
pub const WIDTH: u64 = 256;

/// Tile of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Level, from 0.
    pub level: u32,
    /// Index on the level, from 0.
    pub index: u64,
    /// Number of hashes: 256, or fewer at the right edge.
    pub width: u64,
}

impl Tile {
    /// Path below the log's folder.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, index_path(self.index, self.width))
    }

    /// Concatenated hashes; `None` when the tree does not have them.
    #[must_use]
    pub fn bytes(&self, tree: &MerkleTree) -> Option<Vec<u8>> {
        let depth = self.level.checked_mul(8)?;
        let first = self.index.checked_mul(WIDTH)?;
        let mut bytes = Vec::new();
        for at in first..first.checked_add(self.width)? {
            bytes.extend(tree.subtree_root(depth, at)?.as_bytes());
        }
        Some(bytes)
    }
}

/// Tiles of a log of `size` records, the lowest level first.
pub fn list_tiles(size: u64) -> impl Iterator<Item = Tile> {
    let levels = (0..8).map(move |level| (level, size >> (8 * level)));
    levels
        .take_while(|(_, hashes)| *hashes > 0)
        .flat_map(|(level, hashes)| {
            split_row(hashes).map(move |(index, width)| Tile {
                level,
                index,
                width,
            })
        })
}

/// Entry bundles of a log of `size` records: path, first record, number of records.
pub fn list_bundles(size: u64) -> impl Iterator<Item = (String, u64, u64)> {
    split_row(size).map(|(index, width)| {
        let path = format!("tile/entries/{}", index_path(index, width));
        (path, index * WIDTH, width)
    })
}

/// Adds a record to a bundle: two bytes of its length, then the record.
///
/// # Errors
/// The length of a record that exceeds the largest size.
pub fn add_entry(bundle: &mut Vec<u8>, record: &[u8]) -> Result<(), usize> {
    let length = u16::try_from(record.len())
        .ok()
        .filter(|length| usize::from(*length) <= MAX_BYTES)
        .ok_or(record.len())?;
    bundle.extend(length.to_be_bytes());
    bundle.extend(record);
    Ok(())
}

/// Indices and widths of tiles in a row of `count` hashes.
fn split_row(count: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..count.div_ceil(WIDTH)).map(move |index| (index, (count - index * WIDTH).min(WIDTH)))
}

/// Index as a path of groups of three digits, all but the last with a prefix: `x001/x234/067`; with the width of a partial tile.
fn index_path(index: u64, width: u64) -> String {
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
