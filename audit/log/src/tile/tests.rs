//! Tests: paths as in the specification, and all hashes of the tree in the tiles.

use super::{Tile, add_entry, list_bundles, list_tiles};
use crate::digest::Digest;
use crate::tree::{MerkleTree, leaf_hash, node_hash};
use std::collections::BTreeMap;

#[test]
fn paths() {
    let path = |level, index, width| {
        Tile {
            level,
            index,
            width,
        }
        .path()
    };
    // Example of the specification.
    assert_eq!(path(0, 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(path(1, 0, 256), "tile/1/000");
    assert_eq!(path(2, 5, 7), "tile/2/005.p/7");
    let all: Vec<String> = list_tiles(70_000).map(|tile| tile.path()).collect();
    assert_eq!(all.len(), 274 + 2 + 1);
    assert_eq!(all[273], "tile/0/273.p/112");
    assert_eq!(
        &all[274..],
        ["tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]
    );
    let entries: Vec<_> = list_bundles(300).collect();
    let named = |path: &str, first, width| (path.to_owned(), first, width);
    assert_eq!(
        entries,
        [
            named("tile/entries/000", 0, 256),
            named("tile/entries/001.p/44", 256, 44)
        ]
    );
    assert_eq!(list_tiles(0).count() + list_bundles(0).count(), 0);
}

#[test]
fn the_tree_is_in_the_tiles() {
    let mut tree = MerkleTree::new();
    for size in 0..=1100_u64 {
        if [1, 2, 255, 256, 257, 511, 512, 513, 1000, 1100].contains(&size) {
            let mut hashes: BTreeMap<(u32, u64), Digest> = BTreeMap::new();
            for tile in list_tiles(size) {
                let bytes = tile.bytes(&tree).unwrap();
                let (whole, _) = bytes.as_chunks::<32>();
                for (at, hash) in (tile.index * 256..).zip(whole) {
                    hashes.insert((tile.level, at), Digest::from_bytes(*hash));
                }
            }
            let mut read = |level, index| hashes.get(&(level, index)).copied();
            assert_eq!(root_of(size, &mut read), tree.root(size), "{size}");
        }
        tree.push(leaf_hash(&size.to_be_bytes()));
    }
}

#[test]
fn entries_stand_behind_their_length() {
    let mut bundle = Vec::new();
    add_entry(&mut bundle, b"abc").unwrap();
    add_entry(&mut bundle, b"").unwrap();
    assert_eq!(bundle, [0, 3, b'a', b'b', b'c', 0, 0]);
    assert_eq!(add_entry(&mut bundle, &[0; 65_536]), Err(65_536));
}

/// Root of the tree of `size` records, from the hashes of its tiles alone.
fn root_of(size: u64, hash: &mut dyn FnMut(u32, u64) -> Option<Digest>) -> Option<Digest> {
    let mut frontier = None;
    let mut end = size;
    // Complete subtrees from right to left; each root is in a tile, or is computed from eight levels of one.
    while end > 0 {
        let depth = end.trailing_zeros();
        let index = (end >> depth) - 1;
        let root = subtree(depth, index, hash)?;
        frontier = Some(match frontier {
            None => root,
            Some(right) => node_hash(&root, &right),
        });
        end &= end - 1;
    }
    frontier.or_else(|| Some(Digest::of(&[])))
}

fn subtree(
    depth: u32,
    index: u64,
    hash: &mut dyn FnMut(u32, u64) -> Option<Digest>,
) -> Option<Digest> {
    if depth.is_multiple_of(8) {
        return hash(depth / 8, index);
    }
    let left = subtree(depth - 1, index * 2, hash)?;
    let right = subtree(depth - 1, index * 2 + 1, hash)?;
    Some(node_hash(&left, &right))
}
